"""Google's role names and the permissions they hold (SPEC 1.9), for the services we serve."""

from collections.abc import Iterable

_ATTESTORS = "binaryauthorization.attestors."
_PLATFORM = "binaryauthorization.platformPolicies."
_CV = "binaryauthorization.continuousValidationConfig."
_CA = "containeranalysis."


def _each(prefix: str, verbs: str) -> frozenset[str]:
    return frozenset(prefix + verb for verb in verbs.split())


_PROJECT_READ = frozenset({"resourcemanager.projects.get"})
_POLICY_VIEW = _each("binaryauthorization.policy.", "get") | _each(_PLATFORM, "get list") | _each(_CV, "get")
_POLICY_EDIT = (
    _POLICY_VIEW
    | _each("binaryauthorization.policy.", "update")
    | _each(_PLATFORM, "create delete replace evaluatePolicy")
    | _each(_CV, "update")
)
_POLICY_ADMIN = (
    _POLICY_EDIT
    | _each("binaryauthorization.policy.", "getIamPolicy setIamPolicy")
    | _each(_CV, "getIamPolicy setIamPolicy")
)
_ATTESTOR_VIEW = _each(_ATTESTORS, "get list")
_ATTESTOR_VERIFY = _ATTESTOR_VIEW | _each(_ATTESTORS, "verifyImageAttested")
_ATTESTOR_EDIT = _ATTESTOR_VERIFY | _each(_ATTESTORS, "create delete update")
_ATTESTOR_ADMIN = _ATTESTOR_EDIT | _each(_ATTESTORS, "getIamPolicy setIamPolicy")

_NOTE_VIEW = _each(_CA + "notes.", "get list")
_NOTE_EDIT = _NOTE_VIEW | _each(_CA + "notes.", "attachOccurrence create delete update")
_NOTE_OCCURRENCES = _each(_CA + "notes.", "get listOccurrences")
_NOTE_ATTACH = _each(_CA + "notes.", "get attachOccurrence")
_OCCURRENCE_VIEW = _each(_CA + "occurrences.", "get list")
_OCCURRENCE_EDIT = _OCCURRENCE_VIEW | _each(_CA + "occurrences.", "create delete update")
_CA_IAM = _each(_CA + "notes.", "getIamPolicy setIamPolicy") | _each(_CA + "occurrences.", "getIamPolicy setIamPolicy")
_CA_ADMIN = _NOTE_EDIT | _NOTE_OCCURRENCES | _OCCURRENCE_EDIT | _CA_IAM

