"""Signatures: by the right key over the right digest, or none at all; private keys are sealed wherever they rest."""

import asyncio
import base64
import dataclasses
import hashlib
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binauthz.base.errors import ApiError, Code
from binauthz.crypto.crc32c import crc32c
from binauthz.crypto.pkix import load_public_key
from binauthz.crypto.prehashed import digest_size
from binauthz.crypto.sealing import SealingError, SealingKey, SealingKeys, SealingKeysMissing
from binauthz.services.context import Settings
from binauthz.services.kms import crypto_keys, generation, housekeeping, signing, versions
from binauthz.services.kms.algorithms import SIGNING
from binauthz.services.kms.backend import NewKey
from binauthz.services.kms.custody import SOFTWARE, Custody
from binauthz.services.kms.signing import SigningRequest
from binauthz.store.records import CryptoKeyVersion
from tests.services.kms.conftest import KEY, LOCATION, VERSION, Keys

DATA = b"what is signed"


def digest(function: str = "sha256", data: bytes = DATA) -> SigningRequest:
    return SigningRequest(digest_function=function, digest=hashlib.new(function, data).digest())


def stored(keys: Keys, name: str = VERSION) -> CryptoKeyVersion:
    found = keys.world.run(keys.world.store.read(lambda tx: tx.get(CryptoKeyVersion, name)))
    assert found is not None
    return found


@pytest.mark.parametrize("algorithm", [each for each in SIGNING if "4096" not in each])
def test_every_algorithm_signs_a_digest_and_data(keys: Keys, algorithm: str) -> None:
    keys.key(algorithm)
    chosen = SIGNING[algorithm]
    function = {32: "sha256", 48: "sha384", 64: "sha512"}[digest_size(chosen)]
    public = load_public_key(stored(keys).public_pem, chosen)
    for request in (digest(function), SigningRequest(data=DATA)):
        signature, version = keys.world.run(signing.asymmetric_sign(keys.owner, VERSION, request))
        public.verify(signature, DATA)
        assert version.name == VERSION


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (SigningRequest(), "digest"),
        (dataclasses.replace(digest(), data=b"x"), "digest"),
        (digest("sha384"), "digest"),
        (digest("sha512"), "digest"),
        (SigningRequest(digest_function="external_mu", digest=bytes(64)), "digest"),
        (SigningRequest(digest_function="sha256", digest=bytes(31)), "digest.sha256"),
        (SigningRequest(digest_function="sha256", digest=bytes(33)), "digest.sha256"),
        (SigningRequest(digest_function="sha256", digest=b""), "digest.sha256"),
        (SigningRequest(data=bytes(65_537)), "data"),
        (dataclasses.replace(digest(), digest_crc32c=1), "digest_crc32c"),
        (dataclasses.replace(digest(), digest_crc32c=-1), "digest_crc32c"),
        (dataclasses.replace(digest(), data_crc32c=7), "data_crc32c"),
        (SigningRequest(data=b"x", data_crc32c=2**40), "data_crc32c"),
        (SigningRequest(data=b"x", digest_crc32c=1), "digest_crc32c"),
    ],
)
def test_a_request_that_does_not_fit_the_key_is_refused(keys: Keys, request_: SigningRequest, field: str) -> None:
    keys.key()
    keys.world.refused(signing.asymmetric_sign(keys.owner, VERSION, request_), Code.INVALID_ARGUMENT, field)


def test_a_checksum_that_matches_is_taken(keys: Keys) -> None:
    keys.key()
    asked = digest()
    for request in (
        dataclasses.replace(asked, digest_crc32c=crc32c(asked.digest)),
        SigningRequest(data=bytes(65_536), data_crc32c=crc32c(bytes(65_536))),
    ):
        assert keys.world.run(signing.asymmetric_sign(keys.owner, VERSION, request))[0]


def test_only_an_enabled_version_signs_and_shows_its_key(keys: Keys) -> None:
    keys.key()
    keys.world.run(versions.set_state(keys.owner, VERSION, "DISABLED"))
    for work in (signing.asymmetric_sign(keys.owner, VERSION, digest()), signing.get_public_key(keys.owner, VERSION)):
        error = keys.world.refused(work, Code.FAILED_PRECONDITION)
        assert error.message == f"{VERSION} is not enabled, current state is: DISABLED."


