"""Every bound in one place.

Numbers that Google publishes are theirs (SPEC 9.1); the others are ours, with the reason.
"""

from dataclasses import dataclass

# Attestors (SPEC 9.1). An operator may change these and the attestor references of a policy, by ``Limits``.
MAX_ATTESTORS_PER_PROJECT = 200
MAX_KEYS_PER_ATTESTOR = 1000

# Keys, signatures and what they sign. A payload is 288 bytes and a clearsigned one carries itself, so 64 KiB is
# two hundred times what clients send; an OpenPGP certificate of that size has hundreds of certifications.
MAX_KEY_BYTES = 64 * 1024
MAX_KEY_ID_CHARS = 1024
MAX_SIGNATURE_BYTES = 64 * 1024
MAX_PAYLOAD_BYTES = 64 * 1024
MAX_TOKEN_BYTES = 64 * 1024
MAX_PAYLOAD_DEPTH = 32

# An OpenPGP message decompresses to at most this much, and carries at most this many packets (THREATS B46).
MAX_PGP_CONTENT_BYTES = MAX_PAYLOAD_BYTES
MAX_PGP_MESSAGE_PACKETS = 17
MAX_PGP_CERTIFICATE_PACKETS = 1000

# One judgement of one attestor (THREATS B45). Looking at an attestation costs a microsecond; verifying a signature
# costs up to a millisecond, so it is counted apart.
MAX_ATTESTATIONS_PER_JUDGEMENT = 1000
MAX_SIGNATURES_PER_ATTESTATION = 100
MAX_VERIFICATIONS_PER_JUDGEMENT = 100

# Proofs remembered by one process; an entry is well under a kilobyte.
MAX_REMEMBERED_PROOFS = 32_768
# Beside these, the latest small proofs are kept with what was signed: key, signature and payload together at most this.
MAX_PROOFS_AT_HAND = 4096
MAX_PROOF_AT_HAND_BYTES = 4096
# Informational text kept with a proof, so that an entry stays small whatever was signed.
MAX_INFORMATIONAL_CHARS = 256
MAX_UNLISTED_FIELDS = 16

# Policies. Google publishes the attestor references (SPEC 9.1) and nothing else; the rest is far above what people
# write, and keeps one decision within microseconds.
MAX_ATTESTOR_REFERENCES_PER_POLICY = 200
MAX_ALLOWLIST_PATTERNS = 2000
MAX_PATTERN_CHARS = 1024
MAX_RULES_PER_MAP = 5000
MAX_DESCRIPTION_CHARS = 4096

# Image references: a registry of 255, a path of 255, a tag of 128 and a digest of 71 fit.
MAX_IMAGE_CHARS = 1024
MAX_RESOURCE_URI_CHARS = 2048

# A Pod that names more images than this, under a rule that requires attestations, is refused instead of looked up: the
# requester chooses the number, and must not be able to choose one that makes a review fail open for lack of time.
MAX_ATTESTED_IMAGES = 256

# A request above this is not kept in its audit entry, so what an entry must hold is refused above it.
MAX_AUDITED_REQUEST_BYTES = 256 * 1024

# What a denial, a cause or an audit annotation may hold; what is left out is counted in words.
MAX_DENIAL_CHARS = 8192
MAX_DENIAL_CAUSES = 100

# What one answer of a container registry may hold. Registries are asked by the OCI specification to take manifests of
# 4 MiB; a configuration or a page of tags beyond that is no honest one.
MAX_MANIFEST_BYTES = 4 << 20
MAX_REGISTRY_LIST_BYTES = 4 << 20
MAX_BLOB_BYTES = 4 << 20
MAX_REGISTRY_TOKEN_BYTES = 64 << 10
# Layers of an image, or images of an index; and tags of a repository, repositories of a registry, pages of either.
MAX_DESCRIPTORS = 2000
MAX_REGISTRY_NAMES = 10_000
MAX_REGISTRY_PAGES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many of a thing an operator allows."""

    attestors_per_project: int = MAX_ATTESTORS_PER_PROJECT
    attestor_references_per_policy: int = MAX_ATTESTOR_REFERENCES_PER_POLICY
    keys_per_attestor: int = MAX_KEYS_PER_ATTESTOR
