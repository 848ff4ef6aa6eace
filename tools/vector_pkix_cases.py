"""Cases of detached signatures by PKIX keys: what proves, and every way of nearly proving."""

import json

from tools.vector_cases import Cases, attestation, pae, pkix, raw_ecdsa, sign, token
from tools.vector_keys import ALGORITHMS, DIGEST, IMAGE, OTHER, Json, payload, private_key


def pkix_cases(cases: Cases) -> None:  # noqa: PLR0915  # A list of cases reads best in one piece.
    for algorithm in ALGORITHMS:
        key = pkix(algorithm)
        for form, message in (("raw", payload()), ("pae", pae(payload()))):
            cases.add(
                f"{algorithm.lower()}-{form}_proves",
                f"A detached {algorithm} signature over the {form} payload by the attestor's key.",
                keys=[key],
                attestations=[attestation([(key["id"], sign(algorithm, message))], payload())],
            )
        claims: Json = {"sub": f"container:digest:sha256:{DIGEST}", "aud": "//binaryauthorization.googleapis.com"}
        cases.add(
            f"jwt-{algorithm.lower()}_proves",
            f"A compact token signed with {algorithm}, bound to the digest by its subject.",
            keys=[key],
            attestations=[attestation([], jwts=(token(algorithm, claims),))],
        )
    p256 = "ECDSA_P256_SHA256"
    key, other = pkix(p256), private_key(p256, "other-p256.pem")
    good = sign(p256, payload())
    one = attestation([(key["id"], good)], payload())

    def refused(name: str, why: str, made: Json, reason: str = "", **more: object) -> None:
        cases.add(f"{name}_refused", why, keys=[key], attestations=[made], reason=reason, **more)  # type: ignore[arg-type]

    def said(body: bytes) -> Json:
        return attestation([(key["id"], sign(p256, body))], body)

    refused(
        "wrong-key",
        "The signature is by a key that the attestor does not have, under the id of one that it has.",
        attestation([(key["id"], sign(p256, payload(), other))], payload()),
        "does not verify",
    )
    refused(
        "unknown-key-id",
        "A good signature under an id that is not exactly the key's: here without `ni:///` (SPEC 2.4).",
        attestation([(str(key["id"]).removeprefix("ni:///"), good)], payload()),
        "no key of this id",
    )
    refused(
        "wrong-digest",
        "A good signature over the payload of another image, attached to this one (THREATS B69).",
        said(payload(f"sha256:{OTHER}")),
        "another digest",
    )
    refused(
        "other-note",
        "The attestation hangs off a note that is not the attestor's.",
        {**one, "note": "projects/p1/notes/n2"},
    )
    refused(
        "other-resource",
        "The occurrence is of another digest than the payload and the question.",
        {**one, "resource_uri": f"us-docker.pkg.dev/p1/r/img@sha256:{OTHER}"},
    )
    refused(
        "truncated-signature",
        "The last byte of the signature is missing.",
        attestation([(key["id"], good[:-1])], payload()),
    )
    refused(
        "truncated-payload",
        "The last byte of the payload is missing.",
        attestation([(key["id"], good)], payload()[:-1]),
    )
    refused(
        "trailing-signature-byte",
        "A byte follows the DER signature.",
        attestation([(key["id"], good + b"\0")], payload()),
    )
    refused(
        "raw-ecdsa",
        "ECDSA as raw r||s instead of ASN.1 DER (SPEC 13.40).",
        attestation([(key["id"], raw_ecdsa(good, 32))], payload()),
        "DER",
    )
    refused("empty-signature", "A signature of no bytes.", attestation([(key["id"], b"")], payload()))
    refused(
        "no-signature", "An attestation with neither signatures nor tokens.", attestation([], payload()), "no signature"
    )
    refused(
        "oversized-payload",
        "A signed payload of more than 64 KiB.",
        said(payload() + b" " * 65536),
        "at most",
    )
    refused(
        "trailing-data",
        "A second document follows the signed one.",
        said(payload() + b"{}"),
        "unexpected message was signed",
    )
    refused(
        "byte-order-mark",
        "The signed JSON begins with a byte order mark.",
        said(b"\xef\xbb\xbf" + payload()),
        "byte order mark",
    )
    refused(
        "utf-16",
        "The signed JSON is UTF-16.",
        said(payload().decode().encode("utf-16")),
        "unexpected message was signed",
    )
    refused(
        "not-json",
        "The signed text is no JSON (SPEC 3.1).",
        said(b"hello\n"),
        "Signature verified, but unexpected message was signed",
    )
    refused("json-array", "The signed JSON is an array.", said(b"[" + payload() + b"]"), "not an object")
    refused(
        "not-a-number",
        "The signed JSON holds NaN, which is not JSON.",
        said(payload().replace(b'{\n  "c', b'{\n  "optional": NaN, "c', 1)),
        "NaN",
    )
    refused(
        "deep-nesting",
        "The signed JSON nests a thousand arrays.",
        said(b'{"optional":' + b"[" * 1000 + b"]" * 1000 + b"," + payload()[1:]),
        "nesting",
    )
    for where, body in {
        "top": payload().replace(b"}\n}\n", b"},\n" + payload(f"sha256:{OTHER}")[2:], 1).rstrip(b"\n"),
        "digest": payload().replace(
            b'"image": {\n', b'"image": {\n      "docker-manifest-digest": "sha256:' + OTHER.encode() + b'",\n'
        ),
        "escaped": payload().replace(
            b'"image": {\n', b'"image": {\n      "docker-manifest-diges\\u0074": "sha256:' + OTHER.encode() + b'",\n'
        ),
    }.items():
        refused(
            f"duplicate-name-{where}",
            "A name stands twice in one object: two parsers would read two digests (THREATS B69).",
            said(body),
            "twice",
        )
    for what, digest in {
        "upper-case": f"sha256:{DIGEST.upper()}",
        "bare": DIGEST,
        "short": f"sha256:{DIGEST[:-1]}",
        "sha512": f"sha512:{DIGEST}{DIGEST}",
        "path": f"sha256:../../{DIGEST[6:]}",
        "spaced": f" sha256:{DIGEST}",
        "empty": "",
    }.items():
        refused(
            f"digest-{what}",
            "The digest in the payload is not `sha256:` and 64 lower-case hexadecimal digits (THREATS B35).",
            said(payload(digest)),
            "docker-manifest-digest",
        )
    refused(
        "digest-in-list",
        "The digest in the payload is a list.",
        said(payload().replace(f'"sha256:{DIGEST}"'.encode(), f'["sha256:{DIGEST}"]'.encode())),
    )
    refused(
        "other-predicate",
        "Signed JSON of another kind, about the same digest (THREATS B60).",
        said(
            json.dumps(
                {
                    "_type": "https://in-toto.io/Statement/v1",
                    "subject": [{"name": "img", "digest": {"sha256": DIGEST}}],
                    "predicateType": "https://cosign.sigstore.dev/attestation/vuln/v1",
                }
            ).encode()
        ),
    )
    refused(
        "other-dsse-type",
        "PAE with another type than the default one: the type is not stored, so only that one is tried.",
        attestation([(key["id"], sign(p256, pae(payload(), "text/plain")))], payload()),
    )
    refused(
        "stored-pae",
        "The stored payload is the encoding itself instead of what it encodes.",
        attestation([(key["id"], sign(p256, pae(payload())))], pae(payload())),
        "unexpected message was signed",
    )

    minified = json.dumps(json.loads(payload()), separators=(",", ":")).encode()
    reordered = json.dumps(
        {
            "optional": {"made": "by hand"},
            "critical": {
                "type": "Google Cloud BinAuthz container signature",
                "image": {"docker-manifest-digest": f"sha256:{DIGEST}"},
                "identity": {"docker-reference": "elsewhere.example.com/other"},
            },
        }
    ).encode()
    for name, why, body in (
        ("minified", "The same payload without white space: bytes are never compared.", minified),
        (
            "key-order",
            "Other order, another spelling of the type, another repository and an `optional` member (SPEC 3.1).",
            reordered,
        ),
        ("no-final-newline", "The payload without its final line feed.", payload().rstrip()),
        (
            "unicode",
            "A repository written with characters beyond ASCII.",
            payload().replace(b"p1/r/img", "p1/r/ímg".encode()),
        ),
        (
            "unknown-member",
            "A member that we do not know is reported and changes nothing.",
            payload().replace(b'{\n  "c', b'{\n  "x": 1, "c', 1),
        ),
    ):
        cases.add(f"{name}_proves", why, keys=[key], attestations=[said(body)])
    cases.add(
        "scheme-in-resource_proves",
        "REST users write `https://` in front of the resource (SPEC 13.33).",
        keys=[key],
        attestations=[{**one, "resource_uri": f"https://{IMAGE}"}],
    )
    cases.add(
        "B34-tag-and-digest_proves",
        "The resource has a tag and a digest: the digest decides (THREATS B34).",
        keys=[key],
        attestations=[{**one, "resource_uri": IMAGE.replace("@", ":v1@")}],
    )
    cases.add(
        "other-repository_proves",
        "The same digest in another registry: one attestation serves it anywhere (SPEC 3.1).",
        keys=[key],
        attestations=[{**one, "resource_uri": f"mirror.example.com/x@sha256:{DIGEST}"}],
    )
    cases.add(
        "second-signature_proves",
        "The first signature is by an unknown key, the second is good: one is enough.",
        keys=[key],
        attestations=[attestation([("ni:///sha-256;x", good), (key["id"], good)], payload())],
    )
    cases.add(
        "second-attestation_proves",
        "The first attestation is nonsense, the second is good: order does not matter.",
        keys=[key],
        attestations=[said(b"no"), one],
    )
    cases.add(
        "second-key_proves",
        "Any one key of the attestor is enough.",
        keys=[pkix("ECDSA_P384_SHA384"), key],
        attestations=[one],
    )
    kms = "//127.0.0.1:18099/v1/projects/p1/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
    cases.add(
        "kms-key-id_proves",
        "A key named as KMS names it, with the host of an endpoint override (SPEC 13.7).",
        keys=[pkix(p256, id=kms)],
        attestations=[attestation([(kms, good)], payload())],
    )

    cases.add(
        "no-keys_refused",
        "An attestor without keys is never satisfied (SPEC 2.2).",
        keys=[],
        attestations=[one],
        cause="NO_KEYS",
    )
    cases.add(
        "no-attestations_refused",
        "Nothing was attested, which is told apart from nothing valid.",
        keys=[key],
        attestations=[],
        cause="NO_ATTESTATIONS",
    )
    cases.add(
        "none-valid_refused",
        "Something was attested, and nothing of it is valid.",
        keys=[key],
        attestations=[said(b"no")],
        cause="NONE_VALID",
    )
    cases.add(
        "no-digest_refused",
        "The question is not about a digest (THREATS B35).",
        keys=[key],
        attestations=[one],
        digest="../" + DIGEST[3:],
        cause="NO_DIGEST",
    )
    cases.add(
        "B68-duplicate-key-ids_refused",
        "Two keys share an id, so that it names neither (THREATS B68).",
        keys=[key, {**pkix("ECDSA_P384_SHA384"), "id": key["id"]}],
        attestations=[one],
        reason="share this id",
    )
    cases.add(
        "B68-empty-key-id_refused",
        "A signature without a key id, and a key without an id.",
        keys=[{**key, "id": ""}],
        attestations=[attestation([("", good)], payload())],
    )
    cases.add(
        "B67-other-algorithm_refused",
        "A PKCS #1 signature by a key declared for PSS: the record decides, not the signature.",
        keys=[pkix("RSA_PSS_2048_SHA256")],
        attestations=[
            attestation([(pkix("RSA_PSS_2048_SHA256")["id"], sign("RSA_SIGN_PKCS1_2048_SHA256", payload()))], payload())
        ],
    )
    cases.add(
        "unreadable-key_refused",
        "The attestor's own record holds a key that is not one. That is no ERROR, on which a cluster may admit: "
        "whoever may attach an attestation could cause it.",
        keys=[
            {
                "id": key["id"],
                "pkix": {"pem": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "algorithm": p256},
            }
        ],
        attestations=[one],
        cause="KEY_UNUSABLE",
    )
    cases.add(
        "mismatched-key_refused",
        "The attestor's own record declares another algorithm than its key has.",
        keys=[pkix(p256, declared="ECDSA_P384_SHA384")],
        attestations=[one],
        cause="KEY_UNUSABLE",
    )
    cases.add(
        "unreadable-key-beside-good-one_proves",
        "A key that cannot be read does not stand in the way of one that can.",
        keys=[{"id": "x:y", "pkix": {"pem": "", "algorithm": p256}}, key],
        attestations=[attestation([("x:y", good), (key["id"], good)], payload())],
    )
