"""Protection level HSM, on a real PKCS#11 token (SoftHSM)."""

import dataclasses
import datetime as dt
import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from binauthz.base.errors import ApiError, Code
from binauthz.crypto.pkix import load_public_key
from binauthz.crypto.prehashed import digest_size
from binauthz.services.context import Context, Settings
from binauthz.services.kms import crypto_keys, housekeeping, key_rings, signing, versions
from binauthz.services.kms.algorithms import SIGNING
from binauthz.services.kms.custody import HSM, SOFTWARE, Custody
from binauthz.services.kms.pkcs11 import Pkcs11Backend
from binauthz.services.kms.signing import SigningRequest
from binauthz.services.kms.software import SoftwareBackend
from binauthz.store.records import CryptoKeyVersion
from tests.services.conftest import World
from tests.services.kms.conftest import KEY, LOCATION, RING, VERSION, Sealing, draft_of

pytestmark = pytest.mark.clients

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "4321-user"
DATA = b"what is signed"


@dataclasses.dataclass
class Token:
    directory: Path
    pin_file: Path

    def backend(self, label: str = "binauthz", pin_file: Path | None = None) -> Pkcs11Backend:
        return Pkcs11Backend(module=MODULE, token=label, pin_file=str(pin_file or self.pin_file))


@pytest.fixture(scope="module")
def token(need: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    """A token of its own; the module reads its configuration when it is initialised."""
    pytest.importorskip("pkcs11")
    tool = need("softhsm2-util")
    directory = tmp_path_factory.mktemp("softhsm")
    (directory / "tokens").mkdir()
    configuration = directory / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {directory / 'tokens'}\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    subprocess.run(
        [tool, "--init-token", "--free", "--label", "binauthz", "--so-pin", "1234-officer", "--pin", PIN],
        check=True,
        capture_output=True,
    )
    pin_file = directory / "pin"
    pin_file.write_text(f"{PIN}\n")
    pin_file.chmod(0o600)
    yield Token(directory, pin_file)
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def owner(world: World, token: Token) -> Context:
    custody = Custody({SOFTWARE: SoftwareBackend(Sealing()), HSM: token.backend()})
    made = world.with_settings(Settings(custody=custody))
    world.run(key_rings.create_key_ring(made, LOCATION, "ring"))
    return made


def make(world: World, owner: Context, algorithm: str) -> CryptoKeyVersion:
    draft = dataclasses.replace(draft_of(algorithm), protection_level="HSM", destroy_after_seconds=24 * 3600)
    world.run(crypto_keys.create_crypto_key(owner, RING, "signer", draft))
    return world.run(versions.get_version(owner, VERSION))


def request_for(algorithm: str) -> SigningRequest:
    function = {32: "sha256", 48: "sha384", 64: "sha512"}[digest_size(SIGNING[algorithm])]
    return SigningRequest(digest_function=function, digest=hashlib.new(function, DATA).digest())


@pytest.mark.parametrize("algorithm", [each for each in SIGNING if "4096_SHA256" not in each])
def test_a_token_makes_and_uses_every_kind_of_key(token: Token, algorithm: str) -> None:
    backend, name = token.backend(), f"versions/{algorithm}"
    made = backend.generate(name, SIGNING[algorithm])
    signature = backend.sign(name, made.material, SIGNING[algorithm], request_for(algorithm).digest)
    load_public_key(made.public_pem, SIGNING[algorithm]).verify(signature, DATA)
    assert len(made.material) == 16
    backend.destroy(name, made.material)
    with pytest.raises(ApiError, match="holds no private key"):
        backend.sign(name, made.material, SIGNING[algorithm], request_for(algorithm).digest)


def test_a_key_lives_its_whole_life_on_the_token(world: World, owner: Context, token: Token) -> None:
    import pkcs11  # noqa: PLC0415 - only where the extra is installed

    version = make(world, owner, "EC_SIGN_P256_SHA256")
    assert (version.state, version.protection_level) == ("ENABLED", "HSM")
    signature, signer = world.run(signing.asymmetric_sign(owner, VERSION, request_for("EC_SIGN_P256_SHA256")))
    load_public_key(version.public_pem, SIGNING["EC_SIGN_P256_SHA256"]).verify(signature, DATA)
    assert signer.protection_level == "HSM"

    backend = token.backend()
    attributes = pkcs11.Attribute
    found = backend._on_token(
        lambda session: [
            (each[attributes.SENSITIVE], each[attributes.EXTRACTABLE])
            for each in session.get_objects(
                {attributes.LABEL: VERSION, attributes.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}
            )
        ]
    )
    assert found == [(True, False)]

    world.run(versions.destroy_version(owner, VERSION))
    world.clock.advance(dt.timedelta(days=1))
    assert owner.settings.custody is not None
    assert world.run(housekeeping.destroy_what_is_due(world.store, world.clock, owner.settings.custody)) == 1
    assert backend._on_token(lambda session: list(session.get_objects({attributes.LABEL: VERSION}))) == []
    assert world.run(versions.get_version(owner, VERSION)).state == "DESTROYED"


def test_a_row_swapped_in_the_database_signs_nothing(world: World, owner: Context) -> None:
    version = make(world, owner, "EC_SIGN_P256_SHA256")
    other = world.run(versions.create_version(owner, KEY))
    world.put(dataclasses.replace(version, material=other.material, public_pem=other.public_pem))
    world.refused(signing.asymmetric_sign(owner, VERSION, request_for("EC_SIGN_P256_SHA256")), Code.FAILED_PRECONDITION)


def test_random_bytes_come_from_the_token(world: World, owner: Context) -> None:
    first, second = (world.run(signing.random_bytes(owner, LOCATION, 1024, "HSM")) for _ in range(2))
    assert len(first) == len(second) == 1024
    assert first != second


@pytest.mark.parametrize("trouble", ["module", "label", "pin file", "open pin file"])
def test_a_token_that_cannot_be_opened_is_unavailable_and_makes_nothing(
    world: World, token: Token, trouble: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    readable = tmp_path / "pin"
    readable.write_text(PIN)
    readable.chmod(0o644)
    backend = {
        "module": Pkcs11Backend(module="/nowhere.so", token="binauthz", pin_file=str(token.pin_file)),
        "label": token.backend(label="another"),
        "pin file": token.backend(pin_file=token.directory / "absent"),
        "open pin file": token.backend(pin_file=readable),
    }[trouble]
    owner = world.with_settings(Settings(custody=Custody({HSM: backend})))
    world.run(key_rings.create_key_ring(owner, LOCATION, "ring"))
    draft = dataclasses.replace(draft_of(), protection_level="HSM")
    error = world.refused(crypto_keys.create_crypto_key(owner, RING, "signer", draft), Code.UNAVAILABLE)
    assert str(token.directory) not in error.message
    world.refused(crypto_keys.get_crypto_key(owner, KEY), Code.NOT_FOUND)
    assert "cannot be used" in caplog.text


def test_a_refused_pin_is_tried_once_so_that_the_token_is_not_locked(
    token: Token, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pin_file = tmp_path / "pin"
    pin_file.write_text("wrong-pin")
    pin_file.chmod(0o600)
    backend = token.backend(pin_file=pin_file)
    for _ in range(5):
        with pytest.raises(ApiError, match="cannot be used now"):
            backend.check()
    assert caplog.text.count("not tried again") == 4
    assert "wrong-pin" not in caplog.text
    pin_file.write_text(PIN)
    backend.check()


def test_a_lost_session_is_opened_again(token: Token) -> None:
    backend = token.backend()
    backend.check()
    assert backend._session is not None
    backend._session.close()
    made = backend.generate("versions/again", SIGNING["EC_SIGN_P256_SHA256"])
    assert backend.sign("versions/again", made.material, SIGNING["EC_SIGN_P256_SHA256"], bytes(32))


def test_two_servers_share_a_token(token: Token) -> None:
    made = token.backend().generate("versions/shared", SIGNING["EC_SIGN_P256_SHA256"])
    assert token.backend().sign("versions/shared", made.material, SIGNING["EC_SIGN_P256_SHA256"], bytes(32))
