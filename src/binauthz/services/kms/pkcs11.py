"""Private keys on a PKCS#11 token: protection level HSM. They are made on it, marked never to leave it, and sign on it.

The material kept in the database is the id of the key's objects. An object counts only if its label is the version's
name too, so a swapped row finds nothing. One session is used by one thread at a time, because the module is
initialised without locking; it is opened when it is first needed, and again after trouble. A PIN that the token refused
is not tried again until the file changes, as tokens lock themselves after a few.

Needs the optional extra ``pkcs11``.
"""

import importlib
import logging
import secrets
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from binauthz.base.errors import ApiError, Code
from binauthz.crypto.algorithms import Ecdsa, RsaPkcs1, RsaPss, SignatureAlgorithm, scheme_of
from binauthz.services.kms.backend import NewKey

if TYPE_CHECKING:
    from pkcs11 import Session

T = TypeVar("T")
_log = logging.getLogger(__name__)
# DigestInfo up to the digest itself (RFC 8017 9.2, note 1): the token pads what it is given.
_DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
_MAX_PIN_FILE = 1024


class _Misconfigured(Exception):  # noqa: N818 - reads as what is the matter
    """The token cannot be opened as configured; the message is for the operator."""


class Pkcs11Backend:
    """One token of one PKCS#11 module."""

    def __init__(self, *, module: str, token: str, pin_file: str) -> None:
        self._module = module
        self._token = token
        self._pin_file = Path(pin_file)
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._refused_pin: str | None = None

    def check(self) -> None:
        """See KeyBackend."""
        self._on_token(lambda session: _objects(session, "", b"none"))

    def generate(self, name: str, algorithm: SignatureAlgorithm) -> NewKey:
        """See KeyBackend."""
        identifier = secrets.token_bytes(16)
        der = self._on_token(lambda session: _generate(session, algorithm, identifier, name))
        public = load_der_public_key(der).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return NewKey(public_pem=public.decode("ascii"), material=identifier)

    def sign(self, name: str, material: bytes, algorithm: SignatureAlgorithm, digest: bytes) -> bytes:
        """See KeyBackend."""
        return self._on_token(lambda session: _sign(session, name, material, algorithm, digest))

    def destroy(self, name: str, material: bytes) -> None:
        """See KeyBackend."""
        self._on_token(lambda session: [each.destroy() for each in _objects(session, name, material)])

    def renew(self, name: str, material: bytes) -> bytes | None:
        """See KeyBackend; an id needs no seal."""
        del name, material
        return None

    def random(self, length: int) -> bytes:
        """See KeyBackend."""
        return self._on_token(lambda session: session.generate_random(8 * length))

    def _on_token(self, work: Callable[["Session"], T]) -> T:
        """Run with the session; once more with a new one where the old one turns out to be lost."""
        pkcs11 = _library()
        lost = (
            pkcs11.SessionHandleInvalid,
            pkcs11.SessionClosed,
            pkcs11.UserNotLoggedIn,
            pkcs11.DeviceRemoved,
            pkcs11.TokenNotPresent,
        )
        with self._lock:
            try:
                if self._session is not None:
                    try:
                        return work(self._session)
                    except lost:
                        self._session = None
                self._session = self._open(pkcs11)
                return work(self._session)
            except (pkcs11.PKCS11Error, _Misconfigured) as error:
                self._session = None
                reason = str(error) or type(error).__name__
                _log.warning("the token `%s` cannot be used: %s", self._token, reason)
                raise ApiError(
                    Code.UNAVAILABLE, "The token that holds HSM keys cannot be used now: the server's log says why."
                ) from None

    def _open(self, pkcs11: Any) -> "Session":
        try:
            if self._pin_file.stat().st_mode & stat.S_IRWXO:
                raise _Misconfigured(f"the PIN file `{self._pin_file}` is open to other users: make it mode 0600")
            pin = self._pin_file.read_bytes()[:_MAX_PIN_FILE].decode().strip()
        except (OSError, UnicodeDecodeError):
            raise _Misconfigured(f"the PIN file `{self._pin_file}` cannot be read") from None
        if pin == self._refused_pin:
            raise _Misconfigured(f"it refused the PIN in `{self._pin_file}`, which is not tried again until it changes")
        library = pkcs11.lib(self._module)
        # A module sees tokens and reads its configuration when it is initialised.
        library.reinitialize()
        try:
            session: Session = library.get_token(token_label=self._token).open(rw=True, user_pin=pin)
        except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinLocked, pkcs11.PinExpired):
            self._refused_pin = pin
            raise
        self._refused_pin = None
        return session


def _library() -> Any:
    try:
        return importlib.import_module("pkcs11")
    except ImportError:
        _log.warning("python-pkcs11 is not installed: install the extra `binauthz[pkcs11]`")
        raise ApiError(
            Code.FAILED_PRECONDITION, "HSM keys need the optional extra `pkcs11`, which this server lacks."
        ) from None


def _generate(session: "Session", algorithm: SignatureAlgorithm, identifier: bytes, label: str) -> bytes:
    """Make a key pair on the token; the public half as a DER SubjectPublicKeyInfo."""
    pkcs11 = _library()
    attributes = pkcs11.Attribute
    options: dict[str, Any] = {
        "id": identifier,
        "label": label,
        "store": True,
        "capabilities": pkcs11.MechanismFlag.SIGN | pkcs11.MechanismFlag.VERIFY,
        "private_template": {attributes.SENSITIVE: True, attributes.EXTRACTABLE: False, attributes.PRIVATE: True},
    }
    match scheme_of(algorithm):
        case Ecdsa() as scheme:
            curve = pkcs11.util.ec.encode_named_curve_parameters(scheme.curve.name)
            parameters = session.create_domain_parameters(pkcs11.KeyType.EC, {attributes.EC_PARAMS: curve}, local=True)
            public, _ = parameters.generate_keypair(**options)
            return bytes(pkcs11.util.ec.encode_ec_public_key(public))
        case (RsaPss() | RsaPkcs1()) as scheme:
            public, _ = session.generate_keypair(pkcs11.KeyType.RSA, scheme.bits, **options)
            return bytes(pkcs11.util.rsa.encode_rsa_public_key(public))


def _sign(session: "Session", name: str, identifier: bytes, algorithm: SignatureAlgorithm, digest: bytes) -> bytes:
    pkcs11 = _library()
    found = [
        each for each in _objects(session, name, identifier) if each.object_class is pkcs11.ObjectClass.PRIVATE_KEY
    ]
    if len(found) != 1:
        raise ApiError(Code.FAILED_PRECONDITION, f"The token holds no private key of {name}.")
    (private,) = found
    match scheme_of(algorithm):
        case Ecdsa():
            raw = private.sign(digest, mechanism=pkcs11.Mechanism.ECDSA)
            return bytes(pkcs11.util.ec.encode_ecdsa_signature(raw))
        case RsaPkcs1() as scheme:
            return bytes(private.sign(_DIGEST_INFO[scheme.digest.name] + digest, mechanism=pkcs11.Mechanism.RSA_PKCS))
        case RsaPss() as scheme:
            function = scheme.digest.name.upper()
            parameters = (pkcs11.Mechanism[function], pkcs11.MGF[function], scheme.digest.digest_size)
            return bytes(private.sign(digest, mechanism=pkcs11.Mechanism.RSA_PKCS_PSS, mechanism_param=parameters))


def _objects(session: "Session", name: str, identifier: bytes) -> list[Any]:
    attributes = _library().Attribute
    return list(session.get_objects({attributes.ID: identifier, attributes.LABEL: name}))
