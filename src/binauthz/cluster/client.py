"""The Kubernetes API as controllers use it: every call goes through authorization, admission and audit like any
other."""

from collections.abc import AsyncIterator
from typing import Any, Literal, Protocol

Object = dict[str, Any]
EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]


class StatusError(Exception):
    """A Kubernetes failure; ``status`` is the metav1.Status object sent to the client."""

    def __init__(self, status: Object) -> None:
        super().__init__(status.get("message", ""))
        self.status = status

    @property
    def reason(self) -> str:
        """The machine-readable reason, such as ``NotFound`` or ``Conflict``."""
        return str(self.status.get("reason", ""))

    @property
    def code(self) -> int:
        """The HTTP status."""
        return int(self.status.get("code", 500))

    @property
    def message(self) -> str:
        """The sentence that kubectl prints."""
        return str(self.status.get("message", ""))


class Client(Protocol):
    """One user's view of the API. ``resource`` is ``pods`` or ``group/plural`` such as ``apps/deployments``; the
    served version is implied.

    Objects passed in are never kept, objects handed out may be changed freely. Failures raise StatusError.
    """

    async def get(self, resource: str, namespace: str, name: str) -> Object:
        """The object."""

    async def list(self, resource: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Object]:
        """Objects of one namespace, or of all when it is empty, that match the label and field selectors."""

    async def create(self, resource: str, namespace: str, obj: Object) -> Object:
        """Create; ``metadata.generateName`` is honoured."""

    async def update(self, resource: str, namespace: str, obj: Object) -> Object:
        """Replace; a stale resourceVersion is a Conflict."""

    async def update_status(self, resource: str, namespace: str, obj: Object) -> Object:
        """Replace the status only."""

    async def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        *,
        propagation: str = "Background",
        uid: str = "",
        grace_seconds: int | None = None,
    ) -> None:
        """Delete; ``uid`` is a precondition when given.

        ``grace_seconds`` is DeleteOptions.gracePeriodSeconds: a Pod on a node first gets a deletionTimestamp and goes
        away when its node deletes it with 0; None leaves it to the Pod.
        """

    async def bind(self, namespace: str, pod: str, node: str) -> None:
        """Create ``pods/binding``: the scheduler's only write, which sets ``spec.nodeName`` and ``PodScheduled``."""

    async def finalize(self, namespace: Object) -> Object:
        """Replace ``namespaces/finalize``: the namespace goes away once it is deleted and ``spec.finalizers`` is
        empty."""

    def watch(self, resource: str, namespace: str = "") -> AsyncIterator[tuple[EventType, Object]]:
        """ADDED for everything that exists, then every change in order; never ends, and restarts itself when it
        must."""
