"""Raw HTTP against the server under test, as curl would send it."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """A status and a JSON document."""

    status: int
    document: Any

    @property
    def error(self) -> str:
        """The canonical status of an error."""
        return str(self.document["error"]["status"])

    @property
    def message(self) -> str:
        """The message of an error."""
        return str(self.document["error"]["message"])

    @property
    def fields(self) -> list[str]:
        """The fields that an error's BadRequest details name."""
        return [
            violation["field"]
            for detail in self.document["error"].get("details", [])
            for violation in detail.get("fieldViolations", [])
        ]


class Rest:
    """A caller with a token."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token

    def call(self, verb: str, path: str, body: Any = None) -> Answer:
        """Send one request; a body that is bytes goes out as it is."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data=data, method=verb)
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return Answer(response.status, json.load(response))
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, json.load(refused))

    def get(self, path: str) -> Answer:
        """GET."""
        return self.call("GET", path)

    def post(self, path: str, body: Any) -> Answer:
        """POST."""
        return self.call("POST", path, body)

    def put(self, path: str, body: Any) -> Answer:
        """PUT."""
        return self.call("PUT", path, body)

    def delete(self, path: str) -> Answer:
        """DELETE."""
        return self.call("DELETE", path)
