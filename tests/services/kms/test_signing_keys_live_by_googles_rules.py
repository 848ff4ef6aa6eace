"""Key rings, keys and versions: what is accepted, what is refused, and which state follows which."""

import asyncio
import dataclasses
import datetime as dt
from typing import Any

import pytest

from binauthz.base.errors import ApiError, Code
from binauthz.services.kms import crypto_keys, generation, housekeeping, key_rings, signing, states, versions
from binauthz.services.kms.algorithms import SIGNING
from binauthz.services.paging import PageRequest
from binauthz.store.records import CryptoKeyVersion, ScheduledDestruction
from tests.services.conftest import NOW, OTHER
from tests.services.kms.conftest import EC, KEY, LOCATION, RING, VERSION, Keys, draft_of

DAY = 24 * 3600


@pytest.mark.parametrize("ring", ["r", "A-b_9", "-", "_", "x" * 63])
def test_a_key_ring_takes_any_id_of_the_syntax(keys: Keys, ring: str) -> None:
    made = keys.world.run(key_rings.create_key_ring(keys.owner, LOCATION, ring))
    assert made.name == f"{LOCATION}/keyRings/{ring}"
    assert keys.world.run(key_rings.get_key_ring(keys.owner, made.name)) == made


@pytest.mark.parametrize("ring", ["", "x" * 64, "a/b", "a.b", "..", "é", "a b", "a:get"])
def test_a_key_ring_refuses_any_other_id(keys: Keys, ring: str) -> None:
    keys.world.refused(key_rings.create_key_ring(keys.owner, LOCATION, ring), Code.INVALID_ARGUMENT, field="keyRingId")


@pytest.mark.parametrize("key", ["", "x" * 64, "a/b", "a.b", "é"])
def test_a_key_refuses_an_id_outside_the_syntax(keys: Keys, key: str) -> None:
    keys.ring()
    keys.world.refused(
        crypto_keys.create_crypto_key(keys.owner, RING, key, draft_of()), Code.INVALID_ARGUMENT, field="cryptoKeyId"
    )


def test_names_are_taken_once_and_for_ever(keys: Keys) -> None:
    keys.key()
    keys.world.refused(key_rings.create_key_ring(keys.owner, LOCATION, "ring"), Code.ALREADY_EXISTS)
    keys.world.refused(crypto_keys.create_crypto_key(keys.owner, RING, "signer", draft_of()), Code.ALREADY_EXISTS)


def test_what_is_missing_is_not_found(keys: Keys) -> None:
    run, owner = keys.world.refused, keys.owner
    run(key_rings.create_key_ring(owner, "projects/absent/locations/global", "r"), Code.NOT_FOUND)
    run(key_rings.get_key_ring(owner, RING), Code.NOT_FOUND)
    run(crypto_keys.create_crypto_key(owner, RING, "k", draft_of()), Code.NOT_FOUND)
    run(crypto_keys.get_crypto_key(owner, KEY), Code.NOT_FOUND)
    run(versions.create_version(owner, KEY), Code.NOT_FOUND)
    run(versions.get_version(owner, VERSION), Code.NOT_FOUND)
    run(signing.get_public_key(owner, VERSION), Code.NOT_FOUND)
    keys.key()
    run(versions.get_version(owner, f"{KEY}/cryptoKeyVersions/2"), Code.NOT_FOUND)
    run(versions.get_version(owner, f"{KEY}/cryptoKeyVersions/01"), Code.INVALID_ARGUMENT)


