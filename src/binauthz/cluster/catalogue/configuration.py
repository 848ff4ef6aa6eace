"""Kinds that configure the cluster itself: webhooks, leases and RBAC."""

from binauthz.cluster.catalogue.cells import AGE, NAME, string
from binauthz.cluster.catalogue.fields import Object, attach, default, integer, items, mapping, text
from binauthz.cluster.catalogue.names import check_metadata, dns_subdomain, path_segment
from binauthz.cluster.catalogue.violations import Violations, duplicate, invalid, required, unsupported
from binauthz.cluster.resource import Column, Resource

_CHOICES = {
    "sideEffects": ("None", "NoneOnDryRun"),
    "failurePolicy": ("Fail", "Ignore"),
    "matchPolicy": ("Equivalent", "Exact"),
}
_SCHEME = "'https' is the only allowed URL scheme; desired format: https://host[/path]"


def prepare_webhooks(new: Object, _old: Object | None) -> Violations:
    """Defaults and rules of a ValidatingWebhookConfiguration."""
    found = check_metadata(new, dns_subdomain)
    names: set[str] = set()
    for index, webhook in enumerate(items(new, "webhooks")):
        default(webhook, failurePolicy="Fail", matchPolicy="Equivalent", timeoutSeconds=10)
        attach(webhook, "namespaceSelector")
        attach(webhook, "objectSelector")
        for rule in items(webhook, "rules"):
            default(rule, scope="*")
        path = f"webhooks[{index}]"
        found += _check_webhook(webhook, path)
        name = text(webhook, "name")
        if name in names:
            found.append(duplicate(f"{path}.name", name))
        names.add(name)
    return found


def _check_webhook(webhook: Object, path: str) -> Violations:
    found: Violations = []
    name = text(webhook, "name")
    if not name:
        found.append(required(f"{path}.name"))
    elif problems := dns_subdomain(name):
        found += [invalid(f"{path}.name", name, problem) for problem in problems]
    elif name.count(".") < 2:
        found.append(invalid(f"{path}.name", name, "should be a domain with at least three segments separated by dots"))
    found += _check_versions(webhook, f"{path}.admissionReviewVersions")
    if webhook.get("sideEffects") is None:
        found.append(required(f"{path}.sideEffects", "must specify one of None, NoneOnDryRun"))
    for field, supported in _CHOICES.items():
        if webhook.get(field) not in (*supported, None):
            found.append(unsupported(f"{path}.{field}", webhook[field], supported))
    if not 1 <= integer(webhook, "timeoutSeconds") <= 30:
        detail = "the timeout value must be between 1 and 30 seconds"
        found.append(invalid(f"{path}.timeoutSeconds", webhook["timeoutSeconds"], detail))
    for index, rule in enumerate(items(webhook, "rules")):
        for field in ("operations", "apiGroups", "apiVersions", "resources"):
            if not rule.get(field):
                found.append(required(f"{path}.rules[{index}].{field}"))
    return found + _check_client(mapping(webhook, "clientConfig"), f"{path}.clientConfig")


def _check_versions(webhook: Object, path: str) -> Violations:
    versions = [version for version in webhook.get("admissionReviewVersions") or [] if isinstance(version, str)]
    if not versions:
        return [required(path, "must specify one of v1, v1beta1")]
    if not {"v1", "v1beta1"} & set(versions):
        return [invalid(path, versions, "must include at least one of v1, v1beta1")]
    return []


def _check_client(client: Object, path: str) -> Violations:
    url, service = client.get("url"), client.get("service")
    if (url is None) == (service is None):
        return [required(path, "exactly one of url or service is required")]
    if isinstance(url, str) and not url.startswith("https://"):
        return [invalid(f"{path}.url", url.partition(":")[0], _SCHEME)]
    return []


def prepare_named(new: Object, old: Object | None) -> Violations:
    """RBAC objects: a free name; a binding keeps its role."""
    found = check_metadata(new, path_segment)
    if old is not None and new.get("roleRef") != old.get("roleRef"):
        found.append(invalid("roleRef", new.get("roleRef"), "cannot change roleRef"))
    return found


def prepare_lease(new: Object, _old: Object | None) -> Violations:
    """A Lease."""
    return check_metadata(new, dns_subdomain)


def _subjects(kind: str) -> Column:
    def cell(obj: Object) -> str:
        shown = []
        for subject in items(obj, "subjects"):
            if subject.get("kind") == kind:
                prefix = f"{text(subject, 'namespace')}/" if kind == "ServiceAccount" else ""
                shown.append(prefix + text(subject, "name"))
        return ", ".join(shown)

    return Column(name=f"{kind}s", priority=1, cell=cell)


def _role(obj: Object) -> str:
    return f"{text(obj, 'roleRef', 'kind')}/{text(obj, 'roleRef', 'name')}"


_CREATED = string("Created At", "metadata", "creationTimestamp")
_BINDING = (
    NAME,
    Column(name="Role", cell=_role),
    AGE,
    _subjects("User"),
    _subjects("Group"),
    _subjects("ServiceAccount"),
)

WEBHOOKS = Resource(
    group="admissionregistration.k8s.io",
    version="v1",
    plural="validatingwebhookconfigurations",
    kind="ValidatingWebhookConfiguration",
    namespaced=False,
    categories=("api-extensions",),
    prepare=prepare_webhooks,
    columns=(NAME, Column(name="Webhooks", type="integer", cell=lambda obj: len(items(obj, "webhooks"))), AGE),
)
LEASES = Resource(
    group="coordination.k8s.io",
    version="v1",
    plural="leases",
    kind="Lease",
    prepare=prepare_lease,
    columns=(NAME, string("Holder", "spec", "holderIdentity"), AGE),
)


def _rbac(plural: str, kind: str, columns: tuple[Column, ...]) -> Resource:
    return Resource(
        group="rbac.authorization.k8s.io",
        version="v1",
        plural=plural,
        kind=kind,
        namespaced=not kind.startswith("Cluster"),
        prepare=prepare_named,
        columns=columns,
    )


CONFIGURATION = (
    WEBHOOKS,
    LEASES,
    _rbac("roles", "Role", (NAME, _CREATED)),
    _rbac("rolebindings", "RoleBinding", _BINDING),
    _rbac("clusterroles", "ClusterRole", (NAME, _CREATED)),
    _rbac("clusterrolebindings", "ClusterRoleBinding", _BINDING),
)
