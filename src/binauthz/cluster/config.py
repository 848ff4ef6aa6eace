"""The JSON file that a cluster process is started with."""

from pathlib import Path
from typing import Literal

import msgspec


class Door(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service of the control plane that the cluster calls, and the credential for it."""

    url: str
    ca_file: Path
    token: str

    def __repr__(self) -> str:
        """Without the token."""
        return f"Door(url={self.url!r})"


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a cluster process needs to know. Unknown members are refused."""

    data_dir: Path
    cert_file: Path
    key_file: Path
    token_file: Path
    ready_file: Path
    address: str = "127.0.0.1"
    port: int = 0
    webhook: Door | None = None
    failure_policy: Literal["Ignore", "Fail"] = "Ignore"
    webhook_timeout_seconds: int = 10
    audit: Door | None = None


def read(path: Path) -> Config:
    """The configuration in a file.

    Raises:
        OSError: it cannot be read.
        msgspec.ValidationError: it is not a configuration.
    """
    return msgspec.json.decode(path.read_bytes(), type=Config, dec_hook=_path)


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError("expected a path")
