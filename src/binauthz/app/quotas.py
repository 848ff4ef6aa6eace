"""From the configured quotas to the limits and rates that the parts keep."""

from binauthz.app.sections import Quotas
from binauthz.base.limits import Limits
from binauthz.transports.quota import Rates


def limits_of(quotas: Quotas) -> Limits:
    """How many of a thing is allowed."""
    return Limits(
        attestors_per_project=quotas.attestors_per_project,
        attestor_references_per_policy=quotas.attestor_references_per_policy,
        keys_per_attestor=quotas.keys_per_attestor,
    )


def rates_of(quotas: Quotas) -> Rates:
    """How often an API may be asked."""
    return Rates(reads=quotas.reads_per_minute, updates=quotas.updates_per_minute, creates=quotas.creates_per_minute)
