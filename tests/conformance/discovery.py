"""google-api-python-client with the discovery documents that it ships, pointed at the server under test."""

from typing import Any

from google.oauth2.credentials import Credentials
from googleapiclient import discovery

from tests.conformance.server import Target


class Apis:
    """Builds a client of any API against the server under test."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._open: list[Any] = []

    def __call__(self, name: str, version: str) -> Any:
        """The client of one API and version."""
        service = discovery.build(
            name,
            version,
            static_discovery=True,
            credentials=Credentials(token=self._target.token),
            client_options={"api_endpoint": f"{self._target.url}/"},
            cache_discovery=False,
        )
        self._open.append(service)
        return service

    def close(self) -> None:
        """Close every connection."""
        for service in self._open:
            service.close()
