"""``get-credentials`` adds one context, and leaves the rest of the file to its owner."""

import stat
from pathlib import Path

import click
import pytest
import yaml

from binauthz.cli import kubeconfig

CLUSTER = {"server": "https://127.0.0.1:1", "certificate-authority-data": "AAAA"}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``$KUBECONFIG``."""
    path = tmp_path / "deep" / "config"
    monkeypatch.setenv("KUBECONFIG", f"{path}:/nowhere/second")
    return path


def merge(name: str = "ours", server: str = "https://127.0.0.1:1") -> Path:
    return kubeconfig.merge(name=name, cluster={**CLUSTER, "server": server}, token_file=Path("/secret/token"))


def test_a_new_file_names_the_token_by_file_and_is_private(file: Path) -> None:
    assert merge() == file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    config = yaml.safe_load(file.read_text())
    assert config["current-context"] == "ours"
    assert config["users"] == [{"name": "ours", "user": {"tokenFile": "/secret/token"}}]
    assert config["clusters"] == [{"name": "ours", "cluster": CLUSTER}]


def test_other_contexts_stay(file: Path) -> None:
    file.parent.mkdir()
    theirs = {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {"colors": True},
        "clusters": [{"name": "theirs", "cluster": {"server": "https://example.com"}}],
        "users": [{"name": "theirs", "user": {"token": "t"}}],
        "contexts": [{"name": "theirs", "context": {"cluster": "theirs", "user": "theirs", "namespace": "n"}}],
        "current-context": "theirs",
        "extensions": [{"name": "x"}],
    }
    file.write_text(yaml.safe_dump(theirs))
    file.chmod(0o644)
    merge()
    config = yaml.safe_load(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for section in ("clusters", "users", "contexts"):
        assert config[section][0] == theirs[section][0]  # type: ignore[index]
        assert len(config[section]) == 2
    assert (config["preferences"], config["extensions"]) == (theirs["preferences"], theirs["extensions"])
    assert config["current-context"] == "ours"


def test_doing_it_again_replaces_ours(file: Path) -> None:
    merge()
    merge(server="https://127.0.0.1:2")
    config = yaml.safe_load(file.read_text())
    assert [each["cluster"]["server"] for each in config["clusters"]] == ["https://127.0.0.1:2"]
    assert len(config["contexts"]) == len(config["users"]) == 1


@pytest.mark.parametrize("content", ["- a\n", "text", "a: [", "clusters: null\nusers:\ncontexts: []\n", ""])
def test_odd_files_are_taken_or_left_alone(file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content)
    if not content or content.startswith("clusters"):
        merge()
        assert yaml.safe_load(file.read_text())["current-context"] == "ours"
        return
    with pytest.raises(click.ClickException, match="is not a kubeconfig"):
        merge()
    assert file.read_text() == content


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    file.parent.mkdir()
    real = tmp_path / "real"
    real.write_text("")
    file.symlink_to(real)
    merge()
    assert file.is_symlink()
    assert yaml.safe_load(real.read_text())["current-context"] == "ours"
