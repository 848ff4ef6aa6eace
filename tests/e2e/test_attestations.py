"""Notes, attestors, keys and attestations with gcloud, curl, openssl and gpg; and revocation by the next Pod (D3)."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.platform import DIGEST, HELLO, Kubectl, Platform, rule, run, unique

pytestmark = [pytest.mark.servers, pytest.mark.clients]


@dataclass
class Signer:
    """An attestor with one key, and a way to make gcloud's signature file with it."""

    attestor: str
    key_id: str
    sign: Callable[[Path], Path]


@pytest.fixture
def note(platform: Platform) -> str:
    """A note made by curl, in the camelCase spelling of the documentation."""
    name = unique("note")
    body = {"name": f"projects/demo-project/notes/{name}", "attestation": {"hint": {"humanReadableName": name}}}
    made = json.loads(platform.curl("POST", f"/v1/projects/demo-project/notes/?noteId={name}", json.dumps(body)).ok())
    assert made["kind"] == "ATTESTATION", made
    return name


def test_a_note_in_snake_case_and_v1beta1_spelling(platform: Platform) -> None:
    name = unique("note")
    body = {
        "name": f"projects/demo-project/notes/{name}",
        "attestation": {"hint": {"human_readable_name": "snake"}},
    }
    made = json.loads(platform.curl("POST", f"/v1/projects/demo-project/notes/?noteId={name}", json.dumps(body)).ok())
    assert made["attestation"]["hint"]["humanReadableName"] == "snake"
    older = unique("note")
    body = {
        "name": f"projects/demo-project/notes/{older}",
        "attestation_authority": {"hint": {"human_readable_name": "beta"}},
    }
    path = f"/v1beta1/projects/demo-project/notes/?noteId={older}"
    made = json.loads(platform.curl("POST", path, json.dumps(body)).ok())
    assert made["kind"] == "ATTESTATION", made
    read = json.loads(platform.curl("GET", f"/v1/projects/demo-project/notes/{older}").ok())
    assert read["attestation"]["hint"]["humanReadableName"] == "beta"


@pytest.fixture
def attestor(platform: Platform, note: str) -> Iterator[str]:
    """``gcloud container binauthz attestors create``."""
    name = unique("attestor")
    platform.gcloud(
        "container", "binauthz", "attestors", "create", name,
        f"--attestation-authority-note={note}", "--attestation-authority-note-project=demo-project",
    ).ok()  # fmt: skip
    assert name in platform.gcloud("container", "binauthz", "attestors", "list").ok()
    yield name
    platform.gcloud("container", "binauthz", "attestors", "delete", name).ok()


@pytest.fixture
def pkix(platform: Platform, attestor: str, scratch: Path, need: Callable[[str], str]) -> Signer:
    """An EC P-256 key made and used by openssl."""
    openssl, private, public = need("openssl"), scratch / "key.pem", scratch / "pub.pem"
    env = dict(os.environ)
    run([openssl, "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", str(private)], env).ok()
    run([openssl, "ec", "-in", str(private), "-pubout", "-out", str(public)], env).ok()
    added = platform.gcloud(
        "container", "binauthz", "attestors", "public-keys", "add", f"--attestor={attestor}",
        f"--pkix-public-key-file={public}", "--pkix-public-key-algorithm=ecdsa-p256-sha256", "--format=json",
    ).ok()  # fmt: skip
    key_id = json.loads(added)["id"]
    assert key_id.startswith("ni:///sha-256;")

    def sign(payload: Path) -> Path:
        signature = scratch / "signature.der"
        run([openssl, "dgst", "-sha256", "-sign", str(private), "-out", str(signature), str(payload)], env).ok()
        return signature

    return Signer(attestor, key_id, sign)


@pytest.fixture
def pgp(platform: Platform, attestor: str, scratch: Path, need: Callable[[str], str]) -> Iterator[Signer]:
    """An OpenPGP key made and used by gpg."""
    gpg, public = need("gpg"), scratch / "pub.asc"
    home = Path(tempfile.mkdtemp(prefix="gpg"))
    env = {**os.environ, "GNUPGHOME": str(home)}
    parameters = (
        "%no-protection\nKey-Type: RSA\nKey-Length: 2048\nKey-Usage: sign\nName-Email: a@example.com\n%commit\n"
    )
    run([gpg, "--batch", "--gen-key"], env, parameters).ok()
    public.write_text(run([gpg, "--armor", "--export", "a@example.com"], env).ok())
    added = platform.gcloud(
        "container", "binauthz", "attestors", "public-keys", "add", f"--attestor={attestor}",
        f"--pgp-public-key-file={public}", "--format=json",
    ).ok()  # fmt: skip
    key_id = json.loads(added)["id"]
    listed = run([gpg, "--with-colons", "--fingerprint", "a@example.com"], env).ok()
    assert f"fpr:::::::::{key_id}:" in listed

    def sign(payload: Path) -> Path:
        signature = scratch / "signature.asc"
        run([gpg, "--batch", "--yes", "--armor", "--output", str(signature), "--sign", str(payload)], env).ok()
        return signature

    yield Signer(attestor, key_id, sign)
    run(["gpgconf", "--kill", "all"], env)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(params=["pkix", "pgp"])
