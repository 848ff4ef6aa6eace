"""Keys of attestors as they may be written: material that parses, an algorithm that fits, and an id (SPEC 2.4)."""

from collections.abc import Sequence
from dataclasses import replace

from binauthz.attestation.model import AttestorKey, PgpKey, PkixKey
from binauthz.base.limits import MAX_KEY_ID_CHARS, MAX_KEYS_PER_ATTESTOR
from binauthz.crypto.errors import KeyRefusedError
from binauthz.crypto.pgp import load_certificate
from binauthz.crypto.pkix import load_public_key

_ALPHA = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_DIGIT = frozenset("0123456789")
_SCHEME = _ALPHA | _DIGIT | frozenset("+-.")
_URI = _ALPHA | _DIGIT | frozenset("-._~:/?#[]@!$&'()*+,;=")
_HEX = _DIGIT | frozenset("abcdefABCDEF")


def describe_key(key: AttestorKey) -> AttestorKey:
    """The key as it is stored: checked, and with the id that signatures name it by.

    An OpenPGP key is named by the 40 upper-case hexadecimal digits of its primary key's fingerprint, whatever id was
    given. A PKIX key keeps an id that is a URI, also one without a scheme as KMS keys have, and otherwise gets the
    RFC 6920 name of its DER. Raises KeyRefusedError with the path of the member below the key.
    """
    match key.material:
        case PgpKey(armored=armored):
            return replace(key, id=load_certificate(armored).fingerprint)
        case PkixKey(pem=pem, algorithm=algorithm):
            parsed = load_public_key(pem, algorithm)
            if not key.id:
                return replace(key, id=parsed.id)
            _check_uri(key.id)
            return key
        case None:
            raise KeyRefusedError("", "got neither `asciiArmoredPgpPublicKey` nor `pkixPublicKey`, expected one")


def describe_keys(keys: Sequence[AttestorKey], *, most: int = MAX_KEYS_PER_ATTESTOR) -> tuple[AttestorKey, ...]:
    """All keys of one attestor as they are stored. Raises KeyRefusedError with ``publicKeys[i]`` in its path.

    Two keys with one id are refused, because a signature names its key by id alone (THREATS B68).
    """
    if len(keys) > most:
        raise KeyRefusedError("publicKeys", f"got {len(keys)} keys, expected at most {most}")
    described: dict[str, AttestorKey] = {}
    for index, key in enumerate(keys):
        path = f"publicKeys[{index}]"
        try:
            known = describe_key(key)
        except KeyRefusedError as error:
            raise KeyRefusedError(f"{path}.{error.field}".rstrip("."), error.description) from None
        if known.id in described:
            raise KeyRefusedError(f"{path}.id", f"got `{known.id}` twice, expected ids that differ")
        described[known.id] = known
    return tuple(described.values())


def _check_uri(key_id: str) -> None:
    """RFC 3986, by hand: a scheme or an authority in front, permitted characters, and whole percent escapes.

    The host is never looked at: behind an endpoint override a KMS key is named by that endpoint (SPEC 13.7).
    """
    if len(key_id) > MAX_KEY_ID_CHARS:
        raise KeyRefusedError("id", f"got {len(key_id)} characters, expected at most {MAX_KEY_ID_CHARS}")
    scheme, colon, _ = key_id.partition(":")
    has_scheme = bool(colon) and scheme[:1] in _ALPHA and _SCHEME.issuperset(scheme)
    pieces = key_id.split("%")
    escaped = all(len(piece) >= 2 and _HEX.issuperset(piece[:2]) for piece in pieces[1:])
    permitted = all(_URI.issuperset(piece) for piece in pieces)
    if not (has_scheme or key_id.startswith("//")) or not escaped or not permitted or key_id.count("#") > 1:
        shown = key_id[:128] if key_id.isprintable() else "unprintable text"
        raise KeyRefusedError(
            "id", f"got `{shown}`, expected an RFC 3986 URI such as `ni:///sha-256;...` or `//host/...`, or nothing"
        )
