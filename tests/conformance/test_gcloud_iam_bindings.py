"""Every IAM command of gcloud, on policies and attestors in its three tracks and on projects (SPEC 0.2, 1.9)."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.gcloud import Gcloud
from tests.conformance.rest import Rest
from tests.conformance.server import PROJECT, Target
from tests.conformance.signing import fresh

pytestmark = [pytest.mark.servers, pytest.mark.clients]

BINAUTHZ = ("container", "binauthz")
VIEWER = "roles/binaryauthorization.policyViewer"
MEMBER = "user:Dev@Example.com"


@pytest.fixture(scope="module")
def gcloud(need: Callable[[str], str], target: Target, tmp_path_factory: pytest.TempPathFactory) -> Gcloud:
    return Gcloud(need("gcloud"), target, tmp_path_factory.mktemp("gcloud"))


def lives(gcloud: Gcloud, commands: tuple[str, ...], name: tuple[str, ...], file: Path) -> None:
    """Add, get, set, a stale set, remove: over one resource that somebody else's bindings stay on."""
    binding = ("--member=user:dev@example.com", f"--role={VIEWER}")
    added = gcloud.json(*commands, "add-iam-policy-binding", *name, f"--member={MEMBER}", f"--role={VIEWER}")
    ours = {"members": ["user:dev@example.com"], "role": VIEWER}
    assert ours in added["bindings"]
    got = gcloud.json(*commands, "get-iam-policy", *name)
    assert got == added
    file.write_text(json.dumps(got))
    written = gcloud.json(*commands, "set-iam-policy", *name, str(file))
    assert written["bindings"] == got["bindings"]
    assert written["etag"] != got["etag"]
    stale = gcloud(*commands, "set-iam-policy", *name, str(file))
    assert stale.code == 1
    assert "concurrent policy changes" in stale.err
    removed = gcloud.json(*commands, "remove-iam-policy-binding", *name, *binding)
    assert ours not in removed.get("bindings", [])
    refused = gcloud(*commands, "add-iam-policy-binding", *name, f"--member={MEMBER}", "--role=roles/nope")
    assert refused.code == 1
    assert "Role roles/nope is not supported" in refused.err
    conditional = gcloud(*commands, "add-iam-policy-binding", *name, *binding, "--condition=expression=true,title=t")
    assert conditional.code != 0


@pytest.mark.parametrize("track", [(), ("beta",), ("alpha",)], ids=["ga", "beta", "alpha"])
def test_of_a_policy(gcloud: Gcloud, tmp_path: Path, track: tuple[str, ...]) -> None:
    lives(gcloud, (*track, *BINAUTHZ, "policy"), (), tmp_path / "iam.json")


@pytest.mark.parametrize("track", [(), ("beta",), ("alpha",)], ids=["ga", "beta", "alpha"])
def test_of_an_attestor(gcloud: Gcloud, rest: Rest, tmp_path: Path, track: tuple[str, ...]) -> None:
    note, name = fresh("n"), fresh("a")
    assert rest.post(f"/v1/projects/{PROJECT}/notes?noteId={note}", {"attestation": {}}).status == 200
    body = {"userOwnedGrafeasNote": {"noteReference": f"projects/{PROJECT}/notes/{note}"}}
    assert rest.post(f"/v1/projects/{PROJECT}/attestors?attestorId={name}", body).status == 200
    lives(gcloud, (*track, *BINAUTHZ, "attestors"), (name,), tmp_path / "iam.json")


def test_of_a_project(gcloud: Gcloud, tmp_path: Path) -> None:
    lives(gcloud, ("projects",), (PROJECT,), tmp_path / "iam.json")


def test_a_note_takes_bindings_by_curl_and_they_count(rest: Rest, stranger: Rest) -> None:
    note = f"projects/{PROJECT}/notes/{fresh('n')}"
    made = rest.post(f"/v1/projects/{PROJECT}/notes?noteId={note.rpartition('/')[2]}", {"attestation": {}})
    assert made.status == 200
    permission = "containeranalysis.notes.listOccurrences"
    asked = {"permissions": [permission]}
    assert stranger.get(f"/v1/{note}/occurrences").error == "PERMISSION_DENIED"
    assert stranger.post(f"/v1/{note}:testIamPermissions", asked).document == {}
    binding = {"role": "roles/containeranalysis.notes.occurrences.viewer", "members": ["user:stranger@example.com"]}
    policy = {"bindings": [binding], "etag": "ACAB", "version": 3}
    assert rest.post(f"/v1/{note}:setIamPolicy", {"policy": policy}).status == 200
    assert stranger.get(f"/v1/{note}/occurrences").status == 200
    assert stranger.post(f"/v1/{note}:testIamPermissions", asked).document == asked
    assert stranger.delete(f"/v1/{note}").error == "PERMISSION_DENIED"
    assert rest.delete(f"/v1/{note}").status == 200
    again = rest.post(f"/v1/projects/{PROJECT}/notes?noteId={note.rpartition('/')[2]}", {"attestation": {}})
    assert again.status == 200
    # A successor of the same name inherits no bindings.
    assert stranger.get(f"/v1/{note}/occurrences").error == "PERMISSION_DENIED"
