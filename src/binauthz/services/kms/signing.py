"""What keys are for: their public halves, and signatures over digests (SPEC 3.6).

A signature leaves only if the version's own public key proves it, so that neither a swapped row nor a fault while
signing is ever sold as a signature.
"""

import hashlib
from dataclasses import dataclass

from binauthz.base import names
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.crypto.algorithms import SignatureAlgorithm, scheme_of
from binauthz.crypto.crc32c import crc32c
from binauthz.crypto.errors import KeyRefusedError, SignatureRefusedError
from binauthz.crypto.prehashed import check_digest_signature
from binauthz.services import projects
from binauthz.services.context import Context
from binauthz.services.kms import states
from binauthz.services.kms.algorithms import SIGNING
from binauthz.services.kms.backend import KeyBackend
from binauthz.services.kms.custody import HSM, SOFTWARE
from binauthz.services.kms.generation import custody
from binauthz.services.kms.versions import get_version
from binauthz.store.records import CryptoKeyVersion

MAX_DATA = 64 * 1024
_RANDOM_MINIMUM, _RANDOM_MAXIMUM = 8, 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningRequest:
    """What is to be signed: a digest with the name of its function, or data; and the checksum that came with it."""

    digest_function: str = ""
    digest: bytes = b""
    data: bytes = b""
    digest_crc32c: int | None = None
    data_crc32c: int | None = None


async def get_public_key(ctx: Context, name: str) -> CryptoKeyVersion:
    """The version whose public key may be read; FAILED_PRECONDITION unless it is enabled."""
    version = await get_version(ctx, name)
    states.require_enabled(version)
    return version


async def asymmetric_sign(ctx: Context, name: str, request: SigningRequest) -> tuple[bytes, CryptoKeyVersion]:
    """A signature by a version, ECDSA in ASN.1 DER.

    Raises NOT_FOUND, FAILED_PRECONDITION unless the version is enabled, and INVALID_ARGUMENT for a digest of another
    function or length than the algorithm's or a checksum that does not match.
    """
    names.CRYPTO_KEY_VERSION.parse(name)
    _check_sums(request)
    version = await get_version(ctx, name)
    states.require_enabled(version)
    algorithm = SIGNING[version.algorithm]
    digest = _digest(request, algorithm, version.algorithm)

    def work(backend: KeyBackend) -> bytes:
        signature = backend.sign(version.name, version.material, algorithm, digest)
        try:
            check_digest_signature(version.public_pem, algorithm, digest, signature)
        except (KeyRefusedError, SignatureRefusedError) as error:
            raise ApiError(
                Code.FAILED_PRECONDITION,
                f"The private key of {version.name} is not the one that its public key is of: nothing was signed.",
            ) from error
        return signature

    return await custody(ctx).call(version.protection_level, work), version


async def random_bytes(ctx: Context, location: str, length: int, level: str) -> bytes:
    """Random bytes, from the hardware token where that is asked for."""
    names.LOCATION.parse(location, "location")
    if not _RANDOM_MINIMUM <= length <= _RANDOM_MAXIMUM:
        raise invalid_field("lengthBytes", f"got {length}, expected {_RANDOM_MINIMUM} to {_RANDOM_MAXIMUM}")
    if level not in {"PROTECTION_LEVEL_UNSPECIFIED", SOFTWARE, HSM}:
        raise ApiError(Code.UNIMPLEMENTED, f"Random bytes of protection level {level} are not served here.")
    await ctx.store.read(lambda tx: projects.require(tx, location))
    return await custody(ctx).call(HSM if level == HSM else SOFTWARE, lambda backend: backend.random(length))


def _check_sums(request: SigningRequest) -> None:
    for field, checksum, subject, content in (
        ("digest_crc32c", request.digest_crc32c, "digest", request.digest),
        ("data_crc32c", request.data_crc32c, "data", request.data),
    ):
        # gcloud tells damage on the way from other errors by these words.
        if checksum is not None and (len(content) > MAX_DATA or checksum != crc32c(content)):
            raise invalid_field(field, f"The checksum in field {field} did not match the data in field {subject}.")


def _digest(request: SigningRequest, algorithm: SignatureAlgorithm, shown: str) -> bytes:
    function = scheme_of(algorithm).digest
    if bool(request.digest_function) == bool(request.data):
        raise invalid_field("digest", "expected either a digest or data to sign")
    if request.data:
        if len(request.data) > MAX_DATA:
            raise invalid_field("data", f"got {len(request.data)} bytes, expected at most {MAX_DATA}")
        return hashlib.new(function.name, request.data).digest()
    if request.digest_function != function.name:
        raise invalid_field("digest", f"got a {request.digest_function} digest, expected {function.name} for {shown}")
    if len(request.digest) != function.digest_size:
        raise invalid_field(
            f"digest.{function.name}", f"got {len(request.digest)} bytes, expected {function.digest_size}"
        )
    return request.digest
