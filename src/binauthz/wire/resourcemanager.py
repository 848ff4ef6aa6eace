"""Projects as Resource Manager v1 shows them (SPEC 7.2)."""

from typing import Any

from google.protobuf.message import Message

from binauthz.services import resourcemanager
from binauthz.services.context import Context
from binauthz.store.records import Project
from binauthz.wire.descriptors import message_class
from binauthz.wire.fields import set_enum
from binauthz.wire.paging import page_of

_PACKAGE = "google.cloud.resourcemanager.v1"


def from_project(project: Project) -> Message:
    """The project as a message."""
    message: Any = message_class(f"{_PACKAGE}.Project")()
    message.project_id = project.project_id
    message.project_number = project.number
    message.name = project.project_id
    message.create_time.FromDatetime(project.create_time)
    set_enum(message, "lifecycle_state", "ACTIVE")
    result: Message = message
    return result


async def get_project(ctx: Context, request: Any) -> Message:
    """GetProject."""
    return from_project(await resourcemanager.get_project(ctx, f"projects/{request.project_id}"))


async def get_ancestry(ctx: Context, request: Any) -> Message:
    """GetAncestry: there are no folders and no organization above a project."""
    project = await resourcemanager.get_project(ctx, f"projects/{request.project_id}")
    answer: Any = message_class(f"{_PACKAGE}.GetAncestryResponse")()
    ancestor = answer.ancestor.add()
    ancestor.resource_id.type = "project"
    ancestor.resource_id.id = project.project_id
    result: Message = answer
    return result


async def list_projects(ctx: Context, request: Any) -> Message:
    """ListProjects: those that the caller may see."""
    page = await resourcemanager.list_projects(ctx, page_of(request))
    answer: Any = message_class(f"{_PACKAGE}.ListProjectsResponse")()
    answer.projects.extend(from_project(each) for each in page.items)
    answer.next_page_token = page.next_token
    result: Message = answer
    return result