def signer(request: pytest.FixtureRequest) -> Signer:
    """Both kinds of key."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Signer)
    return found


def attest(platform: Platform, signer: Signer, scratch: Path, image: str = HELLO) -> str:
    """create-signature-payload, sign, attestations create; returns the occurrence's name."""
    payload = scratch / "payload.json"
    payload.write_text(
        platform.gcloud("container", "binauthz", "create-signature-payload", f"--artifact-url={image}").ok()
    )
    platform.gcloud(
        "container", "binauthz", "attestations", "create", f"--artifact-url={image}", f"--attestor={signer.attestor}",
        "--attestor-project=demo-project", f"--signature-file={signer.sign(payload)}",
        f"--public-key-id={signer.key_id}", "--validate",
    ).ok()  # fmt: skip
    listed = platform.gcloud(
        "container", "binauthz", "attestations", "list", f"--attestor={signer.attestor}",
        "--attestor-project=demo-project", f"--artifact-url={image}", "--format=json",
    ).ok()  # fmt: skip
    (found,) = json.loads(listed)
    assert found["kind"] == "ATTESTATION"
    return str(found["name"])


def require(platform: Platform, *attestors: str) -> None:
    names = [f"projects/demo-project/attestors/{name}" for name in attestors]
    platform.set_policy({"defaultAdmissionRule": rule("REQUIRE_ATTESTATION", *names)})


def test_an_attested_image_is_admitted_and_revocation_counts_for_the_next_pod(
    platform: Platform, cluster_context: Kubectl, signer: Signer, scratch: Path, allow_all: None
) -> None:
    kubectl = cluster_context
    require(platform, signer.attestor)
    assert "No attestations found" in kubectl("run", unique("p"), "--image", HELLO).refused()
    occurrence = attest(platform, signer, scratch)
    kubectl("run", unique("p"), "--image", HELLO).ok()
    # The repository does not matter: an attestation is for a digest.
    kubectl("run", unique("p"), "--image", f"mirror.example.com/copy@{DIGEST}").ok()
    kubectl("run", unique("p"), "--image", f"{HELLO.replace('@', ':v1@')}").ok()
    assert "denied" in kubectl("run", unique("p"), "--image", HELLO.replace("37e5", "37e6")).refused()
    assert platform.curl("DELETE", f"/v1/{occurrence}").ok().strip() in ("{}", "")
    assert "No attestations found" in kubectl("run", unique("p"), "--image", HELLO).refused()


def test_removing_the_key_refuses_the_very_next_pod(
    platform: Platform, fleet_context: Kubectl, pkix: Signer, scratch: Path, allow_all: None
) -> None:
    kubectl = fleet_context
    require(platform, pkix.attestor)
    attest(platform, pkix, scratch)
    kubectl("run", unique("p"), "--image", HELLO).ok()
    platform.gcloud(
        "container", "binauthz", "attestors", "public-keys", "remove", pkix.key_id, f"--attestor={pkix.attestor}"
    ).ok()
    assert "No attestations found" in kubectl("run", unique("p"), "--image", HELLO).refused()


def test_every_attestor_is_required(
    platform: Platform, cluster_context: Kubectl, pkix: Signer, make_attestor: Callable[[], str], scratch: Path,
    allow_all: None,
) -> None:  # fmt: skip
    other = make_attestor().rpartition("/")[2]
    attest(platform, pkix, scratch)
    require(platform, pkix.attestor)
    cluster_context("run", unique("p"), "--image", HELLO).ok()
    require(platform, pkix.attestor, other)
    error = cluster_context("run", unique("p"), "--image", HELLO).refused()
    assert f"denied by attestor projects/demo-project/attestors/{other}" in error
    assert f"denied by attestor projects/demo-project/attestors/{pkix.attestor}" not in error


def test_attesting_twice_says_it_exists(platform: Platform, pkix: Signer, scratch: Path) -> None:
    attest(platform, pkix, scratch)
    again = platform.gcloud(
        "container", "binauthz", "attestations", "create", f"--artifact-url={HELLO}", f"--attestor={pkix.attestor}",
        "--attestor-project=demo-project", f"--signature-file={pkix.sign(scratch / 'payload.json')}",
        f"--public-key-id={pkix.key_id}",
    ).refused()  # fmt: skip
    assert "already exists" in again


def test_a_wrong_signature_is_said_by_validate(platform: Platform, pkix: Signer, scratch: Path) -> None:
    payload = scratch / "payload.json"
    payload.write_text("{}\n")
    shown = platform.gcloud(
        "container", "binauthz", "attestations", "create", f"--artifact-url={HELLO}", f"--attestor={pkix.attestor}",
        "--attestor-project=demo-project", f"--signature-file={pkix.sign(payload)}", f"--public-key-id={pkix.key_id}",
        "--validate",
    )  # fmt: skip
    assert "Attestation could not be validated!" in shown.err


def test_the_payload_is_byte_exact(platform: Platform) -> None:
    image = "us-docker.pkg.dev/p1/r/img@sha256:" + "a" * 64
    by_gcloud = platform.gcloud("container", "binauthz", "create-signature-payload", f"--artifact-url={image}").ok()
    assert platform.binauthz("attestations", "payload", "--image", image).ok() == by_gcloud
    assert len(by_gcloud) == 288
