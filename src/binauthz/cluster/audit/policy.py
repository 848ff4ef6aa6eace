"""Which requests leave an audit event.

Every write does, refused ones included, with two exceptions that GKE's own audit policy makes too: Event objects (they
are a log themselves) and the bookkeeping of the cluster's own components (leases, and statuses written by them).
"""

from binauthz.cluster.call import Call

_COMPONENTS = ("system:serviceaccount:kube-system:", "system:node:", "system:kube-")
_SILENT = frozenset({"events", "events.k8s.io/events"})


def is_audited(call: Call) -> bool:
    """Whether a call leaves an event."""
    if not call.writes or call.resource.key in _SILENT:
        return False
    component = call.actor.name.startswith(_COMPONENTS)
    bookkeeping = call.subresource == "status" or call.resource.key == "coordination.k8s.io/leases"
    return not (component and bookkeeping)
