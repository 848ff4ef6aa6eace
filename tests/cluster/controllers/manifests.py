"""Objects that tests create."""

from typing import Any

IMAGE = "us-docker.pkg.dev/google-samples/containers/gke/hello-app@sha256:" + "37" * 32

Object = dict[str, Any]


def template(app: str, image: str = IMAGE, **spec: Any) -> Object:
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [{"name": "c", "image": image}], **spec}}


def pod(name: str, image: str = IMAGE, **metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **metadata},
        "spec": {"containers": [{"name": "c", "image": image}]},
    }


def workload(kind: str, name: str, *, api_version: str = "apps/v1", **spec: Any) -> Object:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template(name), **spec},
    }