def test_a_project_may_be_named_by_its_number(keys: Keys) -> None:
    keys.key()
    by_number = VERSION.replace("demo-project", "123456789012")
    assert keys.world.run(versions.get_version(keys.owner, by_number)).name == VERSION


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"purpose": "CRYPTO_KEY_PURPOSE_UNSPECIFIED"}, Code.INVALID_ARGUMENT, "cryptoKey.purpose"),
        ({"purpose": "ENCRYPT_DECRYPT"}, Code.UNIMPLEMENTED, ""),
        ({"purpose": "MAC"}, Code.UNIMPLEMENTED, ""),
        ({"purpose": "ASYMMETRIC_DECRYPT"}, Code.UNIMPLEMENTED, ""),
        (
            {"algorithm": "CRYPTO_KEY_VERSION_ALGORITHM_UNSPECIFIED"},
            Code.INVALID_ARGUMENT,
            "cryptoKey.versionTemplate.algorithm",
        ),
        ({"algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION"}, Code.INVALID_ARGUMENT, "cryptoKey.versionTemplate.algorithm"),
        ({"algorithm": "RSA_DECRYPT_OAEP_2048_SHA256"}, Code.INVALID_ARGUMENT, "cryptoKey.versionTemplate.algorithm"),
        ({"algorithm": "HMAC_SHA256"}, Code.INVALID_ARGUMENT, "cryptoKey.versionTemplate.algorithm"),
        ({"algorithm": "EC_SIGN_SECP256K1_SHA256"}, Code.UNIMPLEMENTED, ""),
        ({"algorithm": "EC_SIGN_ED25519"}, Code.UNIMPLEMENTED, ""),
        ({"algorithm": "RSA_SIGN_RAW_PKCS1_2048"}, Code.UNIMPLEMENTED, ""),
        ({"algorithm": "PQ_SIGN_ML_DSA_65"}, Code.UNIMPLEMENTED, ""),
        ({"protection_level": "HSM"}, Code.FAILED_PRECONDITION, ""),
        ({"protection_level": "EXTERNAL"}, Code.UNIMPLEMENTED, ""),
        ({"destroy_after_seconds": DAY - 1}, Code.INVALID_ARGUMENT, "cryptoKey.destroyScheduledDuration"),
        ({"destroy_after_seconds": 120 * DAY + 1}, Code.INVALID_ARGUMENT, "cryptoKey.destroyScheduledDuration"),
        ({"labels": {f"k{n}": "" for n in range(65)}}, Code.INVALID_ARGUMENT, "cryptoKey.labels"),
        ({"labels": {"": "v"}}, Code.INVALID_ARGUMENT, "cryptoKey.labels"),
        ({"labels": {"1a": "v"}}, Code.INVALID_ARGUMENT, "cryptoKey.labels"),
        ({"labels": {"Upper": "v"}}, Code.INVALID_ARGUMENT, "cryptoKey.labels"),
        ({"labels": {"k" * 64: "v"}}, Code.INVALID_ARGUMENT, "cryptoKey.labels"),
        ({"labels": {"k": "v" * 64}}, Code.INVALID_ARGUMENT, "cryptoKey.labels"),
        ({"labels": {"k": "a b"}}, Code.INVALID_ARGUMENT, "cryptoKey.labels"),
    ],
)
def test_a_key_that_cannot_be_is_refused_and_leaves_nothing(
    keys: Keys, change: dict[str, Any], code: Code, field: str
) -> None:
    keys.ring()
    draft = dataclasses.replace(draft_of(), **change)
    keys.world.refused(crypto_keys.create_crypto_key(keys.owner, RING, "signer", draft), code, field)
    keys.world.refused(crypto_keys.get_crypto_key(keys.owner, KEY), Code.NOT_FOUND)


def test_a_key_keeps_what_was_asked(keys: Keys) -> None:
    labels = {f"k{n}": "v" for n in range(63)} | {"größe-_9": "名" * 63}
    keys.key(labels=labels, destroy_after_seconds=DAY, protection_level="SOFTWARE")
    key = keys.world.run(crypto_keys.get_crypto_key(keys.owner, KEY))
    assert (key.labels, key.destroy_after_seconds, key.protection_level) == (labels, DAY, "SOFTWARE")
    assert (key.algorithm, key.last_version) == (EC, 1)


def test_a_key_may_have_no_version_yet(keys: Keys) -> None:
    keys.ring()
    work = crypto_keys.create_crypto_key(keys.owner, RING, "signer", draft_of(), with_version=False)
    assert keys.world.run(work).last_version == 0
    page, total = keys.world.run(versions.list_versions(keys.owner, KEY, PageRequest()))
    assert (list(page.items), total) == ([], 0)
    assert keys.world.run(versions.create_version(keys.owner, KEY)).name == VERSION


