"""The cluster as a process, a kubeconfig for it, and an HTTPS webhook whose verdict a test sets."""

import datetime as dt
import hashlib
import http.server
import ipaddress
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

TOKEN = "for-tests-only"
_SOURCES = Path(__file__).parents[3] / "src"


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return cert_file, key_file


class Verdicts:
    """What the webhook answers: a refusal for an image, or nothing."""

    def __init__(self) -> None:
        self.refuse: Callable[[str], str] = lambda _image: ""
        self.reviewed: list[dict[str, Any]] = []

    def answer(self, review: dict[str, Any]) -> dict[str, Any]:
        request = review["request"]
        self.reviewed.append(request)
        images = [container["image"] for container in request["object"]["spec"]["containers"]]
        whys = [why for image in images if (why := self.refuse(image))]
        response: dict[str, Any] = {"uid": request["uid"], "allowed": not whys}
        if whys:
            response["status"] = {"status": "Failure", "reason": "VIOLATES_POLICY", "message": ". ".join(whys)}
        return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


@contextmanager
def webhook(folder: Path, verdicts: Verdicts) -> Iterator[str]:
    """A webhook that answers with ``verdicts``; its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = json.dumps(verdicts.answer(json.loads(body))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/review"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Served:
    """A running cluster as kubectl sees it."""

    def __init__(self, kubectl: str, kubeconfig: Path, verdicts: Verdicts) -> None:
        self._kubectl = kubectl
        self._kubeconfig = kubeconfig
        self._environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(kubeconfig.parent)}
        self.verdicts = verdicts

    def with_kubectl(self, kubectl: str) -> "Served":
        """The same cluster through another kubectl."""
        return Served(kubectl, self._kubeconfig, self.verdicts)

    def run(self, *arguments: str, stdin: object = None, editor: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._kubectl, *arguments],
            input=json.dumps(stdin) if stdin is not None else None,
            env={**self._environment, "KUBE_EDITOR": editor},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @contextmanager
    def started(self, *arguments: str) -> Iterator[Iterator[str]]:
        """A command that goes on; the lines it prints. It is ended in any case, after which no line comes."""
        command = [self._kubectl, *arguments]
        with subprocess.Popen(command, env=self._environment, stdout=subprocess.PIPE, text=True) as process:
            alarm = threading.Timer(20, process.kill)
            alarm.start()
            try:
                assert process.stdout is not None
                yield process.stdout
            finally:
                alarm.cancel()
                process.kill()

    def __call__(self, *arguments: str, stdin: object = None) -> str:
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def json(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self(*arguments, "-o", "json"))
        return found

    def until(self, holds: Callable[[], Any], seconds: float = 15.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "it did not come about in time"
            time.sleep(0.1)


@contextmanager
def cluster(folder: Path, kubectl: str) -> Iterator[Served]:
    """A cluster that asks a webhook about Pods, from start to a clean end."""
    cert_file, key_file = certificate(folder)
    tokens, ready = folder / "tokens.json", folder / "ready.json"
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    tokens.write_text(json.dumps([{"sha256": digest, "user": "owner", "groups": ["system:masters"]}]))
    tokens.chmod(0o600)
    (folder / "data").mkdir()
    verdicts = Verdicts()
    with webhook(folder, verdicts) as url:
        config = {
            "address": "127.0.0.1",
            "port": 0,
            "data_dir": str(folder / "data"),
            "cert_file": str(cert_file),
            "key_file": str(key_file),
            "token_file": str(tokens),
            "webhook": {"url": url, "ca_file": str(cert_file), "token": "webhook-token"},
            "failure_policy": "Fail",
            "webhook_timeout_seconds": 5,
            "audit": None,
            "ready_file": str(ready),
        }
        (folder / "config.json").write_text(json.dumps(config))
        command = [sys.executable, "-m", "binauthz.cluster", "--config", str(folder / "config.json")]
        environment = {**os.environ, "PYTHONPATH": str(_SOURCES)}
        with (folder / "log").open("wb") as log, subprocess.Popen(command, env=environment, stderr=log) as process:
            try:
                yield Served(kubectl, _kubeconfig(folder, _port(process, ready), cert_file), verdicts)
            finally:
                process.terminate()
                process.wait(timeout=10)
        said = (folder / "log").read_text()
        assert process.returncode == 0, said
        assert "Task was destroyed" not in said


def _port(process: subprocess.Popen[bytes], ready: Path) -> int:
    deadline = time.monotonic() + 20
    while not ready.exists():
        assert process.poll() is None, "the cluster ended before it was ready"
        assert time.monotonic() < deadline, "the cluster was not ready in time"
        time.sleep(0.02)
    return int(json.loads(ready.read_text())["port"])


def _kubeconfig(folder: Path, port: int, cert_file: Path) -> Path:
    server = {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(cert_file)}
    written = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": server}],
        "users": [{"name": "u", "user": {"token": TOKEN}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(written))
    return path
