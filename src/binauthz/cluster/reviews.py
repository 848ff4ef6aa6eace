"""Questions about rights: resources that can be created but are not stored.

``kubectl auth whoami`` and ``kubectl auth can-i`` ask these; the answers come from the same rules as every decision.
"""

from typing import Any

from binauthz.base.clock import Clock
from binauthz.cluster import authorization
from binauthz.cluster.authorization import Attempt
from binauthz.cluster.call import AUTHENTICATED, MASTERS, Call, User
from binauthz.cluster.client import Object
from binauthz.cluster.metadata import stamp
from binauthz.cluster.resource import Resource
from binauthz.cluster.status import bad_request

_AUTHENTICATION, _AUTHORIZATION = "authentication.k8s.io", "authorization.k8s.io"


def _review(group: str, version: str, plural: str, kind: str, *, namespaced: bool = False) -> Resource:
    return Resource(group=group, version=version, plural=plural, kind=kind, namespaced=namespaced)


REVIEWS: tuple[Resource, ...] = (
    _review(_AUTHENTICATION, "v1", "selfsubjectreviews", "SelfSubjectReview"),
    _review(_AUTHORIZATION, "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    _review(_AUTHORIZATION, "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    _review(_AUTHORIZATION, "v1", "subjectaccessreviews", "SubjectAccessReview"),
    _review(_AUTHORIZATION, "v1", "localsubjectaccessreviews", "LocalSubjectAccessReview", namespaced=True),
)
OLD_REVIEWS: tuple[Resource, ...] = (_review(_AUTHENTICATION, "v1beta1", "selfsubjectreviews", "SelfSubjectReview"),)
"""What kubectl 1.27 asks instead of v1."""

VIRTUAL = frozenset(resource.key for resource in REVIEWS)


def answer_review(call: Call, clock: Clock) -> Object:
    """The review with its status filled in."""
    body = call.body if isinstance(call.body, dict) else {}
    kind = call.resource.kind
    answer: Object = {"kind": kind, "apiVersion": call.resource.api_version}
    spec = body.get("spec") or {}
    if not isinstance(spec, dict):
        raise bad_request(f"{kind}: spec must be an object")
    match kind:
        case "SelfSubjectReview":
            answer["metadata"] = {"creationTimestamp": stamp(clock.now())}
            answer["status"] = {"userInfo": call.actor.info()}
        case "SelfSubjectRulesReview":
            answer |= {"metadata": {}, "spec": spec, "status": _rules(call.actor)}
        case "SelfSubjectAccessReview":
            answer |= {"metadata": {}, "spec": spec, "status": _access(call.actor, spec)}
        case _:
            groups = tuple(str(group) for group in spec.get("groups") or [])
            user = User(name=str(spec.get("user", "")), groups=groups)
            answer |= {"metadata": {}, "spec": spec, "status": _access(user, spec)}
    return answer


def _access(user: User, spec: Object) -> Object:
    wanted: Any = spec.get("resourceAttributes")
    if not isinstance(wanted, dict):
        path = spec.get("nonResourceAttributes")
        if not isinstance(path, dict):
            raise bad_request("exactly one of nonResourceAttributes or resourceAttributes must be specified")
        reads = path.get("verb") == "get"
        return {"allowed": MASTERS in user.groups or (reads and AUTHENTICATED in user.groups)}
    attempt = Attempt(
        verb=str(wanted.get("verb", "")),
        group=str(wanted.get("group", "")),
        plural=str(wanted.get("resource", "")),
        subresource=str(wanted.get("subresource", "")),
        namespace=str(wanted.get("namespace", "")),
        name=str(wanted.get("name", "")),
    )
    ruling = authorization.rule(user, attempt)
    status: Object = {"allowed": ruling.allowed}
    if ruling.reason:
        status["reason"] = ruling.reason
    return status


def _rules(user: User) -> Object:
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    own = {
        "verbs": ["create"],
        "apiGroups": [_AUTHENTICATION, _AUTHORIZATION],
        "resources": ["selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    }
    paths = {"verbs": ["get"], "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/version"]}
    incomplete = True
    if MASTERS in user.groups:
        rules, incomplete = [everything], False
    elif authorization.VIEWERS in user.groups:
        rules = [own, {"verbs": ["get", "list", "watch"], "apiGroups": ["*"], "resources": ["*"]}]
    else:
        rules = [own, everything]
    return {"resourceRules": rules, "nonResourceRules": [paths], "incomplete": incomplete}
