"""Every command of `gcloud container binauthz` in every track, and the commands around it, against golden files."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance import golden_neighbours, golden_sessions
from tests.conformance.gcloud import Gcloud
from tests.conformance.golden import FOLDER, Step, play
from tests.conformance.golden_sessions import KEY, NOTE, RING
from tests.conformance.rest import Rest
from tests.conformance.server import PROJECT, Target, running
from tests.conformance.test_artifact_registry import World, world
from tests.conformance.witness.ledger import Ledger
from tests.conformance.witness.schemas import Schemas
from tests.conformance.witness.standing import witnessed
from tests.e2e.platform import Platform

__all__ = ["world"]

pytestmark = [pytest.mark.servers, pytest.mark.clients]
TRACKS = ("ga", "beta", "alpha")
SESSIONS: dict[str, tuple[str, list[Step]]] = {
    **{track: (track, golden_sessions.binauthz(track)) for track in TRACKS},
    "neighbours": ("ga", golden_neighbours.neighbours()),
}
CLUSTERS = [
    ("ga", golden_neighbours.clusters("ga")),
    ("beta", golden_neighbours.clusters("beta")),
    ("ga", golden_neighbours.clusters_gone()),
]
IMAGES = ("ga", golden_neighbours.images())


def judge(different: list[str]) -> None:
    assert not different, "\n\n".join(different) + "\n\nBINAUTHZ_REWRITE_GOLDEN=1 writes the files anew"


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
    judge(play(gcloud, *SESSIONS[session]))


def test_the_output_about_clusters_is_what_is_kept(
    need: Callable[[str], str], ledger: Ledger, schemas: Schemas, tmp_path: Path
) -> None:
    program, platform = need("gcloud"), Platform(tmp_path / "up").start()
    try:
        token = Path(platform.env["BINAUTHZ_TOKEN_FILE"]).read_text().strip()
        addresses = platform.addresses
        server = Target(url=addresses["base_url"], grpc_address=addresses["grpc"], token=token, stranger_token="")
        with witnessed(server, ledger, schemas) as seen:
            gcloud = Gcloud(program, seen, tmp_path)
            judge([each for track, steps in CLUSTERS for each in play(gcloud, track, steps)])
    finally:
        assert platform.stop() == 0


def test_the_output_about_images_is_what_is_kept(need: Callable[[str], str], world: World, tmp_path: Path) -> None:
    judge(play(Gcloud(need("gcloud"), world.target, tmp_path), *IMAGES))


def test_no_file_is_kept_of_a_command_that_nobody_runs() -> None:
    every = [*SESSIONS.values(), *CLUSTERS, IMAGES]
    used = [f"{track}/{step.name}.txt" for track, steps in every for step in steps]
    assert len(used) == len(set(used))
    assert {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.txt")} == set(used)
