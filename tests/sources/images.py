"""Hand-made images, and how they get into a registry: plain HTTP, as the distribution specification says."""

import hashlib
import json
import urllib.request
from typing import Any

CREATED = "2026-03-01T10:20:30.123456789Z"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest(body: bytes) -> str:
    """The digest with its algorithm."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def descriptor(media_type: str, body: bytes, **more: Any) -> dict[str, Any]:
    """What a manifest says of the bytes."""
    return {"mediaType": media_type, "digest": digest(body), "size": len(body), **more}


def config(created: str = CREATED, architecture: str = "amd64") -> bytes:
    """An image configuration."""
    rootfs = {"type": "layers", "diff_ids": []}
    return json.dumps({"architecture": architecture, "os": "linux", "created": created, "rootfs": rootfs}).encode()


def image(configuration: bytes, *layers: bytes) -> bytes:
    """An image manifest."""
    document = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": descriptor(CONFIG, configuration),
        "layers": [descriptor(LAYER, each) for each in layers],
    }
    return json.dumps(document).encode()


def index(**manifests: bytes) -> bytes:
    """An index of image manifests by architecture."""
    rows = [descriptor(IMAGE, body, platform={"architecture": name, "os": "linux"}) for name, body in manifests.items()]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": rows}).encode()


class Pusher:
    """Puts content into a registry."""

    def __init__(self, url: str) -> None:
        self._url = url

    def blob(self, repository: str, body: bytes) -> None:
        """Upload a blob in one piece."""
        location = self._send("POST", f"{self._url}/v2/{repository}/blobs/uploads/", b"")
        joint = "&" if "?" in location else "?"
        self._send("PUT", f"{location}{joint}digest={digest(body)}", body, "application/octet-stream")

    def manifest(self, repository: str, reference: str, body: bytes, media_type: str = IMAGE) -> str:
        """Upload a manifest; returns its digest."""
        self._send("PUT", f"{self._url}/v2/{repository}/manifests/{reference}", body, media_type)
        return digest(body)

    def image(self, repository: str, tag: str, *layers: bytes, created: str = CREATED, arch: str = "amd64") -> str:
        """Upload an image whole; returns its digest."""
        configuration = config(created, arch)
        for each in (configuration, *layers):
            self.blob(repository, each)
        return self.manifest(repository, tag, image(configuration, *layers))

    def delete(self, repository: str, reference: str) -> None:
        """Remove a manifest."""
        self._send("DELETE", f"{self._url}/v2/{repository}/manifests/{reference}", None)

    def _send(self, verb: str, url: str, body: bytes | None, media_type: str = "") -> str:
        request = urllib.request.Request(url, data=body, method=verb)
        if media_type:
            request.add_header("Content-Type", media_type)
        with urllib.request.urlopen(request, timeout=10) as response:
            return str(response.headers.get("Location", ""))
