"""Where an installation keeps its files, and how it says where it answers."""

import os
import socket
import stat
from pathlib import Path

import pytest

from binauthz.app.home import Addresses, Home, NotRunning
from binauthz.app.ports import PortTaken, free_ports
from binauthz.app.supervisor import CannotStart, choose_ports, lock


def addresses(pid: int) -> Addresses:
    return Addresses(
        base_url="http://127.0.0.1:1", grpc="127.0.0.1:2", tls_url="https://127.0.0.1:3",
        cluster_url="https://127.0.0.1:4", project="demo-project", supervisor_pid=pid, control_pid=1, cluster_pid=1,
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A fresh one."""
    made = Home(tmp_path / "home")
    made.create()
    return made


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"BINAUTHZ_DIR": "/a", "XDG_DATA_HOME": "/b"}, "/a"),
        ({"XDG_DATA_HOME": "/b"}, "/b/binauthz"),
        ({"HOME": "/c"}, "/c/.local/share/binauthz"),
    ],
)
def test_the_default_directory_follows_xdg(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    for name in ("BINAUTHZ_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Home.default_directory() == Path(expected)


def test_its_directories_are_private(home: Home) -> None:
    for path in (home.directory, home.pki, home.control, home.cluster):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_secret_is_made_once_and_is_private(home: Home) -> None:
    first = home.secret("owner-token")
    assert home.secret("owner-token") == first
    assert home.secret("webhook-token") != first
    assert len(first) >= 43
    assert stat.S_IMODE(home.owner_token_file.stat().st_mode) == 0o600


def test_addresses_come_back_while_their_process_lives(home: Home) -> None:
    home.write_addresses(addresses(os.getpid()))
    assert home.addresses() == addresses(os.getpid())


def test_nothing_runs_from_a_fresh_directory(home: Home) -> None:
    with pytest.raises(NotRunning, match="start it with `binauthz up`"):
        home.addresses()


def test_addresses_of_a_process_that_is_gone_are_not_believed(home: Home) -> None:
    child = os.posix_spawnp("true", ["true"], os.environ)
    os.waitpid(child, 0)
    home.write_addresses(addresses(child))
    with pytest.raises(NotRunning, match="process that is gone"):
        home.addresses()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"surprise": 1}'])
def test_addresses_that_cannot_be_read_are_said_to_be(home: Home, content: str) -> None:
    home.addresses_file.write_text(content)
    with pytest.raises(NotRunning, match="cannot be read"):
        home.addresses()


def test_one_process_holds_a_directory(home: Home) -> None:
    held = lock(home)
    with pytest.raises(CannotStart, match="another binauthz runs from"):
        lock(home)
    held.close()
    lock(home).close()


@pytest.mark.servers
def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"port {port} on 127.0.0.1 cannot be used: .*; try --port 0"):
            choose_ports(port)


@pytest.mark.servers
def test_port_0_picks_four_free_ones() -> None:
    ports = choose_ports(0)
    assert len({ports.rest, ports.grpc, ports.tls, ports.cluster}) == 4


@pytest.mark.parametrize(("first", "count", "last"), [(-1, 4, 65532), (65533, 4, 65532), (65534, 3, 65533)])
def test_ports_that_do_not_exist_are_refused(first: int, count: int, last: int) -> None:
    with pytest.raises(PortTaken, match=f"--port takes 0 to {last}, got {first}"):
        free_ports(first, count, "127.0.0.1")


@pytest.mark.parametrize("lying", ["link", "file"])
def test_a_secret_is_never_written_through_what_lies_in_its_way(home: Home, tmp_path: Path, lying: str) -> None:
    elsewhere, draft = tmp_path / "elsewhere", home.directory / "owner-token.new"
    elsewhere.write_text("theirs")
    if lying == "link":
        draft.symlink_to(elsewhere)
    else:
        # Somebody who holds this open could read what is written to it.
        draft.hardlink_to(elsewhere)
    made = home.secret("owner-token")
    assert elsewhere.read_text() == "theirs"
    assert home.owner_token_file.read_text() == made
    assert stat.S_IMODE(home.owner_token_file.stat().st_mode) == 0o600
