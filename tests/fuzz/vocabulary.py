"""The words that generated requests are made of: names that exist, nearly exist, cannot exist, and odd text."""

import random
import re

PROJECT = "demo-project"
IDS: dict[str, list[str]] = {
    "attestors": ["built-by-ci", "none", "-", "built-by-cloud-build"],
    "clusters": ["local-cluster", "none", "-"],
    "cryptoKeys": ["signing", "none", "-"],
    "cryptoKeyVersions": ["1", "2", "0", "-1", "99999999999999999999"],
    "dockerImages": ["app@sha256:" + "a" * 64, "none"],
    "fleets": ["default", "none"],
    "keyRings": ["ring", "none", "-"],
    "locations": ["us-central1-a", "us-central1", "global", "us", "-", "mars"],
    "memberships": ["local-cluster", "none", "-"],
    "nodePools": ["default-pool", "none"],
    "notes": ["release", "build", "none", "-"],
    "occurrences": ["00000000-0000-0000-0000-000000000000", "none"],
    "operations": ["operation-1", "none", "-"],
    "packages": ["app", "none"],
    "platforms": ["gke", "cloudRun", "mars"],
    "policies": ["trusted", "none", "-"],
    "projects": [PROJECT, PROJECT, PROJECT, PROJECT, "other-project", "123456789012", "no-such-project", "-", "*"],
    "repositories": ["images", "none", "-"],
    "services": ["container.googleapis.com", "binaryauthorization.googleapis.com", "nope.googleapis.com"],
    "tags": ["latest", "none"],
    "versions": ["sha256:" + "a" * 64, "none"],
    "zones": ["us-central1-a", "-", "mars"],
}
NAMES = [
    f"projects/{PROJECT}",
    f"projects/{PROJECT}/policy",
    f"projects/{PROJECT}/attestors/built-by-ci",
    f"projects/{PROJECT}/notes/release",
    f"projects/{PROJECT}/notes/none",
    "projects/other-project/notes/release",
    f"projects/{PROJECT}/platforms/gke/policies/trusted",
    f"projects/{PROJECT}/locations/us-central1-a/clusters/local-cluster",
    f"projects/{PROJECT}/locations/global/memberships/local-cluster",
    f"projects/{PROJECT}/locations/global/keyRings/ring/cryptoKeys/signing/cryptoKeyVersions/1",
    f"projects/{PROJECT}/locations/us/repositories/images",
    f"projects/{PROJECT}/logs/cloudaudit.googleapis.com%2Factivity",
    "locations/global/policy",
    f"projects/{PROJECT}/services/container.googleapis.com",
    f"projects/{PROJECT}/locations/us",
    f"projects/{PROJECT}/locations/global",
    f"projects/{PROJECT}/locations/us-central1-a",
    f"projects/{PROJECT}/platforms/gke",
    f"projects/{PROJECT}/locations/global/keyRings/ring",
    f"projects/{PROJECT}/locations/global/keyRings/ring/cryptoKeys/signing",
    "us-docker.pkg.dev/p/r/i@sha256:" + "a" * 64,
    "https://us-docker.pkg.dev/p/r/i@sha256:" + "a" * 64,
    "gcr.io/good/*",
    "user:somebody@example.com",
    "roles/binaryauthorization.attestorsViewer",
    "binaryauthorization.attestors.get",
]
FILTERS = [
    "",
    'kind="ATTESTATION"',
    'kind = "ATTESTATION" AND resourceUrl="https://x@sha256:00"',
    'has_suffix(resourceUrl, "sha256:00") OR noteProjectId="p"',
    'resource.type="k8s_cluster"\n(protoPayload.response.reason="X" OR "y")',
    'timestamp>="2026-01-01T00:00:00Z" AND NOT severity=ERROR',
    "state:ENABLED",
    'createTime>"yesterday"',
    "(" * 200,
    "NOT " * 500 + "x",
    '"' + "a" * 3000,
    "a" * 20_000,
    " OR ".join(["a=b"] * 2000),
    "-" * 1000,
    'kind="\u0000"',
    'a.b.c.d.e.f.g.h:"\\u12"',
]
MASKS = [
    "*",
    "name",
    "description",
    "attestation.hint",
    "nope",
    "a.b.c.d.e.f",
    "",
    ",",
    "shortDescription,longDescription",
]
ODD = [
    "",
    " ",
    "\x00",
    "\x7f",
    "\u202e\u200b",
    "é" * 100,
    "😀" * 50,
    "\ufeff",
    "\ufffe",
    "e\u0301",
    "..",
    "../../etc/passwd",
    "a/b//c",
    "%2e%2e%2f",
    "%s%n%x",
    "${jndi:x}",
    "'; DROP TABLE resources; --",
    "a:getIamPolicy",
    "a" * 256,
    "a" * 70_000,
    "-",
    "*",
    "null",
    "true",
    "NaN",
    "1e400",
    "0x10",
    "2026-02-30T25:61:61Z",
    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n",
    "[" * 2000,
    '{"a":' * 500,
    "has(a.b) && " * 300 + "true",
]
_MOST_KNOWN = 200
NUMBERS = [0, 1, -1, 2, 10, 100, 1000, 1001, 2**31 - 1, 2**31, -(2**31), 2**32 - 1, 2**53 + 1, 2**63 - 1, -(2**63)]


