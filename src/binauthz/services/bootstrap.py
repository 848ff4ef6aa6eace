"""What a store holds before anybody calls: a project, an owner, the system policy, and for `up` a cluster (DESIGN 7).

Doing it again changes nothing that somebody may have changed meanwhile, except where the embedded cluster is reached.
"""

import dataclasses
import datetime as dt
import uuid
from dataclasses import dataclass

from binauthz.base.clock import Clock
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy
from binauthz.services import etags, tokens
from binauthz.services.authorization import INSTALLATION
from binauthz.services.enablement import TITLES
from binauthz.services.policies import SYSTEM_POLICY
from binauthz.store.interface import Store, Writer
from binauthz.store.records import (
    Binding,
    Cluster,
    EnabledService,
    IamPolicy,
    Membership,
    Project,
    Token,
)

OWNER = "user:owner@binauthz.local"
PROJECT_ID = "demo-project"
PROJECT_NUMBER = 123456789012
CLUSTER_LOCATION = "us-central1-a"
CLUSTER_ID = "local-cluster"
MEMBERSHIP_LOCATION = "global"

# The members that Google documents for when the system policy is switched off (SPEC 1.8).
SYSTEM_PATTERNS = (
    "gcr.io/google-containers/*",
    "k8s.gcr.io/**",
    "gke.gcr.io/**",
    "gcr.io/gke-release/asm/*",
    "gcr.io/stackdriver-agents/*",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSeed:
    """Where the embedded cluster is reached, and by which credentials it and we know each other."""

    server: str
    ca_pem: str
    webhook_token_hash: str
    proxy_token: str
    version: str = ""
    on_error: str = "fail-open"
    location: str = CLUSTER_LOCATION
    cluster_id: str = CLUSTER_ID


async def prepare(
    store: Store,
    clock: Clock,
    *,
    project_id: str = PROJECT_ID,
    project_number: int = PROJECT_NUMBER,
    owner: str = OWNER,
    owner_token: str = "",
    cluster: ClusterSeed | None = None,
) -> None:
    """Fill a store; idempotent.

    ``owner_token`` is the plaintext of the owner's bearer token, made by the caller with ``tokens.generate`` and kept
    by it; only its hash is stored. The owner holds ``roles/owner`` on the installation.
    """
    now = clock.now()
    etag = etags.fresh()
    unique_id = str(uuid.uuid4())

    def body(tx: Writer) -> None:
        _project(tx, project_id, project_number, now)
        _owner(tx, owner)
        if owner_token:
            token = tokens.record(owner_token, owner, now)
            if tx.get(Token, token.name) is None:
                tx.insert(token)
        if tx.get(Policy, SYSTEM_POLICY) is None:
            tx.insert(_system_policy(now, etag))
        if cluster is not None:
            _cluster(tx, project_id, cluster, now, unique_id)

    await store.write(body)


def _project(tx: Writer, project_id: str, number: int, now: dt.datetime) -> None:
    name = f"projects/{project_id}"
    if tx.get(Project, name) is None:
        taken = {each.number for each in tx.list(Project, "")}
        while number in taken:
            number += 1
        tx.insert(Project(name=name, number=number, create_time=now))
        for host in TITLES:
            tx.put(EnabledService(name=f"{name}/services/{host}"))


def _owner(tx: Writer, owner: str) -> None:
    policy = tx.get(IamPolicy, INSTALLATION) or IamPolicy(name=INSTALLATION)
    members = next((each.members for each in policy.bindings if each.role == "roles/owner"), ())
    if owner not in members:
        others = tuple(each for each in policy.bindings if each.role != "roles/owner")
        binding = Binding(role="roles/owner", members=(*members, owner))
        tx.put(dataclasses.replace(policy, bindings=(*others, binding)))


def _system_policy(now: dt.datetime, etag: str) -> Policy:
    return Policy(
        name=SYSTEM_POLICY,
        description="System images that are exempt where a project's policy enables the global evaluation.",
        global_evaluation=GlobalEvaluation.ENABLE,
        allowlist=SYSTEM_PATTERNS,
        default_rule=AdmissionRule(
            evaluation_mode=EvaluationMode.ALWAYS_ALLOW,
            enforcement_mode=EnforcementMode.ENFORCED_BLOCK_AND_AUDIT_LOG,
        ),
        update_time=now,
        etag=etag,
    )


def _cluster(tx: Writer, project_id: str, seed: ClusterSeed, now: dt.datetime, unique_id: str) -> None:
    project = f"projects/{project_id}"
    name = f"{project}/locations/{seed.location}/clusters/{seed.cluster_id}"
    current = tx.get(Cluster, name) or Cluster(
        name=name, server=seed.server, ca_pem=seed.ca_pem, create_time=now, embedded=True
    )
    reached = dataclasses.replace(
        current,
        server=seed.server,
        ca_pem=seed.ca_pem,
        webhook_token_hash=seed.webhook_token_hash,
        proxy_token=seed.proxy_token,
        version=seed.version or current.version,
        on_error=seed.on_error,
        embedded=True,
    )
    tx.put(reached)
    membership = f"{project}/locations/{MEMBERSHIP_LOCATION}/memberships/{seed.cluster_id}"
    if tx.get(Membership, membership) is None:
        tx.insert(Membership(name=membership, cluster=name, unique_id=unique_id, create_time=now, update_time=now))
