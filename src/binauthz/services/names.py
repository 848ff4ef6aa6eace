"""Resource names as use cases read them: whose project, which id, and what is said when nothing has the name."""

from binauthz.base import names
from binauthz.base.errors import ApiError, Code, invalid_field


def project_of(name: str) -> str:
    """``projects/{p}`` of a resource below a project, or an empty string for one that has none."""
    collection, _, rest = name.partition("/")
    project = rest.partition("/")[0]
    return f"projects/{project}" if collection == "projects" and project else ""


def last_segment(name: str) -> str:
    """The resource's own id."""
    return name.rpartition("/")[2]


def check_note_name(field: str, value: str) -> str:
    """Return the name of a note, with the project by id and not by number (SPEC 2.2)."""
    if not value:
        raise invalid_field(field, "a note name is required, as in projects/PROJECT_ID/notes/NOTE_ID")
    project, _ = names.NOTE.parse(value, field)
    if project.isdigit():
        raise invalid_field(field, f"got the project number in `{value}`, expected the project id")
    return value


def not_found(name: str) -> ApiError:
    """NOT_FOUND for a resource, naming it."""
    return ApiError(Code.NOT_FOUND, f"Resource '{name}' was not found")


def service_agent(project_number: int) -> str:
    """The address of the service account that enforces for a project (SPEC 1.9)."""
    return f"service-{project_number}@gcp-sa-binaryauthorization.iam.gserviceaccount.com"
