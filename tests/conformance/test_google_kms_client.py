"""google-cloud-kms, over gRPC and over REST, unmodified; and what only plain requests can ask."""

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
from google.api_core import exceptions
from google.cloud import kms_v1
from google.cloud.kms_v1.services.key_management_service import transports
from google.iam.v1 import iam_policy_pb2

from binauthz.crypto.crc32c import crc32c
from tests.conformance.rest import Rest
from tests.conformance.server import PROJECT, Target
from tests.conformance.services import IAM, KMS, LOCATIONS
from tests.conformance.signing import fresh, websafe
from tests.conformance.test_google_clients import Clients

pytestmark = pytest.mark.servers
LOCATION = f"projects/{PROJECT}/locations/global"
P256 = kms_v1.CryptoKeyVersion.CryptoKeyVersionAlgorithm.EC_SIGN_P256_SHA256
SIGN = kms_v1.CryptoKey.CryptoKeyPurpose.ASYMMETRIC_SIGN
States = kms_v1.CryptoKeyVersion.CryptoKeyVersionState
DATA = b"what is signed"


@pytest.fixture(params=["grpc", "rest"])
def client(request: pytest.FixtureRequest, target: Target) -> kms_v1.KeyManagementServiceClient:
    transport = Clients(request.param, target).transport(transports, "KeyManagementService")
    return kms_v1.KeyManagementServiceClient(transport=transport)


def make_key(client: kms_v1.KeyManagementServiceClient, **fields: Any) -> kms_v1.CryptoKey:
    ring = client.create_key_ring(parent=LOCATION, key_ring_id=fresh("ring"), key_ring={})
    draft = {"purpose": SIGN, "version_template": {"algorithm": P256}, **fields}
    return client.create_crypto_key(parent=ring.name, crypto_key_id="signer", crypto_key=draft)


@pytest.mark.shows(KMS, "CreateKeyRing", "GetKeyRing", "ListKeyRings", "CreateCryptoKey", "GetCryptoKey")
@pytest.mark.shows(KMS, "ListCryptoKeys", "UpdateCryptoKey", "CreateCryptoKeyVersion", "ListCryptoKeyVersions")
def test_keys_live_a_life(client: kms_v1.KeyManagementServiceClient) -> None:
    key = make_key(client, labels={"a": "b"})
    ring = key.name.partition("/cryptoKeys/")[0]
    assert client.get_key_ring(name=ring).name == ring
    assert ring in [each.name for each in client.list_key_rings(request={"parent": LOCATION, "page_size": 1})]
    assert client.get_crypto_key(name=key.name) == key
    assert key.destroy_scheduled_duration.days == 30
    listed = client.list_crypto_keys(request={"parent": ring, "version_view": 1})
    assert ([each.name for each in listed], listed.total_size) == ([key.name], 1)
    changed = client.update_crypto_key(
        crypto_key={"name": key.name, "labels": {"c": "d"}, "version_template": {"algorithm": P256}},
        update_mask={"paths": ["labels", "version_template.algorithm"]},
    )
    assert dict(changed.labels) == {"c": "d"}
    second = client.create_crypto_key_version(parent=key.name, crypto_key_version={})
    assert second.name == f"{key.name}/cryptoKeyVersions/2"
    pages = client.list_crypto_key_versions(request={"parent": key.name, "page_size": 1})
    assert [each.name.rpartition("/")[2] for each in pages] == ["1", "2"]


@pytest.mark.shows(KMS, "UpdateCryptoKeyVersion", "DestroyCryptoKeyVersion", "RestoreCryptoKeyVersion")
@pytest.mark.shows(KMS, "GetCryptoKeyVersion")
def test_versions_go_through_their_states(client: kms_v1.KeyManagementServiceClient) -> None:
    name = f"{make_key(client).name}/cryptoKeyVersions/1"
    made = client.get_crypto_key_version(name=name)
    assert (made.state, made.protection_level) == (States.ENABLED, kms_v1.ProtectionLevel.SOFTWARE)
    assert made.generate_time >= made.create_time
    for state in (States.DISABLED, States.ENABLED):
        changed = client.update_crypto_key_version(
            crypto_key_version={"name": name, "state": state}, update_mask={"paths": ["state"]}
        )
        assert changed.state == state
    scheduled = client.destroy_crypto_key_version(name=name)
    assert scheduled.state == States.DESTROY_SCHEDULED
    assert (scheduled.destroy_time - made.create_time).days in {29, 30}
    with pytest.raises(exceptions.BadRequest):
        client.get_public_key(name=name)
    assert client.restore_crypto_key_version(name=name).state == States.DISABLED
    with pytest.raises(exceptions.BadRequest, match="is not enabled, current state is: DISABLED"):
        client.asymmetric_sign(name=name, digest={"sha256": bytes(32)})


