"""Which requests leave an audit event, and how much it says.

Every write leaves one, refused ones included, with two exceptions that GKE's own audit policy makes too: Event objects
(they are a log themselves) and the bookkeeping of the cluster's own components (leases, and statuses written by them).
An event about a Secret or a ConfigMap names it and its fate, but never holds it: a log is no place for secrets.
"""

import enum

from binauthz.cluster.call import Call

_COMPONENTS = ("system:serviceaccount:kube-system:", "system:node:", "system:kube-")
_SILENT = frozenset({"events", "events.k8s.io/events"})
_SECRET = frozenset({"secrets", "configmaps"})


class Level(enum.Enum):
    """How much an event says; ``Metadata`` leaves the objects out."""

    NONE = "None"
    METADATA = "Metadata"
    REQUEST_RESPONSE = "RequestResponse"


def level(call: Call) -> Level:
    """The level of the event of a call."""
    if not call.writes or call.resource.key in _SILENT:
        return Level.NONE
    component = call.actor.name.startswith(_COMPONENTS)
    bookkeeping = call.subresource == "status" or call.resource.key == "coordination.k8s.io/leases"
    if component and bookkeeping:
        return Level.NONE
    return Level.METADATA if call.resource.key in _SECRET else Level.REQUEST_RESPONSE
