"""What the control plane process is told: one JSON file, written by ``up`` or by ``serve`` from its settings.

The settings themselves are ``app.sections``; where each came from is decided by ``app.configuration_file``.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from binauthz.app.secret_file import write_secret
from binauthz.app.sections import Sections


class LocalCluster(msgspec.Struct, frozen=True, kw_only=True):
    """The embedded cluster: where it answers, and the credentials that tie it to us."""

    server: str
    ca_file: str
    webhook_token_file: str
    proxy_token_file: str
    on_error: str = "fail-open"


class ControlConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """The control plane's store, doors and identity.

    Secrets are named by file and not held here, but for a password in the store's URL, which is why the file is its
    owner's alone. ``public_host`` is the name by which clusters reach the TLS doors, where it is not ``host``.
    ``clusters_directory`` is where a keeper runs local clusters from; empty where there is none. ``origins`` says of
    each setting that is not a default where it was set, for ``binauthz doctor``.
    """

    store: str
    host: str
    rest_port: int
    grpc_port: int
    tls_port: int
    pki_directory: str
    tls_hosts: tuple[str, ...]
    project: str
    owner_token_file: str
    sealing_key_file: str = ""
    public_host: str = ""
    local_cluster: LocalCluster | None = None
    clusters_directory: str = ""
    sections: Sections = Sections()
    origins: Mapping[str, str] = {}


def save(path: Path, configuration: ControlConfiguration) -> None:
    """Write the configuration, readable by its owner alone."""
    write_secret(path, msgspec.json.format(msgspec.json.encode(configuration)))


def load(path: Path) -> ControlConfiguration:
    """Read a configuration; raises msgspec.ValidationError naming the member at fault."""
    return msgspec.json.decode(path.read_bytes(), type=ControlConfiguration)
