"""A project's switch for continuous validation by its singleton policy, as v1alpha2 has it (SPEC 6.9).

The switch is kept and shown; nothing acts on it yet (docs/limitations.md).
"""

from binauthz.base import names
from binauthz.services import projects
from binauthz.services.context import Context
from binauthz.store.interface import Reader, Writer
from binauthz.store.records import ContinuousValidationConfig


async def get_config(ctx: Context, name: str) -> ContinuousValidationConfig:
    """The config, which every project has: disabled, and without an update time, until it is written."""
    names.CV_CONFIG.parse(name)

    def body(tx: Reader) -> ContinuousValidationConfig:
        own = f"{projects.require(tx, name).name}/continuousValidationConfig"
        return tx.get(ContinuousValidationConfig, own) or ContinuousValidationConfig(name=own)

    return await ctx.store.read(body)


async def update_config(ctx: Context, name: str, *, enabled: bool) -> ContinuousValidationConfig:
    """Replace the whole config; raises INVALID_ARGUMENT for its name and NOT_FOUND for an unknown project."""
    names.CV_CONFIG.parse(name, "continuousValidationConfig.name")
    now = ctx.clock.now()

    def body(tx: Writer) -> ContinuousValidationConfig:
        own = f"{projects.require(tx, name).name}/continuousValidationConfig"
        config = ContinuousValidationConfig(name=own, enabled=enabled, update_time=now)
        tx.put(config)
        return config

    return await ctx.store.write(body)
