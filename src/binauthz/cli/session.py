"""How commands reach a server: where it is, who we are, and one call with Google's errors turned into ours."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click

from binauthz.app.home import Home, NotRunning

Json = dict[str, Any]
_TOKEN = re.compile(rb"[\x21-\x7e]{1,4096}")


class ServerError(click.ClickException):
    """The server's refusal, as gcloud would word it."""

    def __init__(self, status: str, message: str, details: list[Json]) -> None:
        violations = [violation for detail in details for violation in detail.get("fieldViolations", [])]
        lines = [f"- {violation.get('field', '')}: {violation.get('description', '')}" for violation in violations]
        super().__init__("\n".join([f"{status}: {message}", *lines]))
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A server, a project and a token."""

    base_url: str
    project: str
    token_file: Path
    patience: float = 60.0

    @classmethod
    def open(cls, directory: str | None = None) -> "Session":
        """``BINAUTHZ_SERVER``, ``BINAUTHZ_PROJECT`` and ``BINAUTHZ_TOKEN_FILE``, else what runs from ``directory``."""
        server = os.environ.get("BINAUTHZ_SERVER")
        token_file = os.environ.get("BINAUTHZ_TOKEN_FILE")
        project = os.environ.get("BINAUTHZ_PROJECT")
        if server and token_file and project:
            return cls(base_url=server.rstrip("/"), project=project, token_file=Path(token_file))
        home = Home(Path(directory) if directory else Home.default_directory())
        try:
            addresses = home.addresses()
        except NotRunning as error:
            raise click.ClickException(str(error)) from None
        if server and not token_file and server.rstrip("/") != addresses.base_url:
            raise click.ClickException(
                f"BINAUTHZ_SERVER is `{server}`, and the owner's token of `{home.directory}` is for "
                f"{addresses.base_url} alone: say in BINAUTHZ_TOKEN_FILE which token to send"
            )
        return cls(
            base_url=(server or addresses.base_url).rstrip("/"),
            project=project or addresses.project,
            token_file=Path(token_file) if token_file else home.owner_token_file,
        )

    @property
    def token(self) -> str:
        """The bearer token; read when needed, never printed."""
        try:
            found = self.token_file.read_bytes().strip()
        except OSError as error:
            raise click.ClickException(f"the token file `{self.token_file}` cannot be read: {error.strerror}") from None
        # What is no header value would be repeated by the HTTP library's own complaint.
        if not _TOKEN.fullmatch(found):
            raise click.ClickException(f"the token file `{self.token_file}` does not hold one token")
        return found.decode()

    def call(self, verb: str, path: str, body: Json | None = None, query: Mapping[str, str] | None = None) -> Json:
        """One REST call; raises ServerError for a refusal and ClickException when nobody answers."""
        asked = f"?{urlencode(query)}" if query else ""
        return self.send(verb, f"{quote(path, safe='/:@.-_~')}{asked}", body)

    def send(self, verb: str, target: str, body: Json | None) -> Json:
        """``call`` for a path and query that are percent-encoded already."""
        import httpx2  # noqa: PLC0415 - start-up time: most commands never get here

        try:
            response = httpx2.request(
                verb,
                f"{self.base_url}{target}",
                json=body,
                headers={"Authorization": f"Bearer {self.token}", "User-Agent": "binauthz"},
                timeout=self.patience,
                trust_env=False,
            )
        except httpx2.HTTPError as error:
            raise click.ClickException(
                f"no answer from {self.base_url}: {str(error) or type(error).__name__}"
            ) from None
        try:
            answer = json.loads(response.content or b"{}")
        except (ValueError, RecursionError):
            raise click.ClickException(f"{self.base_url} answered {response.status_code} and no JSON") from None
        if not isinstance(answer, dict):
            raise click.ClickException(f"{self.base_url} answered {response.status_code} and no JSON object")
        if response.is_success:
            return answer
        refusal = answer.get("error", {})
        if not isinstance(refusal, dict):
            raise ServerError(str(response.status_code), str(refusal), [])
        raise ServerError(
            refusal.get("status", str(response.status_code)), refusal.get("message", ""), refusal.get("details", [])
        )

    def pages(
        self, path: str, member: str, query: Mapping[str, str] | None = None, *, limit: int | None = None
    ) -> Iterator[Json]:
        """Every item of a paged list, or the first ``limit`` of them."""
        asked = dict(query or {})
        left = limit
        while True:
            answer = self.call("GET", path, query=asked)
            items = answer.get(member, [])
            yield from items[:left]
            left = None if left is None else left - len(items)
            if not (token := answer.get("nextPageToken")) or (left is not None and left <= 0):
                return
            if token == asked.get("pageToken"):
                raise click.ClickException(f"{self.base_url} answers with the same page again and again")
            asked["pageToken"] = token


def limit_option(function: Any) -> Any:
    """``--limit`` for lists; every page is fetched until it is reached."""
    return click.option(
        "--limit", type=click.IntRange(1, 1_000_000), metavar="N", help="At most this many (default: all)."
    )(function)


def directory_option(function: Any) -> Any:
    """``--dir`` for commands that talk to a server."""
    return click.option(
        "--dir", "directory", metavar="DIR", help="Directory of the installation (default: BINAUTHZ_DIR or XDG)."
    )(function)