def test_only_labels_and_the_algorithm_of_later_versions_change(keys: Keys) -> None:
    keys.key(labels={"a": "b"})
    changed = keys.world.run(crypto_keys.update_crypto_key(keys.owner, KEY, algorithm="EC_SIGN_P384_SHA384"))
    assert (changed.algorithm, changed.labels) == ("EC_SIGN_P384_SHA384", {"a": "b"})
    assert keys.world.run(crypto_keys.update_crypto_key(keys.owner, KEY, labels={})).labels == {}
    second = keys.world.run(versions.create_version(keys.owner, KEY))
    assert (second.name.rpartition("/")[2], second.algorithm) == ("2", "EC_SIGN_P384_SHA384")
    assert keys.world.run(versions.get_version(keys.owner, VERSION)).algorithm == EC
    keys.world.refused(crypto_keys.update_crypto_key(keys.owner, KEY, algorithm="HMAC_SHA256"), Code.INVALID_ARGUMENT)
    keys.world.refused(
        crypto_keys.update_crypto_key(keys.owner, KEY, labels={"A": ""}), Code.INVALID_ARGUMENT, "cryptoKey.labels"
    )


def test_versions_are_listed_by_number_and_pages_miss_nothing(keys: Keys) -> None:
    keys.key()
    for _ in range(11):
        keys.world.run(versions.create_version(keys.owner, KEY))
    seen: list[str] = []
    token = ""
    while True:
        page, total = keys.world.run(
            versions.list_versions(keys.owner, KEY, PageRequest(size=5, token=token), order_by="name")
        )
        seen += [each.name.rpartition("/")[2] for each in page.items]
        token = page.next_token
        if not token:
            break
    assert seen == [str(number) for number in range(1, 13)]
    assert total == 12


@pytest.mark.parametrize(
    ("arguments", "field"),
    [({"filter": "state=ENABLED"}, "filter"), ({"order_by": "name desc"}, "orderBy"), ({"order_by": "x"}, "orderBy")],
)
def test_lists_refuse_what_they_do_not_do(keys: Keys, arguments: dict[str, str], field: str) -> None:
    keys.key()
    for work, parent in (
        (key_rings.list_key_rings, LOCATION),
        (crypto_keys.list_crypto_keys, RING),
        (versions.list_versions, KEY),
    ):
        keys.world.refused(work(keys.owner, parent, PageRequest(), **arguments), Code.INVALID_ARGUMENT, field)


def test_page_tokens_stay_in_their_list(keys: Keys) -> None:
    keys.key()
    for ring in "abc":
        keys.world.run(key_rings.create_key_ring(keys.owner, LOCATION, ring))
    page, total = keys.world.run(key_rings.list_key_rings(keys.owner, LOCATION, PageRequest(size=2)))
    assert [each.name.rpartition("/")[2] for each in page.items] == ["a", "b"]
    assert total == 4
    elsewhere = PageRequest(token=page.next_token)
    for work, parent in (
        (key_rings.list_key_rings, f"{OTHER}/locations/global"),
        (key_rings.list_key_rings, LOCATION.replace("global", "us")),
        (crypto_keys.list_crypto_keys, RING),
        (versions.list_versions, KEY),
    ):
        keys.world.refused(work(keys.owner, parent, elsewhere), Code.INVALID_ARGUMENT, "pageToken")


def test_a_version_is_disabled_and_enabled(keys: Keys) -> None:
    keys.key()
    for state in ("DISABLED", "DISABLED", "ENABLED", "ENABLED"):
        assert keys.world.run(versions.set_state(keys.owner, VERSION, state)).state == state


def test_a_destruction_is_scheduled_and_can_be_undone_until_its_time(keys: Keys) -> None:
    keys.key(destroy_after_seconds=DAY)
    scheduled = keys.world.run(versions.destroy_version(keys.owner, VERSION))
    assert (scheduled.state, scheduled.destroy_time) == ("DESTROY_SCHEDULED", NOW + dt.timedelta(days=1))
    for work in (
        versions.destroy_version(keys.owner, VERSION),
        versions.set_state(keys.owner, VERSION, "ENABLED"),
        signing.get_public_key(keys.owner, VERSION),
    ):
        error = keys.world.refused(work, Code.FAILED_PRECONDITION)
        assert "DESTROY_SCHEDULED" in error.message
    keys.world.clock.advance(dt.timedelta(days=1, microseconds=-1))
    restored = keys.world.run(versions.restore_version(keys.owner, VERSION))
    assert (restored.state, restored.destroy_time) == ("DISABLED", None)
    keys.world.clock.advance(dt.timedelta(days=1))
    assert keys.world.run(housekeeping.destroy_what_is_due(keys.world.store, keys.world.clock, keys.custody)) == 0
    assert keys.world.run(versions.set_state(keys.owner, VERSION, "ENABLED")).material
    keys.world.refused(versions.restore_version(keys.owner, VERSION), Code.FAILED_PRECONDITION)


