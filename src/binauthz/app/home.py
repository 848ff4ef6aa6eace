"""The directory that holds one installation: where its secrets, database and addresses are.

Layout: ``owner-token``, ``sealing-keys``, ``pki/``, ``control/`` (database), ``cluster/`` (objects of the local
cluster), ``clusters/`` (those created through the API) and ``addresses.json`` (written once every door answers,
removed on a clean stop). Everything is readable by its owner alone.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from binauthz.app.secret_file import write_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where a running installation answers, and which processes serve it.

    Without a local cluster ``cluster_url`` is empty and ``cluster_pid`` 0, as a process's id is while it is down.
    """

    base_url: str
    grpc: str
    tls_url: str
    cluster_url: str
    project: str
    supervisor_pid: int
    control_pid: int
    cluster_pid: int


class NotRunning(Exception):  # noqa: N818 - reads as what is the matter
    """No installation is running from the directory."""


class Home:
    """One installation's files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.expanduser().absolute()

    @classmethod
    def default_directory(cls) -> Path:
        """``$BINAUTHZ_DIR``, else ``$XDG_DATA_HOME/binauthz``, else ``~/.local/share/binauthz``."""
        if chosen := os.environ.get("BINAUTHZ_DIR"):
            return Path(chosen)
        base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
        return Path(base).expanduser() / "binauthz"

    def create(self) -> None:
        """Make the directories, private to their owner."""
        for path in (self.directory, self.pki, self.control, self.cluster, self.clusters):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def pki(self) -> Path:
        """The CA and the leaves."""
        return self.directory / "pki"

    @property
    def control(self) -> Path:
        """The control plane's database and configuration."""
        return self.directory / "control"

    @property
    def cluster(self) -> Path:
        """The local cluster's objects and configuration."""
        return self.directory / "cluster"

    @property
    def clusters(self) -> Path:
        """The clusters created through the API, a directory each."""
        return self.directory / "clusters"

    @property
    def owner_token_file(self) -> Path:
        """The owner's bearer token, as gcloud's access token file."""
        return self.directory / "owner-token"

    @property
    def sealing_key_file(self) -> Path:
        """The keys under which secrets in the database are sealed."""
        return self.directory / "sealing-keys"

    @property
    def addresses_file(self) -> Path:
        """Where it answers."""
        return self.directory / "addresses.json"

    def secret(self, name: str) -> str:
        """A 256-bit random token kept under ``name``; made on first use."""
        path = self.directory / name
        if not path.exists():
            write_secret(path, secrets.token_urlsafe(32).encode())
        return path.read_text().strip()

    def write_addresses(self, addresses: Addresses) -> None:
        """Publish where the installation answers."""
        write_secret(self.addresses_file, json.dumps(asdict(addresses), indent=2).encode() + b"\n")

    def addresses(self) -> Addresses:
        """Where the installation answers; raises NotRunning."""
        try:
            found = Addresses(**json.loads(self.addresses_file.read_text()))
        except FileNotFoundError:
            raise NotRunning(f"nothing runs from `{self.directory}`: start it with `binauthz up`") from None
        except (OSError, ValueError, TypeError) as error:
            raise NotRunning(f"`{self.addresses_file}` cannot be read: {error}") from None
        try:
            os.kill(found.supervisor_pid, 0)
        except ProcessLookupError:
            raise NotRunning(
                f"`{self.directory}` was left by a process that is gone: start it again with `binauthz up`"
            ) from None
        except PermissionError:
            pass
        return found