@pytest.mark.shows(KMS, "GetPublicKey", "AsymmetricSign")
def test_signatures_and_keys_carry_checksums(client: kms_v1.KeyManagementServiceClient) -> None:
    name = f"{make_key(client).name}/cryptoKeyVersions/1"
    public = client.get_public_key(name=name)
    assert (public.name, public.algorithm, public.pem_crc32c) == (name, P256, crc32c(public.pem.encode()))
    key = load_pem_public_key(public.pem.encode())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    digest = hashlib.sha256(DATA).digest()
    by_digest = client.asymmetric_sign(
        request={"name": name, "digest": {"sha256": digest}, "digest_crc32c": crc32c(digest)}
    )
    assert (by_digest.name, by_digest.verified_digest_crc32c, by_digest.verified_data_crc32c) == (name, True, False)
    by_data = client.asymmetric_sign(request={"name": name, "data": DATA, "data_crc32c": crc32c(DATA)})
    assert (by_data.verified_digest_crc32c, by_data.verified_data_crc32c) == (False, True)
    plain = client.asymmetric_sign(name=name, digest={"sha256": digest})
    assert (plain.verified_digest_crc32c, plain.protection_level) == (False, kms_v1.ProtectionLevel.SOFTWARE)
    for answer in (by_digest, by_data, plain):
        assert answer.signature_crc32c == crc32c(answer.signature)
        key.verify(answer.signature, DATA, ec.ECDSA(hashes.SHA256()))


def test_public_keys_come_in_the_form_that_is_asked_for(client: kms_v1.KeyManagementServiceClient) -> None:
    name = f"{make_key(client).name}/cryptoKeyVersions/1"
    formats = kms_v1.PublicKey.PublicKeyFormat
    pem = client.get_public_key(request={"name": name, "public_key_format": formats.PEM})
    der = client.get_public_key(request={"name": name, "public_key_format": formats.DER})
    assert pem.public_key.data.decode() == pem.pem
    assert (der.pem, der.public_key_format) == ("", formats.DER)
    assert der.public_key.crc32c_checksum == crc32c(der.public_key.data)
    assert load_der_public_key(der.public_key.data) == load_pem_public_key(pem.pem.encode())
    with pytest.raises(exceptions.BadRequest):
        client.get_public_key(request={"name": name, "public_key_format": formats.NIST_PQC})


@pytest.mark.shows(KMS, "GenerateRandomBytes")
def test_random_bytes_carry_a_checksum(client: kms_v1.KeyManagementServiceClient) -> None:
    answer = client.generate_random_bytes(request={"location": LOCATION, "length_bytes": 64})
    assert (len(answer.data), answer.data_crc32c) == (64, crc32c(answer.data))
    with pytest.raises(exceptions.BadRequest, match="no PKCS#11 token"):
        client.generate_random_bytes(location=LOCATION, length_bytes=64, protection_level=kms_v1.ProtectionLevel.HSM)


@pytest.mark.shows(IAM, "GetIamPolicy", "SetIamPolicy", "TestIamPermissions")
def test_iam_of_a_key_through_the_kms_client(client: kms_v1.KeyManagementServiceClient) -> None:
    name = make_key(client).name
    policy = client.get_iam_policy(request=iam_policy_pb2.GetIamPolicyRequest(resource=name))
    policy.bindings.add(role="roles/cloudkms.signerVerifier", members=["user:a@b.c"])
    request = iam_policy_pb2.SetIamPolicyRequest(resource=name, policy=policy)
    assert client.set_iam_policy(request=request).bindings[0].members == ["user:a@b.c"]
    asked = ["cloudkms.cryptoKeyVersions.useToSign", "cloudkms.cryptoKeyVersions.useToDecrypt"]
    test = iam_policy_pb2.TestIamPermissionsRequest(resource=name, permissions=asked)
    assert client.test_iam_permissions(request=test).permissions == asked[:1]


