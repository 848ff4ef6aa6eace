"""The Logging query language (SPEC 5.1, 5.2): the documented queries return exactly the right entries, and everything
else means what a plain reading says."""

import contextlib
import dataclasses
import datetime as dt
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from binauthz.store.interface import FilterError
from binauthz.store.records import LogEntry
from tests.store.conftest import Database
from tests.store.filters import ORDERINGS, quoted
from tests.store.samples import NOW, fresh_project, log_entry

property_settings = settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
P = "projects/p"
ACTIVITY = "cloudaudit.googleapis.com%2Factivity"
VIOLATIONS = "binaryauthorization.googleapis.com%2Fcontinuous_validation"
HOOK = "imagepolicywebhook.image-policy.k8s.io"
FAILED_OPEN = "failed-open.validating.webhook.admission.k8s.io"


def pod_entry(id: str, *, verb: str = "create", log: str = ACTIVITY, labels: dict[str, str] | None = None,
              metadata: dict[str, Any] | None = None, response: dict[str, Any] | None = None,
              cluster: str = "local-cluster") -> LogEntry:  # fmt: skip
    """What a kube-apiserver's audit event becomes (SPEC 5.3)."""
    request = {
        "@type": "core.k8s.io/v1.Pod",
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "nginx", "namespace": "default", **(metadata or {})},
        "spec": {"containers": [{"name": "nginx", "image": "nginx:latest"}]},
        "status": {},
    }
    failed = response or {}
    status = {"code": 3, "message": failed.get("message")} if failed.get("status") == "Failure" else {"code": 0}
    return log_entry(
        P,
        id,
        log=log,
        receiveTimestamp="2026-11-16T00:40:27.693033521Z",
        resource={
            "type": "k8s_cluster",
            "labels": {"project_id": "p", "location": "us-central1-a", "cluster_name": cluster},
        },
        operation={"id": id, "producer": "k8s.io", "first": True, "last": True},
        labels={"authorization.k8s.io/decision": "allow", **(labels or {})},
        protoPayload={
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "k8s.io",
            "methodName": f"io.k8s.core.v1.pods.{verb}",
            "resourceName": "core/v1/namespaces/default/pods/nginx",
            "authenticationInfo": {"principalEmail": "user@example.com"},
            "authorizationInfo": [
                {"granted": True, "permission": f"io.k8s.core.v1.pods.{verb}"},
                {"granted": False, "permission": "io.k8s.core.v1.pods.exec"},
            ],
            "requestMetadata": {"callerIp": "203.0.113.9", "callerSuppliedUserAgent": "kubectl/v1.28.9"},
            "request": request,
            "response": response or {**request, "@type": "core.k8s.io/v1.Pod"},
            "status": status,
        },
    )


def refusal(*, reason: str = "VIOLATES_POLICY", code: int = 400) -> dict[str, Any]:
    return {
        "@type": "core.k8s.io/v1.Status",
        "apiVersion": "v1",
        "kind": "Status",
        "metadata": {},
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": f'admission webhook "{HOOK}" denied the request: Image nginx:latest denied by ALWAYS_DENY',
    }


