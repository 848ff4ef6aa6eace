"""Who is calling: bearer tokens known by their hash, and impersonation.

The token file is read again when it changes, so a revoked token ends with the next request.
"""

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from binauthz.cluster.authorization import Attempt, refusal, rule
from binauthz.cluster.call import AUTHENTICATED, User
from binauthz.cluster.client import StatusError
from binauthz.cluster.status import bad_request, failure, unauthorized

_IMPERSONATE = "impersonate-"
_HEADER_LIMIT = 4096
_GROUPS = 64


class _Entry(msgspec.Struct):
    sha256: str
    user: str
    groups: list[str] = []


class Tokens:
    """The users of the token file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._users: dict[str, User] = {}
        self._read: tuple[int, int] | None = None
        self._refresh()

    def _refresh(self) -> None:
        stat = self._path.stat()
        mark = (stat.st_mtime_ns, stat.st_ino)
        if mark == self._read:
            return
        entries = msgspec.json.decode(self._path.read_bytes(), type=list[_Entry])
        self._users = {
            entry.sha256.lower(): User(name=entry.user, groups=(*entry.groups, AUTHENTICATED)) for entry in entries
        }
        self._read = mark

    def authenticate(self, headers: Mapping[str, list[str]]) -> User:
        """The user of a request.

        Raises:
            StatusError: 401.
        """
        scheme, _, token = headers.get("authorization", [""])[0].partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > _HEADER_LIMIT:
            raise unauthorized()
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            # A file that is being replaced: those whom the last good version named are still known.
            self._refresh()
        user = self._users.get(hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest())
        if user is None:
            raise unauthorized()
        return user


def impersonated(user: User, headers: Mapping[str, list[str]]) -> User | None:
    """The user that a request acts as, if it names one.

    Raises:
        StatusError: 403 when the caller may not, 400 when no user is named.
    """
    if not any(key.startswith(_IMPERSONATE) for key in headers):
        return None
    name = headers.get("impersonate-user", [""])[0]
    groups = [value for value in headers.get("impersonate-group", []) if value]
    if not name:
        raise bad_request("requested impersonation of groups or extra without impersonating a user")
    if len(groups) > _GROUPS:
        raise bad_request(f"more than {_GROUPS} groups impersonated")
    attempt = Attempt(verb="impersonate", group="", plural="users", name=name)
    if not rule(user, attempt).allowed:
        raise _forbidden(name, refusal(user, attempt))
    extra = {
        key.removeprefix("impersonate-extra-"): tuple(values)
        for key, values in headers.items()
        if key.startswith("impersonate-extra-")
    }
    acting = User(name=name, groups=tuple(groups), uid=headers.get("impersonate-uid", [""])[0], extra=extra)
    if name == "system:anonymous" or AUTHENTICATED in groups:
        return acting
    return replace(acting, groups=(*groups, AUTHENTICATED))


def _forbidden(name: str, why: str) -> StatusError:
    details = {"name": name, "kind": "users"}
    return failure(403, "Forbidden", f'users "{name}" is forbidden: {why}', details)
