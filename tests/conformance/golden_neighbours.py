"""The sessions around: clusters, fleets, services, projects, the log, keys and images."""

from tests.conformance.golden import Step
from tests.conformance.golden_sessions import KEY, PEM, RING, step
from tests.conformance.server import PROJECT

ZONE = "--location=us-central1-a"
IMAGES = f"us-docker.pkg.dev/{PROJECT}/containers"
# gcloud prints a dot for each second that it waits.
_FRESH = r"(?<=\n)\.*(?=done\.)"


def neighbours() -> list[Step]:
    """The commands around: clusters, fleet, services, projects, log, keys."""
    cluster = ("local-cluster", "--location=us-central1-a")
    member = ("local-cluster", "--location=global")
    fleet = ("container", "fleet", "memberships")
    query = 'protoPayload.methodName:"CreateKeyRing"'
    fields = "--format=yaml(logName,protoPayload.methodName,protoPayload.resourceName,severity)"
    ring = (f"--keyring={RING}2", "--location=global")
    return [
        step("clusters-list", "container", "clusters", "list"),
        step("clusters-describe", "container", "clusters", "describe", *cluster),
        step("clusters-describe-absent", "container", "clusters", "describe", "absent", cluster[1], code=1),
        step("clusters-get-credentials", "container", "clusters", "get-credentials", *cluster),
        step("fleet-memberships-list", *fleet, "list"),
        step("fleet-memberships-describe", *fleet, "describe", *member),
        step("fleet-memberships-get-credentials", *fleet, "get-credentials", *member),
        step("services-enable", "services", "enable", "container.googleapis.com"),
        step("services-enable-unknown", "services", "enable", "nope.googleapis.com", code=1),
        step("services-list", "services", "list", "--enabled"),
        step("projects-describe", "projects", "describe", PROJECT),
        step("kms-keyrings-create", "kms", "keyrings", "create", f"{RING}2", "--location=global"),
        step("kms-keyrings-list", "kms", "keyrings", "list", "--location=global"),
        step("kms-keys-create", "kms", "keys", "create", KEY, *ring, "--purpose=asymmetric-signing",
              "--default-algorithm=ec-sign-p256-sha256"),
        step("kms-keys-describe", "kms", "keys", "describe", KEY, *ring),
        step("kms-keys-list", "kms", "keys", "list", *ring),
        step("kms-keys-versions-list", "kms", "keys", "versions", "list", f"--key={KEY}", *ring),
        step("kms-keys-versions-get-public-key", "kms", "keys", "versions", "get-public-key", "1", f"--key={KEY}",
              *ring, mask=PEM),
        step("logging-read", "logging", "read", "--freshness=7d", "--order=desc", query, "--limit=1", fields),
        step("logging-read-malformed", "logging", "read", "--freshness=7d", "(((", code=1),
    ]  # fmt: skip


def clusters(track: str) -> list[Step]:
    """A cluster's life, where an installation keeps clusters; beta says what only it can."""
    cluster, shown = ("container", "clusters"), "--format=yaml(name,status,location,binaryAuthorization)"
    if track == "beta":
        binding = f"--binauthz-policy-bindings=name=projects/{PROJECT}/platforms/gke/policies/dirs"
        return [
            step("clusters-update", *cluster, "update", "golden", ZONE, "--binauthz-evaluation-mode=policy-bindings",
                 binding, mask=_FRESH),
            step("clusters-describe-bound", *cluster, "describe", "golden", ZONE, shown),
        ]  # fmt: skip
    return [
        step("clusters-create", *cluster, "create", "golden", ZONE, "--num-nodes=1",
             "--binauthz-evaluation-mode=PROJECT_SINGLETON_POLICY_ENFORCE", shown, mask=_FRESH),
        step("clusters-create-again", *cluster, "create", "golden", ZONE, "--num-nodes=1", code=1, mask=_FRESH),
        step("clusters-update", *cluster, "update", "golden", ZONE, "--binauthz-evaluation-mode=DISABLED",
             mask=_FRESH),
        step("clusters-list-two", *cluster, "list", "--format=table(name,location,status,currentNodeCount)"),
        step("fleet-create", "container", "fleet", "create", "--display-name=golden", mask=_FRESH),
        step("fleet-describe", "container", "fleet", "describe"),
        step("fleet-delete-with-members", "container", "fleet", "delete", code=1),
    ]  # fmt: skip


def clusters_gone() -> list[Step]:
    """The end of the same cluster."""
    cluster = ("container", "clusters")
    return [
        step("clusters-delete", *cluster, "delete", "golden", ZONE, mask=_FRESH),
        step("clusters-delete-absent", *cluster, "delete", "golden", ZONE, code=1, mask=_FRESH),
    ]


def images() -> list[Step]:
    """Artifact Registry, backed by a real registry."""
    docker = ("artifacts", "docker")
    return [
        step("artifacts-repositories-describe", "artifacts", "repositories", "describe", "containers",
             "--location=us", mask=r"(?<=sizeBytes: )\S+|(?<=Repository Size: )\S+"),
        step("artifacts-docker-images-list", *docker, "images", "list", f"{IMAGES}/app", "--include-tags"),
        step("artifacts-docker-images-describe", *docker, "images", "describe", f"{IMAGES}/app:1.0"),
        step("artifacts-docker-images-describe-absent", *docker, "images", "describe", f"{IMAGES}/app:absent", code=1),
        step("artifacts-docker-tags-list", *docker, "tags", "list", f"{IMAGES}/app"),
    ]  # fmt: skip
