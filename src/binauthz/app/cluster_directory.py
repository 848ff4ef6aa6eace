"""The directory of one local cluster: what is wanted of it, the credentials by which we and it know each other, and
where it answers.

The control plane makes it and says when it is to go; the keeper alone runs what is in it and removes it. Both see only
whole directories: one appears under its name complete, and leaves that name before anything in it is removed.
"""

import json
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from binauthz.app.cluster_process import ready_file
from binauthz.app.secret_file import write_secret
from binauthz.base.names import CLUSTER

_WANTED = "wanted.json"
_WEBHOOK, _GATEWAY = "webhook-token", "gateway-token"
_COMING, _GOING = ".coming.", ".going."


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which cluster it is, and whether it is to go."""

    name: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class ClusterDirectory:
    """The directory of the cluster called ``name`` below ``root``."""

    root: Path
    name: str

    @property
    def path(self) -> Path:
        """Where it is while it exists."""
        return self.root / self._key

    @property
    def _key(self) -> str:
        return "_".join(CLUSTER.parse(self.name))

    @property
    def exists(self) -> bool:
        """Whether it is there for the keeper to run."""
        return self.path.is_dir()

    @property
    def gone(self) -> bool:
        """Whether nothing is left of it."""
        return not self.exists and not (self.root / f"{_GOING}{self._key}").exists()

    @property
    def webhook_token(self) -> str:
        """What the cluster shows at our doors."""
        return self._secret(_WEBHOOK)

    @property
    def gateway_token(self) -> str:
        """What we show to the cluster when we act for somebody."""
        return self._secret(_GATEWAY)

    @property
    def port(self) -> int:
        """Where the cluster answers; 0 before it did for the first time."""
        try:
            return int(json.loads(ready_file(self.path).read_bytes())["port"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def stage(self) -> tuple[str, str]:
        """Make it with fresh credentials, but not under its name yet; returns the webhook and the gateway token."""
        staged = self.root / f"{_COMING}{self._key}"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True, mode=0o700)
        made = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        for file, token in zip((_WEBHOOK, _GATEWAY), made, strict=True):
            write_secret(staged / file, token.encode())
        write_secret(staged / _WANTED, msgspec.json.encode(Wanted(name=self.name)))
        return made

    def publish(self) -> None:
        """Give the staged directory its name: the keeper starts the cluster."""
        (self.root / f"{_COMING}{self._key}").rename(self.path)

    def release(self) -> None:
        """Say that the cluster is to go."""
        shutil.rmtree(self.root / f"{_COMING}{self._key}", ignore_errors=True)
        if self.exists and not self.wanted().gone:
            write_secret(self.path / _WANTED, msgspec.json.encode(Wanted(name=self.name, gone=True)))

    def wanted(self) -> Wanted:
        """What is wanted of it; raises OSError or msgspec.MsgspecError where that cannot be read."""
        return msgspec.json.decode((self.path / _WANTED).read_bytes(), type=Wanted)

    def remove(self) -> None:
        """Remove it with everything in it; nothing may be running there."""
        going = self.root / f"{_GOING}{self._key}"
        shutil.rmtree(going, ignore_errors=True)
        self.path.rename(going)
        shutil.rmtree(going)

    def _secret(self, file: str) -> str:
        return (self.path / file).read_text().strip()


def directories(root: Path) -> Iterator[ClusterDirectory]:
    """Every cluster directory that is complete; one that cannot be read is none."""
    for entry in sorted(root.iterdir()):
        if entry.name.startswith("."):
            continue
        try:
            wanted = msgspec.json.decode((entry / _WANTED).read_bytes(), type=Wanted)
        except (OSError, msgspec.MsgspecError):
            continue
        if CLUSTER.match(wanted.name) is not None and ClusterDirectory(root, wanted.name).path == entry:
            yield ClusterDirectory(root, wanted.name)


def clear(root: Path) -> None:
    """Remove what a crash left half made or half removed; for the keeper, before it runs anything."""
    for entry in root.iterdir():
        if entry.name.startswith(_GOING):
            shutil.rmtree(entry, ignore_errors=True)
