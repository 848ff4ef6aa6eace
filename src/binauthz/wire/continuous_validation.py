"""The continuous-validation config on the wire, in v1alpha2 alone (SPEC 6.9)."""

from typing import Any

from google.protobuf.message import Message

from binauthz.services import continuous_validation
from binauthz.services.context import Context
from binauthz.store.records import ContinuousValidationConfig
from binauthz.wire.descriptors import message_class

_CONFIG = "google.cloud.binaryauthorization.v1alpha2.ContinuousValidationConfig"


def from_config(config: ContinuousValidationConfig) -> Message:
    """The config as a message. Its inner message is there even when it says no: gcloud reads through it unasked."""
    message: Any = message_class(_CONFIG)()
    message.name = config.name
    message.enforcement_policy_config.SetInParent()
    message.enforcement_policy_config.enabled = config.enabled
    if config.update_time is not None:
        message.update_time.FromDatetime(config.update_time)
    result: Message = message
    return result


async def get(ctx: Context, request: Any) -> Message:
    """GetContinuousValidationConfig."""
    return from_config(await continuous_validation.get_config(ctx, request.name))


async def update(ctx: Context, request: Any) -> Message:
    """UpdateContinuousValidationConfig: a whole-object PUT, so that an absent member disables (SPEC 13.4)."""
    sent = request.continuous_validation_config
    enabled = sent.enforcement_policy_config.enabled
    return from_config(await continuous_validation.update_config(ctx, sent.name, enabled=enabled))
