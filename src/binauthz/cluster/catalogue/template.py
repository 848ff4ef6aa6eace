"""Pod templates: what every workload checks in the Pods it will make."""

from binauthz.cluster.catalogue import selectors
from binauthz.cluster.catalogue.fields import Object, attach, items, mapping, strings, text
from binauthz.cluster.catalogue.names import check_labels
from binauthz.cluster.catalogue.pod_defaults import default_pod_spec
from binauthz.cluster.catalogue.pod_validation import check_pod_spec
from binauthz.cluster.catalogue.violations import Violations, forbidden, invalid, required, unsupported


def prepare_template(spec: Object, path: str, restart: tuple[str, ...]) -> Violations:
    """Fill and check ``spec.template``; ``restart`` are the restart policies that the workload allows."""
    claimed = frozenset(text(claim, "metadata", "name") for claim in items(spec, "volumeClaimTemplates"))
    template = attach(spec, "template")
    attach(template, "metadata")
    pod = attach(template, "spec")
    default_pod_spec(pod)
    where = f"{path}.template"
    found = check_labels(mapping(template, "metadata", "labels"), f"{where}.metadata.labels")
    found += check_pod_spec(pod, f"{where}.spec", claimed)
    policy = pod.get("restartPolicy")
    if policy not in restart:
        found.append(unsupported(f"{where}.spec.restartPolicy", policy, restart))
    if items(pod, "ephemeralContainers"):
        detail = "ephemeral containers not allowed in pod template"
        found.append(forbidden(f"{where}.spec.ephemeralContainers", detail))
    return found


def check_selector(spec: Object, path: str, kind: str) -> Violations:
    """A selector must be there, say something, and match the Pods of the template."""
    selector = spec.get("selector")
    if not isinstance(selector, dict):
        return [required(f"{path}.selector")]
    found = selectors.check(selector, f"{path}.selector")
    if selectors.is_empty(selector):
        found.append(invalid(f"{path}.selector", selector, f"empty selector is invalid for {kind}"))
    labels = strings(spec, "template", "metadata", "labels")
    if not selectors.matches(selector, labels):
        detail = "`selector` does not match template `labels`"
        found.append(invalid(f"{path}.template.metadata.labels", labels, detail))
    return found


def immutable(new: Object, old: Object | None, field: str, path: str) -> Violations:
    """A field that keeps the value it was created with."""
    if old is None or new.get(field) == old.get(field):
        return []
    return [invalid(f"{path}.{field}", new.get(field), "field is immutable")]
