"""What a cluster process is told: its address, its certificate, who may call it, and the doors that it calls."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from binauthz.app.certificates import Leaf
from binauthz.app.secret_file import write_secret

HOST = "127.0.0.1"
HOSTS = (HOST, "localhost", "::1")
GATEWAY_USER = "system:binauthz:gateway"
OWNER_USER = "owner@binauthz.local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the clusters of one installation share: the TLS door they call, and its owner."""

    url: str
    ca_file: Path
    owner_token: str
    fail_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterProcess:
    """One cluster: ``name`` is its resource name, ``directory`` holds everything it keeps."""

    name: str
    directory: Path
    port: int
    webhook_token: str
    gateway_token: str

    @property
    def configuration_file(self) -> Path:
        """What the process is started with."""
        return configuration_file(self.directory)

    def configure(self, doors: Doors, leaf: Leaf) -> None:
        """Write the configuration and the tokens that open the cluster, for its owner's eyes alone."""
        _, project, _, location, _, cluster = self.name.split("/")
        place = f"locations/{location}/clusters/{cluster}"
        door = f"{doors.url}/v1/projects/{project}"
        webhook = {"ca_file": str(doors.ca_file), "token": self.webhook_token}
        users = [
            {"sha256": digest(doors.owner_token), "user": OWNER_USER, "groups": ["system:masters"]},
            {"sha256": digest(self.gateway_token), "user": GATEWAY_USER, "groups": ["system:masters"]},
        ]
        token_file = self.directory / "tokens.json"
        write_secret(token_file, json.dumps(users).encode())
        configuration = {
            "address": HOST,
            "port": self.port,
            "data_dir": str(self.directory),
            "cert_file": str(leaf.cert_file),
            "key_file": str(leaf.key_file),
            "token_file": str(token_file),
            "webhook": {"url": f"{door}/policy/{place}:admissionReview", **webhook},
            "failure_policy": "Fail" if doors.fail_closed else "Ignore",
            "webhook_timeout_seconds": 10,
            "audit": {"url": f"{door}/{place}:audit", **webhook},
            "ready_file": str(ready_file(self.directory)),
        }
        write_secret(self.configuration_file, json.dumps(configuration, indent=2).encode())


def configuration_file(directory: Path) -> Path:
    """Where a cluster's configuration is kept."""
    return directory / "config.json"


def ready_file(directory: Path) -> Path:
    """Where a cluster process says, once it serves, on which port."""
    return directory / "ready.json"


def arguments(directory: Path) -> list[str]:
    """How Python starts the cluster of a directory."""
    return ["-m", "binauthz.cluster", "--config", str(configuration_file(directory))]


def digest(token: str) -> str:
    """The form in which a token is compared."""
    return sha256(token.encode()).hexdigest()
