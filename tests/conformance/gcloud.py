"""The unmodified gcloud, pointed at the server under test by its environment alone (SPEC 0)."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.server import PROJECT, Target

_APIS = (
    "artifactregistry",
    "binaryauthorization",
    "cloudkms",
    "cloudresourcemanager",
    "connectgateway",
    "container",
    "containeranalysis",
    "gkehub",
    "logging",
    "serviceusage",
)


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The standard output as JSON."""
        return json.loads(self.out)


class Gcloud:
    """A gcloud with a configuration of its own."""

    def __init__(self, program: str, target: Target, home: Path, **environment: str) -> None:
        self.home = home
        self._program = program
        token = home / "token"
        token.write_text(target.token)
        overrides = {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api.upper()}": f"{target.url}/" for api in _APIS}
        self.kubeconfig = home / "kubeconfig"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "KUBECONFIG": str(self.kubeconfig),
            "CLOUDSDK_CONFIG": str(home / "gcloud"),
            "CLOUDSDK_CORE_PROJECT": PROJECT,
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token),
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
            **overrides,
            **environment,
        }

    def __call__(self, *arguments: str) -> Ran:
        """Run a command and return what it left behind, whatever its exit code."""
        done = subprocess.run(
            [self._program, *arguments],
            env=self._environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return Ran(code=done.returncode, out=done.stdout, err=done.stderr)

    def json(self, *arguments: str) -> Any:
        """Run a command that must succeed, and read its JSON output."""
        ran = self(*arguments, "--format=json")
        assert ran.code == 0, ran.err
        return ran.document
