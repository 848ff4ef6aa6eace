"""gcloud's KMS commands, and attestations signed by keys that never leave the server (SPEC 2.4, 3.6, 7.3)."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.gcloud import Gcloud
from tests.conformance.rest import Rest
from tests.conformance.server import PROJECT, Target
from tests.conformance.services import BINAUTHZ, GRAFEAS, IAM, KMS, LOCATIONS, VALIDATION_ALPHA, VALIDATION_BETA
from tests.conformance.signing import fresh

pytestmark = [pytest.mark.servers, pytest.mark.clients]
LOCATION = f"projects/{PROJECT}/locations/global"
DIGEST = "sha256:" + "d" * 64
IMAGE = f"us-docker.pkg.dev/p1/r/img@{DIGEST}"


@pytest.fixture(scope="module")
def gcloud(need: Callable[[str], str], target: Target, tmp_path_factory: pytest.TempPathFactory) -> Gcloud:
    return Gcloud(need("gcloud"), target, tmp_path_factory.mktemp("gcloud"))


def ok(gcloud: Gcloud, *arguments: str) -> str:
    ran = gcloud("kms", *arguments)
    assert ran.code == 0, ran.err
    return ran.out


@pytest.fixture(scope="module")
def ring(gcloud: Gcloud) -> str:
    name = fresh("ring")
    ok(gcloud, "keyrings", "create", name, "--location=global")
    return name


def make_key(gcloud: Gcloud, ring: str, algorithm: str = "ec-sign-p256-sha256", *more: str) -> tuple[str, ...]:
    """Make a key; returns the flags that name it."""
    key = fresh("key")
    ok(
        gcloud, "keys", "create", key, f"--keyring={ring}", "--location=global", "--purpose=asymmetric-signing",
        f"--default-algorithm={algorithm}", *more,
    )  # fmt: skip
    return f"--key={key}", f"--keyring={ring}", "--location=global"


@pytest.mark.shows(KMS, "CreateKeyRing", "GetKeyRing", "ListKeyRings")
@pytest.mark.shows(LOCATIONS, "ListLocations")
def test_key_rings_are_created_described_and_listed(gcloud: Gcloud) -> None:
    name = fresh("ring")
    assert gcloud("kms", "keyrings", "create", name, "--location=us-central1").code == 0
    described = gcloud.json("kms", "keyrings", "describe", name, "--location=us-central1")
    assert described["name"] == f"projects/{PROJECT}/locations/us-central1/keyRings/{name}"
    assert set(described) == {"name", "createTime"}
    table = ok(gcloud, "keyrings", "list", "--location=us-central1").splitlines()
    assert table[0] == "NAME"
    assert described["name"] in table
    again = gcloud("kms", "keyrings", "create", name, "--location=us-central1")
    assert (again.code, f"KeyRing {described['name']} already exists" in again.err) == (1, True)
    assert "NOT_FOUND" in gcloud("kms", "keyrings", "describe", "absent", "--location=global").err
    assert "us-central1" in ok(gcloud, "locations", "list")


@pytest.mark.shows(KMS, "CreateCryptoKey", "GetCryptoKey", "ListCryptoKeys", "UpdateCryptoKey")
def test_keys_are_created_described_listed_and_updated(gcloud: Gcloud, ring: str) -> None:
    key = fresh("key")
    at = (f"--keyring={ring}", "--location=global")
    ok(
        gcloud, "keys", "create", key, *at, "--purpose=asymmetric-signing",
        "--default-algorithm=ec-sign-p256-sha256", "--labels=env=prod", "--destroy-scheduled-duration=24h",
    )  # fmt: skip
    described = gcloud.json("kms", "keys", "describe", key, *at)
    described.pop("createTime")
    assert described == {
        "name": f"{LOCATION}/keyRings/{ring}/cryptoKeys/{key}",
        "purpose": "ASYMMETRIC_SIGN",
        "versionTemplate": {"algorithm": "EC_SIGN_P256_SHA256", "protectionLevel": "SOFTWARE"},
        "destroyScheduledDuration": "86400s",
        "labels": {"env": "prod"},
    }
    table = ok(gcloud, "keys", "list", *at).splitlines()
    assert table[0].split()[:3] == ["NAME", "PURPOSE", "ALGORITHM"]
    assert any(line.split()[:3] == [described["name"], "ASYMMETRIC_SIGN", "EC_SIGN_P256_SHA256"] for line in table[1:])
    ok(gcloud, "keys", "update", key, *at, "--update-labels=team=a", "--remove-labels=env")
    ok(gcloud, "keys", "update", key, *at, "--default-algorithm=ec-sign-p384-sha384")
    updated = gcloud.json("kms", "keys", "describe", key, *at)
    assert updated["labels"] == {"team": "a"}
    assert updated["versionTemplate"]["algorithm"] == "EC_SIGN_P384_SHA384"
    refused = gcloud("kms", "keys", "update", key, *at, "--primary-version=1")
    assert (refused.code, "Failed to update field 'primaryVersion'" in refused.err) == (1, True)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--purpose=encryption",), "Keys of purpose ENCRYPT_DECRYPT are not served here"),
        (("--purpose=mac", "--default-algorithm=hmac-sha256"), "Keys of purpose MAC are not served here"),
        (("--purpose=asymmetric-signing", "--default-algorithm=ec-sign-ed25519"), "EC_SIGN_ED25519 is not served here"),
        (
            ("--purpose=asymmetric-signing", "--default-algorithm=ec-sign-p256-sha256", "--protection-level=hsm"),
            "no PKCS#11 token is configured",
        ),
        (
            (
                "--purpose=asymmetric-signing",
                "--default-algorithm=ec-sign-p256-sha256",
                "--destroy-scheduled-duration=1h",
            ),
            "expected 86400 to 10368000",
        ),
    ],
)
def test_what_cannot_be_made_says_why(gcloud: Gcloud, ring: str, flags: tuple[str, ...], words: str) -> None:
    ran = gcloud("kms", "keys", "create", fresh("key"), f"--keyring={ring}", "--location=global", *flags)
    assert ran.code == 1
    assert words in ran.err


@pytest.mark.shows(
    KMS,
    "CreateCryptoKeyVersion",
    "GetCryptoKeyVersion",
    "ListCryptoKeyVersions",
    "UpdateCryptoKeyVersion",
    "DestroyCryptoKeyVersion",
    "RestoreCryptoKeyVersion",
)
def test_versions_go_through_their_states(gcloud: Gcloud, ring: str) -> None:
    at = make_key(gcloud, ring)

    def state(verb: str) -> str:
        return str(gcloud.json("kms", "keys", "versions", verb, "1", *at)["state"])

    created = gcloud.json("kms", "keys", "versions", "create", *at)
    assert created["name"].endswith("/cryptoKeyVersions/2")
    table = ok(gcloud, "keys", "versions", "list", *at).splitlines()
    assert [line.split()[-1] for line in table] == ["STATE", "ENABLED", "ENABLED"]
    described = gcloud.json("kms", "keys", "versions", "describe", "1", *at)
    assert {"algorithm", "createTime", "generateTime", "protectionLevel", "name", "state"} == set(described)
    assert state("disable") == "DISABLED"
    assert state("enable") == "ENABLED"
    assert gcloud.json("kms", "keys", "versions", "update", "1", *at, "--state=disabled")["state"] == "DISABLED"
    destroyed = gcloud.json("kms", "keys", "versions", "destroy", "1", *at)
    assert (destroyed["state"], "destroyTime" in destroyed) == ("DESTROY_SCHEDULED", True)
    refused = gcloud("kms", "keys", "versions", "enable", "1", *at)
    assert (refused.code, "FAILED_PRECONDITION" in refused.err) == (1, True)
    assert state("restore") == "DISABLED"
    assert state("enable") == "ENABLED"


@pytest.mark.parametrize(
    ("algorithm", "digest", "options"),
    [
        ("ec-sign-p256-sha256", "sha256", ()),
        ("ec-sign-p384-sha384", "sha384", ()),
        ("rsa-sign-pkcs1-3072-sha256", "sha256", ()),
        (
            "rsa-sign-pss-2048-sha256",
            "sha256",
            ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"),
        ),
        pytest.param(
            "rsa-sign-pss-4096-sha512",
            "sha512",
            ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"),
            marks=pytest.mark.shows(KMS, "AsymmetricSign", "GetPublicKey"),
        ),
    ],
)
def test_a_signature_is_verified_by_openssl(
    gcloud: Gcloud,
    ring: str,
    need: Callable[[str], str],
    tmp_path: Path,
    algorithm: str,
    digest: str,
    options: tuple[str, ...],
) -> None:
    at = (*make_key(gcloud, ring, algorithm), "--version=1")
    pem, message = tmp_path / "pub.pem", tmp_path / "message"
    ok(gcloud, "keys", "versions", "get-public-key", "1", *at[:-1], f"--output-file={pem}")
    assert pem.read_text().startswith("-----BEGIN PUBLIC KEY-----\n")
    message.write_bytes(b"the message")
    for flags in (
        (f"--digest-algorithm={digest}",),
        (),
        (f"--digest-algorithm={digest}", "--skip-integrity-verification"),
    ):
        signature = tmp_path / "signature"
        ok(gcloud, "asymmetric-sign", *at, f"--input-file={message}", f"--signature-file={signature}", *flags)
        verify = [need("openssl"), "dgst", f"-{digest}", "-verify", str(pem), *options]
        subprocess.run([*verify, "-signature", str(signature), str(message)], check=True, capture_output=True)
    wrong = "sha512" if digest != "sha512" else "sha256"
    refused = gcloud(
        "kms", "asymmetric-sign", *at, f"--input-file={message}", f"--signature-file={tmp_path / 'no'}",
        f"--digest-algorithm={wrong}",
    )  # fmt: skip
    assert (refused.code, f"got a {wrong} digest, expected {digest}" in refused.err) == (1, True)


@pytest.mark.shows(IAM, "GetIamPolicy", "SetIamPolicy")
@pytest.mark.parametrize("kind", ["keyrings", "keys"])
def test_policies_of_key_rings_and_keys_are_changed(gcloud: Gcloud, ring: str, kind: str) -> None:
    at = make_key(gcloud, ring)
    which = (ring, "--location=global") if kind == "keyrings" else (at[0].removeprefix("--key="), *at[1:])
    binding = ("--member=user:signer@example.com", "--role=roles/cloudkms.signer")
    assert gcloud.json("kms", kind, "get-iam-policy", *which)["etag"] == "ACAB"
    bound = gcloud.json("kms", kind, "add-iam-policy-binding", *which, *binding)
    assert bound["bindings"] == [{"members": ["user:signer@example.com"], "role": "roles/cloudkms.signer"}]
    assert gcloud.json("kms", kind, "get-iam-policy", *which)["bindings"] == bound["bindings"]
    gcloud.json("kms", kind, "remove-iam-policy-binding", *which, *binding)
    assert "bindings" not in gcloud.json("kms", kind, "get-iam-policy", *which)


def _attestor(gcloud: Gcloud, rest: Rest) -> str:
    """A note and an attestor over it, by the API: the commands are tested elsewhere."""
    name = fresh("attestor")
    note = f"projects/{PROJECT}/notes/{name}"
    hint = {"attestation": {"hint": {"humanReadableName": name}}}
    assert rest.post(f"/v1/projects/{PROJECT}/notes?noteId={name}", hint).status == 200
    made = rest.post(
        f"/v1/projects/{PROJECT}/attestors?attestorId={name}",
        {"name": f"projects/{PROJECT}/attestors/{name}", "userOwnedGrafeasNote": {"noteReference": note}},
    )
    assert made.status == 200, made.document
    return name


@pytest.mark.parametrize(
    ("track", "algorithm", "pae"),
    [
        pytest.param(
            "beta",
            "ec-sign-p256-sha256",
            False,
            marks=pytest.mark.shows(VALIDATION_BETA, "ValidateAttestationOccurrence"),
        ),
        pytest.param(
            "alpha",
            "rsa-sign-pss-2048-sha256",
            True,
            marks=[
                pytest.mark.shows(VALIDATION_ALPHA, "ValidateAttestationOccurrence"),
                pytest.mark.shows(KMS, "GetPublicKey", "AsymmetricSign"),
                pytest.mark.shows(BINAUTHZ, "UpdateAttestor"),
                pytest.mark.shows(GRAFEAS, "CreateOccurrence"),
            ],
        ),
        ("beta", "ec-sign-p384-sha384", True),
        ("beta", "rsa-sign-pkcs1-2048-sha256", False),
    ],
)
def test_an_attestation_is_signed_by_a_key_that_never_leaves(
    gcloud: Gcloud, rest: Rest, target: Target, ring: str, track: str, algorithm: str, pae: bool
) -> None:
    key, keyring, location = make_key(gcloud, ring, algorithm)
    attestor = _attestor(gcloud, rest)
    version = tuple(flag.replace("--", "--keyversion-") for flag in (key, keyring, location))
    added = gcloud.json(
        "container", "binauthz", "attestors", "public-keys", "add", f"--attestor={attestor}", "--keyversion=1",
        *version,
    )  # fmt: skip
    host = target.url.removeprefix("http:")
    name = f"{LOCATION}/keyRings/{ring}/cryptoKeys/{key.removeprefix('--key=')}/cryptoKeyVersions/1"
    assert added["id"] == f"{host}/v1/{name}"
    signed = gcloud(
        track, "container", "binauthz", "attestations", "sign-and-create", f"--artifact-url={IMAGE}",
        f"--attestor={attestor}", "--keyversion=1", *version, "--validate",
        *(("--pae-encode-payload",) if pae else ()), "--format=json",
    )  # fmt: skip
    assert signed.code == 0, signed.err
    assert "could not be validated" not in signed.err
    (found,) = gcloud.json(
        "container", "binauthz", "attestations", "list", f"--attestor={attestor}", f"--artifact-url={IMAGE}"
    )
    assert found["attestation"]["signatures"][0]["publicKeyId"] == added["id"]
    verdict = rest.post(
        f"/v1/projects/{PROJECT}/attestors/{attestor}:validateAttestationOccurrence",
        {
            "attestation": found["attestation"],
            "occurrenceNote": f"projects/{PROJECT}/notes/{attestor}",
            "occurrenceResourceUri": IMAGE,
        },
    )
    assert verdict.document == {"result": "VERIFIED"}


def test_what_was_signed_and_made_is_in_the_audit_log(gcloud: Gcloud, rest: Rest, ring: str, tmp_path: Path) -> None:
    at = make_key(gcloud, ring)
    name = f"{LOCATION}/keyRings/{ring}/cryptoKeys/{at[0].removeprefix('--key=')}"
    (tmp_path / "m").write_bytes(b"m")
    ok(
        gcloud, "asymmetric-sign", *at, "--version=1", "--digest-algorithm=sha256", f"--input-file={tmp_path / 'm'}",
        f"--signature-file={tmp_path / 's'}",
    )  # fmt: skip
    log = f"projects/{PROJECT}/logs/cloudaudit.googleapis.com%2F"

    def entries(kind: str, resource: str) -> list[str]:
        query = (
            f'logName="{log}{kind}" AND protoPayload.serviceName="cloudkms.googleapis.com"'
            f' AND protoPayload.resourceName="{resource}"'
        )
        found = rest.post("/v2/entries:list", {"resourceNames": [f"projects/{PROJECT}"], "filter": query})
        return [each["protoPayload"]["methodName"].rpartition(".")[2] for each in found.document.get("entries", [])]

    assert entries("data_access", f"{name}/cryptoKeyVersions/1") == ["AsymmetricSign"]
    assert "CreateCryptoKey" in entries("activity", f"{LOCATION}/keyRings/{ring}")
    assert entries("activity", f"{name}/cryptoKeyVersions/1") == []
    assert "PRIVATE" not in json.dumps(
        rest.post("/v2/entries:list", {"resourceNames": [f"projects/{PROJECT}"]}).document
    )
