"""DSSE's pre-authentication encoding: what is signed when a payload is signed together with its type (SPEC 3.5)."""

COSIGN_SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"


def pae(payload: bytes, payload_type: str = COSIGN_SIMPLE_SIGNING) -> bytes:
    """``DSSEv1 SP len(type) SP type SP len(payload) SP payload``; lengths are bytes in decimal."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
