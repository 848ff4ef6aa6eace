"""Debian's docker-registry on a loopback port, with a directory of its own."""

import socket
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from binauthz.app.certificates import Leaf
from binauthz.app.ports import free_ports


@contextmanager
def docker_registry(program: str, directory: Path, *, leaf: Leaf | None = None, htpasswd: str = "") -> Iterator[str]:
    """A registry that lives as long as the block; gives its URL.

    With a certificate it speaks TLS, with a password file's text it asks for one. Two may share a directory.
    """
    (port,) = free_ports(0, 1, "127.0.0.1")
    configuration: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(directory / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    if htpasswd:
        (directory / "htpasswd").write_text(htpasswd)
        configuration["auth"] = {"htpasswd": {"realm": "registry", "path": str(directory / "htpasswd")}}
    if leaf is not None:
        configuration["http"]["tls"] = {"certificate": str(leaf.cert_file), "key": str(leaf.key_file)}
    file = directory / f"registry-{port}.yml"
    file.write_text(yaml.safe_dump(configuration))
    with (directory / f"registry-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", str(file)], stdout=log, stderr=log, env={"OTEL_SDK_DISABLED": "true"}
        )
        url = f"{'http' if leaf is None else 'https'}://127.0.0.1:{port}"
        try:
            _wait(urllib.parse.urlsplit(url), process)
            yield url
        finally:
            process.terminate()
            process.wait(10)


def _wait(url: urllib.parse.SplitResult, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        assert process.poll() is None, "the registry ended"
        with socket.socket() as probe:
            if probe.connect_ex((url.hostname, url.port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the registry did not start")
