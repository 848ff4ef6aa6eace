"""A PostgreSQL cluster of our own, from Debian's programs, for the suites that need one."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from binauthz.app.ports import free_ports

_DEBIAN = Path("/usr/lib/postgresql")
_START_SECONDS = 30


def _program(name: str) -> str:
    newest_first = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: -float(path.parts[-3]))
    found = next(map(str, newest_first), None) or shutil.which(name)
    if found is None:
        message = f"`{name}` is neither in {_DEBIAN} nor on PATH: the PostgreSQL tests did not run"
        if os.environ.get("BINAUTHZ_REQUIRE_CLIENTS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return str(Path(found).resolve())


def _unprivileged() -> dict[str, object]:
    """PostgreSQL refuses to run as root: who is root lends it the user that Debian's package made."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Cluster:
    """One server on a free port of 127.0.0.1 and on a socket in its own folder; ``durable`` turns fsync on."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.folder = folder
        self._as = _unprivileged()
        self._durable = durable
        self._server: subprocess.Popen[bytes] | None = None
        if self._as:
            shutil.chown(folder, "postgres")
        (self.port,) = free_ports(0, 1, "127.0.0.1")
        subprocess.run(
            [_program("initdb"), "-D", str(folder / "data"), "-U", "owner", "-A", "trust", "-E", "UTF8", "-N",
             "--locale=C.UTF-8"],
            check=True, capture_output=True, cwd=folder, **self._as,
        )  # fmt: skip

    def url(self, database: str = "postgres") -> str:
        """Where a database of the cluster is."""
        return f"postgresql://owner@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._server is not None
        return self._server.pid

    def start(self) -> None:
        """Start the server and wait until it answers."""
        fsync = "on" if self._durable else "off"
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [_program("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), "-h", "127.0.0.1",
                 "-k", str(self.folder), "-c", f"fsync={fsync}", "-c", "shared_buffers=16MB",
                 "-c", "max_connections=60"],
                stdout=log, stderr=log, cwd=self.folder, **self._as,
            )  # fmt: skip
        give_up = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError:
                if self._server.poll() is not None or time.monotonic() > give_up:
                    raise AssertionError((self.folder / "log").read_text()) from None
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT is PostgreSQL's fast shutdown, SIGQUIT its crash."""
        if self._server is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._server.send_signal(signal.SIGCONT)
            self._server.send_signal(how)
        self._server.wait(30)
        self._server = None

    def create_database(self) -> str:
        """A new empty database; its URL."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)


@contextlib.contextmanager
def running_cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """A running cluster in a folder of its own, gone afterwards."""
    # The socket's path has to stay under 108 characters, and the folder readable by another user.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    folder.chmod(0o755)
    cluster = None
    try:
        cluster = Cluster(folder, durable=durable)
        cluster.start()
        yield cluster
    finally:
        if cluster is not None:
            cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """The session's cluster."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> str:
    """A fresh database."""
    return postgres_cluster.create_database()