def test_no_private_key_is_readable_in_the_database(
    keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bytes] = []
    seal = SealingKeys.seal

    def remember(self: SealingKeys, secret: bytes, place: str) -> bytes:
        if secret:
            made.append(secret)
        return seal(self, secret, place)

    monkeypatch.setattr(SealingKeys, "seal", remember)
    keys.key("RSA_SIGN_PKCS1_2048_SHA256")
    keys.world.run(signing.asymmetric_sign(keys.owner, VERSION, digest()))
    (pem,) = made
    private = load_pem_private_key(pem, None)
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    numbers = private.private_numbers()  # type: ignore[union-attr]
    factor = numbers.p.to_bytes(128)  # type: ignore[union-attr]
    needles = [b"PRIVATE KEY", der[-64:], factor[:32], base64.b64encode(der)[300:340], factor.hex()[:40].encode()]
    files = [each for each in tmp_path.iterdir() if each.name.startswith("store.db")]
    content = b"".join(each.read_bytes() for each in files)
    if files:
        # The public half is there, so the private one would have been found.
        assert stored(keys).public_pem.splitlines()[1].encode() in content
    row = stored(keys)
    for needle in needles:
        assert needle not in content
        assert needle not in row.material


def test_a_row_swapped_in_the_database_signs_nothing(keys: Keys) -> None:
    keys.key()
    keys.world.run(versions.create_version(keys.owner, KEY))
    other = stored(keys, f"{KEY}/cryptoKeyVersions/2")
    mine = stored(keys)
    keys.world.put(dataclasses.replace(mine, material=other.material, public_pem=other.public_pem))
    keys.world.refused(signing.asymmetric_sign(keys.owner, VERSION, digest()), Code.FAILED_PRECONDITION)
    keys.world.put(dataclasses.replace(mine, public_pem=other.public_pem))
    error = keys.world.refused(signing.asymmetric_sign(keys.owner, VERSION, digest()), Code.FAILED_PRECONDITION)
    assert "not the one that its public key is of" in error.message
    keys.world.put(dataclasses.replace(mine, material=mine.material[:-1] + b"\0"))
    keys.world.refused(signing.asymmetric_sign(keys.owner, VERSION, digest()), Code.FAILED_PRECONDITION)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (SealingKeysMissing("`/somewhere/keys` cannot be read"), Code.UNAVAILABLE),
        (SealingError("`/somewhere/keys` is malformed"), Code.FAILED_PRECONDITION),
    ],
)
def test_without_its_sealing_keys_a_server_says_so_and_makes_nothing(
    keys: Keys, trouble: SealingError, code: Code, caplog: pytest.LogCaptureFixture
) -> None:
    keys.key()
    keys.sealing.trouble = trouble
    for work in (
        signing.asymmetric_sign(keys.owner, VERSION, digest()),
        versions.create_version(keys.owner, KEY),
    ):
        error = keys.world.refused(work, code)
        assert "/somewhere" not in error.message
    assert "/somewhere" in caplog.text
    keys.sealing.trouble = None
    assert keys.world.run(crypto_keys.get_crypto_key(keys.owner, KEY)).last_version == 1


def test_under_the_wrong_sealing_key_nothing_is_signed(keys: Keys, caplog: pytest.LogCaptureFixture) -> None:
    keys.key()
    right, keys.sealing.current = keys.sealing.current, SealingKeys((SealingKey.generate(),))
    keys.world.refused(signing.asymmetric_sign(keys.owner, VERSION, digest()), Code.FAILED_PRECONDITION)
    assert right.members[0].id.hex() in caplog.text
    assert right.members[0].line not in caplog.text


def test_a_new_sealing_key_takes_over_and_the_old_one_can_go(keys: Keys) -> None:
    keys.key()
    old = keys.sealing.current
    new = SealingKeys((SealingKey.generate(), *old.members))
    keys.sealing.current = new
    assert keys.world.run(housekeeping.seal_again(keys.world.store, keys.custody)) == 1
    assert keys.world.run(housekeeping.seal_again(keys.world.store, keys.custody)) == 0
    keys.sealing.current = SealingKeys(new.members[:1])
    assert keys.world.run(signing.asymmetric_sign(keys.owner, VERSION, digest()))[0]


