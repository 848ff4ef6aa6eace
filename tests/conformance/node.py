"""Google's client libraries for Node.js: installed from their lock file once, outside the repository, and run."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conformance.server import PROJECT, Target

FOLDER = Path(__file__).parent / "npm"
_CACHE = Path.home() / ".cache" / "binauthz-tests" / "npm"


def modules(need: Callable[[str], str]) -> Path:
    """The folder of the installed libraries; installs them first where this lock file never was."""
    npm = need("npm")
    lock = (FOLDER / "package-lock.json").read_bytes()
    place = _CACHE / hashlib.sha256(lock).hexdigest()[:16]
    place.mkdir(parents=True, exist_ok=True)
    with (place / "installing").open("w") as turn:
        # Several test processes may come here at once.
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (place / "installed").exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(FOLDER / name, place / name)
            done = subprocess.run(
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=place, capture_output=True, text=True, timeout=280, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"npm ci failed:\n{done.stderr}"
            (place / "installed").touch()
    return place / "node_modules"


class Node:
    """Runs ``npm/clients.cjs`` against a server."""

    def __init__(self, node: str, libraries: Path, target: Target) -> None:
        self._node = node
        self._environment = {
            "PATH": os.environ["PATH"],
            "NODE_PATH": str(libraries),
            # The libraries look for a machine of Google's to be on, unless told not to.
            "METADATA_SERVER_DETECTION": "none",
            "BINAUTHZ_REST": target.url,
            "BINAUTHZ_GRPC": target.grpc_address,
            "BINAUTHZ_TOKEN": target.token,
            "BINAUTHZ_PROJECT": PROJECT,
        }

    def __call__(self, scenario: str, door: str) -> Any:
        """What a scenario found, over one door."""
        done = subprocess.run(
            [self._node, str(FOLDER / "clients.cjs"), scenario, door],
            env=self._environment, capture_output=True, text=True, timeout=90, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
