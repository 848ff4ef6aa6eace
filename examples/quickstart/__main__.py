"""``make quickstart``: start an installation, tell the whole story on it, stop it, leave nothing behind."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from examples.quickstart.cluster import Cluster, Kubectl, connect

IMAGE = "us-docker.pkg.dev/google-samples/containers/gke/hello-app"
HELLO = f"{IMAGE}@sha256:37e5287945774f27b418ce567cd77f4bbc9ef44a1bcd1a2312369f31f9cce567"
BREAK_GLASS = {"image-policy.k8s.io/break-glass": "true"}


class Story:
    """One installation and what was tried on it."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.directory = scratch / "installation"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("CLOUDSDK_", "BINAUTHZ_"))}
        self.env["KUBECONFIG"] = str(scratch / "kubeconfig")
        self.env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{self.env.get('PATH', '')}"
        self.surprises: list[str] = []
        self.counts = dict.fromkeys(("allowed", "blocked", "forced", "dry run", "failed open"), 0)

    def binauthz(self, *arguments: str) -> str:
        """Run our command line, echoing it as a user would have typed it."""
        print(f"  $ binauthz {' '.join(arguments)}".replace(f"{self.scratch}/", ""))
        done = subprocess.run(
            [sys.executable, "-m", "binauthz", *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"binauthz {arguments[0]} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def policy(self, evaluation: str, enforcement: str = "ENFORCED_BLOCK_AND_AUDIT_LOG", *attestors: str) -> None:
        """Import a policy with this default rule."""
        file = self.scratch / "policy.yaml"
        rule: dict[str, Any] = {"evaluationMode": evaluation, "enforcementMode": enforcement}
        if attestors:
            rule["requireAttestationsBy"] = [f"projects/demo-project/attestors/{name}" for name in attestors]
        file.write_text(json.dumps({"globalPolicyEvaluationMode": "DISABLE", "defaultAdmissionRule": rule}))
        self.binauthz("policy", "import", str(file))

    def expect(self, what: str, image: str, cluster: Cluster, labels: dict[str, str] | None = None) -> None:
        """Run a Pod and hold what happened against what should have."""
        name = f"pod-{sum(self.counts.values()) + 1}"
        more = " --labels image-policy.k8s.io/break-glass=true" if labels else ""
        print(f"  $ kubectl run {name} --image {image}{more}")
        outcome = cluster.run(name, image, labels)
        print(f"    {outcome.message}\n    => {what}\n")
        self.counts[what] += 1
        if outcome.created != (what != "blocked"):
            self.surprises.append(f"{name} should have been {what}")

    def title(self, text: str) -> None:
        """A heading of the account."""
        print(f"\n{text}\n{'-' * len(text)}")


def tell(story: Story, control_pid: Callable[[], int], supervisor: int) -> None:
    """Every step of the deploy page, in order."""
    story.binauthz("clusters", "get-credentials", "--zone", "us-central1-a", "local-cluster")
    cluster = connect(Path(story.env["KUBECONFIG"]), story.env)
    if not isinstance(cluster, Kubectl):
        print("  (kubectl is not on PATH: its requests are sent directly)")

    story.title("1. The default policy allows")
    story.expect("allowed", HELLO, cluster)

    story.title("2. A policy that denies everything")
    story.policy("ALWAYS_DENY")
    story.expect("blocked", HELLO, cluster)
    print("  $ kubectl create deployment web --image ...")
    print(f"    {cluster.deploy('web', HELLO).message}")
    message = await_value(lambda: next(iter(cluster.events("FailedCreate")), ""), "a FailedCreate event")
    print(f"    event FailedCreate: {message}\n    => the Deployment exists, its Pods do not\n")

    story.title("3. A policy that requires an attestation")
    key, public = story.scratch / "key.pem", story.scratch / "pub.pem"
    story.binauthz("keys", "generate", "--private-key", str(key), "--public-key", str(public))
    story.binauthz("attestors", "create", "build")
    story.binauthz("attestors", "add-key", "build", str(public))
    story.policy("REQUIRE_ATTESTATION", "ENFORCED_BLOCK_AND_AUDIT_LOG", "build")
    story.expect("blocked", f"{IMAGE}:1.0", cluster)
    story.expect("blocked", HELLO, cluster)
    made = story.binauthz(
        "attestations", "create", "--attestor", "build", "--image", HELLO, "--private-key", str(key), "--format", "json"
    )
    story.expect("allowed", HELLO, cluster)
    story.binauthz("attestations", "delete", json.loads(made)["name"])
    story.expect("blocked", HELLO, cluster)

    story.title("4. Break glass, and dry run")
    story.expect("forced", HELLO, cluster, BREAK_GLASS)
    story.policy("ALWAYS_DENY", "DRYRUN_AUDIT_LOG_ONLY")
    story.expect("dry run", HELLO, cluster)

    story.title("5. The control plane is killed")
    story.policy("ALWAYS_DENY")
    before = control_pid()
    # The supervisor would have it back within a second; it is held so that the outage can be seen.
    os.kill(supervisor, signal.SIGSTOP)
    try:
        os.kill(before, signal.SIGKILL)
        story.expect("failed open", HELLO, cluster)
    finally:
        os.kill(supervisor, signal.SIGCONT)
    await_value(lambda: control_pid() not in (0, before), "the control plane to come back")
    print("  the control plane is back\n")

    story.title("6. What the audit log says")
    for query, wanted in (("blocked", "blocked"), ("break-glass", "forced"), ("dry-run", "dry run")):
        report(story, query, story.counts[wanted])
    report(story, "failed-open", story.counts["failed open"])
    second = 'logName:"binaryauthorization.googleapis.com%2Fcontinuous_validation" "policyName"'
    await_value(lambda: entries(story, second), "the second judgement")
    print(f"  $ binauthz logs read '{second}'")
    print(indent(run_quietly(story, "logs", "read", second)))


def report(story: Story, query: str, at_least: int) -> None:
    """Show what one of the documented queries finds; audit events arrive within moments."""
    found = await_value(
        lambda: rows if len(rows := entries(story, "", "--only", query)) >= at_least else None, f"the {query} entries"
    )
    print(f"  $ binauthz logs read --only {query}")
    print(indent(run_quietly(story, "logs", "read", "--only", query)))
    pods = [entry for entry in found if entry["protoPayload"]["request"]["metadata"].get("name", "").startswith("pod-")]
    if len(pods) != at_least:
        story.surprises.append(f"the log should hold {at_least} {query} entries for our Pods, it holds {len(pods)}")


def entries(story: Story, *arguments: str) -> list[dict[str, Any]]:
    """Log entries as JSON; none while the control plane is on its way back."""
    shown = run_quietly(story, "logs", "read", *arguments, "--format", "json")
    return list(json.loads(shown)) if shown else []


def run_quietly(story: Story, *arguments: str) -> str:
    """stdout of a command, empty when it failed."""
    return subprocess.run(
        [sys.executable, "-m", "binauthz", *arguments],
        env=story.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    ).stdout


def indent(text: str) -> str:
    """A block of output below its command."""
    return "".join(f"    {line}\n" for line in text.splitlines())


def await_value(question: Callable[[], Any], what: str, within: float = 30) -> Any:
    """Ask until there is an answer."""
    deadline = time.monotonic() + within
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {within:.0f} s for {what}")
        time.sleep(0.1)
    return answer


def main() -> int:
    """Tell the story; 0 when everything was as it should be."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="binauthz-quickstart-") as scratch:
        story = Story(Path(scratch))
        print(f"  $ binauthz up --dir {story.directory.name} --port 0")
        platform = subprocess.Popen(
            [sys.executable, "-m", "binauthz", "up", "--dir", str(story.directory), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=(Path(scratch) / "log").open("w"),
            text=True,
            env=story.env,
        )
        try:
            line = platform.stdout.readline().strip() if platform.stdout else ""
            if not line.startswith("ready "):
                raise SystemExit(f"binauthz up did not start:\n{(Path(scratch) / 'log').read_text()}")
            print(f"    {line}   ({time.monotonic() - started:.1f} s)")
            story.env["BINAUTHZ_DIR"] = str(story.directory)
            addresses = story.directory / "addresses.json"
            tell(story, lambda: int(json.loads(addresses.read_text())["control_pid"]), platform.pid)
        finally:
            platform.send_signal(signal.SIGTERM)
            platform.wait(30)
    story.title("In short")
    print("  " + ", ".join(f"{count} {what}" for what, count in story.counts.items()))
    print(f"  in {time.monotonic() - started:.0f} s; nothing is left running\n")
    for surprise in story.surprises:
        print(f"  UNEXPECTED: {surprise}")
    return 1 if story.surprises else 0


if __name__ == "__main__":
    sys.exit(main())
