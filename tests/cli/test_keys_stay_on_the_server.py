"""``binauthz kms``: how resources are named, what signs, what the server's refusals and damaged answers come to."""

import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from binauthz.cli.kms_crypto_keys import ALGORITHMS
from binauthz.cli.kms_keys import spelt
from binauthz.services.kms.algorithms import SIGNING
from tests.cli.running import Shell, answering

pytestmark = pytest.mark.servers


@pytest.fixture
def ring(binauthz: Shell, tmp_path: Path) -> str:
    name = f"r-{tmp_path.name[-20:].replace('_', '-')}"
    binauthz("kms", "keyrings", "create", name).ok()
    return name


def test_every_algorithm_that_is_served_can_be_asked_for() -> None:
    assert [*map(spelt, ALGORITHMS)] == [*SIGNING]


def test_a_signature_over_a_file_or_its_digest_verifies(binauthz: Shell, ring: str, tmp_path: Path) -> None:
    binauthz("kms", "keys", "create", f"{ring}/k").ok()
    pem = binauthz("kms", "versions", "get-public-key", f"{ring}/k/1").ok().raw_out
    public = load_pem_public_key(pem)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    message, signature = tmp_path / "m", tmp_path / "m.sig"
    message.write_bytes(b"\x00\xffhello")
    sign = ("kms", "sign", f"{ring}/k/1")
    assert binauthz(*sign, "--input-file", str(message), "--signature-file", str(signature)).ok().out == ""
    public.verify(signature.read_bytes(), message.read_bytes(), ec.ECDSA(hashes.SHA256()))
    piped = binauthz(*sign, "--input-file", "-", "--signature-file", "-", stdin=message.read_bytes()).ok()
    public.verify(piped.raw_out, message.read_bytes(), ec.ECDSA(hashes.SHA256()))
    digest = hashlib.sha256(message.read_bytes()).hexdigest()
    binauthz(*sign, "--digest", f"sha256:{digest}", "--signature-file", str(signature)).ok()
    public.verify(signature.read_bytes(), message.read_bytes(), ec.ECDSA(hashes.SHA256()))


def test_a_version_that_is_off_does_not_sign(binauthz: Shell, ring: str, tmp_path: Path) -> None:
    binauthz("kms", "keys", "create", f"{ring}/k", "--skip-initial-version").ok()
    assert json.loads(binauthz("kms", "versions", "list", f"{ring}/k", "--format", "json").ok().out) == []
    binauthz("kms", "versions", "create", f"global/{ring}/k").ok()
    for verb, state in (("disable", "DISABLED"), ("destroy", "DESTROY_SCHEDULED"), ("restore", "DISABLED")):
        shown = json.loads(binauthz("kms", "versions", verb, f"{ring}/k/1", "--format", "json").ok().out)
        assert shown["state"] == state
        target = tmp_path / "sig"
        refused = binauthz(
            "kms", "sign", f"{ring}/k/1", "--digest", f"sha256:{'0' * 64}", "--signature-file", str(target)
        )
        assert (refused.code, "FAILED_PRECONDITION" in refused.err, target.exists()) == (1, True, False)


def test_how_long_a_version_can_be_restored_is_said_at_its_keys_creation(binauthz: Shell, ring: str) -> None:
    create = ("kms", "keys", "create", f"{ring}/k", "--format", "json", "--destroy-scheduled-duration")
    for given, said in (("soon", "takes a number and one of s, m, h, d, w"), ("1h", "INVALID_ARGUMENT")):
        refused = binauthz(*create, given)
        assert (refused.code, refused.out, said in refused.err) == (1, "", True)
    assert json.loads(binauthz(*create, "2d").ok().out)["destroyScheduledDuration"] == "172800s"


def test_a_key_on_a_token_that_is_not_there_is_refused(binauthz: Shell, ring: str) -> None:
    refused = binauthz("kms", "keys", "create", f"{ring}/k", "--protection-level", "hsm")
    assert (refused.code, refused.out, "HSM" in refused.err) == (1, "", True)


def test_labels_are_replaced_and_cleared(binauthz: Shell, ring: str) -> None:
    binauthz("kms", "keys", "create", f"{ring}/k", "--label", "team=a").ok()
    update = ("kms", "keys", "update", f"{ring}/k", "--format", "json")
    assert json.loads(binauthz(*update, "--label", "stage=prod").ok().out)["labels"] == {"stage": "prod"}
    changed = json.loads(binauthz(*update, "--algorithm", "rsa-sign-pss-2048-sha256").ok().out)
    assert changed["versionTemplate"]["algorithm"] == "RSA_SIGN_PSS_2048_SHA256"
    assert changed["labels"] == {"stage": "prod"}
    assert "labels" not in json.loads(binauthz(*update, "--clear-labels").ok().out)
    assert "stage=prod" not in binauthz("kms", "keys", "list", ring).ok().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("keys", "describe", "k"), "expected [LOCATION/]RING/KEY or projects/PROJECT/locations/LOCATION/keyRings/"),
        (("keys", "describe", "a/b/c/d"), "got `a/b/c/d`"),
        (("versions", "describe", "r//1"), "got `r//1`, expected [LOCATION/]RING/KEY/VERSION"),
        (("keyrings", "describe", "projects/p/locations/l"), "/locations/LOCATION/keyRings/RING"),
        (("keyrings", "describe", "none"), "NOT_FOUND"),
        (("keys", "update", "r/k"), "give --algorithm, --label or --clear-labels"),
        (("keys", "update", "r/k", "--label", "a=b", "--clear-labels"), "not both"),
        (("keys", "create", "r/k", "--label", "a"), "--label takes KEY=VALUE, got `a`"),
        (("sign", "r/k/1", "--signature-file", "-"), "give --input-file or --digest"),
        (("sign", "r/k/1", "--signature-file", "-", "--digest", "md5:00"), "expected one of sha256, sha384, sha512"),
        (("sign", "r/k/1", "--signature-file", "-", "--digest", "sha256:zz"), "64 hexadecimal digits"),
        (("sign", "r/k/1", "--signature-file", "-", "--digest", f"sha256:{'0 ' * 32}"), "64 hexadecimal digits"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_mistake_is_named(binauthz: Shell, arguments: tuple[str, ...], said: str) -> None:
    result = binauthz("kms", *arguments)
    assert (result.code, result.out) == (1, "")
    assert said in result.err


@pytest.mark.parametrize(
    "change", [{"signatureCrc32c": "1"}, {"verifiedDigestCrc32c": False}, {"signatureCrc32c": None}]
)
def test_a_damaged_signature_is_not_written(shell: Shell, tmp_path: Path, change: dict[str, object]) -> None:
    token, target = tmp_path / "token", tmp_path / "sig"
    token.write_text("t")
    # The checksum of RFC 3720 B.4 over 32 bytes of zeroes.
    answer = {"signature": "A" * 43 + "=", "signatureCrc32c": str(0x8A9136AA), "verifiedDigestCrc32c": True}
    sign = ("kms", "sign", "r/k/1", "--digest", f"sha256:{'0' * 64}", "--signature-file", str(target))
    named = {"BINAUTHZ_PROJECT": "p", "BINAUTHZ_TOKEN_FILE": str(token)}
    with answering(200, {**answer, **change}) as url:
        result = shell(*sign, BINAUTHZ_SERVER=url, **named)
    assert (result.code, "checksum does not agree" in result.err, target.exists()) == (1, True, False)
    with answering(200, answer) as url:
        shell(*sign, BINAUTHZ_SERVER=url, **named).ok()
    assert target.read_bytes() == bytes(32)
