"""Projects and the IAM policies of everything that has one (SPEC 1.9, 7)."""

from collections.abc import Iterator
from typing import Any

from binauthz.transports.method import Method
from binauthz.transports.methods.rows import nothing, resource, row
from binauthz.wire import iam, resourcemanager

_ANALYSIS = (
    "google.devtools.containeranalysis.v1.ContainerAnalysis",
    "google.devtools.containeranalysis.v1beta1.ContainerAnalysisV1Beta1",
)


def methods() -> Iterator[Method]:
    """Every served method of Resource Manager and of the IAM mixins."""
    yield from _projects()
    yield from _iam()


def _projects() -> Iterator[Method]:
    manager = "google.cloud.resourcemanager.v1.Projects"
    yield row(
        manager,
        "GetProject",
        "resourcemanager.projects.get",
        lambda r: f"projects/{r.project_id}",
        resourcemanager.get_project,
    )
    yield row(manager, "ListProjects", None, nothing, resourcemanager.list_projects)
    yield row(
        manager,
        "GetAncestry",
        "resourcemanager.projects.get",
        lambda r: f"projects/{r.project_id}",
        resourcemanager.get_ancestry,
    )
    yield row(manager, "GetIamPolicy", None, _project_by_id, iam.BY_PROJECT_ID.get)
    yield row(manager, "SetIamPolicy", None, _project_by_id, iam.BY_PROJECT_ID.set)
    yield row(manager, "TestIamPermissions", None, _project_by_id, iam.BY_PROJECT_ID.test)


def _project_by_id(request: Any) -> str:
    return iam.project_name(request.resource)


def _iam() -> Iterator[Method]:
    for service in ("google.iam.v1.IAMPolicy", *_ANALYSIS):
        yield row(service, "GetIamPolicy", None, resource, iam.BY_NAME.get)
        yield row(service, "SetIamPolicy", None, resource, iam.BY_NAME.set)
        yield row(service, "TestIamPermissions", None, resource, iam.BY_NAME.test)
