"""Served methods that have no verb on the command line, with the reason; `binauthz api` reaches all of them.

A method is found here by its name in v1: the command line speaks v1, and the same method of another version needs no
row of its own. A new method of the table needs a verb or a row, or a test fails.
"""

import re
from collections.abc import Collection

_BULK = "the bulk form of a verb that is there; scripts post the same body with `binauthz api post`"
_CLUSTER = "a detail that gcloud and consoles read about GKE's own machinery; nothing is decided by it"
_OPERATION = "such operations are done as soon as they are made; verbs print what they made"
_REGISTRY = "the list of them shows what it says; it is there for gcloud and consoles"
_REDIRECTION = "asked by gcloud on its way; nothing is redirected here"
_RANDOM = "a machine has random bytes of its own; the method is there for clients of Cloud KMS"
_DESCRIBED = "the same three kinds of resource for everyone; entries show theirs"
_ANCESTRY = "asked by gcloud on its way; nothing lies above a project here"

_FAMILIES = {
    "google.container.v1.ClusterManager": {
        _CLUSTER: ("ListNodePools", "GetNodePool", "SetLabels"),
    },
    "google.cloud.kms.v1.KeyManagementService": {
        _RANDOM: ("GenerateRandomBytes",),
    },
    "google.api.serviceusage.v1.ServiceUsage": {_BULK: ("BatchGetServices",)},
    "google.logging.v2.LoggingServiceV2": {_DESCRIBED: ("ListMonitoredResourceDescriptors",)},
    "google.longrunning.Operations": {
        _OPERATION: ("GetOperation", "ListOperations", "CancelOperation", "DeleteOperation"),
    },
    "google.cloud.resourcemanager.v1.Projects": {_ANCESTRY: ("GetAncestry",)},
    "grafeas.v1.Grafeas": {_BULK: ("BatchCreateNotes", "BatchCreateOccurrences")},
    "google.devtools.artifactregistry.v1.ArtifactRegistry": {
        _REGISTRY: ("GetVersion", "GetTag"),
        _REDIRECTION: ("GetProjectSettings",),
    },
}

EXCEPTIONS = {
    f"{service}.{method}": reason
    for service, reasons in _FAMILIES.items()
    for reason, methods in reasons.items()
    for method in methods
}

_MOVED = {
    "grafeas.v1.Grafeas.GetVulnerabilityOccurrencesSummary": (
        "google.devtools.containeranalysis.v1.ContainerAnalysis.GetVulnerabilityOccurrencesSummary"
    ),
}


def in_v1(full_name: str) -> str:
    """The name that a method of any version has in v1."""
    name = re.sub(r"\.v1(?:alpha|beta)\d*\.", ".v1.", full_name)
    name = re.sub(r"V1(?:Alpha|Beta)\d+(?=\.)", "" if name.startswith(("grafeas", "google.devtools")) else "V1", name)
    return _MOVED.get(name, name)


def without_verb_or_reason(served: Collection[str], called: Collection[str]) -> list[str]:
    """Served methods that no verb calls and no row excuses, in any version."""
    return sorted(name for name in served if not {name, in_v1(name)} & {*called, *EXCEPTIONS})