_CLUSTER_VIEW = _each("container.clusters.", "get list") | _each("container.operations.", "get list")
_CLUSTER_EDIT = _CLUSTER_VIEW | _each("container.clusters.", "create delete update")
_FLEET_IAM = _each("gkehub.memberships.", "getIamPolicy setIamPolicy")
_CONNECT = _each("container.clusters.", "connect")
_FLEET_VIEW = (
    _each("gkehub.memberships.", "get list")
    | _each("gkehub.locations.", "get list")
    | _each("gkehub.fleet.", "get")
    | _each("gkehub.operations.", "get list")
)
_FLEET_EDIT = (
    _FLEET_VIEW
    | _each("gkehub.operations.", "delete cancel")
    | _each("gkehub.memberships.", "create delete update")
    | _each("gkehub.fleet.", "create delete update")
)
_GATEWAY_READ = _each("gkehub.gateway.", "get generateCredentials")
_GATEWAY_EDIT = _GATEWAY_READ | _each("gkehub.gateway.", "delete patch post put stream")
_LOG_VIEW = _each("logging.", "logEntries.list logs.list")
_LOG_WRITE = _each("logging.", "logEntries.create")
_LOG_DELETE = _each("logging.", "logs.delete")
_SERVICE_VIEW = _each("serviceusage.services.", "get list")
_SERVICE_EDIT = (
    _SERVICE_VIEW
    | _each("serviceusage.services.", "enable disable")
    | _each("serviceusage.operations.", "get list delete cancel")
)
_ARTIFACTS = "artifactregistry."
_ARTIFACT_VIEW = (
    _each(_ARTIFACTS + "repositories.", "get list")
    | _each(_ARTIFACTS + "dockerimages.", "get list")
    | _each(_ARTIFACTS + "packages.", "get list")
    | _each(_ARTIFACTS + "versions.", "get list")
    | _each(_ARTIFACTS + "tags.", "get list")
    | _each(_ARTIFACTS + "projectsettings.", "get")
)
_KMS = "cloudkms."
_KMS_LOCATIONS = _each(_KMS + "locations.", "get list")
_KMS_VIEW = (
    _KMS_LOCATIONS
    | _each(_KMS + "keyRings.", "get list")
    | _each(_KMS + "cryptoKeys.", "get list")
    | _each(_KMS + "cryptoKeyVersions.", "get list")
)
_KMS_EDIT = (
    _KMS_VIEW
    | _each(_KMS + "keyRings.", "create")
    | _each(_KMS + "cryptoKeys.", "create update")
    | _each(_KMS + "cryptoKeyVersions.", "create update")
)
# Administering keys does not include using them: that is the point of having two roles.
_KMS_ADMIN = (
    _KMS_EDIT
    | _each(_KMS + "keyRings.", "getIamPolicy setIamPolicy")
    | _each(_KMS + "cryptoKeys.", "getIamPolicy setIamPolicy")
    | _each(_KMS + "cryptoKeyVersions.", "destroy restore")
)
_KMS_SIGN = _each(_KMS + "cryptoKeyVersions.", "useToSign")
_KMS_PUBLIC = _each(_KMS + "cryptoKeyVersions.", "viewPublicKey")
_KMS_RANDOM = _each(_KMS + "locations.", "generateRandomBytes")
_PROJECT_IAM = _each("resourcemanager.projects.", "getIamPolicy setIamPolicy")

_VIEWER = (
    _KMS_VIEW
    | _PROJECT_READ
    | _POLICY_VIEW
    | _ATTESTOR_VERIFY
    | _NOTE_VIEW
    | _NOTE_OCCURRENCES
    | _OCCURRENCE_VIEW
    | _CLUSTER_VIEW
    | _FLEET_VIEW
    | _GATEWAY_READ
    | _LOG_VIEW
    | _SERVICE_VIEW
    | _ARTIFACT_VIEW
)
_EDITOR = (
    _VIEWER
    | _KMS_EDIT
    | _POLICY_EDIT
    | _ATTESTOR_EDIT
    | _NOTE_EDIT
    | _OCCURRENCE_EDIT
    | _CLUSTER_EDIT
    | _CONNECT
    | _FLEET_EDIT
    | _GATEWAY_EDIT
    | _LOG_WRITE
    | _SERVICE_EDIT
)
_OWNER = (
    _EDITOR
    | _POLICY_ADMIN
    | _ATTESTOR_ADMIN
    | _CA_ADMIN
    | _FLEET_IAM
    | _LOG_DELETE
    | _PROJECT_IAM
    | _KMS_ADMIN
    | _KMS_SIGN
    | _KMS_PUBLIC
    | _KMS_RANDOM
)

