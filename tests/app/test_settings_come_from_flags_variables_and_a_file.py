"""Configuration: flags before variables before the file before defaults; nothing unknown is passed over (DESIGN 7)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tools.make_configuration import OUTPUT, page

from binauthz.app.configuration import ControlConfiguration, load, save
from binauthz.app.configuration_file import Configured, InvalidConfiguration, configure, find, keys
from binauthz.app.sections import Sections


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the configuration file is."""
    return tmp_path / "binauthz.toml"


def in_force(file: Path, text: str, variables: Mapping[str, str] | None = None, **flags: tuple[str, Any]) -> Configured:
    file.write_text(text)
    return configure(file=file, variables=variables or {}, flags=flags)


def test_nothing_said_is_the_defaults() -> None:
    assert configure(file=None, variables={"PATH": "/bin", "BINAUTHZ_DIR": "/x"}, flags={}) == Configured(
        sections=Sections(), origins={}
    )


def test_a_flag_beats_a_variable_beats_the_file(file: Path) -> None:
    text = '[server]\nport = 1\nhost = "a"\nproject = "from-file"\n'
    found = configure_all(file, text)
    assert (found.sections.server.port, found.sections.server.host, found.sections.server.project) == (
        3,
        "b",
        "from-file",
    )
    assert found.origins == {
        "server.port": "from --port",
        "server.host": "from BINAUTHZ_SERVER_HOST",
        "server.project": f"from {file}",
    }


def configure_all(file: Path, text: str) -> Configured:
    file.write_text(text)
    variables = {"BINAUTHZ_SERVER_PORT": "2", "BINAUTHZ_SERVER_HOST": "b"}
    return configure(file=file, variables=variables, flags={"server.port": ("--port", 3)})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nsurprise = 1\n", "`surprise`"),
        ("[surprise]\nport = 1\n", "`surprise`"),
        ("surprise = 1\n", "`surprise`"),
        ('[server]\nport = "1"\n', "server.port"),
        ("[server]\nreview_deadline_seconds = 0\n", "server.review_deadline_seconds"),
        ("[log]\nretention_days = -1\n", "log.retention_days"),
        ('[server]\nproject = "NO"\n', "server.project"),
        ("[server\n", "is not TOML"),
        ("[server]\nport = 1\nport = 2\n", "is not TOML"),
        ("x = " + "[" * 100_000, "is not TOML"),
        ("#" * 1_100_000, "expected at most"),
    ],
    ids=lambda value: value[:30].strip(),
)
def test_a_mistake_in_the_file_names_the_key_and_the_file(file: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        in_force(file, text)
    assert said in str(refused.value)
    assert str(file) in str(refused.value)


def test_a_file_that_is_not_text_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidConfiguration, match="is not TOML"):
        configure(file=file, variables={}, flags={})


def test_a_file_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="cannot be read"):
        configure(file=tmp_path / "gone.toml", variables={}, flags={})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BINAUTHZ_SERVER_SURPRISE", "1"),
        ("BINAUTHZ_SERVER_PORT", "many"),
        ("BINAUTHZ_LOG_RETENTION_DAYS", "-1"),
        ("BINAUTHZ_LOCAL_CLUSTER_FAIL_CLOSED", "perhaps"),
    ],
)
def test_a_mistake_in_a_variable_names_the_variable(variable: str, value: str) -> None:
    with pytest.raises(InvalidConfiguration, match=variable):
        configure(file=None, variables={variable: value}, flags={})


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_variables_spell_booleans_as_words_or_digits(text: str, value: bool) -> None:
    found = configure(file=None, variables={"BINAUTHZ_LOCAL_CLUSTER_FAIL_CLOSED": text}, flags={})
    assert found.sections.local_cluster.fail_closed is value


def test_the_store_keeps_the_variable_it_always_had() -> None:
    found = configure(file=None, variables={"BINAUTHZ_STORE": "sqlite:////x"}, flags={})
    assert found.sections.server.store == "sqlite:////x"
    assert found.origins == {"server.store": "from BINAUTHZ_STORE"}


def test_the_file_is_the_one_asked_for_or_the_one_in_the_directory(tmp_path: Path) -> None:
    usual = tmp_path / "binauthz.toml"
    assert find(None, tmp_path, {}) is None
    usual.touch()
    assert find(None, tmp_path, {}) == usual
    assert find(None, tmp_path, {"BINAUTHZ_CONFIG": "/etc/b.toml"}) == Path("/etc/b.toml")
    assert find("/flag.toml", tmp_path, {"BINAUTHZ_CONFIG": "/etc/b.toml"}) == Path("/flag.toml")


def test_every_key_says_what_it_means_and_has_a_variable_of_its_own() -> None:
    found = list(keys())
    assert [key.path for key in found if not key.description] == []
    assert [key.path for key in found if key.default is msgspec.NODEFAULT] == []
    variables = [key.variable for key in found if key.variable]
    assert len(variables) == len(set(variables))


def test_the_process_is_told_what_is_in_force(tmp_path: Path, file: Path) -> None:
    found = in_force(file, "[log]\nretention_days = 30\n")
    written = ControlConfiguration(
        store="sqlite:///x", host="h", rest_port=1, grpc_port=2, tls_port=3, pki_directory="p", tls_hosts=(),
        project="p", owner_token_file="o", sections=found.sections, origins=found.origins,
    )  # fmt: skip
    save(tmp_path / "config.json", written)
    assert load(tmp_path / "config.json") == written


def test_the_documentation_lists_every_key() -> None:
    assert OUTPUT.read_text() == page(), "run python -m tools.make_configuration"