def test_nothing_of_a_private_key_is_logged(keys: Keys, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    keys.key()
    keys.world.run(signing.asymmetric_sign(keys.owner, VERSION, digest()))
    assert "PRIVATE" not in caplog.text
    assert "PRIVATE" not in repr(stored(keys))


class Stuck:
    """A backend that never answers, as a token whose cable was pulled."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def _wait(self, *_: object) -> Any:
        self.release.wait(10)
        raise ApiError(Code.UNAVAILABLE, "late")

    check = generate = sign = destroy = renew = random = _wait


def test_a_holder_that_hangs_costs_its_callers_a_deadline_and_others_nothing(keys: Keys) -> None:
    keys.key()
    stuck = Stuck()
    custody = Custody({SOFTWARE: stuck}, deadline_seconds=0.05)
    owner = keys.world.with_settings(Settings(custody=custody))

    async def body() -> list[Any]:
        calls = [signing.asymmetric_sign(owner, VERSION, digest()) for _ in range(40)]
        calls.append(crypto_keys.get_crypto_key(keys.owner, KEY))  # type: ignore[arg-type]
        return await asyncio.gather(*calls, return_exceptions=True)

    *refused, read = keys.world.run(body())
    stuck.release.set()
    assert {each.code for each in refused} == {Code.UNAVAILABLE}
    assert {each.message for each in refused} == {"The holder of SOFTWARE keys did not answer within 0.05 seconds."}
    assert read.name == KEY
    assert sum(thread.name == "private-key" for thread in threading.enumerate()) <= 16


def test_making_a_key_never_blocks_the_event_loop(keys: Keys) -> None:
    loop_ran, waited = threading.Event(), []

    class Slow:
        def generate(self, name: str, algorithm: object) -> NewKey:
            waited.append(loop_ran.wait(10))
            return NewKey(public_pem="", material=b"m")

        def check(self) -> None: ...

    keys.key()
    owner = keys.world.with_settings(Settings(custody=Custody({SOFTWARE: Slow()})))  # type: ignore[dict-item]

    async def body() -> None:
        making = asyncio.create_task(versions.create_version(owner, KEY))
        second = f"{KEY}/cryptoKeyVersions/2"
        # The store sets no event when a record appears.
        while await keys.world.store.read(lambda tx: tx.get(CryptoKeyVersion, second)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0)
        loop_ran.set()
        assert (await making).state == "ENABLED"

    keys.world.run(body())
    assert waited == [True]


def test_keys_to_be_made_are_counted_before_they_cost_anything(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = Stuck()
    monkeypatch.setattr(stuck, "check", lambda: None)
    monkeypatch.setattr(generation, "PATIENCE_SECONDS", 0)
    keys.key()
    owner = keys.world.with_settings(Settings(custody=Custody({SOFTWARE: stuck})))

    async def body() -> list[Any]:
        try:
            # One after the other: each is recorded, and its making begins, before the next is asked for.
            return [
                (await asyncio.gather(versions.create_version(owner, KEY), return_exceptions=True))[0]
                for _ in range(53)
            ]
        finally:
            stuck.release.set()

    made = keys.world.run(body())
    assert {each.state for each in made[:50]} == {"PENDING_GENERATION"}
    assert {each.code for each in made[50:]} == {Code.RESOURCE_EXHAUSTED}
    assert keys.world.run(crypto_keys.get_crypto_key(owner, KEY)).last_version == 51


@pytest.mark.parametrize("length", [8, 1024])
@pytest.mark.parametrize("level", ["PROTECTION_LEVEL_UNSPECIFIED", "SOFTWARE"])
def test_random_bytes_are_as_many_as_asked(keys: Keys, length: int, level: str) -> None:
    first, second = (keys.world.run(signing.random_bytes(keys.owner, LOCATION, length, level)) for _ in range(2))
    assert len(first) == len(second) == length
    assert first != second


def test_random_bytes_have_bounds_and_no_invented_hardware(keys: Keys) -> None:
    for length in (0, 7, 1025, -1):
        keys.world.refused(
            signing.random_bytes(keys.owner, LOCATION, length, SOFTWARE), Code.INVALID_ARGUMENT, "lengthBytes"
        )
    keys.world.refused(signing.random_bytes(keys.owner, LOCATION, 8, "HSM"), Code.FAILED_PRECONDITION)
    keys.world.refused(signing.random_bytes(keys.owner, LOCATION, 8, "EXTERNAL"), Code.UNIMPLEMENTED)
    keys.world.refused(
        signing.random_bytes(keys.owner, "projects/absent/locations/global", 8, SOFTWARE), Code.NOT_FOUND
    )


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_checksums_are_castagnolis(first: bytes, second: bytes) -> None:
    """CRC is affine: crc(a) ^ crc(b) ^ crc(a ^ b) = crc(0) for equal lengths (RFC 3720 has the constants)."""
    size = min(len(first), len(second))
    a, b = first[:size], second[:size]
    both = bytes(x ^ y for x, y in zip(a, b, strict=True))
    assert crc32c(a) ^ crc32c(b) ^ crc32c(both) == crc32c(bytes(size))


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_checksums_are_those_of_rfc_3720(data: bytes, checksum: int) -> None:
    assert crc32c(data) == checksum


def test_a_large_key_is_made_and_signs(keys: Keys) -> None:
    """4096 bits take seconds, so one of the four is made here."""
    keys.key("RSA_SIGN_PSS_4096_SHA512")
    signature, _ = keys.world.run(signing.asymmetric_sign(keys.owner, VERSION, digest("sha512")))
    load_public_key(stored(keys).public_pem, SIGNING["RSA_SIGN_PSS_4096_SHA512"]).verify(signature, DATA)
