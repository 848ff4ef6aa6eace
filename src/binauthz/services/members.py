"""Members of bindings in Google's syntax: which texts are one, and the one spelling that each has."""

import re

_ADDRESSED = re.compile(r"(?:user|serviceAccount|group):[^\s@:/]{1,128}@[^\s@/:]{1,200}|domain:[^\s@:/]{1,200}")
_ACCOUNT = re.compile(r"system:[A-Za-z0-9:._-]{1,200}")
# A subject of an identity provider that has no address, or a set of them.
_SUBJECT = re.compile(r"(?:principal|principalSet)://[A-Za-z0-9._~:/@+%-]{1,400}")
_PUBLIC = {"allUsers", "allAuthenticatedUsers"}
MEMBER_CHARS = 512


def is_member(text: str) -> bool:
    """Whether a binding can hold the text."""
    if len(text) > MEMBER_CHARS:
        return False
    return (
        text in _PUBLIC
        or _ADDRESSED.fullmatch(text) is not None
        or _ACCOUNT.fullmatch(text) is not None
        or _SUBJECT.fullmatch(text) is not None
    )


def canonical_member(text: str) -> str:
    """The member as bindings and callers spell it: addresses and domains in lower case, the rest as it is."""
    kind, colon, address = text.partition(":")
    return f"{kind}{colon}{address.lower()}" if _ADDRESSED.fullmatch(text[:MEMBER_CHARS]) else text
