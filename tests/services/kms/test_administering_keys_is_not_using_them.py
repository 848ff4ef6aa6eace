"""Google's KMS roles: who administers keys cannot sign, who signs sees and changes nothing else."""

import pytest

from binauthz.services.roles import ROLES

VERSIONS = "cloudkms.cryptoKeyVersions."
USING = {f"{VERSIONS}useToSign", f"{VERSIONS}viewPublicKey"}


@pytest.mark.parametrize(
    ("role", "holds", "lacks"),
    [
        ("admin", {f"{VERSIONS}destroy", "cloudkms.keyRings.create", "cloudkms.cryptoKeys.setIamPolicy"}, USING),
        ("viewer", {f"{VERSIONS}get", "cloudkms.keyRings.list"}, {*USING, f"{VERSIONS}create"}),
        ("signer", {f"{VERSIONS}useToSign"}, {f"{VERSIONS}viewPublicKey", f"{VERSIONS}get", f"{VERSIONS}destroy"}),
        ("verifier", {f"{VERSIONS}viewPublicKey"}, {f"{VERSIONS}useToSign"}),
        ("publicKeyViewer", {f"{VERSIONS}viewPublicKey"}, {f"{VERSIONS}useToSign"}),
        ("signerVerifier", USING, {f"{VERSIONS}get", f"{VERSIONS}update", "cloudkms.cryptoKeys.update"}),
        ("cryptoOperator", {*USING, "cloudkms.locations.generateRandomBytes"}, {f"{VERSIONS}destroy"}),
    ],
)
def test_a_role_of_cloud_kms_holds_what_it_says(role: str, holds: set[str], lacks: set[str]) -> None:
    permissions = ROLES[f"roles/cloudkms.{role}"]
    assert holds <= permissions
    assert not lacks & permissions


def test_the_basic_roles_sign_only_for_the_owner() -> None:
    sign = f"{VERSIONS}useToSign"
    assert [role for role in ("viewer", "editor", "owner") if sign in ROLES[f"roles/{role}"]] == ["owner"]
    assert f"{VERSIONS}destroy" not in ROLES["roles/editor"]
