"""Artifact Registry, as far as it is read (SPEC 7.3); what writes answers UNIMPLEMENTED."""

from collections.abc import Callable, Iterator
from typing import Any

from binauthz.transports.method import Method
from binauthz.transports.methods.rows import name, parent, row
from binauthz.wire import artifactregistry


def methods() -> Iterator[Method]:
    """Every served method of Artifact Registry."""
    service, handlers = "google.devtools.artifactregistry.v1.ArtifactRegistry", artifactregistry
    for noun, plural, get, listing in (
        ("Repository", "Repositories", handlers.get_repository, handlers.list_repositories),
        ("DockerImage", "DockerImages", handlers.get_docker_image, handlers.list_docker_images),
        ("Package", "Packages", handlers.get_package, handlers.list_packages),
        ("Version", "Versions", handlers.get_version, handlers.list_versions),
        ("Tag", "Tags", handlers.get_tag, handlers.list_tags),
    ):
        permission = f"artifactregistry.{plural.lower()}"
        yield row(service, f"Get{noun}", f"{permission}.get", _repository(name), get)
        yield row(service, f"List{plural}", f"{permission}.list", _repository(parent), listing)
    yield row(
        service, "GetProjectSettings", "artifactregistry.projectsettings.get", name, handlers.get_project_settings
    )


def _repository(named: Callable[[Any], str]) -> Callable[[Any], str]:
    """Rights are held on a repository or above: what lies in one has no IAM policy of its own."""
    return lambda request: "/".join(named(request).split("/")[:6])
