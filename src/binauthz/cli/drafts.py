"""Policies that people write, as the engine reads them: what can be said of a file before a server sees it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from binauthz.cli.documents import read_document

if TYPE_CHECKING:
    from binauthz.policy.model import Policy


def read_policy(file: str) -> "Policy":
    """The policy in a file (`-` is stdin); raises ClickException for what the API would refuse (SPEC 1.7)."""
    return valid(read_document(file), f"`{file}`")


def valid(document: Mapping[str, Any], source: str) -> "Policy":
    """The policy in a document; raises ClickException naming every fault."""
    from binauthz.base.errors import ApiError  # noqa: PLC0415 - start-up time
    from binauthz.policy.validate import validate  # noqa: PLC0415

    try:
        policy = parsed(document)
    except ApiError as error:
        raise click.ClickException(f"{source} is not a policy: {error.message}") from None
    faults = [f"- {fault.field}: {fault.description}" for fault in validate(policy)]
    if faults:
        raise click.ClickException("\n".join([f"{source} would be refused:", *faults]))
    return policy


def parsed(document: Mapping[str, Any]) -> "Policy":
    """The policy in a document, whatever it says; raises ApiError for what is not a policy's JSON."""
    from binauthz.wire.policies import policy_from_json  # noqa: PLC0415 - start-up time

    return policy_from_json({"name": "projects/draft/policy", **document})
