"""PEM and OpenPGP armor, read strictly: one block, nothing but blank space around it, and every character counted.

Lenient readers skip what they do not understand, and two of them then disagree about which key was meant.
"""

import base64
import binascii


class ArmorError(ValueError):
    """Text is not exactly one block of the kind asked for; the message says what was got and expected."""


def read_block(text: str, label: str, *, headers: bool = False) -> bytes:
    """The bytes of the single ``label`` block in a text; LF and CRLF are both line ends.

    ``headers`` allows the ``Key: value`` lines and the trailing ``=`` checksum of OpenPGP armor (RFC 4880 6.2); the
    checksum guards nothing that a signature does not, and is not recomputed (RFC 9580 6.1).
    """
    lines = [line.strip(" \t\r") for line in text.strip(" \t\r\n").split("\n")]
    begin, end = f"-----BEGIN {label}-----", f"-----END {label}-----"
    if lines[0] != begin:
        raise ArmorError(f"got {_what(lines[0])}, expected `{begin}` on the first line")
    if len(lines) < 3 or lines[-1] != end:
        raise ArmorError(f"got {_what(lines[-1])}, expected `{end}` on the last line")
    body = lines[1:-1]
    if any(line.startswith("-----") for line in body):
        raise ArmorError("got more than one block, expected exactly one")
    if headers:
        body = _without_headers(body)
    try:
        decoded = base64.b64decode("".join(body), validate=True)
    except (binascii.Error, ValueError):
        raise ArmorError("got text that is not base64 inside the block") from None
    if not decoded:
        raise ArmorError("got an empty block")
    return decoded


def _without_headers(body: list[str]) -> list[str]:
    if "" in body:
        blank = body.index("")
        if not all(": " in line or line.endswith(":") for line in body[:blank]):
            raise ArmorError("got a malformed armor header")
        body = body[blank + 1 :]
    while body and not body[-1]:
        body.pop()
    if body and len(body[-1]) == 5 and body[-1].startswith("="):
        body = body[:-1]
    return body


def _what(line: str) -> str:
    """What a wrong line was; of key material only the label is ever repeated."""
    if line.startswith("-----") and line.endswith("-----") and len(line) < 80:
        return f"`{line}`" if line.isprintable() else "an unreadable line"
    return "a line of another kind" if line else "nothing"
