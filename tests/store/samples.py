"""Records to store: strategies for every type, and plain ones for tests that need no variety."""

import datetime as dt
import itertools
import uuid
from typing import Any

from hypothesis import strategies as st

from binauthz.attestation.model import (
    Attestation,
    Attestor,
    AttestorKey,
    PgpKey,
    PkixKey,
    Signature,
    SignatureAlgorithm,
)
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy
from binauthz.policy.platform.model import CloudRunPolicy, CloudRunRule, InlineAttestor, InlineKey, PlatformPolicy
from binauthz.store.records import (
    Binding,
    Cluster,
    ClusterOperation,
    ContinuousValidationConfig,
    CryptoKey,
    CryptoKeyVersion,
    EnabledService,
    Fleet,
    IamPolicy,
    KeyRing,
    LogEntry,
    Membership,
    Note,
    Occurrence,
    Operation,
    PolicyBinding,
    Project,
    ScheduledDestruction,
    Token,
)
from tests.oracle.platform_worlds import policies as gke_policies

NOW = dt.datetime(2026, 11, 16, 0, 40, 25, 198122, tzinfo=dt.UTC)
DIGESTS = [character * 64 for character in "abc123"]

# A body may hold any text, NUL too; a name or an indexed column may not.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
columns = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
ids = st.text("abcdefghijklmnopqrstuvwxyz0123456789-._~:%éß", min_size=1, max_size=12)
moments = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001
maybe = st.none() | moments
blobs = st.binary(max_size=40)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)  # fmt: skip
objects = st.dictionaries(texts, json_values, max_size=4)

_counter = itertools.count()


def fresh_project() -> str:
    """A project that no other example has."""
    return f"projects/p{next(_counter)}-{uuid.uuid4().hex[:8]}"


def names(*collections: str) -> st.SearchStrategy[str]:
    """Resource names: ``names("projects", "attestors")`` are ``projects/x/attestors/y``."""
    return st.tuples(*(ids.map(f"{collection}/{{}}".format) for collection in collections)).map("/".join)


