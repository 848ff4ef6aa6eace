"""Secrets at rest: sealed with AES-256-GCM under a key that lives outside the database, and bound to where they belong.

What is sealed for one place does not open in another, so a row that somebody swapped or copied is refused. Decided
here: the form of a sealed secret and of the file of sealing keys. Not known here: where that file is, and what is kept.

    sealed  = 0x01 | id of the sealing key (8 bytes) | nonce (12 bytes) | ciphertext and tag
    file    = one key a line, 32 bytes in base64url; the first line seals, every line opens; `#` starts a comment
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORM = b"\x01"
_KEY_BYTES = 32
_ID_BYTES = 8
_NONCE_BYTES = 12
_HEADER = len(_FORM) + _ID_BYTES + _NONCE_BYTES
_MAX_KEYS = 100
MAX_FILE_BYTES = 64 * 1024


class SealingError(Exception):
    """A secret cannot be sealed or opened; the message never holds any part of a secret or of a key."""


class SealingKeysMissing(SealingError):  # noqa: N818 - reads as what is the matter
    """The sealing keys cannot be read now; they may be later."""


@dataclass(frozen=True, slots=True)
class SealingKey:
    """One 256-bit key. It is kept out of every representation; its id is not secret."""

    secret: bytes

    @classmethod
    def generate(cls) -> "SealingKey":
        """A fresh key."""
        return cls(secrets.token_bytes(_KEY_BYTES))

    @property
    def id(self) -> bytes:
        """Which key this is; tells nothing about the key."""
        return hmac.digest(self.secret, b"binauthz sealing key id", hashlib.sha256)[:_ID_BYTES]

    @property
    def line(self) -> str:
        """The key as a line of the file."""
        return base64.urlsafe_b64encode(self.secret).decode()

    def __repr__(self) -> str:
        return f"SealingKey(id={self.id.hex()})"


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """The keys of one file: the first seals, every one opens."""

    members: tuple[SealingKey, ...]

    @classmethod
    def parse(cls, text: str) -> "SealingKeys":
        """The keys of a file's text. Raises SealingError that names the line at fault, and never its content."""
        found: list[SealingKey] = []
        for number, line in enumerate(text.splitlines(), 1):
            stripped = line.partition("#")[0].strip()
            if not stripped:
                continue
            try:
                secret = base64.b64decode(stripped + "=" * (-len(stripped) % 4), b"-_", validate=True)
            except (binascii.Error, ValueError):
                raise SealingError(f"line {number} is not base64url") from None
            if len(secret) != _KEY_BYTES:
                raise SealingError(f"line {number} holds {len(secret)} bytes, expected {_KEY_BYTES}")
            found.append(SealingKey(secret))
        if not 0 < len(found) <= _MAX_KEYS:
            raise SealingError(f"got {len(found)} keys, expected 1 to {_MAX_KEYS}")
        return cls(tuple(found))

    def keys(self) -> "SealingKeys":
        """Keys at hand are a source of themselves."""
        return self

    def seal(self, secret: bytes, place: str) -> bytes:
        """The secret, sealed for one place, such as the name of the resource that holds it."""
        key, nonce = self.members[0], secrets.token_bytes(_NONCE_BYTES)
        return _FORM + key.id + nonce + AESGCM(key.secret).encrypt(nonce, secret, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """The secret that was sealed for this place.

        Raises SealingError when it was sealed under a key that is not here, for another place, or was changed.
        """
        if len(sealed) < _HEADER or not sealed.startswith(_FORM):
            raise SealingError("the sealed secret is not of a known form")
        wanted = sealed[1 : 1 + _ID_BYTES]
        key = next((each for each in self.members if each.id == wanted), None)
        if key is None:
            have = ", ".join(f"`{each.id.hex()}`" for each in self.members)
            raise SealingError(f"it is sealed under key `{wanted.hex()}`, and the sealing key file holds {have}")
        try:
            return AESGCM(key.secret).decrypt(sealed[1 + _ID_BYTES : _HEADER], sealed[_HEADER:], place.encode())
        except InvalidTag:
            raise SealingError("the sealed secret was changed, or belongs to another resource") from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether the secret is sealed under the first key, so that the others are not needed for it."""
        return sealed[: 1 + _ID_BYTES] == _FORM + self.members[0].id


class SealingKeySource(Protocol):
    """Where the sealing keys are read from, each time they are needed."""

    def keys(self) -> SealingKeys:
        """The keys now; raises SealingError."""
