"""LabelSelectors: validation, display, and which labels they match (metav1.LabelSelector)."""

from binauthz.cluster.catalogue.fields import Object, items, strings, text
from binauthz.cluster.catalogue.names import label_value, qualified_name
from binauthz.cluster.catalogue.violations import Violations, forbidden, invalid, required


def matches(selector: Object, labels: dict[str, str]) -> bool:
    """Whether every requirement holds. An empty selector matches everything, as in Kubernetes; workloads refuse one."""
    if any(labels.get(key) != value for key, value in strings(selector, "matchLabels").items()):
        return False
    return all(_holds(expression, labels) for expression in items(selector, "matchExpressions"))


def _holds(expression: Object, labels: dict[str, str]) -> bool:
    key, operator = text(expression, "key"), text(expression, "operator")
    values = expression.get("values") or []
    match operator:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False


def is_empty(selector: Object) -> bool:
    """Whether it has no requirement."""
    return not selector.get("matchLabels") and not selector.get("matchExpressions")


def shown(selector: Object) -> str:
    """The selector as kubectl shows it, and as a ``labelSelector`` parameter accepts it."""
    parts = [f"{key}={value}" for key, value in sorted(strings(selector, "matchLabels").items())]
    for expression in items(selector, "matchExpressions"):
        key, operator = text(expression, "key"), text(expression, "operator")
        values = ",".join(sorted(str(value) for value in expression.get("values") or []))
        match operator:
            case "In":
                parts.append(f"{key} in ({values})")
            case "NotIn":
                parts.append(f"{key} notin ({values})")
            case "Exists":
                parts.append(key)
            case _:
                parts.append(f"!{key}")
    return ",".join(parts) or "<none>"


def shown_labels(labels: dict[str, str]) -> str:
    """A plain map of labels as kubectl shows it."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or "<none>"


def check(selector: Object, path: str) -> Violations:
    """What Kubernetes refuses in a LabelSelector."""
    found: Violations = []
    for key, value in strings(selector, "matchLabels").items():
        found += [invalid(f"{path}.matchLabels", key, problem) for problem in qualified_name(key)]
        found += [invalid(f"{path}.matchLabels", value, problem) for problem in label_value(value)]
    for index, expression in enumerate(items(selector, "matchExpressions")):
        found += _check_expression(expression, f"{path}.matchExpressions[{index}]")
    return found


def _check_expression(expression: Object, path: str) -> Violations:
    key, operator, values = text(expression, "key"), text(expression, "operator"), expression.get("values") or []
    found: Violations = []
    match operator:
        case "In" | "NotIn":
            if not values:
                found.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
        case "Exists" | "DoesNotExist":
            if values:
                detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                found.append(forbidden(f"{path}.values", detail))
        case _:
            found.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    return found + [invalid(f"{path}.key", key, problem) for problem in qualified_name(key)]
