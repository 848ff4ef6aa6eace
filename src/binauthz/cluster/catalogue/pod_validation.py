"""What Kubernetes refuses in the spec of a Pod or of a Pod template."""

from binauthz.cluster.catalogue.fields import Object, items, mapping, text
from binauthz.cluster.catalogue.names import dns_label, dns_subdomain
from binauthz.cluster.catalogue.quantity import parse_quantity
from binauthz.cluster.catalogue.violations import (
    Violations,
    at_least_zero,
    duplicate,
    forbidden,
    invalid,
    not_found,
    required,
    unsupported,
)

_RESTART = ("Always", "OnFailure", "Never")
_PULL = ("Always", "IfNotPresent", "Never")
_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_NOT_EPHEMERAL = ("ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle")


def check_pod_spec(spec: Object, path: str, claimed: frozenset[str] = frozenset()) -> Violations:
    """Everything that can be said of a spec without knowing the rest of the cluster; ``claimed`` are volumes that a
    StatefulSet adds."""
    found, volumes = _check_volumes(spec, f"{path}.volumes")
    volumes |= claimed
    if not items(spec, "containers"):
        found.append(required(f"{path}.containers"))
    names: set[str] = set()
    for key in ("containers", "initContainers", "ephemeralContainers"):
        for index, container in enumerate(items(spec, key)):
            where = f"{path}.{key}[{index}]"
            found += check_container(container, where, volumes)
            name = text(container, "name")
            if name and name in names:
                found.append(duplicate(f"{where}.name", name))
            names.add(name)
    found += _check_choice(spec, "restartPolicy", _RESTART, path) + _check_choice(spec, "dnsPolicy", _DNS, path)
    found += at_least_zero(f"{path}.terminationGracePeriodSeconds", spec.get("terminationGracePeriodSeconds"))
    deadline = spec.get("activeDeadlineSeconds")
    if isinstance(deadline, int) and not 1 <= deadline <= 2**31 - 1:
        detail = "must be between 1 and 2147483647, inclusive"
        found.append(invalid(f"{path}.activeDeadlineSeconds", deadline, detail))
    for field in ("serviceAccountName", "nodeName"):
        if value := text(spec, field):
            found += [invalid(f"{path}.{field}", value, problem) for problem in dns_subdomain(value)]
    for field in ("hostname", "subdomain"):
        if value := text(spec, field):
            found += [invalid(f"{path}.{field}", value, problem) for problem in dns_label(value)]
    return found


def _check_choice(obj: Object, field: str, choices: tuple[str, ...], path: str) -> Violations:
    value = obj.get(field)
    if value is None or value in choices:
        return []
    return [unsupported(f"{path}.{field}", value, choices)]


def check_container(container: Object, path: str, volumes: set[str]) -> Violations:
    """One container of any sort."""
    found: Violations = []
    name, image = text(container, "name"), text(container, "image")
    if not name:
        found.append(required(f"{path}.name"))
    else:
        found += [invalid(f"{path}.name", name, problem) for problem in dns_label(name)]
    if not image:
        found.append(required(f"{path}.image"))
    elif image != image.strip():
        found.append(invalid(f"{path}.image", image, "must not have leading or trailing whitespace"))
    found += _check_choice(container, "imagePullPolicy", _PULL, path)
    found += _check_choice(container, "terminationMessagePolicy", ("File", "FallbackToLogsOnError"), path)
    for index, port in enumerate(items(container, "ports")):
        found += _check_port(port, f"{path}.ports[{index}]")
    for index, variable in enumerate(items(container, "env")):
        if not text(variable, "name"):
            found.append(required(f"{path}.env[{index}].name"))
        elif "=" in variable["name"]:
            detail = "a valid environment variable name must consist only of printable ASCII characters other than '='"
            found.append(invalid(f"{path}.env[{index}].name", variable["name"], detail))
    found += _check_mounts(container, path, volumes)
    return found + _check_resources(mapping(container, "resources"), f"{path}.resources")


def _check_port(port: Object, path: str) -> Violations:
    found: Violations = []
    number = port.get("containerPort")
    if not number:
        found.append(required(f"{path}.containerPort"))
    for field in ("containerPort", "hostPort"):
        value = port.get(field)
        if isinstance(value, int) and value and not 1 <= value <= 65535:
            found.append(invalid(f"{path}.{field}", value, "must be between 1 and 65535, inclusive"))
    return found + _check_choice(port, "protocol", _PROTOCOLS, path)


def _check_mounts(container: Object, path: str, volumes: set[str]) -> Violations:
    found: Violations = []
    paths: set[str] = set()
    for index, mount in enumerate(items(container, "volumeMounts")):
        where = f"{path}.volumeMounts[{index}]"
        name, target = text(mount, "name"), text(mount, "mountPath")
        if not name:
            found.append(required(f"{where}.name"))
        elif name not in volumes:
            found.append(not_found(f"{where}.name", name))
        if not target:
            found.append(required(f"{where}.mountPath"))
        elif target in paths:
            found.append(invalid(f"{where}.mountPath", target, "must be unique"))
        paths.add(target)
    return found


def _check_resources(resources: Object, path: str) -> Violations:
    found: Violations = []
    limits, requests = mapping(resources, "limits"), mapping(resources, "requests")
    for field, amounts in (("limits", limits), ("requests", requests)):
        for name, value in amounts.items():
            amount = parse_quantity(value)
            if amount is not None and amount < 0:
                found.append(invalid(f"{path}.{field}[{name}]", value, "must be greater than or equal to 0"))
    for name, value in requests.items():
        request, limit = parse_quantity(value), parse_quantity(limits.get(name))
        if request is not None and limit is not None and request > limit:
            detail = f"must be less than or equal to {name} limit of {limits[name]}"
            found.append(invalid(f"{path}.requests", value, detail))
    return found


def _check_volumes(spec: Object, path: str) -> tuple[Violations, set[str]]:
    found: Violations = []
    names: set[str] = set()
    for index, volume in enumerate(items(spec, "volumes")):
        where = f"{path}[{index}]"
        name = text(volume, "name")
        if not name:
            found.append(required(f"{where}.name"))
        else:
            found += [invalid(f"{where}.name", name, problem) for problem in dns_label(name)]
            if name in names:
                found.append(duplicate(f"{where}.name", name))
        sources = [key for key, value in volume.items() if key != "name" and value is not None]
        found += [forbidden(f"{where}.{extra}", "may not specify more than 1 volume type") for extra in sources[1:]]
        names.add(name)
    return found, names


def check_ephemeral(container: Object, path: str, others: set[str]) -> Violations:
    """What an ephemeral container may not have (``kubectl debug`` sets none of it)."""
    found = [
        forbidden(f"{path}.{field}", "cannot be set for an Ephemeral Container")
        for field in _NOT_EPHEMERAL
        if container.get(field)
    ]
    if mapping(container, "resources", "limits") or mapping(container, "resources", "requests"):
        found.append(forbidden(f"{path}.resources", "cannot be set for an Ephemeral Container"))
    target = text(container, "targetContainerName")
    if target and target not in others:
        found.append(not_found(f"{path}.targetContainerName", target))
    return found