ENTRIES = [
    pod_entry("allowed"),
    pod_entry("blocked", response=refusal()),
    pod_entry("blocked-update", verb="update", response=refusal()),
    pod_entry("blocked-legacy", response=refusal(reason="Forbidden", code=403)),
    pod_entry("quota", response=refusal(reason="Invalid", code=422)),
    pod_entry("blocked-delete", verb="delete", response=refusal()),
    pod_entry("other-cluster", response=refusal(), cluster="other"),
    pod_entry(
        "breakglass",
        metadata={"labels": {"image-policy.k8s.io/break-glass": "true"}},
        labels={f"{HOOK}/break-glass": "true", f"{HOOK}/overridden-verification-result": "'nginx' : denied"},
    ),
    pod_entry("breakglass-legacy", metadata={"annotations": {"alpha.image-policy.k8s.io/break-glass": "true"}}),
    pod_entry("dry-run", labels={f"{HOOK}/dry-run": "true", f"{HOOK}/overridden-verification-result": "'n' : x"}),
    pod_entry("dry-run-false", labels={f"{HOOK}/dry-run": "false"}),
    pod_entry("failed-open", labels={f"{HOOK}/failed-open": "true"}),
    pod_entry("failed-open-apiserver", labels={f"{FAILED_OPEN}/round_0_index_0": HOOK}),
    pod_entry("gdc-dry-run", log="externalaudit.googleapis.com%2Factivity",
              labels={"binaryauthorization.googleapis.com/dry-run": "true"}),
    pod_entry("gdc-breakglass", log="externalaudit.googleapis.com%2Factivity",
              labels={"binaryauthorization.googleapis.com/break-glass": "true"}),
    pod_entry("gdc-blocked", log="externalaudit.googleapis.com%2Factivity", response=refusal(reason="Forbidden")),
    log_entry(P, "api", protoPayload={"serviceName": "binaryauthorization.googleapis.com",
              "methodName": "google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1.UpdatePolicy"}),
    log_entry(P, "cv", log=VIOLATIONS, severity="WARNING", resource={"type": "k8s_cluster"}, jsonPayload={
        "podEvent": {"pod": "hello-app", "policyName": "projects/1/platforms/gke/policies/x",
                     "images": [{"image": "a", "result": "DENY"}, {"image": "b", "result": "ALLOW"}]}}),
    log_entry(P, "cv-error", log=VIOLATIONS, severity="WARNING", resource={"type": "k8s_cluster"}, jsonPayload={
        "configErrorEvent": {"description": "Cannot monitor cluster"}}),
    log_entry(P, "text", log="stdout", severity="ERROR", textPayload="Straße 100% \"quoted\" back\\slash"),
]  # fmt: skip

FIRST_FOUR = (
    'resource.type="k8s_cluster"\n'
    'logName:"cloudaudit.googleapis.com%2Factivity"\n'
    '(protoPayload.methodName="io.k8s.core.v1.pods.create" OR\n'
    'protoPayload.methodName="io.k8s.core.v1.pods.update")\n'
)
GCLOUD_FOUR = (
    'resource.type="k8s_cluster" AND logName:"cloudaudit.googleapis.com%2Factivity" AND '
    '(protoPayload.methodName="io.k8s.core.v1.pods.create" OR protoPayload.methodName="io.k8s.core.v1.pods.update")'
)
BLOCKED = (
    FIRST_FOUR + 'protoPayload.response.status="Failure"\n'
    '(protoPayload.response.reason="VIOLATES_POLICY" OR\n'
    'protoPayload.response.reason="Forbidden")'
)
GCLOUD_BLOCKED = (
    GCLOUD_FOUR + ' AND protoPayload.response.status="Failure" AND '
    '(protoPayload.response.reason="VIOLATES_POLICY" OR protoPayload.response.reason="Forbidden")'
)
FAIL_OPEN = (
    '("image-policy.k8s.io/failed-open" OR "imagepolicywebhook.image-policy.k8s.io/failed-open" OR '
    '"failed-open.validating.webhook.admission.k8s.io")'
)
GDC_FOUR = FIRST_FOUR.replace("cloudaudit", "externalaudit")
GDC_BREAKGLASS = (
    '(labels."binaryauthorization.googleapis.com/break-glass"="true" OR '
    'protoPayload.request.metadata.labels."image-policy.k8s.io/break-glass"="true")'
)
IN_ORDER = [entry.document["insertId"] for entry in ENTRIES]


@pytest.fixture(scope="module")
def logged(shared: Database) -> Database:
    shared.log(*ENTRIES)
    return shared


