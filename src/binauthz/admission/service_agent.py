"""Whether a project may rely on an attestor of another (B109, SPEC 1.9).

The enforcer acts as the service agent of the project whose cluster asks. For an attestor or a note of another project
that agent needs the same two grants as in Google's cross-project set-up; without them the attestor does not exist for
it, and the image is denied (SPEC 12).
"""

from binauthz.attestation.model import Attestor
from binauthz.services.authorization import permits
from binauthz.services.context import Caller
from binauthz.services.names import project_of, service_agent
from binauthz.store.interface import Reader
from binauthz.store.records import Project

_VERIFY = "binaryauthorization.attestors.verifyImageAttested"
_LIST_OCCURRENCES = "containeranalysis.notes.listOccurrences"


def may_use(tx: Reader, project: str, attestor: Attestor) -> bool:
    """Whether the project's service agent may verify with the attestor and list what is attached to its note."""
    own = tx.get(Project, f"projects/{project}")
    if own is None:
        return False
    agent = Caller(principal=f"serviceAccount:{service_agent(own.number)}")
    wanted = ((_VERIFY, attestor.name), (_LIST_OCCURRENCES, attestor.note))
    return all(
        project_of(resource) == own.name or permits(tx, agent, permission, resource) for permission, resource in wanted
    )
