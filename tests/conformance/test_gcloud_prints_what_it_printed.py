"""Every command of `gcloud container binauthz` in every track, and the commands around it, against golden files."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance import golden_sessions
from tests.conformance.gcloud import Gcloud
from tests.conformance.golden import FOLDER, Step, play
from tests.conformance.golden_sessions import KEY, NOTE, RING
from tests.conformance.rest import Rest
from tests.conformance.server import PROJECT, Target, running
from tests.conformance.witness.ledger import Ledger
from tests.conformance.witness.schemas import Schemas
from tests.conformance.witness.standing import witnessed

pytestmark = [pytest.mark.servers, pytest.mark.clients]
TRACKS = ("ga", "beta", "alpha")
SESSIONS: dict[str, list[Step]] = {
    **{track: golden_sessions.binauthz(track) for track in TRACKS},
    "neighbours": golden_sessions.neighbours(),
}


@pytest.fixture
def target(ledger: Ledger, schemas: Schemas, tmp_path: Path) -> Iterator[Target]:
    """A server that nobody used before: what is printed depends on all that is there."""
    with running(tmp_path / "server") as server, witnessed(server, ledger, schemas) as seen:
        yield seen


@pytest.fixture
def gcloud(need: Callable[[str], str], target: Target, tmp_path: Path) -> Gcloud:
    golden_sessions.write(tmp_path)
    owner, keys = Rest(target.url, target.token), f"/v1/projects/{PROJECT}/locations/global/keyRings"
    note = {"attestation": {"hint": {"humanReadableName": "qa"}}}
    signing = {"purpose": "ASYMMETRIC_SIGN", "versionTemplate": {"algorithm": "EC_SIGN_P256_SHA256"}}
    for path, body in (
        (f"/v1/projects/{PROJECT}/notes?noteId={NOTE}", note),
        (f"{keys}?keyRingId={RING}", {}),
        (f"{keys}/{RING}/cryptoKeys?cryptoKeyId={KEY}", signing),
    ):
        made = owner.post(path, body)
        assert made.status == 200, made.document
    return Gcloud(need("gcloud"), target, tmp_path)


@pytest.mark.parametrize("session", SESSIONS)
def test_the_output_is_what_is_kept(gcloud: Gcloud, session: str) -> None:
    track = session if session in TRACKS else "ga"
    different = play(gcloud, track, SESSIONS[session])
    assert not different, "\n\n".join(different) + "\n\nBINAUTHZ_REWRITE_GOLDEN=1 writes the files anew"


def test_no_file_is_kept_of_a_command_that_nobody_runs() -> None:
    used = {
        f"{session if session in TRACKS else 'ga'}/{step.name}.txt"
        for session in SESSIONS
        for step in SESSIONS[session]
    }
    kept = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.txt")}
    assert kept == used
