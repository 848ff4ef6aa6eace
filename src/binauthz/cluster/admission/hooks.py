"""Which webhooks a request concerns: rules and selectors of ValidatingWebhookConfiguration objects. Pure."""

import base64
import binascii
import enum
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from binauthz.cluster import selectors
from binauthz.cluster.client import Object, StatusError
from binauthz.cluster.selectors import Selector

CONFIGURATIONS = "admissionregistration.k8s.io/validatingwebhookconfigurations"
_EVERYTHING = "*"


class Operation(enum.Enum):
    """What is about to happen to an object."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a request is about, as far as webhooks select by it. A namespace is ``namespaced`` in its own name."""

    operation: Operation
    group: str
    version: str
    plural: str
    subresource: str
    namespaced: bool
    new: Object | None
    old: Object | None
    namespace_labels: Mapping[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of one webhook."""

    operations: frozenset[str]
    groups: frozenset[str]
    versions: frozenset[str]
    resources: tuple[tuple[str, str], ...]
    scope: str

    def matches(self, target: Target) -> bool:
        """Whether every part of the rule fits."""
        return (
            bool(self.operations & {_EVERYTHING, target.operation.value})
            and bool(self.groups & {_EVERYTHING, target.group})
            and bool(self.versions & {_EVERYTHING, target.version})
            and self.scope in (_EVERYTHING, "Namespaced" if target.namespaced else "Cluster")
            and any(
                plural in (_EVERYTHING, target.plural) and sub in (_EVERYTHING, target.subresource)
                for plural, sub in self.resources
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One webhook, ready to be matched and called."""

    name: str
    configuration: str
    url: str
    authorities: str
    fail_open: bool
    timeout: float
    rules: tuple[Rule, ...]
    namespaces: Selector
    objects: Selector

    def concerns(self, target: Target) -> bool:
        """Whether the webhook is to be asked."""
        return (
            any(rule.matches(target) for rule in self.rules)
            and self._namespace_matches(target)
            and self._object_matches(target)
        )

    def _namespace_matches(self, target: Target) -> bool:
        """Objects outside namespaces are not exempted by the namespace selector; a Namespace is its own."""
        labels = target.namespace_labels
        return labels is None or all(one.matches(labels) for one in self.namespaces)

    def _object_matches(self, target: Target) -> bool:
        """Either version of the object may match, so that a label cannot be removed to slip through."""
        return not self.objects or any(
            obj is not None and selectors.matches_labels(self.objects, obj) for obj in (target.new, target.old)
        )


def hooks_of(configuration: Object) -> tuple[Hook, ...]:
    """The webhooks of a configuration that passed ``refusals``."""
    return tuple(_hook(configuration, webhook) for webhook in configuration.get("webhooks") or [])


def _hook(configuration: Object, webhook: Object) -> Hook:
    client = webhook["clientConfig"]
    return Hook(
        name=webhook["name"],
        configuration=configuration["metadata"]["name"],
        url=client["url"],
        authorities=base64.b64decode(client.get("caBundle", "")).decode("ascii"),
        fail_open=webhook.get("failurePolicy") == "Ignore",
        timeout=float(webhook.get("timeoutSeconds", 10)),
        rules=tuple(_rule(rule) for rule in webhook.get("rules") or []),
        namespaces=selectors.from_object(webhook.get("namespaceSelector")),
        objects=selectors.from_object(webhook.get("objectSelector")),
    )


def _rule(rule: Mapping[str, Any]) -> Rule:
    resources = []
    for name in rule.get("resources") or []:
        plural, _, subresource = name.partition("/")
        resources.append((plural, subresource))
    return Rule(
        operations=frozenset(rule.get("operations") or ()),
        groups=frozenset(rule.get("apiGroups") or ()),
        versions=frozenset(rule.get("apiVersions") or ()),
        resources=tuple(resources),
        scope=rule.get("scope") or _EVERYTHING,
    )


def refusals(configuration: Object) -> list[tuple[str, str]]:
    """What a configuration asks for and we cannot do, as violations: it is refused rather than half obeyed."""
    found = []
    for index, webhook in enumerate(configuration.get("webhooks") or []):
        path = f"webhooks[{index}]"
        client = webhook.get("clientConfig") or {}
        if webhook.get("matchConditions"):
            found.append((f"{path}.matchConditions", "Forbidden: this cluster does not evaluate match conditions"))
        if client.get("service"):
            found.append((f"{path}.clientConfig.service", "Forbidden: nothing runs in this cluster; use a url"))
        if "v1" not in (webhook.get("admissionReviewVersions") or []):
            found.append((f"{path}.admissionReviewVersions", "Forbidden: this cluster sends admission.k8s.io/v1 only"))
        if not _is_bundle(client.get("caBundle", "")):
            found.append(
                (f"{path}.clientConfig.caBundle", 'Invalid value: "caBundle": unable to load root certificates')
            )
        for field in ("namespaceSelector", "objectSelector"):
            try:
                selectors.from_object(webhook.get(field))
            except StatusError as error:
                found.append((f"{path}.{field}", f"Invalid value: {error.message}"))
    return found


def _is_bundle(encoded: str) -> bool:
    if not encoded:
        return True
    try:
        ssl.create_default_context(cadata=base64.b64decode(encoded, validate=True).decode("ascii"))
    except (binascii.Error, ValueError, ssl.SSLError):
        return False
    return True
