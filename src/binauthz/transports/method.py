"""One row of the method table: a method, who may call it, on what, and what runs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from binauthz.services.context import Context

if TYPE_CHECKING:
    from google.protobuf.message import Message

Handler = Callable[[Context, Any], Awaitable["Message"]]
"""Takes the decoded request message, returns the response message, raises ApiError and nothing else on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A served method. A method of the descriptor set without a row answers UNIMPLEMENTED.

    ``permission`` is the IAM permission that the caller needs on ``resource(request)``, for example
    ``binaryauthorization.attestors.get``; None leaves the decision to the handler (testIamPermissions, IAM mixins).
    """

    full_name: str
    permission: str | None
    resource: Callable[[Any], str]
    handler: Handler
