"""The sessions whose output is kept: every command of ``gcloud container binauthz``, in the order of a user's day."""

from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.conformance.golden import Step
from tests.conformance.server import PROJECT
from tests.conformance.signing import payload

NOTE = "qa-note"
RING, KEY = "ring", "signing"
DIGEST = "c" * 64
IMAGE = f"us-docker.pkg.dev/p1/r/img@sha256:{DIGEST}"
_B = ("container", "binauthz")
_POLICY, _ATTESTORS, _KEYS = (*_B, "policy"), (*_B, "attestors"), (*_B, "attestors", "public-keys")
_ATTESTATIONS = (*_B, "attestations")
_MEMBER = ("--member=user:a@example.com", "--role=roles/binaryauthorization.attestorsVerifier")
_VIEWER = ("--member=user:a@example.com", "--role=roles/binaryauthorization.policyViewer")
_QA = f"projects/{PROJECT}/attestors/qa"
_PGP = Path(__file__).parent.parent / "vectors" / "keys" / "pgp-ed25519.asc"
_KEY = ec.derive_private_key(20_260_501, ec.SECP256R1())
_ID = "//example.com/qa-key"
# The two lines of a P-256 key that a server has just made.
PEM = r"(?m)(?:(?<=\n)|(?<=\n    ))(?:[A-Za-z0-9+/]{64}|[A-Za-z0-9+/]{58}==)$"
_FILES = {
    "deny.yaml": """\
admissionWhitelistPatterns:
- namePattern: gcr.io/google_containers/*
globalPolicyEvaluationMode: ENABLE
defaultAdmissionRule:
  evaluationMode: ALWAYS_DENY
  enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG
name: projects/somewhere-else/policy
""",
    "attested.yaml": f"""\
defaultAdmissionRule:
  evaluationMode: REQUIRE_ATTESTATION
  enforcementMode: DRYRUN_AUDIT_LOG_ONLY
  requireAttestationsBy:
  - {_QA}
clusterAdmissionRules:
  us-central1-a.local-cluster:
    evaluationMode: ALWAYS_ALLOW
    enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG
""",
    "bad.yaml": """\
admissionWhitelistPatterns:
- namePattern: gcr.io/n*x
defaultAdmissionRule:
  evaluationMode: ALWAYS_ALLOW
  enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG
  requireAttestationsBy:
  - projects/demo-project/attestors/absent
""",
    "empty.yaml": "",
    "iam.json": '{"bindings": [{"role": "roles/viewer", "members": ["user:b@example.com"]}], "etag": "ACAB"}',
    "platform.yaml": """\
gkePolicy:
  checkSets:
  - displayName: production
    scope:
      kubernetesNamespace: prod
    checks:
    - displayName: never
      alwaysDeny: true
  - displayName: everything else
    imageAllowlist:
      allowPattern:
      - gcr.io/allowed/**
    checks:
    - displayName: ours
      trustedDirectoryCheck:
        trustedDirPatterns:
        - gcr.io/good
""",
    "platform-bad.yaml": """\
gkePolicy:
  checkSets:
  - displayName: scoped and last
    scope:
      kubernetesNamespace: prod
    checks:
    - trustedDirectoryCheck:
        trustedDirPatterns:
        - gcr.i*
""",
    "deployment.yaml": f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: prod
spec:
  template:
    spec:
      serviceAccountName: robot
      containers:
      - name: web
        image: gcr.io/good/web@sha256:{DIGEST}
""",
}


def write(folder: Path) -> None:
    """The files that the commands read, beside them."""
    text = payload(DIGEST)
    pem = _KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for name, content in _FILES.items():
        (folder / name).write_text(content)
    (folder / "key.pem").write_bytes(pem)
    (folder / "key.asc").write_bytes(_PGP.read_bytes())
    (folder / "no-key.pem").write_text("no key")
    # Signatures that are made anew each time would differ each time.
    sign = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    (folder / "payload").write_bytes(text)
    (folder / "good.sig").write_bytes(_KEY.sign(text, sign))
    (folder / "bad.sig").write_bytes(_KEY.sign(text + b" ", sign))


def step(name: str, *arguments: str, code: int = 0, mask: str = "") -> Step:
    """One command."""
    return Step(name=name, arguments=arguments, code=code, mask=mask)


def _policies() -> list[Step]:
    return [
        step("policy-export-untouched", *_POLICY, "export"),
        step("policy-import", *_POLICY, "import", "deny.yaml"),
        step("policy-export", *_POLICY, "export"),
        step("policy-import-malformed", *_POLICY, "import", "bad.yaml", code=1),
        step("policy-import-empty", *_POLICY, "import", "empty.yaml", code=1),
        step("policy-get-iam-policy", *_POLICY, "get-iam-policy"),
        step("policy-set-iam-policy", *_POLICY, "set-iam-policy", "iam.json"),
        step("policy-add-iam-policy-binding", *_POLICY, "add-iam-policy-binding", *_VIEWER),
        step("policy-remove-iam-policy-binding", *_POLICY, "remove-iam-policy-binding", *_VIEWER),
        step("policy-set-iam-policy-stale", *_POLICY, "set-iam-policy", "iam.json", code=1),
    ]


def _attestors() -> list[Step]:
    note = (f"--attestation-authority-note={NOTE}", f"--attestation-authority-note-project={PROJECT}")
    absent = ("--attestation-authority-note=absent", f"--attestation-authority-note-project={PROJECT}")
    pkix = ("--pkix-public-key-algorithm=ecdsa-p256-sha256", f"--public-key-id-override={_ID}")
    return [
        step("attestors-list-none", *_ATTESTORS, "list"),
        step("attestors-create", *_ATTESTORS, "create", "qa", *note, "--description=looked at"),
        step("attestors-create-again", *_ATTESTORS, "create", "qa", *note, code=1),
        step("attestors-create-without-note", *_ATTESTORS, "create", "other", *absent, code=1),
        step("attestors-describe", *_ATTESTORS, "describe", "qa"),
        step("attestors-describe-absent", *_ATTESTORS, "describe", "absent", code=1),
        step("attestors-update", *_ATTESTORS, "update", "qa", "--description=looked at twice"),
        step("public-keys-add-pkix", *_KEYS, "add", "--attestor=qa", "--pkix-public-key-file=key.pem", *pkix),
        step("public-keys-add-pgp", *_KEYS, "add", "--attestor=qa", "--pgp-public-key-file=key.asc", "--comment=pgp"),
        step("public-keys-add-no-key", *_KEYS, "add", "--attestor=qa", "--pkix-public-key-file=no-key.pem", *pkix[:1],
              code=1),
        step("public-keys-update", *_KEYS, "update", _ID, "--attestor=qa", "--comment=second"),
        step("attestors-list", *_ATTESTORS, "list"),
        step("attestors-get-iam-policy", *_ATTESTORS, "get-iam-policy", "qa"),
        step("attestors-set-iam-policy", *_ATTESTORS, "set-iam-policy", "qa", "iam.json"),
        step("attestors-add-iam-policy-binding", *_ATTESTORS, "add-iam-policy-binding", "qa", *_MEMBER),
        step("attestors-remove-iam-policy-binding", *_ATTESTORS, "remove-iam-policy-binding", "qa", *_MEMBER),
        step("policy-import-attested", *_POLICY, "import", "attested.yaml"),
    ]  # fmt: skip


def _attestations() -> list[Step]:
    create = (*_ATTESTATIONS, "create", f"--artifact-url={IMAGE}", f"--attestor={_QA}", f"--public-key-id={_ID}")
    listed = (*_ATTESTATIONS, "list", "--sort-by=resourceUri")
    good = ("--signature-file=good.sig", "--payload-file=payload")
    return [
        step("create-signature-payload", *_B, "create-signature-payload", f"--artifact-url={IMAGE}"),
        step("attestations-create-refused", *create, "--signature-file=bad.sig", "--validate"),
        step("attestations-create-again", *create, *good, code=1),
        step("attestations-create", *create[:-3], f"--artifact-url={IMAGE.replace('img', 'copy')}", *create[-2:],
              *good, "--validate"),
        # The server orders occurrences by ids that are made anew each time.
        step("attestations-list-of-attestor", *listed, f"--attestor={_QA}"),
        step("attestations-list-of-image", *listed, f"--attestor={_QA}", f"--artifact-url={IMAGE}"),
        step("attestations-list", *listed, "--format=value(noteName,resourceUri)"),
    ]  # fmt: skip


def _signed_by_kms() -> list[Step]:
    version = (
        "--keyversion=1", f"--keyversion-key={KEY}", f"--keyversion-keyring={RING}", "--keyversion-location=global",
        f"--keyversion-project={PROJECT}",
    )  # fmt: skip
    sign = (*_ATTESTATIONS, "sign-and-create", f"--artifact-url={IMAGE.replace('img', 'kms')}", f"--attestor={_QA}")
    return [
        step("attestations-sign-and-create-unknown-key", *sign, *version),
        step("public-keys-add-kms", *_KEYS, "add", "--attestor=qa", *version, mask=PEM),
        step("attestations-sign-and-create", *sign[:-2], f"--artifact-url={IMAGE.replace('img', 'kms2')}", sign[-1],
              *version, "--validate"),
    ]  # fmt: skip


def _platform_policies() -> list[Step]:
    gke, evaluate = "--platform=gke", (*_POLICY, "evaluate", "dirs", "--platform=gke")
    return [
        step("platform-policy-create", *_POLICY, "create", "dirs", gke, "--policy-file=platform.yaml"),
        step("platform-policy-create-malformed", *_POLICY, "create", "bad", gke, "--policy-file=platform-bad.yaml",
              code=1),
        step("platform-policy-list", *_POLICY, "list", "gke"),
        step("platform-policy-describe", *_POLICY, "describe", "dirs", gke),
        step("platform-policy-evaluate-conformant", *evaluate, "--image=gcr.io/good/img"),
        step("platform-policy-evaluate-non-conformant", *evaluate, "--image=gcr.io/bad/img,gcr.io/allowed/x/y",
              code=2),
        step("platform-policy-evaluate-resource", *evaluate, "--resource=deployment.yaml", code=2),
        step("platform-policy-update", *_POLICY, "update", "dirs", gke, "--policy-file=platform.yaml"),
        step("platform-policy-delete", *_POLICY, "delete", "dirs", gke),
        step("platform-policy-describe-absent", *_POLICY, "describe", "dirs", gke, code=1),
    ]  # fmt: skip


def _alpha() -> list[Step]:
    continuous = (*_B, "continuous-validation")
    image = f"gcr.io/good/img@sha256:{DIGEST}"
    return [
        step("platform-policy-create-again", *_POLICY, "create", "signed", "--platform=gke",
              "--policy-file=platform.yaml"),
        step("policy-evaluate-and-sign", *_POLICY, "evaluate-and-sign", "signed", "--platform=gke", f"--image={image}",
              "--no-upload", mask=r"(?<=attestations:\n- ).*(\n  .*)*"),
        step("policy-export-system-policy", *_POLICY, "export-system-policy"),
        step("continuous-validation-describe-untouched", *continuous, "describe"),
        step("continuous-validation-enable", *continuous, "enable"),
        step("continuous-validation-describe", *continuous, "describe"),
        step("continuous-validation-disable", *continuous, "disable"),
    ]  # fmt: skip


def _endings() -> list[Step]:
    return [
        step("public-keys-remove", *_KEYS, "remove", _ID, "--attestor=qa"),
        step("public-keys-remove-absent", *_KEYS, "remove", _ID, "--attestor=qa", code=1),
        step("attestors-delete", *_ATTESTORS, "delete", "qa"),
        step("attestors-delete-absent", *_ATTESTORS, "delete", "qa", code=1),
    ]


def binauthz(track: str) -> list[Step]:
    """The session of one track."""
    later = [*_signed_by_kms(), *_platform_policies()] if track != "ga" else []
    return [
        *_policies(), *_attestors(), *_attestations(), *later, *(_alpha() if track == "alpha" else []), *_endings(),
    ]  # fmt: skip
