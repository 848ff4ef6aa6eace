"""Deploy attestations: one for each digest of what conforms, by a key that is made once and can be taken away."""

import asyncio
import base64
import datetime as dt
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from binauthz.base.errors import Code
from binauthz.crypto.pae import pae
from binauthz.policy.platform.model import AlwaysDeny, Check, CheckSet, GkePolicy, PlatformPolicy
from binauthz.policy.platform.subject import PodSubject
from binauthz.services import deploy_attestations, platform_policies
from binauthz.services.context import Context
from binauthz.services.kms import signing, versions
from binauthz.services.kms.lists import PAGE_DEFAULT
from binauthz.services.paging import PageRequest
from binauthz.wire.platform_evidence import DECODERS
from tests.services.conftest import PROJECT, World, world
from tests.services.kms.conftest import Keys, keys

__all__ = ["keys", "world"]

GKE = f"{PROJECT}/platforms/gke"
KEY = f"{PROJECT}/locations/global/keyRings/binauthz/cryptoKeys/deploy-attestations"
A, B = "a" * 64, "b" * 64
IMAGES = (
    f"gcr.io/p/app@sha256:{A}",
    f"localhost:5000/side:v1@sha256:{B}",
    "gcr.io/p/tagged:v1",
    f"gcr.io/p/app@sha256:{A}",
)
PERMISSIVE = GkePolicy()


def attested(
    keys: Keys, gke: GkePolicy = PERMISSIVE, ctx: Context | None = None, policy_id: str = "p1"
) -> tuple[str, ...]:
    context = ctx or keys.owner
    made = keys.world.run(platform_policies.create(context, GKE, policy_id, PlatformPolicy(name="", gke=gke)))
    return again(keys, made.name, context)


def again(keys: Keys, name: str, context: Context) -> tuple[str, ...]:
    return keys.world.run(_attest(context, name))


async def _attest(context: Context, name: str) -> tuple[str, ...]:
    pod = PodSubject(name="", namespace="default", service_account="default", images=IMAGES)
    policy, results = await platform_policies.evaluate_pods(context, name, [pod], DECODERS)
    return await deploy_attestations.attest(context, policy, results)


def opened(keys: Keys, attestation: str, version: int = 1) -> dict[str, Any]:
    """The statement, once the signature is proven over what DSSE says is signed."""
    envelope = json.loads(base64.urlsafe_b64decode(attestation))
    payload = base64.b64decode(envelope["payload"], validate=True)
    (signature,) = envelope["signatures"]
    name = f"{KEY}/cryptoKeyVersions/{version}"
    assert signature["keyid"] == f"//cloudkms.googleapis.com/v1/{name}"
    public = load_pem_public_key(keys.world.run(signing.get_public_key(keys.owner, name)).public_pem.encode())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert public.curve.name == "secp256r1"
    signed = base64.b64decode(signature["sig"], validate=True)
    public.verify(signed, pae(payload, envelope["payloadType"]), ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(signed, payload, ec.ECDSA(hashes.SHA256()))
    statement: dict[str, Any] = json.loads(payload)
    return statement


def test_each_digest_is_attested_once_and_a_tag_is_not(keys: Keys) -> None:
    first, second = [opened(keys, each) for each in attested(keys)]
    assert first["subject"] == [{"name": "gcr.io/p/app", "digest": {"sha256": A}}]
    assert second["subject"] == [{"name": "localhost:5000/side", "digest": {"sha256": B}}]
    assert first["predicate"]["policy"]["name"] == f"{GKE}/policies/p1"
    assert first["predicate"]["verdict"] == "CONFORMANT"
    assert dt.datetime.fromisoformat(first["predicate"]["evaluateTime"]) == keys.world.clock.now()


def test_what_does_not_conform_makes_no_key(keys: Keys) -> None:
    deny = GkePolicy(check_sets=(CheckSet(checks=(Check(kind=AlwaysDeny()),)),))
    assert attested(keys, deny) == ()
    keys.world.refused(versions.get_version(keys.owner, f"{KEY}/cryptoKeyVersions/1"), Code.NOT_FOUND)


def test_the_key_is_made_once_and_rotated_like_any_other(keys: Keys) -> None:
    attested(keys)
    name = f"{GKE}/policies/p1"
    assert len(again(keys, name, keys.owner)) == 2
    page, count = keys.world.run(versions.list_versions(keys.owner, KEY, PageRequest(size=PAGE_DEFAULT)))
    assert (count, len(page.items)) == (1, 1)
    keys.world.run(versions.create_version(keys.owner, KEY))
    opened(keys, again(keys, name, keys.owner)[0], version=2)
    keys.world.run(versions.set_state(keys.owner, f"{KEY}/cryptoKeyVersions/2", "DISABLED"))
    opened(keys, again(keys, name, keys.owner)[0], version=1)
    keys.world.run(versions.set_state(keys.owner, f"{KEY}/cryptoKeyVersions/1", "DISABLED"))
    keys.world.refused(_attest(keys.owner, name), Code.FAILED_PRECONDITION)


def test_many_first_callers_make_one_key(keys: Keys) -> None:
    made = keys.world.run(platform_policies.create(keys.owner, GKE, "p1", PlatformPolicy(name="", gke=PERMISSIVE)))

    async def body() -> list[object]:
        return await asyncio.gather(*(_attest(keys.owner, made.name) for _ in range(5)), return_exceptions=True)

    found = keys.world.run(body())
    assert all(isinstance(each, tuple) and len(each) == 2 for each in found), found
    _, count = keys.world.run(versions.list_versions(keys.owner, KEY, PageRequest()))
    assert count == 1


def test_a_server_that_keeps_no_keys_says_so(world: World, keys: Keys) -> None:
    made = world.run(platform_policies.create(world.owner, GKE, "p1", PlatformPolicy(name="", gke=PERMISSIVE)))
    world.refused(_attest(world.owner, made.name), Code.FAILED_PRECONDITION)


def test_each_project_has_a_key_of_its_own(keys: Keys) -> None:
    (first, _) = attested(keys)
    assert "projects/demo-project/" in json.loads(base64.urlsafe_b64decode(first))["signatures"][0]["keyid"]


@given(st.text(st.characters(min_codepoint=32), max_size=40), st.text("?>~", max_size=20))
def test_both_alphabets_of_base64_read_an_envelope_alike(text: str, odd: str) -> None:
    encoded = base64.urlsafe_b64encode(deploy_attestations._ascii({text: odd, odd: text}))
    assert not {b"-", b"_"} & {bytes([each]) for each in encoded}
    assert json.loads(base64.b64decode(encoded, validate=True)) == {text: odd, odd: text}
