"""Whether one project's enforcement may rely on another project's attestor (SPEC 1.9, 2.2).

Two grants are needed, as in the service we are compatible with: the enforcing project's service agent must hold
``attestorsVerifier`` on the attestor, and the attestor's own agent must be able to read the note it points at.
"""

from binauthz.attestation.model import Attestor
from binauthz.services import projects
from binauthz.services.authorization import permits
from binauthz.services.context import Caller
from binauthz.services.names import project_of
from binauthz.store.interface import Reader

_VERIFY = "binaryauthorization.attestors.verifyImageAttested"
_READ_NOTE = "containeranalysis.notes.listOccurrences"


def service_agent(project_number: int) -> str:
    """The address of a project's Binary Authorization service agent."""
    return f"service-{project_number}@gcp-sa-binaryauthorization.iam.gserviceaccount.com"


def may_use(tx: Reader, project: str, attestor: Attestor) -> bool:
    """Whether enforcement in ``project`` (an id) may rely on the attestor and on the note it points at."""
    enforcing = projects.find(tx, f"projects/{project}")
    if enforcing is None:
        return False
    own = project_of(attestor.name) == enforcing.name
    agent = Caller(principal=f"serviceAccount:{service_agent(enforcing.number)}")
    if not own and not permits(tx, agent, _VERIFY, attestor.name):
        return False
    if project_of(attestor.note) == project_of(attestor.name):
        return True
    reader = Caller(principal=f"serviceAccount:{attestor.delegation_service_account}")
    return own or permits(tx, reader, _READ_NOTE, attestor.note)
