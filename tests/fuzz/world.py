"""What a server holds while it is fuzzed: one resource of each family, so that requests find something."""

import contextlib
from typing import Any

from tests.conformance.rest import Rest
from tests.conformance.server import Target
from tests.fuzz.samples import SAMPLES
from tests.fuzz.vocabulary import PROJECT

_P = f"/v1/projects/{PROJECT}"
_KEYS = f"{_P}/locations/global/keyRings"
_SERVICES = [
    f"{api}.googleapis.com"
    for api in (
        "artifactregistry",
        "binaryauthorization",
        "cloudkms",
        "container",
        "containeranalysis",
        "gkehub",
        "logging",
    )
]
_SEEDS: list[tuple[str, str, Any]] = [
    # Some requests disable a service, and everything after them would be refused for that.
    ("POST", f"{_P}/services:batchEnable", {"serviceIds": _SERVICES}),
    ("POST", f"{_P}/notes?noteId=release", {"attestation": {"hint": {"humanReadableName": "h"}}}),
    ("POST", f"{_P}/notes?noteId=build", {"build": {"builderVersion": "7"}}),
    (
        "POST",
        f"{_P}/attestors?attestorId=built-by-ci",
        {"userOwnedGrafeasNote": {"noteReference": f"projects/{PROJECT}/notes/release"}},
    ),
    (
        "POST",
        f"{_P}/platforms/gke/policies?policyId=trusted",
        {"gkePolicy": SAMPLES["google.cloud.binaryauthorization.v1.PlatformPolicy"][0]["gkePolicy"]},
    ),
    ("POST", f"{_P}/occurrences", SAMPLES["grafeas.v1.Occurrence"][0]),
    ("POST", f"{_KEYS}?keyRingId=ring", {}),
    (
        "POST",
        f"{_KEYS}/ring/cryptoKeys?cryptoKeyId=signing",
        {"purpose": "ASYMMETRIC_SIGN", "versionTemplate": {"algorithm": "EC_SIGN_P256_SHA256"}},
    ),
]


def seed(target: Target) -> None:
    """Make what can be made; a family that this server does not serve is left out."""
    rest = Rest(target.url, target.token)
    for verb, path, body in _SEEDS:
        with contextlib.suppress(ValueError):
            rest.call(verb, path, body)
