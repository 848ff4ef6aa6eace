"""Cloud KMS: signing keys (SPEC 3.6, 7.3)."""

from collections.abc import Iterator

from binauthz.transports.method import Method
from binauthz.transports.methods.rows import name, parent, row
from binauthz.wire import kms


def methods() -> Iterator[Method]:
    """Every served method of Cloud KMS."""
    service = "google.cloud.kms.v1.KeyManagementService"
    rings, keys, versions = "cloudkms.keyRings", "cloudkms.cryptoKeys", "cloudkms.cryptoKeyVersions"
    yield row(service, "CreateKeyRing", f"{rings}.create", parent, kms.create_key_ring)
    yield row(service, "GetKeyRing", f"{rings}.get", name, kms.get_key_ring)
    yield row(service, "ListKeyRings", f"{rings}.list", parent, kms.list_key_rings)
    yield row(service, "CreateCryptoKey", f"{keys}.create", parent, kms.create_crypto_key)
    yield row(service, "GetCryptoKey", f"{keys}.get", name, kms.get_crypto_key)
    yield row(service, "ListCryptoKeys", f"{keys}.list", parent, kms.list_crypto_keys)
    yield row(service, "UpdateCryptoKey", f"{keys}.update", kms.crypto_key_name, kms.update_crypto_key)
    yield row(service, "CreateCryptoKeyVersion", f"{versions}.create", parent, kms.create_version)
    yield row(service, "GetCryptoKeyVersion", f"{versions}.get", name, kms.get_version)
    yield row(service, "ListCryptoKeyVersions", f"{versions}.list", parent, kms.list_versions)
    yield row(service, "UpdateCryptoKeyVersion", f"{versions}.update", kms.version_name, kms.update_version)
    yield row(service, "DestroyCryptoKeyVersion", f"{versions}.destroy", name, kms.destroy_version)
    yield row(service, "RestoreCryptoKeyVersion", f"{versions}.restore", name, kms.restore_version)
    yield row(service, "GetPublicKey", f"{versions}.viewPublicKey", name, kms.get_public_key)
    yield row(service, "AsymmetricSign", f"{versions}.useToSign", name, kms.asymmetric_sign)
    yield row(
        service,
        "GenerateRandomBytes",
        "cloudkms.locations.generateRandomBytes",
        kms.location_name,
        kms.generate_random_bytes,
    )
