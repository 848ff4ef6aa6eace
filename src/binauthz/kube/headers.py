"""Which headers cross the gateway, and who the cluster is told is asking.

The caller's own words about identity never reach the cluster: the gateway's credential replaces Authorization, and
impersonation is written here from the authenticated caller alone.
"""

from collections.abc import Iterable

from binauthz.services.context import Caller

Headers = list[tuple[bytes, bytes]]

_MAX_GROUPS = 100
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# Identity, and what the cluster would believe about where a request comes from or what it is called in its audit log.
_OURS_TO_SAY = frozenset(
    {b"audit-id", b"authorization", b"content-length", b"cookie", b"expect", b"forwarded", b"host"}
)
_OURS_TO_SAY_PREFIXES = (b"impersonate-", b"x-remote-", b"x-forwarded-")
_MEMBER_PREFIXES = ("user:", "serviceAccount:")


def upstream(given: Iterable[tuple[bytes, bytes]], caller: Caller, credential: str, groups: Iterable[str]) -> Headers:
    """The headers of the request to the cluster; ASGI gives names in lower case."""
    kept: Headers = []
    named = {value.strip().lower() for name, values in given if name == b"connection" for value in values.split(b",")}
    for name, value in given:
        if name in _HOP_BY_HOP or name in _OURS_TO_SAY or name in named or name.startswith(_OURS_TO_SAY_PREFIXES):
            continue
        kept.append((name, value))
    kept.append((b"authorization", b"Bearer " + credential.encode("latin-1")))
    kept.append((b"impersonate-user", user_of(caller).encode("utf-8")))
    kept += [(b"impersonate-group", group.encode("utf-8")) for group in list(groups)[:_MAX_GROUPS]]
    return kept


def downstream(given: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers of the cluster's response, for the caller."""
    return [(name.lower(), value) for name, value in given if name.lower() not in _HOP_BY_HOP]


def user_of(caller: Caller) -> str:
    """The Kubernetes user of a caller: the email of a Google-style member."""
    for prefix in _MEMBER_PREFIXES:
        if caller.principal.startswith(prefix):
            return caller.principal.removeprefix(prefix)
    return caller.principal


def groups_of(caller: Caller) -> tuple[str, ...]:
    """The Kubernetes groups of a caller. A group that Kubernetes reserves is never taken from a token, nor one that a
    header would carry as another: its outer spaces are lost."""
    return tuple(
        group
        for group in caller.groups
        if not group.startswith("system:") and group.isprintable() and group == group.strip()
    )