def ids(database: Database, query: str, project: str = P, **options: Any) -> list[str]:
    return [entry.document["insertId"] for entry in database.query(project, query, **options)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(BLOCKED, "blocked blocked-update blocked-legacy other-cluster", id="blocked"),
        pytest.param(GCLOUD_BLOCKED, "blocked blocked-update blocked-legacy other-cluster", id="blocked, gcloud"),
        pytest.param(
            FIRST_FOUR + '"image-policy.k8s.io/break-glass"', "breakglass breakglass-legacy", id="break glass"
        ),
        pytest.param(
            GCLOUD_FOUR + ' AND "image-policy.k8s.io/break-glass"', "breakglass breakglass-legacy", id="bg, gcloud"
        ),
        pytest.param(FIRST_FOUR + FAIL_OPEN, "failed-open failed-open-apiserver", id="fail open"),
        pytest.param(GCLOUD_FOUR + " AND " + FAIL_OPEN, "failed-open failed-open-apiserver", id="fail open, gcloud"),
        pytest.param(FIRST_FOUR + f'labels."{HOOK}/dry-run"="true"', "dry-run", id="dry run"),
        pytest.param(f'labels."{HOOK}/dry-run"="true"', "dry-run", id="dry run, gcloud"),
        pytest.param(
            'resource.type="k8s_cluster" protoPayload.request.metadata.annotations.'
            '"alpha.image-policy.k8s.io/break-glass"="true"',
            "breakglass-legacy",
            id="break glass, codelab",
        ),
        pytest.param(f'labels."{HOOK}/break-glass"="true"', "breakglass", id="break glass by label"),
        pytest.param("protoPayload.response.code=403", "blocked-legacy", id="response code"),
        pytest.param('resource.labels.cluster_name="other"', "other-cluster", id="cluster"),
        pytest.param(
            GDC_FOUR + 'labels."binaryauthorization.googleapis.com/dry-run"="true"', "gdc-dry-run", id="gdc dry run"
        ),
        pytest.param(GDC_FOUR + GDC_BREAKGLASS, "gdc-breakglass", id="gdc break glass"),
        pytest.param(GDC_FOUR + 'protoPayload.response.status="Failure"', "gdc-blocked", id="gdc blocked"),
        pytest.param(f'logName:"{VIOLATIONS}" "policyName"', "cv", id="violations"),
        pytest.param(f'logName:"{VIOLATIONS}" "configErrorEvent"', "cv-error", id="config errors"),
        pytest.param('protoPayload.serviceName="binaryauthorization.googleapis.com"', "api", id="api"),
    ],
)
@pytest.mark.parametrize("freshness", ["", 'timestamp>="2026-11-16T00:40:25.198122Z" AND '], ids=["plain", "fresh"])
def test_the_documented_queries_return_exactly_the_right_entries(
    logged: Database, query: str, expected: str, freshness: str
) -> None:
    assert ids(logged, freshness + query) == expected.split()
    assert ids(logged, freshness + query, descending=True) == expected.split()[::-1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", " ".join(IN_ORDER)),
        ("-- a comment alone", " ".join(IN_ORDER)),
        ("severity>=WARNING", "cv cv-error text"),
        ("severity=error", "text"),
        ("severity>WARNING", "text"),
        ("severity=(WARNING OR ERROR)", "cv cv-error text"),
        ("severity!=DEFAULT AND severity<ERROR", "cv cv-error"),
        ("severity>=400", "cv cv-error text"),
        ('timestamp<"2026-11-16"', ""),
        ("timestamp>2026-11-16T00:40:25.198121999Z insertId=text", "text"),
        ("timestamp>2026-11-16T00:40:25.198122Z", ""),
        ("timestamp<2026-11-16T01:40:25.198122001+01:00 insertId=text", "text"),
        ("timestamp=2026-11-16T00:40:25.198122Z insertId=text", "text"),
        ("timestamp=2026-11-16T00:40:25.1981220001Z OR insertId=text", None),
        ('receiveTimestamp>"2026-11-16T00:40:27Z" insertId=dry-run', "dry-run"),
        ("receiveTimestamp<2026-11-16 OR insertId=text", "text"),
        # Text compares without case; a substring may be of a key.
        ('textPayload:"STRASSE"', "text"),
        ('textPayload="straße 100% \\"QUOTED\\" back\\\\slash"', "text"),
        ('"BACK\\\\SLASH"', "text"),
        ("configerrorevent", "cv-error"),
        ('protoPayload.response.message:"always_deny" protoPayload.methodName:delete', "blocked-delete"),
        ('logName="projects/p/logs/stdout"', "text"),
        ('logName:"%2Fcontinuous"', "cv cv-error"),
        ('logName:"/continuous"', ""),
        ('log_id("stdout")', "text"),
        ('log_id("binaryauthorization.googleapis.com/continuous_validation")', "cv cv-error"),
        # Lists: any element.
        ('protoPayload.authorizationInfo.permission="io.k8s.core.v1.pods.delete"', "blocked-delete"),
        ("jsonPayload.podEvent.images.result=ALLOW", "cv"),
        ("jsonPayload.podEvent.images:DENY", "cv"),
        ("protoPayload.authorizationInfo.granted=false protoPayload.methodName:delete", "blocked-delete"),
        ("jsonPayload.podEvent:hello", "cv"),
        ("jsonPayload:podEvent", "cv"),
        ("jsonPayload=podEvent", ""),
        # Numbers.
        ("protoPayload.response.code>400 protoPayload.response.code<=422", "blocked-legacy quota"),
        ('protoPayload.response.code="403"', "blocked-legacy"),
        ("protoPayload.response.code=4.03e2", "blocked-legacy"),
        ("protoPayload.response.code>abc", ""),
        ("operation.first=TRUE insertId=allowed", "allowed"),
        ("operation.first>false", ""),
        # Presence, and what is missing.
        ("jsonPayload.podEvent:*", "cv"),
        ("textPayload:* OR jsonPayload:*", "cv cv-error text"),
        ("timestamp:* severity:* logName:* insertId=cv", "cv"),
        ("textPayload!=hay", "text"),
        ("textPayload!=hay OR jsonPayload.x!=1", "text"),
        ("NOT protoPayload:* NOT jsonPayload:*", "text"),
        ("NOT textPayload=hay NOT protoPayload:* NOT jsonPayload:*", "text"),
        ('-protoPayload.methodName:"pods" -severity=WARNING', "api text"),
        ("NOT NOT insertId=text", "text"),
        # NOT, then OR, then AND.
        ("insertId=text OR insertId=cv AND severity=ERROR OR severity=INFO", "text"),
        ("insertId=text insertId=text OR insertId=cv", "text"),
        ("NOT insertId=text OR insertId=cv severity>=WARNING", "cv cv-error"),
        ("insertId=(text OR cv)", "cv text"),
        ("insertId:(text AND NOT cv)", "text"),
        ('insertId:("c" AND ("v" OR "x"))', "cv cv-error"),
        ("insertId=cv-error -- why\n-- and more\nseverity=WARNING", "cv-error"),
        ('insertId="cv"-severity=ERROR', "cv"),
        ("203.0.113.9 delete", "blocked-delete"),
        ('labels."authorization.k8s.io/decision"="allow" "pods.delete"', "blocked-delete"),
        ('"labels"."authorization.k8s.io/decision":allow "pods.delete"', "blocked-delete"),
        ("labels.authorization.k8s.io/decision=allow", ""),
    ],
)
def test_what_a_query_means(logged: Database, query: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(FilterError):
            ids(logged, query)
    else:
        assert ids(logged, query) == expected.split()


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ('textPayload=~"a+"', "regular expressions are not supported"),
        ('textPayload!~"(a+)+$"', "regular expressions are not supported"),
        ("severity=LOUD", "got severity `LOUD`, expected one of DEFAULT"),
        ("timestamp>yesterday", "expected = != < <= > or >= and a timestamp"),
        ('timestamp:"2026"', "expected = != < <= > or >= and a timestamp"),
        ("timestamp>2026-13-01", "expected"),
        ("sample(insertId, 0.01)", "got function `sample(...)`"),
        ("insertId=", "ends too soon"),
        ("(insertId=a", "ends too soon"),
        ("insertId=a)", "unexpected `)` at character 10"),
        ("a AND", "ends too soon"),
        ("a AND OR b", "got `OR` where a term"),
        ("OR", "got `OR` where a term"),
        ("a == b", "unexpected `= b`"),
        ('"open', 'unexpected `"open` at character 0'),
        ("a=(b c)", "unexpected `c)`"),
        ("a.", "unexpected `.`"),
        ('a="\x00"', "NUL"),
        ('a="\\u0000"', "NUL"),
        ("\ud800", "lone surrogate"),
        ("x" * 20_001, "20001 characters, expected at most 20000"),
        ("a " * 201, "201 terms, expected at most 200"),
        ("(" * 51 + "a" + ")" * 51, "nests more than 50 levels"),
        ("NOT " * 60 + "a", "nests more than 50 levels"),
        ("a=(" + "NOT " * 4000 + "b)", "nests more than 50 levels"),
        ("(" * 19_999, "ends too soon"),
    ],
)
def test_a_query_outside_the_grammar_says_what_is_wrong(logged: Database, query: str, complaint: str) -> None:
    started = time.monotonic()
    with pytest.raises(FilterError) as error:
        ids(logged, query)
    assert complaint in str(error.value)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "query",
    ["(" * 48 + "insertId=text" + ")" * 48, "insertId=text " * 200, " OR ".join(["insertId=text"] * 200),
     "insertId=(" + " OR ".join(["text"] * 200) + ")", "insertId=text -" + '"' + "y(" * 9_000 + '"'],
)  # fmt: skip
def test_a_query_at_a_limit_is_served(logged: Database, query: str) -> None:
    assert ids(logged, query) == ["text"]