rules = st.builds(
    AdmissionRule,
    evaluation_mode=st.sampled_from(EvaluationMode),
    enforcement_mode=st.sampled_from(EnforcementMode),
    require_attestations_by=st.lists(texts, max_size=3).map(tuple),
)
rule_maps = st.dictionaries(texts, rules, max_size=2)
policies = st.builds(
    Policy,
    name=ids.map("projects/{}/policy".format),
    description=texts,
    global_evaluation=st.sampled_from(GlobalEvaluation),
    allowlist=st.lists(texts, max_size=3).map(tuple),
    cluster_rules=rule_maps,
    namespace_rules=rule_maps,
    service_account_rules=rule_maps,
    istio_rules=rule_maps,
    default_rule=st.none() | rules,
    update_time=maybe,
    etag=texts,
    unknown=blobs,
)
keys = st.builds(
    AttestorKey,
    id=texts,
    material=st.none()
    | st.builds(PkixKey, pem=texts, algorithm=st.sampled_from(SignatureAlgorithm))
    | st.builds(PgpKey, armored=texts),
    comment=texts,
)
attestors = st.builds(
    Attestor,
    name=names("projects", "attestors"),
    note=texts,
    description=texts,
    keys=st.lists(keys, max_size=3).map(tuple),
    delegation_service_account=texts,
    update_time=maybe,
    etag=texts,
    unknown=blobs,
)
projects = st.builds(Project, name=names("projects"), number=st.integers(1, 2**62), create_time=moments)
services = st.builds(EnabledService, name=names("projects", "services"))
operations = st.builds(
    Operation, name=names("projects", "operations"), done=st.booleans(), response=objects, metadata=objects
)
clusters = st.builds(
    Cluster,
    name=names("projects", "locations", "clusters"),
    server=texts,
    ca_pem=texts,
    create_time=moments,
    evaluation_mode=texts,
    policy_bindings=st.lists(st.builds(PolicyBinding, name=texts, enforcement_mode=texts), max_size=2).map(tuple),
    on_error=st.sampled_from(["fail-open", "fail-closed"]),
    strict_updates=st.booleans(),
    status=texts,
    version=texts,
    embedded=st.booleans(),
    proxy_token=texts,
    webhook_token_hash=texts,
    break_glass_groups=st.lists(texts, max_size=2).map(tuple),
    status_message=texts,
    unique_id=texts,
    kept=st.booleans(),
    settings=objects,
)
cluster_operations = st.builds(
    ClusterOperation,
    name=names("projects", "locations", "operations"),
    cluster=texts,
    type=texts,
    start_time=moments,
    status=texts,
    end_time=maybe,
    detail=texts,
    error=texts,
    error_code=st.integers(0, 16),
    stages=st.dictionaries(texts, texts, max_size=2),
)
fleets = st.builds(
    Fleet,
    name=names("projects", "locations", "fleets"),
    unique_id=texts,
    create_time=moments,
    update_time=moments,
    settings=objects,
)
memberships = st.builds(
    Membership,
    name=names("projects", "locations", "memberships"),
    cluster=texts,
    unique_id=texts,
    create_time=moments,
    update_time=moments,
    labels=st.dictionaries(texts, texts, max_size=2),
    settings=objects,
)
key_rings = st.builds(KeyRing, name=names("projects", "locations", "keyRings"), create_time=moments)
crypto_keys = st.builds(
    CryptoKey,
    name=names("projects", "locations", "keyRings", "cryptoKeys"),
    create_time=moments,
    algorithm=texts,
    protection_level=texts,
    destroy_after_seconds=st.integers(0, 2**40),
    labels=st.dictionaries(texts, texts, max_size=2),
    last_version=st.integers(0, 2**31),
)
crypto_key_versions = st.builds(
    CryptoKeyVersion,
    name=names("projects", "locations", "keyRings", "cryptoKeys", "cryptoKeyVersions"),
    state=texts,
    algorithm=texts,
    protection_level=texts,
    create_time=moments,
    generate_time=maybe,
    destroy_time=maybe,
    destroy_event_time=maybe,
    generation_failure_reason=texts,
    public_pem=texts,
    material=blobs,
)
scheduled_destructions = st.builds(
    ScheduledDestruction, name=names("scheduledDestructions"), version=texts, time=moments
)
iam_policies = st.builds(
    IamPolicy,
    name=names("projects") | names("projects", "notes"),
    bindings=st.lists(
        st.builds(Binding, role=texts, members=st.lists(texts, max_size=2).map(tuple)), max_size=2
    ).map(tuple),
    etag=texts,
    version=st.integers(0, 3),
)  # fmt: skip
tokens = st.builds(
    Token,
    name=st.text("0123456789abcdef", min_size=64, max_size=64),
    principal=texts,
    create_time=moments,
    expire_time=maybe,
    groups=st.lists(texts, max_size=2).map(tuple),
)
notes = st.builds(
    Note,
    name=names("projects", "notes"),
    kind=columns,
    create_time=moments,
    update_time=moments,
    body=blobs,
    v1beta1=blobs,
)
attestations = st.builds(
    Attestation,
    name=texts,
    note=texts,
    resource_uri=texts,
    payload=blobs,
    signatures=st.lists(st.builds(Signature, public_key_id=texts, signature=blobs), max_size=2).map(tuple),
    jwts=st.lists(texts, max_size=2).map(tuple),
)
occurrences = st.builds(
    Occurrence,
    name=names("projects", "occurrences"),
    note=columns | names("projects", "notes"),
    kind=columns,
    resource_uri=columns,
    create_time=moments,
    update_time=moments,
    body=blobs,
    digest=st.sampled_from(["", *DIGESTS]),
    attestation=st.none() | attestations,
    severity=columns,
    fixable=st.booleans(),
    package=columns,
    v1beta1=blobs,
)
inline_keys = st.builds(InlineKey, id=texts, comment=texts, pgp=texts, pem=texts, algorithm=texts)
inline_attestors = st.builds(
    InlineAttestor, id=texts, note=texts, description=texts, keys=st.lists(inline_keys, max_size=2).map(tuple)
)
cloud_run_rules = st.builds(
    CloudRunRule, evaluation_mode=st.sampled_from(EvaluationMode), enforcement_mode=st.sampled_from(EnforcementMode),
    attestors=st.lists(inline_attestors, max_size=2).map(tuple),
)  # fmt: skip
cloud_run_policies = st.builds(
    CloudRunPolicy, allowlist=st.lists(texts, max_size=2).map(tuple), rule=st.none() | cloud_run_rules
)
platform_policies = st.builds(
    PlatformPolicy, name=names("projects", "platforms", "policies"), description=texts, gke=st.none() | gke_policies(),
    cloud_run=st.none() | cloud_run_policies, update_time=maybe, etag=texts, unknown=blobs,
)  # fmt: skip
validation_configs = st.builds(
    ContinuousValidationConfig,
    name=names("projects").map("{}/continuousValidationConfig".format),
    enabled=st.booleans(),
    update_time=maybe,
)

every_record = st.one_of(
    platform_policies, validation_configs, policies, attestors, projects, services, operations, clusters,
    cluster_operations, fleets, memberships, iam_policies, key_rings, crypto_keys, crypto_key_versions,
    scheduled_destructions, tokens, notes, occurrences,
)  # fmt: skip


def attestation_occurrence(project: str, id: str, *, note: str = "projects/n/notes/n", digest: str = DIGESTS[0],
                           identity: str = "", payload: bytes = b"{}") -> Occurrence:  # fmt: skip
    """An attestation of an image, as gcloud makes it."""
    name = f"{project}/occurrences/{id}"
    uri = f"us-docker.pkg.dev/p1/r/img@sha256:{digest}"
    return Occurrence(
        name=name,
        note=note,
        kind="ATTESTATION",
        resource_uri=uri,
        create_time=NOW,
        update_time=NOW,
        body=b"proto",
        digest=digest,
        identity=identity,
        attestation=Attestation(name=name, note=note, resource_uri=uri, payload=payload),
    )


def attestor(project: str, id: str, **fields: Any) -> Attestor:
    """An attestor without keys."""
    return Attestor(name=f"{project}/attestors/{id}", note="projects/n/notes/n", **fields)


def log_entry(project: str, id: str, *, at: dt.datetime = NOW, log: str = "cloudaudit.googleapis.com%2Factivity",
              severity: str = "DEFAULT", **document: Any) -> LogEntry:  # fmt: skip
    """A log entry whose document agrees with its columns."""
    log_name = f"{project}/logs/{log}"
    named = {"logName": log_name, "insertId": id, "timestamp": at.isoformat().replace("+00:00", "Z")}
    return LogEntry(
        name=f"{log_name}/{id}", log_name=log_name, timestamp=at, severity=severity, document={**named, **document}
    )
