"""Where the sealing keys live: one private file, made once, read again when it changes."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from binauthz.app.sealing_key import SealingKeyFile, create, prepared
from binauthz.crypto.sealing import SealingError, SealingKey, SealingKeysMissing


def test_the_usual_file_is_made_once_and_private(tmp_path: Path) -> None:
    usual = tmp_path / "sealing-keys"
    assert prepared("", usual) == usual
    assert usual.stat().st_mode & 0o777 == 0o600
    first = SealingKeyFile(usual).keys()
    prepared("", usual)
    assert SealingKeyFile(usual).keys() == first
    assert [each.name for each in tmp_path.iterdir()] == ["sealing-keys"]


def test_of_several_processes_one_makes_it_for_all(tmp_path: Path) -> None:
    path = tmp_path / "sealing-keys"

    def seen(_: int) -> bytes:
        create(path)
        return SealingKeyFile(path).keys().members[0].id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(seen, range(16)))) == 1


def test_a_file_that_the_operator_names_is_never_made_for_them(tmp_path: Path) -> None:
    named = tmp_path / "shared" / "keys"
    assert prepared(str(named), tmp_path / "usual") == named
    assert not named.exists()
    assert not (tmp_path / "usual").exists()
    source = SealingKeyFile(named)
    with pytest.raises(SealingKeysMissing, match="cannot be read"):
        source.keys()
    named.parent.mkdir()
    create(named)
    assert len(source.keys().members) == 1


def test_a_key_put_on_top_is_seen_without_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    create(path)
    source = SealingKeyFile(path)
    old = source.keys()
    path.write_text(f"{SealingKey.generate().line}\n{path.read_text()}")
    assert source.keys().members[1:] == old.members


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    create(path)
    path.chmod(0o604)
    with pytest.raises(SealingError, match="open to other users"):
        SealingKeyFile(path).keys()
    path.chmod(0o440)
    assert SealingKeyFile(path).keys().members


def test_a_malformed_file_is_named_and_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("not a key!\n")
    path.chmod(0o600)
    with pytest.raises(SealingError, match="malformed: line 1") as refused:
        SealingKeyFile(path).keys()
    assert "not a key" not in str(refused.value)
    path.write_bytes(os.urandom(70_000))
    with pytest.raises(SealingError, match="larger than"):
        SealingKeyFile(path).keys()