def id_of(rng: random.Random, collection: str) -> str:
    """An id in a collection: mostly a known one."""
    known = IDS.get(collection)
    if known and rng.random() < 0.9:
        return rng.choice(known)
    return rng.choice(["x", "none", "Ünïcode", "a b", "a" * 64, "a" * 300, rng.choice(ODD) or "x", fresh(rng)])


def fresh(rng: random.Random) -> str:
    """An id that is probably free."""
    return f"f{rng.getrandbits(32):08x}"


class Known:
    """Names of resources that were seen to exist; some leave as others come."""

    def __init__(self) -> None:
        self._names = list(NAMES)

    def learn(self, rng: random.Random, answer: object) -> None:
        """Remember the names that an answer holds."""
        if isinstance(answer, list):
            for each in answer[:5]:
                self.learn(rng, each)
        elif isinstance(answer, dict):
            name = answer.get("name")
            if isinstance(name, str) and "/" in name and len(name) < 500 and name not in self._names:
                self._names[len(NAMES) :] = [*self._names[len(NAMES) :], name][-_MOST_KNOWN:]
            for member in list(answer.values())[:20]:
                if isinstance(member, list | dict):
                    self.learn(rng, member)

    def fitting(self, rng: random.Random, pattern: str) -> str | None:
        """One that fits a route's pattern, such as ``projects/*/notes/*``."""
        shape = re.compile(re.escape(pattern).replace(r"\*\*", ".+").replace(r"\*", "[^/]+"))
        found = [name for name in self._names if shape.fullmatch(name)]
        return rng.choice(found) if found else None


def name_of(rng: random.Random, pattern: str) -> str:
    """A name of a route's pattern, with ids that may exist or not."""
    if pattern == "*":
        return id_of(rng, "projects")
    made: list[str] = []
    for segment in pattern.split("/"):
        collection = made[-1] if made else ""
        if segment == "**":
            made += [id_of(rng, collection), *(id_of(rng, "") for _ in range(rng.randrange(3)))]
        else:
            made.append(id_of(rng, collection) if segment == "*" else segment)
    return "/".join(made)


def text(rng: random.Random, field: str) -> str:
    """A string for a field of that name."""
    if field == "filter":
        return rng.choice(FILTERS)
    if field.endswith("_id") and rng.random() < 0.6:
        return fresh(rng)
    roll = rng.random()
    if roll < 0.5:
        return rng.choice(NAMES)
    if roll < 0.85:
        return rng.choice(ODD)
    return fresh(rng)


def sober(rng: random.Random, field: str) -> list[str]:
    """What a caller who means well puts into a repeated field of that name."""
    known = {
        "permissions": ["binaryauthorization.attestors.get", "containeranalysis.notes.get", "gkehub.gateway.get"],
        "service_ids": ["container.googleapis.com"],
        "resource_names": [f"projects/{PROJECT}"],
    }
    return rng.sample(known[field], 1)