# The oracle: a query is a nested tuple, spelled one way for the store and read another way here.

SEVERITIES = ["DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"]


def leaves(value: Any, path: tuple[str, ...]) -> list[Any]:
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item, path)]
    if not path:
        return [] if value is None else [value]
    return leaves(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else []


def everything_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(text for item in value.values() for text in everything_in(item))]
    if isinstance(value, list):
        return [text for item in value for text in everything_in(item)]
    return [] if value is None else [str(value)]


def as_number(text: str) -> float | None:
    with contextlib.suppress(ValueError):
        return float(text)
    return None


def leaf_matches(relation: str, leaf: Any, wanted: str, *, is_quoted: bool) -> bool:
    folded = wanted.casefold()
    if isinstance(leaf, dict):
        return relation == ":" and any(folded in text.casefold() for text in everything_in(leaf))
    if isinstance(leaf, bool):
        return relation in ":=" and str(leaf).casefold() == folded
    if isinstance(leaf, int | float):
        number = as_number(wanted)
        return number is not None and bool(ORDERINGS["=" if relation == ":" else relation](leaf, number))
    if relation == ":":
        return folded in leaf.casefold()
    if relation != "=" and not is_quoted and as_number(wanted) is not None and as_number(leaf) is not None:
        return bool(ORDERINGS[relation](as_number(leaf), as_number(wanted)))
    return bool(ORDERINGS[relation](leaf.casefold(), folded))


