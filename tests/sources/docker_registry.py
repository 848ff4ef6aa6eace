"""Debian's docker-registry on a loopback port, with a directory of its own."""

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from binauthz.app.supervisor import free_ports


@contextmanager
def docker_registry(program: str, directory: Path) -> Iterator[str]:
    """A registry that lives as long as the block; gives its URL."""
    (port,) = free_ports(0, 1, "127.0.0.1")
    configuration = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(directory / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    file = directory / "registry.yml"
    file.write_text(yaml.safe_dump(configuration))
    with (directory / "registry.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", str(file)], stdout=log, stderr=log, env={"OTEL_SDK_DISABLED": "true"}
        )
        url = f"http://127.0.0.1:{port}"
        try:
            _wait(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(10)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        assert process.poll() is None, "the registry ended"
        try:
            with urllib.request.urlopen(f"{url}/v2/", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError("the registry did not start")