ROLES: dict[str, frozenset[str]] = {
    "roles/owner": _OWNER,
    "roles/editor": _EDITOR,
    "roles/viewer": _VIEWER,
    "roles/browser": _PROJECT_READ,
    "roles/artifactregistry.reader": _ARTIFACT_VIEW | _PROJECT_READ,
    "roles/artifactregistry.writer": _ARTIFACT_VIEW | _PROJECT_READ,
    "roles/artifactregistry.repoAdmin": _ARTIFACT_VIEW | _PROJECT_READ,
    "roles/artifactregistry.admin": _ARTIFACT_VIEW | _PROJECT_READ,
    "roles/binaryauthorization.policyViewer": _POLICY_VIEW | _PROJECT_READ,
    "roles/binaryauthorization.policyEditor": _POLICY_EDIT | _PROJECT_READ,
    "roles/binaryauthorization.policyAdmin": _POLICY_ADMIN | _PROJECT_READ,
    "roles/binaryauthorization.policyEvaluator": _each(_PLATFORM, "get list evaluatePolicy"),
    "roles/binaryauthorization.attestorsViewer": _ATTESTOR_VIEW | _PROJECT_READ,
    "roles/binaryauthorization.attestorsVerifier": _ATTESTOR_VERIFY | _PROJECT_READ,
    "roles/binaryauthorization.attestorsEditor": _ATTESTOR_EDIT | _PROJECT_READ,
    "roles/binaryauthorization.attestorsAdmin": _ATTESTOR_ADMIN | _PROJECT_READ,
    "roles/containeranalysis.admin": _CA_ADMIN | _PROJECT_READ,
    "roles/containeranalysis.notes.viewer": _NOTE_VIEW,
    "roles/containeranalysis.notes.editor": _NOTE_EDIT,
    "roles/containeranalysis.notes.attacher": _NOTE_ATTACH,
    "roles/containeranalysis.notes.occurrences.viewer": _NOTE_OCCURRENCES,
    "roles/containeranalysis.occurrences.viewer": _OCCURRENCE_VIEW,
    "roles/containeranalysis.occurrences.editor": _OCCURRENCE_EDIT,
    "roles/container.admin": _CLUSTER_EDIT | _CONNECT | _PROJECT_READ,
    "roles/container.clusterAdmin": _CLUSTER_EDIT | _PROJECT_READ,
    "roles/container.clusterViewer": _CLUSTER_VIEW | _PROJECT_READ,
    "roles/container.developer": _CLUSTER_VIEW | _CONNECT | _PROJECT_READ,
    "roles/container.viewer": _CLUSTER_VIEW | _CONNECT | _PROJECT_READ,
    "roles/gkehub.admin": _FLEET_EDIT | _FLEET_IAM | _PROJECT_READ,
    "roles/gkehub.editor": _FLEET_EDIT | _PROJECT_READ,
    "roles/gkehub.viewer": _FLEET_VIEW | _PROJECT_READ,
    "roles/gkehub.gatewayReader": _GATEWAY_READ,
    "roles/gkehub.gatewayEditor": _GATEWAY_EDIT,
    "roles/gkehub.gatewayAdmin": _GATEWAY_EDIT,
    "roles/logging.admin": _LOG_VIEW | _LOG_WRITE | _LOG_DELETE | _PROJECT_READ,
    "roles/logging.viewer": _LOG_VIEW | _PROJECT_READ,
    "roles/logging.privateLogViewer": _LOG_VIEW | _PROJECT_READ,
    "roles/logging.logWriter": _LOG_WRITE,
    "roles/serviceusage.serviceUsageAdmin": _SERVICE_EDIT,
    "roles/serviceusage.serviceUsageConsumer": _SERVICE_VIEW,
    "roles/serviceusage.serviceUsageViewer": _SERVICE_VIEW,
    "roles/cloudkms.admin": _KMS_ADMIN | _PROJECT_READ,
    "roles/cloudkms.viewer": _KMS_VIEW | _PROJECT_READ,
    "roles/cloudkms.publicKeyViewer": _KMS_PUBLIC | _KMS_LOCATIONS | _PROJECT_READ,
    "roles/cloudkms.signer": _KMS_SIGN | _KMS_LOCATIONS | _PROJECT_READ,
    "roles/cloudkms.verifier": _KMS_PUBLIC | _KMS_LOCATIONS | _PROJECT_READ,
    "roles/cloudkms.signerVerifier": _KMS_SIGN | _KMS_PUBLIC | _KMS_LOCATIONS | _PROJECT_READ,
    "roles/cloudkms.cryptoOperator": _KMS_SIGN | _KMS_PUBLIC | _KMS_RANDOM | _KMS_LOCATIONS | _PROJECT_READ,
    "roles/resourcemanager.projectIamAdmin": _PROJECT_IAM | _PROJECT_READ,
}
PERMISSIONS: frozenset[str] = _OWNER


def granting(permission: str, roles: Iterable[str]) -> bool:
    """Whether one of the roles holds the permission; an unknown role holds nothing."""
    return any(permission in ROLES.get(role, frozenset()) for role in roles)