def test_after_its_time_the_material_is_gone_for_good(keys: Keys) -> None:
    keys.key()
    keys.world.run(versions.destroy_version(keys.owner, VERSION))
    due = NOW + dt.timedelta(days=30)
    keys.world.clock.moment = due
    seen = keys.world.run(versions.get_version(keys.owner, VERSION))
    assert (seen.state, seen.destroy_event_time, seen.destroy_time, seen.material) == ("DESTROYED", due, None, b"")
    keys.world.refused(versions.restore_version(keys.owner, VERSION), Code.FAILED_PRECONDITION)
    assert keys.world.run(housekeeping.destroy_what_is_due(keys.world.store, keys.world.clock, keys.custody)) == 1
    stored = keys.world.run(keys.world.store.read(lambda tx: tx.get(CryptoKeyVersion, VERSION)))
    assert stored == seen
    assert keys.world.run(keys.world.store.read(lambda tx: tx.list(ScheduledDestruction, ""))) == []
    assert keys.world.run(housekeeping.destroy_what_is_due(keys.world.store, keys.world.clock, keys.custody)) == 0
    assert keys.world.run(versions.create_version(keys.owner, KEY)).name.endswith("/2")


def test_a_version_whose_maker_stopped_fails_by_itself(keys: Keys) -> None:
    keys.key()
    lost = CryptoKeyVersion(
        name=VERSION, state=states.PENDING_GENERATION, algorithm=EC, protection_level="SOFTWARE", create_time=NOW
    )
    keys.world.put(lost)
    error = keys.world.refused(signing.get_public_key(keys.owner, VERSION), Code.FAILED_PRECONDITION)
    assert "PENDING_GENERATION" in error.message
    keys.world.refused(versions.destroy_version(keys.owner, VERSION), Code.FAILED_PRECONDITION)
    keys.world.clock.advance(states.GENERATION_LIMIT)
    seen = keys.world.run(versions.get_version(keys.owner, VERSION))
    assert (seen.state, seen.generation_failure_reason != "") == ("GENERATION_FAILED", True)


def test_a_key_that_takes_long_is_pending_and_then_enabled(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.ring()
    monkeypatch.setattr(generation, "PATIENCE_SECONDS", 0)

    async def body() -> tuple[str, str]:
        await crypto_keys.create_crypto_key(keys.owner, RING, "signer", draft_of("RSA_SIGN_PSS_2048_SHA256"))
        early = await versions.get_version(keys.owner, VERSION)
        await asyncio.gather(*keys.custody._background)
        return early.state, (await versions.get_version(keys.owner, VERSION)).state

    assert keys.world.run(body()) == ("PENDING_GENERATION", "ENABLED")


def test_a_key_that_cannot_be_made_says_why(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.ring()

    async def fail(*_: object) -> Any:
        raise ApiError(Code.UNAVAILABLE, "the token was pulled out")

    monkeypatch.setattr(keys.custody, "generate", fail)
    keys.world.run(crypto_keys.create_crypto_key(keys.owner, RING, "signer", draft_of()))
    seen = keys.world.run(versions.get_version(keys.owner, VERSION))
    assert (seen.state, seen.generation_failure_reason) == ("GENERATION_FAILED", "the token was pulled out")


def test_a_server_that_keeps_no_keys_says_so(keys: Keys) -> None:
    keys.ring()
    keys.world.refused(crypto_keys.create_crypto_key(keys.world.owner, RING, "k", draft_of()), Code.FAILED_PRECONDITION)


def test_every_algorithm_has_a_name_of_its_own() -> None:
    assert len(set(SIGNING.values())) == len(SIGNING) == 10
