"""Local clusters of a running installation: asked for, waited for, looked for."""

import json
from pathlib import Path
from typing import Any

from tests.e2e.platform import ZONE, Kubectl, Platform, wait_for


def clusters(platform: Platform) -> Path:
    return platform.directory / "clusters"


def processes_below(directory: Path) -> list[int]:
    """The processes that were started with a file of the directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(directory).encode() in command and b"binauthz.cluster" in command:
                found.append(int(entry.name))
    return found


def rest(platform: Platform, verb: str, path: str, body: Any = None) -> dict[str, Any]:
    answer = platform.curl(verb, path, None if body is None else json.dumps(body)).ok()
    return dict(json.loads(answer))


def finished(platform: Platform, operation: dict[str, Any], within: float = 60) -> dict[str, Any]:
    path = f"/v1/projects/demo-project/locations/{operation['location']}/operations/{operation['name']}"

    def look() -> dict[str, Any] | None:
        found = rest(platform, "GET", path)
        return found if found.get("status") == "DONE" else None

    done: dict[str, Any] = wait_for(look, f"operation {operation['name']} is over", within)
    return done


def create(platform: Platform, name: str, location: str = ZONE, **settings: Any) -> dict[str, Any]:
    """Ask for a cluster without waiting for it."""
    body = {"cluster": {"name": name, **settings}}
    operation = rest(platform, "POST", f"/v1/projects/demo-project/locations/{location}/clusters", body)
    assert "error" not in operation, operation
    return operation


def delete(platform: Platform, name: str, location: str = ZONE) -> None:
    operation = rest(platform, "DELETE", f"/v1/projects/demo-project/locations/{location}/clusters/{name}")
    assert finished(platform, operation).get("statusMessage") is None


def connected(platform: Platform, name: str, location: str, home: Path) -> Kubectl:
    kubectl = Kubectl(platform, home / f"kube-{name}")
    platform.env["KUBECONFIG"] = str(kubectl.kubeconfig)
    platform.binauthz("clusters", "get-credentials", name, "--location", location).ok()
    return kubectl
