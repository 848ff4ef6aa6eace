"""A cluster's directory is there complete or not at all, whoever crashes in between."""

import stat
from pathlib import Path

import pytest

from binauthz.app.cluster_directory import ClusterDirectory, clear, directories

NAME = "projects/demo-project/locations/us-central1-a/clusters/c"


@pytest.fixture
def place(tmp_path: Path) -> ClusterDirectory:
    """One that does not exist yet."""
    return ClusterDirectory(tmp_path, NAME)


def names(root: Path) -> list[str]:
    return [each.name for each in directories(root)]


def test_it_appears_complete(place: ClusterDirectory) -> None:
    webhook, gateway = place.stage()
    assert (place.exists, names(place.root)) == (False, [])
    place.publish()
    assert (place.exists, names(place.root)) == (True, [NAME])
    assert (place.webhook_token, place.gateway_token) == (webhook, gateway)
    assert webhook != gateway
    assert stat.S_IMODE(place.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in place.path.iterdir()} == {0o600}
    assert (place.port, place.wanted().gone, place.gone) == (0, False, False)


def test_one_that_was_staged_and_forgotten_is_made_again_with_other_credentials(place: ClusterDirectory) -> None:
    first = place.stage()
    second = place.stage()
    assert set(first).isdisjoint(second)
    place.publish()
    assert place.webhook_token == second[0]


def test_it_leaves_its_name_before_anything_in_it_is_removed(place: ClusterDirectory) -> None:
    place.stage()
    place.publish()
    place.release()
    assert place.wanted().gone
    place.release()
    assert place.exists
    place.remove()
    assert place.gone
    assert list(place.root.iterdir()) == []


def test_what_a_crash_left_half_removed_is_not_gone_until_it_is_cleared(place: ClusterDirectory) -> None:
    going = place.root / f".going.{place.path.name}"
    going.mkdir()
    (going / "cluster.db").write_bytes(b"x")
    assert not place.gone
    assert names(place.root) == []
    clear(place.root)
    assert place.gone


def test_releasing_one_that_was_only_staged_removes_it(place: ClusterDirectory) -> None:
    place.stage()
    place.release()
    assert list(place.root.iterdir()) == []
    assert place.gone


@pytest.mark.parametrize("content", ["", "{", "{}", '{"name": "../../etc"}', f'{{"name": "{NAME}x"}}'])
def test_a_directory_that_cannot_be_read_or_lies_about_its_name_is_none(place: ClusterDirectory, content: str) -> None:
    place.stage()
    place.publish()
    (place.path / "wanted.json").write_text(content)
    assert names(place.root) == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"port": "x"}', '{"port": null}'])
def test_a_port_that_cannot_be_read_is_none_yet(place: ClusterDirectory, content: str) -> None:
    place.stage()
    place.publish()
    (place.path / "ready.json").write_text(content)
    assert place.port == 0
    (place.path / "ready.json").write_text('{"port": 7, "pid": 1}')
    assert place.port == 7
