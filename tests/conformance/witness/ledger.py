"""What passed between the clients and the server."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

# The header that Google's generated clients introduce themselves with, and what gcloud's user agent holds.
_GENERATED = ("gl-python/", "gl-node/", "gdcl/")
_GCLOUD = "google-cloud-sdk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: the method that its path or gRPC name means, who made it, and the canonical status of the answer."""

    method: str
    door: str
    client: str
    status: str
    fault: str = ""
    """Why the answer does not have the published shape; empty where it does."""


@dataclass
class Ledger:
    """Every call, in the order in which answers left; those to one server are in the suite's ``whole`` too."""

    whole: "Ledger | None" = None
    calls: list[Call] = field(default_factory=list)
    accounts: list[Callable[[], list[str]]] = field(default_factory=list)
    """Each says what is wrong with what its server keeps of the calls since it was last asked."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, call: Call) -> None:
        """Add a call; from any thread."""
        with self._lock:
            self.calls.append(call)
        if self.whole is not None:
            self.whole.note(call)

    def settle(self) -> list[str]:
        """What is wrong with what the servers keep."""
        return [fault for account in self.accounts for fault in account()]

    def since(self, mark: int) -> list[Call]:
        """The calls after the first ``mark``."""
        with self._lock:
            return self.calls[mark:]

    @property
    def mark(self) -> int:
        """How many calls there are."""
        with self._lock:
            return len(self.calls)


def client_of(api_client: str, user_agent: str) -> str:
    """Which unmodified client sent a request, or ``curl`` for anything that only speaks HTTP."""
    if _GCLOUD in user_agent:
        return "gcloud"
    return "library" if any(mark in api_client for mark in _GENERATED) else "curl"


def unshown(calls: Iterable[Call], service: str, methods: Iterable[str], *, curl: bool = False) -> list[str]:
    """The methods that no call of an unmodified client was answered OK for; with ``curl``, of any client."""
    done = {call.method for call in calls if call.status == "OK" and (curl or call.client != "curl")}
    return [name for name in (f"{service}.{method}" for method in methods) if name not in done]
