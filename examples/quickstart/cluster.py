"""Running Pods on the local cluster: with kubectl where there is one, else by the requests that kubectl would send."""

import base64
import json
import shutil
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx2
import yaml


@dataclass(frozen=True)
class Outcome:
    """What became of a request: the line a user would see."""

    created: bool
    message: str


class Cluster(Protocol):
    """What the story asks of a cluster."""

    def run(self, name: str, image: str, labels: Mapping[str, str] | None = None) -> Outcome:
        """``kubectl run``."""

    def deploy(self, name: str, image: str) -> Outcome:
        """``kubectl create deployment``."""

    def events(self, reason: str) -> list[str]:
        """The messages of events with that reason."""


class Kubectl:
    """The real client."""

    def __init__(self, program: str, env: Mapping[str, str]) -> None:
        self._program, self._env = program, dict(env)

    def _call(self, *arguments: str) -> Outcome:
        done = subprocess.run(
            [self._program, *arguments], env=self._env, capture_output=True, text=True, timeout=60, check=False
        )
        return Outcome(done.returncode == 0, (done.stdout or done.stderr).strip())

    def run(self, name: str, image: str, labels: Mapping[str, str] | None = None) -> Outcome:
        more = [f"--labels={','.join(f'{k}={v}' for k, v in labels.items())}"] if labels else []
        return self._call("run", name, "--image", image, *more)

    def deploy(self, name: str, image: str) -> Outcome:
        return self._call("create", "deployment", name, "--image", image)

    def events(self, reason: str) -> list[str]:
        found = self._call("get", "events", f"--field-selector=reason={reason}", "-o", "json")
        return [event["message"] for event in json.loads(found.message)["items"]] if found.created else []


class Requests:
    """The same requests over HTTPS, for a machine without kubectl."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        token = Path(config["users"][0]["user"]["tokenFile"]).read_text().strip()
        self._client = httpx2.Client(
            base_url=cluster["server"],
            verify=ssl.create_default_context(cadata=ca),
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            trust_env=False,
        )

    def _create(self, path: str, kind: str, name: str, body: dict[str, Any]) -> Outcome:
        response = self._client.post(path, json=body)
        if response.is_success:
            return Outcome(created=True, message=f"{kind}/{name} created")
        status = response.json()
        return Outcome(created=False, message=f"Error from server ({status['reason']}): {status['message']}")

    def run(self, name: str, image: str, labels: Mapping[str, str] | None = None) -> Outcome:
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": dict(labels or {"run": name})},
            "spec": {"containers": [{"name": name, "image": image}]},
        }
        return self._create("/api/v1/namespaces/default/pods", "pod", name, pod)

    def deploy(self, name: str, image: str) -> Outcome:
        template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": name, "image": image}]}}
        deployment = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": {"app": name}}, "template": template},
        }
        return self._create("/apis/apps/v1/namespaces/default/deployments", "deployment.apps", name, deployment)

    def events(self, reason: str) -> list[str]:
        query = {"fieldSelector": f"reason={reason}"}
        found = self._client.get("/api/v1/namespaces/default/events", params=query).json()
        return [event["message"] for event in found["items"]]


def connect(kubeconfig: Path, env: Mapping[str, str]) -> Cluster:
    """kubectl from PATH, or plain requests."""
    program = shutil.which("kubectl", path=env.get("PATH"))
    return Kubectl(program, env) if program else Requests(kubeconfig)