def expected_of(tree: Any, entry: LogEntry) -> bool:
    match tree:
        case ("and", *parts):
            return all(expected_of(part, entry) for part in parts)
        case ("or", *parts):
            return any(expected_of(part, entry) for part in parts)
        case ("not", part):
            return not expected_of(part, entry)
        case ("term", text):
            return any(text.casefold() in found.casefold() for found in everything_in(entry.document))
        case ("timestamp", relation, step):
            # Moments come in steps of half a microsecond, which only a query can spell.
            micros = round((entry.timestamp - NOW) / dt.timedelta(microseconds=1))
            return bool(ORDERINGS[relation](2 * micros, step))
        case ("severity", relation, name):
            return bool(ORDERINGS[relation](SEVERITIES.index(entry.severity), SEVERITIES.index(name)))
        case ("logName", ":", text):
            return text.casefold() in entry.log_name.casefold()
        case ("present", path):
            return bool(leaves(entry.document, path))
        case ("compare", path, "!=", text, is_quoted):
            found = leaves(entry.document, path)
            return bool(found) and not any(leaf_matches("=", leaf, text, is_quoted=is_quoted) for leaf in found)
        case ("compare", path, relation, text, is_quoted):
            return any(leaf_matches(relation, leaf, text, is_quoted=is_quoted) for leaf in leaves(entry.document, path))
    raise AssertionError(tree)


def spelled(tree: Any) -> str:
    match tree:
        case ("and", *parts):
            return "\n".join(f"({spelled(part)})" for part in parts)
        case ("or", *parts):
            return " OR ".join(f"({spelled(part)})" for part in parts)
        case ("not", part):
            return f"-({spelled(part)})"
        case ("term", text):
            return quoted(text)
        case ("timestamp", relation, step):
            micros, half = divmod(step, 2)
            moment = NOW + dt.timedelta(microseconds=micros)
            return f'timestamp{relation}"{moment:%Y-%m-%dT%H:%M:%S.%f}{"500" if half else ""}Z"'
        case ("present", path):
            return ".".join(map(quoted, path)) + ":*"
        case ("compare", path, relation, text, is_quoted):
            return f"{'.'.join(map(quoted, path))} {relation} {quoted(text) if is_quoted else text}"
        case (field, relation, text):
            return f"{field}{relation}{quoted(text)}"
    raise AssertionError(tree)


