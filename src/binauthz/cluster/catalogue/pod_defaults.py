"""What Kubernetes fills into a Pod, or into the Pod template of a workload, that leaves it out."""

from binauthz.cluster.catalogue.fields import Object, attach, default, items, mapping, text
from binauthz.cluster.catalogue.quantity import quantity

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_MODE = 0o644


def image_tag(image: str) -> str:
    """The tag of a reference; ``latest`` when it has neither tag nor digest, empty when it has only a digest."""
    name, at, _digest = image.partition("@")
    last = name.rpartition("/")[2]
    _, colon, tag = last.partition(":")
    if colon:
        return tag
    return "" if at else "latest"


def default_pod_spec(spec: Object) -> None:
    """Defaults that a Pod and a Pod template share (core/v1 ``SetDefaults_PodSpec``)."""
    default(
        spec,
        restartPolicy="Always",
        dnsPolicy="ClusterFirst",
        terminationGracePeriodSeconds=30,
        schedulerName="default-scheduler",
    )
    attach(spec, "securityContext")
    account = text(spec, "serviceAccountName") or text(spec, "serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for key in ("initContainers", "containers", "ephemeralContainers"):
        for container in items(spec, key):
            default_container(container, host_network=spec.get("hostNetwork") is True)
    for volume in items(spec, "volumes"):
        _default_volume(volume)


def default_container(container: Object, *, host_network: bool = False) -> None:
    """Defaults of one container of any sort."""
    default(
        container,
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        imagePullPolicy="Always" if image_tag(text(container, "image")) == "latest" else "IfNotPresent",
    )
    resources = attach(container, "resources")
    for name, limit in mapping(resources, "limits").items():
        attach(resources, "requests").setdefault(name, limit)
    for port in items(container, "ports"):
        default(port, protocol="TCP")
        if host_network:
            default(port, hostPort=port.get("containerPort"))
    for kind in _PROBES:
        probe = mapping(container, kind)
        if probe:
            default(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
            _default_http_get(probe)
    for hook in ("postStart", "preStop"):
        _default_http_get(mapping(container, "lifecycle", hook))
    for variable in items(container, "env"):
        if reference := mapping(variable, "valueFrom", "fieldRef"):
            default(reference, apiVersion="v1")


def _default_http_get(handler: Object) -> None:
    if action := mapping(handler, "httpGet"):
        default(action, path="/", scheme="HTTP")


def _default_volume(volume: Object) -> None:
    if set(volume) <= {"name"}:
        volume["emptyDir"] = {}
    for kind in ("secret", "configMap", "downwardAPI", "projected"):
        if isinstance(volume.get(kind), dict):
            default(volume[kind], defaultMode=_MODE)
    for source in items(volume, "projected", "sources"):
        if token := mapping(source, "serviceAccountToken"):
            default(token, expirationSeconds=3600)
    if host_path := mapping(volume, "hostPath"):
        default(host_path, type="")


def default_pod(pod: Object) -> None:
    """What only a Pod itself gets: by defaulting, and by the admission plug-ins that a standard cluster enables."""
    spec = attach(pod, "spec")
    default(spec, serviceAccountName=text(spec, "serviceAccount") or "default")
    default_pod_spec(spec)
    default(spec, enableServiceLinks=True, priority=0, preemptionPolicy="PreemptLowerPriority")
    tolerations = spec["tolerations"] = list(items(spec, "tolerations"))
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(t.get("key") in (key, None, "") and t.get("effect") in ("NoExecute", None, "") for t in tolerations):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})


def qos_class(spec: Object) -> str:
    """Guaranteed, Burstable or BestEffort, from the cpu and memory of all containers."""
    containers = items(spec, "initContainers") + items(spec, "containers")
    some = False
    guaranteed = True
    for container in containers:
        requests, limits = mapping(container, "resources", "requests"), mapping(container, "resources", "limits")
        for name in ("cpu", "memory"):
            request, limit = quantity(requests.get(name)), quantity(limits.get(name))
            some = some or request > 0 or limit > 0
            guaranteed = guaranteed and limit > 0 and request == limit
    if not some:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"
