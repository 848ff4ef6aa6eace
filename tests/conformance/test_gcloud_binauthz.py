"""`gcloud container binauthz`, unmodified, in the tracks that the documentation uses."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.gcloud import Gcloud
from tests.conformance.rest import Rest
from tests.conformance.server import PROJECT, Target
from tests.conformance.services import (
    BINAUTHZ,
    BINAUTHZ_ALPHA,
    BINAUTHZ_BETA,
    GRAFEAS,
    IAM,
    SYSTEM_ALPHA,
    VALIDATION,
    VALIDATION_ALPHA,
    VALIDATION_BETA,
)
from tests.conformance.signing import Signer, fresh

pytestmark = [pytest.mark.servers, pytest.mark.clients]
DIGEST = "c" * 64
IMAGE = f"us-docker.pkg.dev/p1/r/img@sha256:{DIGEST}"
DENY_ALL = """\
globalPolicyEvaluationMode: DISABLE
admissionWhitelistPatterns:
defaultAdmissionRule:
  evaluationMode: ALWAYS_DENY
  enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG
name: projects/somewhere-else/policy
"""


@pytest.fixture(scope="module")
def gcloud(need: Callable[[str], str], target: Target, tmp_path_factory: pytest.TempPathFactory) -> Gcloud:
    return Gcloud(need("gcloud"), target, tmp_path_factory.mktemp("gcloud"))


@pytest.fixture
def default_policy(rest: Rest) -> Iterator[None]:
    """Leave an allowing policy behind."""
    yield
    rule = {"evaluationMode": "ALWAYS_ALLOW", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}
    assert rest.put(f"/v1/projects/{PROJECT}/policy", {"defaultAdmissionRule": rule}).status == 200


@pytest.fixture
def note(rest: Rest) -> str:
    note_id = fresh("note")
    body = {"attestation": {"hint": {"human_readable_name": "qa"}}}
    assert rest.post(f"/v1/projects/{PROJECT}/notes/?noteId={note_id}", body).status == 200
    return note_id


def create_attestor(gcloud: Gcloud, note: str, *track: str) -> str:
    name = fresh("attestor")
    ran = gcloud(
        *track,
        *("container", "binauthz", "attestors", "create", name),
        f"--attestation-authority-note={note}",
        f"--attestation-authority-note-project={PROJECT}",
    )
    assert ran.code == 0, ran.err
    return name


def written(path: Path, content: str | bytes) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


@pytest.mark.usefixtures("default_policy")
@pytest.mark.parametrize(
    "track",
    [
        pytest.param((), id="ga", marks=pytest.mark.shows(BINAUTHZ, "GetPolicy", "UpdatePolicy")),
        pytest.param(("beta",), id="beta", marks=pytest.mark.shows(BINAUTHZ_BETA, "GetPolicy", "UpdatePolicy")),
        pytest.param(("alpha",), id="alpha", marks=pytest.mark.shows(BINAUTHZ_ALPHA, "GetPolicy", "UpdatePolicy")),
    ],
)
def test_a_policy_is_imported_exported_and_imported_again(
    gcloud: Gcloud, tmp_path: Path, track: tuple[str, ...]
) -> None:
    command = (*track, "container", "binauthz", "policy")
    assert gcloud(*command, "import", written(tmp_path / "deny.yaml", DENY_ALL)).code == 0
    exported = gcloud(*command, "export")
    assert exported.code == 0, exported.err
    assert "evaluationMode: ALWAYS_DENY" in exported.out
    assert f"name: projects/{PROJECT}/policy" in exported.out
    assert "etag: '\"" in exported.out
    again = gcloud(*command, "import", written(tmp_path / "again.yaml", exported.out))
    assert again.code == 0, again.err


@pytest.mark.usefixtures("default_policy")
def test_an_old_export_may_be_imported_after_another_write_as_the_clean_up_does(gcloud: Gcloud, tmp_path: Path) -> None:
    command = ("container", "binauthz", "policy")
    old = gcloud(*command, "export").out
    assert gcloud(*command, "import", written(tmp_path / "deny.yaml", DENY_ALL)).code == 0
    assert gcloud(*command, "import", written(tmp_path / "old.yaml", old)).code == 0
    assert "ALWAYS_DENY" not in gcloud(*command, "export").out


def test_a_malformed_policy_is_refused_with_the_field(gcloud: Gcloud, tmp_path: Path) -> None:
    text = DENY_ALL.replace("admissionWhitelistPatterns:", "admissionWhitelistPatterns:\n- namePattern: gcr.io/n*x")
    ran = gcloud("container", "binauthz", "policy", "import", written(tmp_path / "bad.yaml", text))
    assert ran.code == 1
    assert "INVALID_ARGUMENT" in ran.err
    assert "admissionWhitelistPatterns[0].namePattern" in ran.err
    empty = gcloud("container", "binauthz", "policy", "import", written(tmp_path / "empty.yaml", ""), "--quiet")
    assert empty.code == 1
    assert "defaultAdmissionRule" in empty.err


@pytest.mark.shows(SYSTEM_ALPHA, "GetSystemPolicy")
def test_the_system_policy_is_exported(gcloud: Gcloud) -> None:
    ran = gcloud("alpha", "container", "binauthz", "policy", "export-system-policy")
    assert ran.code == 0, ran.err
    assert "gke.gcr.io/**" in ran.out


@pytest.mark.parametrize(
    "track",
    [
        pytest.param(
            (),
            id="ga",
            marks=pytest.mark.shows(
                BINAUTHZ, "CreateAttestor", "GetAttestor", "ListAttestors", "UpdateAttestor", "DeleteAttestor"
            ),
        ),
        pytest.param(
            ("beta",),
            id="beta",
            marks=pytest.mark.shows(
                BINAUTHZ_BETA, "CreateAttestor", "GetAttestor", "ListAttestors", "UpdateAttestor", "DeleteAttestor"
            ),
        ),
        pytest.param(
            ("alpha",),
            id="alpha",
            marks=pytest.mark.shows(
                BINAUTHZ_ALPHA, "CreateAttestor", "GetAttestor", "ListAttestors", "UpdateAttestor", "DeleteAttestor"
            ),
        ),
    ],
)
def test_an_attestor_lives_a_life(gcloud: Gcloud, note: str, tmp_path: Path, track: tuple[str, ...]) -> None:
    name = create_attestor(gcloud, note, *track)
    command = (*track, "container", "binauthz", "attestors")
    block = "userOwnedDrydockNote" if track else "userOwnedGrafeasNote"
    described = gcloud.json(*command, "describe", name)
    assert described[block]["noteReference"] == f"projects/{PROJECT}/notes/{note}"
    pem = written(tmp_path / "key.pem", Signer().pem)
    keys = (*command, "public-keys")
    added = gcloud.json(
        *keys,
        "add",
        f"--attestor={name}",
        f"--pkix-public-key-file={pem}",
        "--pkix-public-key-algorithm=ecdsa-p256-sha256",
        "--comment=first",
    )
    assert added["id"].startswith("ni:///sha-256;")
    assert gcloud(*command, "update", name, "--description=changed").code == 0
    updated = gcloud(*keys, "update", added["id"], f"--attestor={name}", "--comment=second")
    assert updated.code == 0, updated.err
    listed = gcloud.json(*command, "list")
    mine = next(each for each in listed if each["name"].endswith(name))
    assert mine["description"] == "changed"
    assert [(key["id"], key["comment"]) for key in mine[block]["publicKeys"]] == [(added["id"], "second")]
    assert gcloud(*keys, "remove", added["id"], f"--attestor={name}").code == 0
    assert gcloud(*command, "delete", name).code == 0
    gone = gcloud(*command, "describe", name)
    assert gone.code == 1
    assert "NOT_FOUND" in gone.err


def test_a_key_that_is_none_is_refused(gcloud: Gcloud, note: str, tmp_path: Path) -> None:
    name = create_attestor(gcloud, note)
    ran = gcloud(
        *("container", "binauthz", "attestors", "public-keys", "add", f"--attestor={name}"),
        f"--pkix-public-key-file={written(tmp_path / 'key.pem', 'no key')}",
        "--pkix-public-key-algorithm=rsa-sign-pkcs1-4096-sha512",
    )
    assert ran.code == 1
    assert "publicKeys[0].pkixPublicKey.publicKeyPem" in ran.err


def test_an_attestor_over_a_note_that_does_not_exist_is_refused(gcloud: Gcloud) -> None:
    ran = gcloud(
        *("container", "binauthz", "attestors", "create", fresh("a"), "--attestation-authority-note=absent"),
        f"--attestation-authority-note-project={PROJECT}",
    )
    assert ran.code == 1
    assert f"Note 'projects/{PROJECT}/notes/absent' was not found" in ran.err


@pytest.mark.shows(IAM, "GetIamPolicy", "SetIamPolicy")
def test_iam_bindings_come_and_go(gcloud: Gcloud, note: str) -> None:
    name = create_attestor(gcloud, note)
    attestors = ("container", "binauthz", "attestors")
    binding = ("--member=user:a@example.com", "--role=roles/binaryauthorization.attestorsVerifier")
    assert gcloud.json(*attestors, "get-iam-policy", name) == {"etag": "ACAB"}
    added = gcloud.json(*attestors, "add-iam-policy-binding", name, *binding)
    assert added["bindings"][0]["members"] == ["user:a@example.com"]
    assert gcloud.json(*attestors, "get-iam-policy", name)["bindings"] == added["bindings"]
    removed = gcloud.json(*attestors, "remove-iam-policy-binding", name, *binding)
    assert "bindings" not in removed
    policy = ("container", "binauthz", "policy")
    viewer = ("--member=user:a@example.com", "--role=roles/binaryauthorization.policyViewer")
    assert gcloud(*policy, "add-iam-policy-binding", *viewer).code == 0
    assert gcloud(*policy, "remove-iam-policy-binding", *viewer).code == 0
    assert gcloud(*policy, "get-iam-policy").code == 0


@pytest.mark.shows(GRAFEAS, "CreateOccurrence", "ListOccurrences", "ListNoteOccurrences")
@pytest.mark.shows(VALIDATION, "ValidateAttestationOccurrence")
def test_an_attestation_is_signed_created_validated_and_listed(gcloud: Gcloud, note: str, tmp_path: Path) -> None:
    name, signer = create_attestor(gcloud, note), Signer()
    binauthz = ("container", "binauthz")
    key = gcloud.json(
        *(*binauthz, "attestors", "public-keys", "add", f"--attestor={name}"),
        f"--pkix-public-key-file={written(tmp_path / 'key.pem', signer.pem)}",
        "--pkix-public-key-algorithm=ecdsa-p256-sha256",
    )["id"]
    payload = gcloud(*binauthz, "create-signature-payload", f"--artifact-url={IMAGE}").out
    assert json.loads(payload)["critical"]["image"]["docker-manifest-digest"] == f"sha256:{DIGEST}"

    def create(signature: bytes, *more: str) -> tuple[int, str]:
        ran = gcloud(
            *(*binauthz, "attestations", "create", f"--artifact-url={IMAGE}"),
            f"--attestor=projects/{PROJECT}/attestors/{name}",
            f"--signature-file={written(tmp_path / 'signature', signature)}",
            f"--public-key-id={key}",
            *more,
        )
        return ran.code, ran.err

    good = signer.sign(payload.encode())
    code, text = create(good[:-1], "--validate")
    assert "could not be validated" in text
    assert code == 0
    (refused,) = gcloud.json(*binauthz, "attestations", "list", f"--attestor={name}")
    code, text = create(good)
    assert code == 1
    assert "already exists" in text
    listed = gcloud.json(*(*binauthz, "attestations", "list", f"--attestor={name}", f"--artifact-url={IMAGE}"))
    assert [each["name"] for each in listed] == [refused["name"]]
    assert base64.b64decode(listed[0]["attestation"]["serializedPayload"]).decode() == payload
    everything = gcloud.json(*binauthz, "attestations", "list")
    assert refused["name"] in [each["name"] for each in everything]


@pytest.mark.shows(VALIDATION, "ValidateAttestationOccurrence")
@pytest.mark.shows(VALIDATION_BETA, "ValidateAttestationOccurrence")
@pytest.mark.shows(VALIDATION_ALPHA, "ValidateAttestationOccurrence")
def test_a_good_attestation_validates_in_silence(gcloud: Gcloud, note: str, tmp_path: Path) -> None:
    name, signer = create_attestor(gcloud, note), Signer()
    binauthz = ("container", "binauthz")
    key = gcloud.json(
        *(*binauthz, "attestors", "public-keys", "add", f"--attestor={name}"),
        f"--pkix-public-key-file={written(tmp_path / 'key.pem', signer.pem)}",
        "--pkix-public-key-algorithm=ecdsa-p256-sha256",
    )["id"]
    payload = gcloud(*binauthz, "create-signature-payload", f"--artifact-url={IMAGE}").out
    for track in ((), ("beta",), ("alpha",)):
        command = (*track, *binauthz, "attestations", "create")
        image = IMAGE.replace("img", "-".join(("img", *track)))
        ran = gcloud(
            *command,
            f"--artifact-url={image}",
            f"--attestor=projects/{PROJECT}/attestors/{name}",
            f"--signature-file={written(tmp_path / 'signature', signer.sign(payload.encode()))}",
            f"--payload-file={written(tmp_path / 'payload', payload)}",
            f"--public-key-id={key}",
            "--validate",
        )
        assert ran.code == 0, ran.err
        assert "could not be validated" not in ran.err
