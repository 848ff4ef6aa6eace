"""A running installation and the unmodified clients pointed at it, as a user's shell would have them."""

import json
import os
import select
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

IMAGE = "us-docker.pkg.dev/google-samples/containers/gke/hello-app"
DIGEST = "sha256:37e5287945774f27b418ce567cd77f4bbc9ef44a1bcd1a2312369f31f9cce567"
HELLO = f"{IMAGE}@{DIGEST}"
CLUSTER = "local-cluster"
ZONE = "us-central1-a"


@dataclass
class Result:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    def ok(self) -> str:
        """stdout of a command that had to succeed."""
        assert self.code == 0, f"exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"
        return self.out

    def refused(self) -> str:
        """stderr of a command that had to fail."""
        assert self.code != 0, f"succeeded, but should not have\nstdout: {self.out}\nstderr: {self.err}"
        return self.err


def run(arguments: list[str], env: Mapping[str, str], stdin: str | None = None, timeout: float = 60) -> Result:
    done = subprocess.run(
        arguments, env=dict(env), input=stdin, capture_output=True, text=True, timeout=timeout, check=False
    )
    return Result(done.returncode, done.stdout, done.stderr)


def wait_for(question: Callable[[], Any], what: str, within: float = 20) -> Any:
    """Ask until the answer is true; fails naming what was awaited."""
    deadline = time.monotonic() + within
    while True:
        if answer := question():
            return answer
        assert time.monotonic() < deadline, f"{what}: not within {within} s"
        time.sleep(0.1)


@dataclass
class Platform:
    """``binauthz up`` in a directory of its own."""

    directory: Path
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen[str] | None = None
    env: dict[str, str] = field(default_factory=dict)
    ready_after: float = 0.0

    def start(self) -> "Platform":
        started = time.monotonic()
        log = self.directory.parent / f"{self.directory.name}.log"
        with log.open("a") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "binauthz", "up", "--dir", str(self.directory), "--port", "0", *self.arguments],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], 60)
        line = self.process.stdout.readline() if readable else ""
        assert line.startswith("ready http://127.0.0.1:"), f"up printed {line!r}: {log.read_text()[-4000:]}"
        self.ready_after = time.monotonic() - started
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("CLOUDSDK_", "BINAUTHZ_", "KUBECONFIG"))}
        clean["HOME"] = str(self.directory.parent / "home")
        clean["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}"
        Path(clean["HOME"]).mkdir(exist_ok=True)
        found = run([sys.executable, "-m", "binauthz", "env", "--dir", str(self.directory), "--format", "json"], clean)
        self.env = {**clean, **json.loads(found.ok()), "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}
        return self

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()

    @property
    def addresses(self) -> dict[str, Any]:
        return dict(json.loads((self.directory / "addresses.json").read_text()))

    def gcloud(self, *arguments: str, stdin: str | None = None) -> Result:
        return run(["gcloud", *arguments], self.env, stdin)

    def binauthz(self, *arguments: str, stdin: str | None = None) -> Result:
        return run([sys.executable, "-m", "binauthz", *arguments], self.env, stdin)

    def curl(self, verb: str, path: str, body: str | None = None) -> Result:
        token = Path(self.env["BINAUTHZ_TOKEN_FILE"]).read_text().strip()
        data = [] if body is None else ["--data-binary", body, "-H", "Content-Type: application/json"]
        url = f"{self.env['BINAUTHZ_SERVER']}{path}"
        return run(["curl", "-sS", "-X", verb, "-H", f"Authorization: Bearer {token}", *data, url], self.env)

    def set_policy(self, policy: dict[str, Any]) -> None:
        """Set up a test's policy; the import itself is tested with gcloud elsewhere."""
        project = self.env["BINAUTHZ_PROJECT"]
        answer = json.loads(self.curl("PUT", f"/v1/projects/{project}/policy", json.dumps(policy)).ok())
        assert "error" not in answer, answer

    def log(self, query: str, order: str = "desc") -> list[dict[str, Any]]:
        out = self.gcloud(
            "logging", "read", f"--order={order}", "--freshness=7d", query, "--format=json", "--limit=1000"
        ).ok()
        return list(json.loads(out))


@dataclass
class Kubectl:
    """kubectl through one kubeconfig."""

    platform: Platform
    kubeconfig: Path
    binary: str = "kubectl"

    def __call__(self, *arguments: str, stdin: str | None = None) -> Result:
        env = {**self.platform.env, "KUBECONFIG": str(self.kubeconfig)}
        return run([self.binary, *arguments], env, stdin)

    def names(self, kind: str, *arguments: str) -> list[str]:
        return self("get", kind, "-o", "name", *arguments).ok().split()


def unique(prefix: str) -> str:
    """A name no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def rule(mode: str, *attestors: str, dry_run: bool = False) -> dict[str, Any]:
    """An admission rule in the API's JSON."""
    enforcement = "DRYRUN_AUDIT_LOG_ONLY" if dry_run else "ENFORCED_BLOCK_AND_AUDIT_LOG"
    made: dict[str, Any] = {"evaluationMode": mode, "enforcementMode": enforcement}
    return made | ({"requireAttestationsBy": list(attestors)} if attestors else {})
