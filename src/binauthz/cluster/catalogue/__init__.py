"""What the cluster serves: every kind with its defaults, its rules and its ``kubectl get`` columns.

Nothing here does I/O; a row is found by ``by_key("apps/deployments")``.
"""

from binauthz.cluster.catalogue.apps import APPS
from binauthz.cluster.catalogue.batch import BATCH
from binauthz.cluster.catalogue.configuration import CONFIGURATION
from binauthz.cluster.catalogue.core import CORE
from binauthz.cluster.resource import Resource

RESOURCES: tuple[Resource, ...] = (*CORE, *APPS, *BATCH, *CONFIGURATION)

_BY_KEY = {resource.key: resource for resource in RESOURCES}
_BY_KIND = {(resource.api_version, resource.kind): resource for resource in RESOURCES}
if not len(_BY_KEY) == len(_BY_KIND) == len(RESOURCES):
    raise ValueError("two resources share a key or a kind")


def by_key(key: str) -> Resource | None:
    """The resource called ``pods`` or ``apps/deployments``."""
    return _BY_KEY.get(key)


def by_kind(api_version: str, kind: str) -> Resource | None:
    """The resource whose objects say that ``apiVersion`` and ``kind``."""
    return _BY_KIND.get((api_version, kind))
