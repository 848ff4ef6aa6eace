"""Served methods that have no verb on the command line, with the reason; `binauthz api` reaches all of them.

A method is found here by its name in v1: the command line speaks v1, and the same method of another version needs no
row of its own. A new method of the table needs a verb or a row, or a test fails.
"""

import re
from collections.abc import Collection

_BULK = "the bulk form of a verb that is there; scripts post the same body with `binauthz api post`"
_CLUSTER = "a detail that gcloud and consoles read about GKE's own machinery; nothing is decided by it"
_FLEET = "set up once for a project, if at all"
_OPERATION = "verbs wait for their operations, so that nobody needs to look at one"
_REGISTRY = "reads about a registry that its own tools give too; they are there for gcloud and consoles"
_RANDOM = "a machine has random bytes of its own; the method is there for clients of Cloud KMS"
_DESCRIBED = "the same three kinds of resource for everyone; entries show theirs"
_ANCESTRY = "asked by gcloud on its way; nothing lies above a project here"
_LOCATION = "asked by clients that offer locations for choice"

_FAMILIES = {
    "google.container.v1.ClusterManager": {
        _CLUSTER: ("GetServerConfig", "ListNodePools", "GetNodePool", "SetLabels"),
        _OPERATION: ("ListOperations", "CancelOperation"),
    },
    "google.cloud.gkehub.v1.GkeHub": {
        _FLEET: ("CreateFleet", "GetFleet", "ListFleets", "UpdateFleet", "DeleteFleet"),
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
    "google.cloud.location.Locations": {_LOCATION: ("GetLocation", "ListLocations")},
    "grafeas.v1.Grafeas": {_BULK: ("BatchCreateNotes", "BatchCreateOccurrences")},
    "google.devtools.artifactregistry.v1.ArtifactRegistry": {
        _REGISTRY: (
            "GetRepository",
            "ListRepositories",
            "GetDockerImage",
            "ListDockerImages",
            "GetPackage",
            "ListPackages",
            "GetVersion",
            "ListVersions",
            "GetTag",
            "ListTags",
            "GetProjectSettings",
        ),
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
