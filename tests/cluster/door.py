"""A cluster process that a test may kill, and a receiver whose verdict an image's name chooses."""

import contextlib
import hashlib
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2

from tests.cluster.controllers.serving import certificate

SOURCES = Path(__file__).parents[2] / "src"
MASTER, PLAIN = "token-of-the-owner", "token-of-somebody"
PODS = "/api/v1/namespaces/default/pods"
CONFIG = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/binauthz"
Object = dict[str, Any]


def wait_for(question: Callable[[], Any], within: float = 10.0) -> Any:
    deadline = time.monotonic() + within
    while not (answer := question()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)
    return answer


class Receiver:
    """What arrived, and whether audit events are taken. ``release`` frees reviews of the image ``hang``."""

    def __init__(self) -> None:
        self.reviews: list[Object] = []
        self.events: list[Object] = []
        self.down = False
        self.refused = 0
        self.release = threading.Event()
        self.url = ""

    def review(self, request: Object) -> tuple[int, bytes]:
        self.reviews.append(request)
        images = [one["image"] for one in ((request["object"] or {}).get("spec") or {}).get("containers", [])]
        image = images[0] if images else ""
        response: Object = {"uid": request["uid"], "allowed": True}
        match image:
            case "hang":
                self.release.wait(20)
            case "wrong-uid":
                response["uid"] = "another"
            case "code-503":
                return 503, b"no"
            case "redirect":
                return 307, b""
            case "malformed":
                return 200, b'{"apiVersion":'
            case "no-response":
                return 200, b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}'
            case "denied":
                response |= {"allowed": False, "status": {"message": "not attested", "reason": "VIOLATES_POLICY"}}
        answer = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
        return 200, json.dumps(answer).encode()

    def audit(self, items: list[Object]) -> tuple[int, bytes]:
        if self.down:
            self.refused += 1
            return 503, b""
        self.events.extend(items)
        return 200, b""

    def names(self) -> list[str]:
        """The Pods whose creation the audit events tell of, in the order of arrival."""
        return [
            event["objectRef"]["name"]
            for event in self.events
            if event["verb"] == "create" and event["objectRef"]["resource"] == "pods" and not subresource(event)
        ]

    def event(self, name: str) -> Object:
        """The audit event of a Pod's creation."""

        def found() -> list[Object]:
            return [
                one
                for one in self.events
                if one["verb"] == "create" and one["objectRef"].get("name") == name and not subresource(one)
            ]

        event: Object = wait_for(found)[0]
        return event


def subresource(event: Object) -> str:
    return str(event["objectRef"].get("subresource", ""))


@contextlib.contextmanager
def receiving(folder: Path) -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            code, answer = receiver.audit(body["items"]) if self.path == "/audit" else receiver.review(body["request"])
            with contextlib.suppress(OSError):
                self.send_response(code)
                if code == 307:
                    self.send_header("Location", f"{receiver.url}/followed")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Clusters are killed here: broken connections are expected."""

    server = Quiet(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.url = f"https://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Cluster:
    """The process, and a client for it."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        self.folder, self.receiver = folder, receiver
        self.trust = ssl.create_default_context(cafile=folder / "cert.pem")
        self.client = httpx2.Client()
        users = [
            {"sha256": hashlib.sha256(MASTER.encode()).hexdigest(), "user": "owner", "groups": ["system:masters"]},
            {"sha256": hashlib.sha256(PLAIN.encode()).hexdigest(), "user": "somebody", "groups": []},
        ]
        (folder / "tokens.json").write_text(json.dumps(users))
        door = {"ca_file": str(folder / "cert.pem"), "token": "of-the-cluster"}
        config = {
            "data_dir": str(folder / "data"),
            "cert_file": str(folder / "cert.pem"),
            "key_file": str(folder / "key.pem"),
            "token_file": str(folder / "tokens.json"),
            "ready_file": str(folder / "ready.json"),
            "webhook": {"url": f"{receiver.url}/review", **door},
            "webhook_timeout_seconds": 1,
            "audit": {"url": f"{receiver.url}/audit", **door},
        }
        (folder / "config.json").write_text(json.dumps(config))
        self.start()

    def start(self) -> None:
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "binauthz.cluster", "--config", str(self.folder / "config.json")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(SOURCES)}, stderr=log)
        wait_for(lambda: ready.exists() or self.process.poll() is not None, 20)
        assert self.process.poll() is None, (self.folder / "log").read_text()
        self.port = json.loads(ready.read_text())["port"]
        self.client = self.as_user(MASTER)

    def as_user(self, token: str = "", **headers: str) -> httpx2.Client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            named["authorization"] = f"Bearer {token}"
        return httpx2.Client(
            base_url=f"https://127.0.0.1:{self.port}", verify=self.trust, trust_env=False, headers=named, timeout=20
        )

    def kill(self) -> None:
        """As `kill -9`."""
        self.client.close()
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.client.close()
        self.process.terminate()
        return self.process.wait(10)

    def create(self, name: str, image: str = "fine", query: str = "", **labels: str) -> httpx2.Response:
        return self.client.post(f"{PODS}{query}", json=pod(name, image, **labels))

    def failure_policy(self, value: str) -> None:
        patch = {"webhooks": [{"name": "imagepolicywebhook.image-policy.k8s.io", "failurePolicy": value}]}
        kind = {"content-type": "application/strategic-merge-patch+json"}
        answer = self.client.patch(CONFIG, content=json.dumps(patch), headers=kind)
        assert answer.status_code == 200, answer.text


def pod(name: str, image: str = "fine", **labels: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [{"name": "c", "image": image}]},
    }


@contextlib.contextmanager
def clustered(folder: Path) -> Iterator[Cluster]:
    """A cluster from its start to its end, however often it is killed on the way."""
    certificate(folder)
    with receiving(folder) as receiver:
        cluster = Cluster(folder, receiver)
        try:
            yield cluster
        finally:
            receiver.release.set()
            assert cluster.stop() == 0, (folder / "log").read_text()
