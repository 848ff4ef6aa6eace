"""Which cluster is calling: bound to a credential of its own, never to what the request claims (B27, B100).

The path names the cluster and the token proves it; a token of one cluster opens no door of another. While the store
is down the last record read serves to know the caller and how errors count for it, and for nothing else.
"""

import asyncio
import hashlib
import hmac
import re
from dataclasses import dataclass

from binauthz.admission.entries import ClusterIdentity
from binauthz.admission.http import Refused, Scope, bearer, raw_path
from binauthz.base.names import is_id
from binauthz.sources.gather import Sources, Unanswered
from binauthz.sources.snapshot import Snapshot
from binauthz.store.records import Cluster

_ROUTE = re.compile(
    r"(?:/t/(?P<token>[A-Za-z0-9._~-]{1,512}))?"
    r"/v1/projects/(?P<project>[^/%]{1,128})(?P<policy>/policy)?"
    r"/locations/(?P<location>[^/%]{1,64})/clusters/(?P<cluster>[^/:%]{1,64}):(?P<verb>[A-Za-z]{1,32})"
)
_MAX_PATH = 1024
_MAX_TOKEN = 4096


@dataclass(frozen=True, slots=True)
class Route:
    """A door of one cluster: ``verb`` is what is asked, ``token`` what the caller shows."""

    identity: ClusterIdentity
    verb: str
    token: str


def route(scope: Scope) -> Route | None:
    """The door that the path names, or None."""
    path = raw_path(scope)
    match = _ROUTE.fullmatch(path) if len(path) <= _MAX_PATH else None
    if match is None:
        return None
    project, location, cluster = match["project"], match["location"], match["cluster"]
    if not (is_id("project", project) and is_id("location", location) and is_id("cluster", cluster)):
        return None
    verb = f"policy:{match['verb']}" if match["policy"] else match["verb"]
    return Route(ClusterIdentity(project, location, cluster), verb, match["token"] or bearer(scope))


@dataclass(frozen=True, slots=True)
class KnownCluster:
    """The cluster that proved itself, and the snapshot that its record is from.

    ``trouble`` is set, and there is no snapshot, where the record is the last one read and not the present one.
    """

    record: Cluster
    snapshot: Snapshot | None = None
    trouble: Unanswered | None = None


async def identify(sources: Sources, asked: Route, budget_seconds: float) -> KnownCluster:
    """The cluster that the token proves, looked up within the budget.

    Raises:
        Refused: 401 for a wrong token or an unknown cluster, told apart to nobody; 503 when the store cannot say and
            never said before.
    """
    name = asked.identity.name
    trouble: Unanswered | None = None
    snapshot: Snapshot | None = None
    try:
        async with asyncio.timeout(budget_seconds):
            record, snapshot = await sources.open(name)
    except (Unanswered, TimeoutError) as error:
        trouble = error if isinstance(error, Unanswered) else Unanswered("DeadlineExceeded")
        record = sources.last_known_cluster(name)
        if record is None:
            raise Refused(503, f"the cluster cannot be looked up: {trouble.reason}", close=True) from None
    given = hashlib.sha256(asked.token[:_MAX_TOKEN].encode("latin-1", "replace")).hexdigest()
    expected = record.webhook_token_hash if record is not None else ""
    if not hmac.compare_digest(given.encode(), expected.encode()) or record is None or not asked.token:
        raise Refused(401, "got no valid credential of this cluster, expected its webhook token", close=True)
    return KnownCluster(record, snapshot, trouble)
