"""Which names, labels and annotations Kubernetes accepts, and what it says of the others."""

import re
from collections.abc import Callable

from binauthz.cluster.catalogue.fields import Object, mapping, text
from binauthz.cluster.catalogue.violations import Violations, invalid, too_long

NameRule = Callable[[str], list[str]]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_RELAXED_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_PATH_SEGMENT = ("/", "%")
_ANNOTATIONS_LIMIT = 256 * 1024

_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_RFC1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_QUALIFIED_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_CONFIG_KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def dns_label(name: str) -> list[str]:
    """RFC 1123 label: namespaces, containers, volumes."""
    if len(name) > 63:
        return ["must be no more than 63 characters"]
    return [] if _LABEL.fullmatch(name) else [_LABEL_TEXT]


def dns_1035_label(name: str) -> list[str]:
    """RFC 1035 label: services."""
    if len(name) > 63:
        return ["must be no more than 63 characters"]
    return [] if _RELAXED_LABEL.fullmatch(name) else [_RFC1035_TEXT]


def dns_subdomain(name: str) -> list[str]:
    """RFC 1123 subdomain: the names of most kinds."""
    if len(name) > 253:
        return ["must be no more than 253 characters"]
    return [] if all(_LABEL.fullmatch(part) for part in name.split(".")) else [_SUBDOMAIN_TEXT]


def path_segment(name: str) -> list[str]:
    """Names that need only fit a URL path: roles and bindings."""
    if name in {".", ".."}:
        return [f"may not be '{name}'"]
    return [f"may not contain '{mark}'" for mark in _PATH_SEGMENT if mark in name]


def qualified_name(name: str) -> list[str]:
    """A label or annotation key: an optional DNS prefix and a name of up to 63 characters."""
    prefix, slash, last = name.rpartition("/")
    problems: list[str] = []
    if slash:
        if not prefix:
            problems.append("prefix part must be non-empty")
        else:
            problems += [f"prefix part {problem}" for problem in dns_subdomain(prefix)]
    if not last:
        problems.append("name part must be non-empty")
    elif len(last) > 63:
        problems.append("name part must be no more than 63 characters")
    if last and len(last) <= 63 and not _QUALIFIED.fullmatch(last):
        problems.append(_QUALIFIED_TEXT)
    return problems


def label_value(value: str) -> list[str]:
    """The value of a label."""
    if len(value) > 63:
        return ["must be no more than 63 characters"]
    return [] if _VALUE.fullmatch(value) else [_VALUE_TEXT]


def config_key(key: str) -> list[str]:
    """A key of a ConfigMap or Secret."""
    if len(key) > 253:
        return ["must be no more than 253 characters"]
    if key in {".", ".."}:
        return [f"must not be '{key}'"]
    return [] if _CONFIG_KEY.fullmatch(key) else [_CONFIG_KEY_TEXT]


def check_labels(labels: Object, path: str) -> Violations:
    """Labels as metadata and templates carry them."""
    found: Violations = []
    for key, value in labels.items():
        found += [invalid(path, key, problem) for problem in qualified_name(key)]
        found += [invalid(path, value, problem) for problem in label_value(str(value))]
    return found


def check_metadata(obj: Object, rule: NameRule, path: str = "metadata") -> Violations:
    """Name, labels and annotations of an object; a missing name is the caller's to refuse."""
    metadata = mapping(obj, *path.split("."))
    found: Violations = []
    name = text(metadata, "name")
    if name:
        found += [invalid(f"{path}.name", name, problem) for problem in rule(name)]
    found += check_labels(mapping(metadata, "labels"), f"{path}.labels")
    annotations = mapping(metadata, "annotations")
    size = 0
    for key, value in annotations.items():
        found += [invalid(f"{path}.annotations", key, problem) for problem in qualified_name(key.lower())]
        size += len(key.encode()) + len(str(value).encode())
    if size > _ANNOTATIONS_LIMIT:
        found.append(too_long(f"{path}.annotations", _ANNOTATIONS_LIMIT))
    return found