@pytest.mark.shows(LOCATIONS, "GetLocation", "ListLocations")
def test_locations_through_the_kms_client(client: kms_v1.KeyManagementServiceClient) -> None:
    make_key(client)
    assert client.get_location({"name": LOCATION}).location_id == "global"
    assert "global" in [each.location_id for each in client.list_locations({"name": f"projects/{PROJECT}"}).locations]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda c, key: c.create_crypto_key(parent=key.name.partition("/crypto")[0], crypto_key_id="signer",
                                            crypto_key=key), exceptions.Conflict),
        (lambda c, key: c.get_crypto_key(name=f"{key.name}x"), exceptions.NotFound),
        (lambda c, key: c.get_public_key(name=f"{key.name}/cryptoKeyVersions/9"), exceptions.NotFound),
        (lambda c, key: c.encrypt(name=key.name, plaintext=b"x"), exceptions.MethodNotImplemented),
        (lambda c, key: c.mac_sign(name=f"{key.name}/cryptoKeyVersions/1", data=b"x"), exceptions.MethodNotImplemented),
        (lambda c, key: c.update_crypto_key_primary_version(name=key.name, crypto_key_version_id="1"),
         exceptions.MethodNotImplemented),
        (lambda c, key: c.asymmetric_sign(name=f"{key.name}/cryptoKeyVersions/1", digest={"sha256": b"short"}),
         exceptions.BadRequest),
        (lambda c, key: c.asymmetric_sign(
            request={"name": f"{key.name}/cryptoKeyVersions/1", "data": DATA, "data_crc32c": 1}),
         exceptions.BadRequest),
        (lambda c, key: c.update_crypto_key(crypto_key={"name": key.name}, update_mask={"paths": ["purpose"]}),
         exceptions.BadRequest),
        (lambda c, key: c.update_crypto_key(
            crypto_key={"name": key.name}, update_mask={"paths": ["destroy_scheduled_duration"]}),
         exceptions.BadRequest),
        (lambda c, key: c.update_crypto_key_version(
            crypto_key_version={"name": f"{key.name}/cryptoKeyVersions/1", "state": States.DESTROYED},
            update_mask={"paths": ["state"]}), exceptions.BadRequest),
        (lambda c, key: c.update_crypto_key_version(
            crypto_key_version={"name": f"{key.name}/cryptoKeyVersions/1"},
            update_mask={"paths": ["external_protection_level_options.external_key_uri"]}), exceptions.BadRequest),
        (lambda c, key: c.create_crypto_key_version(
            parent=key.name,
            crypto_key_version={"external_protection_level_options": {"external_key_uri": "https://x"}}),
         exceptions.BadRequest),
        (lambda c, key: list(c.list_crypto_key_versions(request={"parent": key.name, "filter": "state=ENABLED"})),
         exceptions.BadRequest),
        (lambda c, key: list(c.list_crypto_keys(parent=f"{LOCATION}/keyRings/absent")), exceptions.NotFound),
    ],
)  # fmt: skip
def test_errors_arrive_as_the_clients_own_exceptions(
    client: kms_v1.KeyManagementServiceClient, call: Any, error: type[Exception]
) -> None:
    key = make_key(client)
    with pytest.raises(error):
        call(client, key)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"rotationPeriod": "86400s", "nextRotationTime": "2030-01-01T00:00:00Z"}, 400),
        ({"importOnly": True}, 501),
        ({"cryptoKeyBackend": f"{LOCATION}/ekmConnections/e"}, 400),
        ({"keyAccessJustificationsPolicy": {"allowedAccessReasons": []}}, 501),
        ({"destroyScheduledDuration": "86400.5s"}, 400),
        ({"purpose": 99}, 400),
        ({"versionTemplate": {"algorithm": 9999}}, 400),
    ],
)
def test_what_would_not_take_effect_is_refused(rest: Rest, fields: dict[str, Any], status: int) -> None:
    ring = fresh("ring")
    assert rest.post(f"/v1/{LOCATION}/keyRings?keyRingId={ring}", {}).status == 200
    path = f"/v1/{LOCATION}/keyRings/{ring}/cryptoKeys?cryptoKeyId=k"
    body = {"purpose": "ASYMMETRIC_SIGN", "versionTemplate": {"algorithm": "EC_SIGN_P256_SHA256"}, **fields}
    assert rest.post(path, body).status == status
    assert rest.get(f"/v1/{LOCATION}/keyRings/{ring}/cryptoKeys/k").status == 404