# Few keys and values, so that queries and documents meet.
keys = st.sampled_from(["a", "b.c", "K", "a/b"])
texts = st.sampled_from(["", "a", "A", "ab", "straße", "STRASSE", "5", "05", "5.0", "true", "%", '"', "\\", "10"])
documents = st.recursive(
    st.none() | st.booleans() | st.sampled_from([5, 5.0, -1, 10, 0.5]) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
paths = st.lists(keys, min_size=1, max_size=3).map(tuple)
bare = st.sampled_from(["a", "ab", "5", "05", "5.0", "-1", "1e1", "true", "FALSE"])
relations = st.sampled_from(["=", "!=", "<", "<=", ">", ">=", ":"])
comparisons = (
    st.tuples(st.just("compare"), paths, relations, texts, st.just(True))
    | st.tuples(st.just("compare"), paths, relations, bare, st.just(False))
    | st.tuples(st.just("present"), paths)
    | st.tuples(st.just("term"), texts)
    | st.tuples(st.just("timestamp"), st.sampled_from(sorted(ORDERINGS)), st.integers(-4, 4))
    | st.tuples(st.just("severity"), st.sampled_from(sorted(ORDERINGS)), st.sampled_from(SEVERITIES))
    | st.tuples(st.just("logName"), st.just(":"), st.sampled_from(["", "logs/x", "%2F", "X%2f", "é"]))
)
trees = st.recursive(
    comparisons,
    lambda inner: st.tuples(st.just("not"), inner)
    | st.lists(inner, min_size=2, max_size=3).flatmap(
        lambda parts: st.sampled_from([("and", *parts), ("or", *parts)])
    ),
    max_leaves=6,
)  # fmt: skip
made = st.lists(
    st.tuples(
        st.dictionaries(keys, documents, max_size=3),
        st.integers(-2, 2),
        st.sampled_from(SEVERITIES),
        st.sampled_from(["x", "x%2Fy", "É"]),
    ),
    max_size=5,
)


@property_settings
@given(tree=trees, contents=made)
def test_a_query_selects_what_a_plain_reading_selects(shared: Database, tree: Any, contents: Any) -> None:
    project = fresh_project()
    entries = [
        dataclasses.replace(
            log_entry(project, str(number), at=NOW + dt.timedelta(microseconds=step), severity=severity, log=log),
            document=document,
        )
        for number, (document, step, severity, log) in enumerate(contents)
    ]
    shared.log(*entries)
    ordered = sorted(entries, key=lambda entry: entry.timestamp)
    expected = [entry.name for entry in ordered if expected_of(tree, entry)]
    assert [entry.name for entry in shared.query(project, spelled(tree))] == expected


tokens = st.sampled_from(
    ["a", "a.b", '"a"', "=", "!=", "<=", ":", "=~", "AND", "OR", "NOT", "-", "(", ")", "--", "\n", "log_id(", "f(", "*",
     "timestamp", "severity", "logName", "2026-01-01", "ERROR", '"', "\\", "'", "; DROP TABLE log_entries", "%s", ":p",
     "?", "\x00", "\ud800", "é", "1e999", "9" * 50, ",", "~", "{", "[", "."]
)  # fmt: skip
hostile = (
    st.text(max_size=30) | st.lists(tokens, max_size=12).map(" ".join) | st.lists(tokens, max_size=12).map("".join)
)


@settings(property_settings, max_examples=500)
@given(query=hostile)
@example(query="severity>=99999999999999999999")
@example(query="severity>=1e300")
@example(query="timestamp>=9999-12-31T23:59:59.999999999Z")
@example(query="timestamp>=0001-01-01T00:00:00+23:59")
@example(query="a>" + "9" * 5000)
def test_B114_hostile_queries_raise_nothing_but_filter_errors(logged: Database, query: str) -> None:
    with contextlib.suppress(FilterError):
        assert set(ids(logged, query)) <= set(IN_ORDER)