def test_nothing_of_cloud_kms_can_be_deleted(rest: Rest) -> None:
    ring = fresh("ring")
    assert rest.post(f"/v1/{LOCATION}/keyRings?keyRingId={ring}", {}).status == 200
    refused = rest.delete(f"/v1/{LOCATION}/keyRings/{ring}")
    assert (refused.status in {405, 501}, refused.error) == (True, "UNIMPLEMENTED")
    assert rest.get(f"/v1/{LOCATION}/keyRings/{ring}").status == 200


def test_digests_and_data_may_be_in_either_base64(rest: Rest) -> None:
    ring = fresh("ring")
    assert rest.post(f"/v1/{LOCATION}/keyRings?keyRingId={ring}", {}).status == 200
    key = f"{LOCATION}/keyRings/{ring}/cryptoKeys/k"
    body = {"purpose": "ASYMMETRIC_SIGN", "versionTemplate": {"algorithm": "EC_SIGN_P256_SHA256"}}
    assert rest.post(f"/v1/{LOCATION}/keyRings/{ring}/cryptoKeys?cryptoKeyId=k", body).status == 200
    digest = b"\xfb\xff" * 16
    for text in (websafe(digest), base64.b64encode(digest).decode()):
        signed = rest.post(f"/v1/{key}/cryptoKeyVersions/1:asymmetricSign", {"digest": {"sha256": text}})
        assert signed.status == 200, signed.document
        assert isinstance(signed.document["signatureCrc32c"], str)


def test_a_right_on_a_key_ring_is_a_right_on_its_keys_and_no_other(rest: Rest, stranger: Rest) -> None:
    def ring_with_key() -> str:
        ring = f"{LOCATION}/keyRings/{fresh('ring')}"
        assert rest.post(f"/v1/{LOCATION}/keyRings?keyRingId={ring.rpartition('/')[2]}", {}).status == 200
        body = {"purpose": "ASYMMETRIC_SIGN", "versionTemplate": {"algorithm": "EC_SIGN_P256_SHA256"}}
        assert rest.post(f"/v1/{ring}/cryptoKeys?cryptoKeyId=k", body).status == 200
        return ring

    mine, other = ring_with_key(), ring_with_key()
    sign, digest = "cryptoKeys/k/cryptoKeyVersions/1:asymmetricSign", {"digest": {"sha256": websafe(bytes(32))}}
    for ring in (mine, other):
        refused = stranger.post(f"/v1/{ring}/{sign}", digest)
        assert (refused.status, "cloudkms.cryptoKeyVersions.useToSign" in refused.message) == (403, True)
    binding = {"role": "roles/cloudkms.signer", "members": ["user:stranger@example.com"]}
    assert rest.post(f"/v1/{mine}:setIamPolicy", {"policy": {"bindings": [binding]}}).status == 200
    assert stranger.post(f"/v1/{mine}/{sign}", digest).status == 200
    assert stranger.post(f"/v1/{other}/{sign}", digest).status == 403
    # Who signs need not see the key, change it, or destroy it.
    version = f"/v1/{mine}/cryptoKeys/k/cryptoKeyVersions/1"
    assert stranger.get(version).status == 403
    assert stranger.get(f"{version}/publicKey").status == 403
    assert stranger.post(f"{version}:destroy", {}).status == 403
