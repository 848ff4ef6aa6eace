"""Tokens of configured issuers: who they prove, and every way in which one proves nothing (THREATS B67, B68, B70)."""

import asyncio
import dataclasses
import datetime as dt
import json
from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from binauthz.base.clock import FixedClock
from binauthz.base.errors import ApiError, Code
from binauthz.services.context import Caller
from binauthz.transports.oidc.authenticator import OidcAuthenticator, is_jwt
from binauthz.transports.oidc.fetch import FetchFailedError, check_url
from binauthz.transports.oidc.key_source import PAUSE_SECONDS
from binauthz.transports.oidc.keys import KeySetRefusedError, parse_key_set
from binauthz.transports.oidc.settings import Algorithm, Issuer
from tests.transports.oidc.signer import AUDIENCE, ISSUER, Signer, b64url, claims, hmac_token, unsigned

NOW = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)
T = NOW.timestamp()
SIGNER = Signer().rsa("k1").ec("k2").rsa("small", 1024)
OTHER = Signer().rsa("k1")
PLAIN = Issuer(issuer=ISSUER, audiences=frozenset({AUDIENCE}))


class Sets:
    """Key sets from memory, counted; ``down`` for an issuer that does not answer."""

    def __init__(self, *documents: Any) -> None:
        self.documents = list(documents)
        self.asked = 0
        self.down = False

    async def key_set(self) -> bytes:
        self.asked += 1
        await asyncio.sleep(0)
        if self.down:
            raise FetchFailedError("down")
        document = self.documents[0] if len(self.documents) == 1 else self.documents.pop(0)
        return document if isinstance(document, bytes) else json.dumps(document).encode()

    async def close(self) -> None:
        pass


class Door:
    """One configured issuer, its key sets, and both clocks."""

    def __init__(self, runner: asyncio.Runner, sets: Sets, issuer: Issuer) -> None:
        self._runner = runner
        self.sets = sets
        self.clock = FixedClock(NOW)
        self.seconds = 0.0
        self.oidc = OidcAuthenticator([issuer], self.clock, sets=lambda _: sets, monotonic=lambda: self.seconds)

    def __call__(self, token: str) -> Caller | None:
        async def asking() -> Caller | None:
            found = await self.oidc.authenticate(token)
            await asyncio.sleep(0.0)
            return found

        return self._runner.run(asking())

    def together(self, *tokens: str) -> list[Caller | None]:
        async def asking() -> list[Caller | None]:
            return await asyncio.gather(*map(self.oidc.authenticate, tokens))

        return self._runner.run(asking())

    def settle(self) -> None:
        """Let what runs in the background end."""

        async def waiting() -> None:
            for _ in range(5):
                await asyncio.sleep(0)

        self._runner.run(waiting())


@pytest.fixture
def door(runner: asyncio.Runner) -> Door:
    return Door(runner, Sets(SIGNER.key_set()), PLAIN)


def with_issuer(runner: asyncio.Runner, **changed: Any) -> Door:
    return Door(runner, Sets(SIGNER.key_set()), dataclasses.replace(PLAIN, **changed))


@pytest.mark.parametrize("kid", ["k1", "k2"])
def test_a_good_token_proves_its_address_and_groups(door: Door, kid: str) -> None:
    assert door(SIGNER.token(claims(T), kid=kid)) == Caller(
        principal="user:dev@example.com", groups=("team@example.com", "plain")
    )


def test_the_thumbprint_and_type_of_an_access_token_are_no_hindrance(door: Door) -> None:
    assert door(SIGNER.token(claims(T), header={"typ": "at+jwt", "x5t": "abc"})) is not None


REFUSED: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example.com"},
    "the issuer with a slash": {"iss": ISSUER + "/"},
    "no issuer": {"iss": None},
    "an issuer that is a list": {"iss": [ISSUER]},
    "another audience": {"aud": "other"},
    "no audience": {"aud": None},
    "an empty list of audiences": {"aud": []},
    "an audience within another": {"aud": AUDIENCE + "2"},
    "an audience among numbers": {"aud": [AUDIENCE, 1]},
    "expired": {"exp": T - 31},
    "no expiry": {"exp": None},
    "an expiry that is text": {"exp": "9999999999"},
    "an expiry that is true": {"exp": True},
    "an expiry beyond reason": {"exp": 10**400},
    "not yet valid": {"nbf": T + 31},
    "issued in the future": {"iat": T + 31},
    "an address that nobody verified": {"email_verified": False},
    "an address verified by text": {"email_verified": "true"},
    "an address of unsaid standing": {"email_verified": None},
    "no address": {"email": None},
    "an address that is a list": {"email": ["dev@example.com"]},
    "an empty address": {"email": ""},
    "an endless address": {"email": "a" * 5000 + "@example.com"},
    "an address with a colon": {"email": "group:x@example.com"},
    "an address with a space": {"email": "a b@example.com"},
    "an address with two at signs": {"email": "a@b@example.com"},
    "the installation's owner": {"email": "owner@binauthz.local"},
    "the installation's owner in other letters": {"email": "Owner@BINAUTHZ.local"},
    "the enforcer's own account": {"email": "service-1@gcp-sa-binaryauthorization.iam.gserviceaccount.com"},
}


@pytest.mark.parametrize("changed", REFUSED.values(), ids=REFUSED.keys())
def test_a_signed_token_with_other_claims_proves_nothing(door: Door, changed: dict[str, Any]) -> None:
    assert door(SIGNER.token(claims(T, **changed))) is None


@pytest.mark.parametrize("changed", [{"exp": T - 29}, {"nbf": T + 29}, {"iat": T + 29}, {"nbf": None}, {"iat": None}])
def test_clocks_may_differ_a_little(door: Door, changed: dict[str, Any]) -> None:
    assert door(SIGNER.token(claims(T, **changed))) is not None


def test_a_token_expires_while_we_run(door: Door) -> None:
    token = SIGNER.token(claims(T))
    assert door(token) is not None
    door.clock.advance(dt.timedelta(seconds=631))
    assert door(token) is None


def public_pem() -> bytes:
    return SIGNER.keys["k1"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def tampered(token: str) -> str:
    head, _, signature = token.split(".")
    return f"{head}.{b64url(json.dumps(claims(T, email='root@example.com')).encode())}.{signature}"


GOOD = claims(T)
ATTACKS = {
    "B67 none": unsigned({"alg": "none", "kid": "k1"}, GOOD) + ".",
    "B67 none with a signature": unsigned({"alg": "none", "kid": "k1"}, GOOD) + ".AA",
    "B67 None": unsigned({"alg": "None", "kid": "k1"}, GOOD) + ".AA",
    "B67 the public key as a secret": hmac_token(public_pem(), {"alg": "HS256", "kid": "k1"}, GOOD),
    "B67 the modulus as a secret": hmac_token(
        SIGNER.jwk("k1")["n"].encode(), {"alg": "HS256", "kid": "k1", "typ": "JWT"}, GOOD
    ),
    "B67 RSA's signature as PSS": SIGNER.token(GOOD, header={"alg": "PS256"}),
    "B67 RSA's signature as ECDSA": SIGNER.token(GOOD, header={"alg": "ES256"}),
    "B67 a key in the header": OTHER.token(GOOD, header={"jwk": OTHER.jwk("k1")}),
    "B67 a good token with a key in the header": SIGNER.token(GOOD, header={"jwk": SIGNER.jwk("k1")}),
    "B67 a key set elsewhere": OTHER.token(GOOD, header={"jku": "http://127.0.0.1:1/keys"}),
    "B67 a certificate elsewhere": OTHER.token(GOOD, header={"x5u": "http://127.0.0.1:1/cert"}),
    "B67 a critical extension": SIGNER.token(GOOD, header={"crit": ["b64"], "b64": False}),
    "B68 another's key of that id": OTHER.token(GOOD),
    "B68 another key's id": SIGNER.token(GOOD, kid="k1", header={"kid": "k2"}),
    "B68 an id that is a path": SIGNER.token(GOOD, header={"kid": "../../dev/null"}),
    "B68 an id that is SQL": SIGNER.token(GOOD, header={"kid": "k1' OR '1'='1"}),
    "B68 no id": SIGNER.token(GOOD, header={"kid": None}),
    "B68 an id that is a list": SIGNER.token(GOOD, header={"kid": ["k1"]}),
    "B70 a small key": SIGNER.token(GOOD, kid="small"),
    "B70 other claims under the signature": tampered(SIGNER.token(GOOD)),
    "B70 no signature": SIGNER.token(GOOD).rpartition(".")[0] + ".",
    "B70 another type": SIGNER.token(GOOD, header={"typ": "logout+jwt"}),
    "B70 duplicate claims": "{}.{}.AA".format(
        b64url(b'{"alg":"RS256","kid":"k1"}'), b64url(b'{"iss":"x","iss":"%b"}' % ISSUER.encode())
    ),
    "B70 claims that are a list": f"{b64url(b'{}')}.{b64url(b'[]')}.AA",
    "B70 no text": "..",
    "B70 four parts": SIGNER.token(GOOD) + ".AA",
}


@pytest.mark.parametrize("token", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_proves_nothing(door: Door, token: str) -> None:
    assert door(token) is None


def test_a_stranger_issuer_is_never_asked(door: Door) -> None:
    door(SIGNER.token(claims(T, iss="https://evil.example.com")))
    door(ATTACKS["B67 none with a signature"])
    assert door.sets.asked == 0


MAPPED: dict[str, tuple[dict[str, Any], dict[str, Any], str | None]] = {
    "a subject": (
        {"principal_claim": "sub", "principal_prefix": "principal://ci/"},
        {"sub": "repo:org/app:ref:refs/heads/main"},
        "principal://ci/repo:org/app:ref:refs/heads/main",
    ),
    "a subject as a service account": (
        {"principal_claim": "sub", "principal_prefix": "serviceAccount:", "principal_suffix": "@ci.example.com"},
        {"sub": "Builder"},
        "serviceAccount:builder@ci.example.com",
    ),
    "a claim inside an object": (
        {"principal_claim": "act.name", "principal_prefix": "principal://x/"},
        {"act": {"name": "n"}},
        "principal://x/n",
    ),
    "a subject that makes no member": (
        {"principal_claim": "sub", "principal_prefix": "principal://ci/"},
        {"sub": "a b"},
        None,
    ),
    "a subject taken for everybody": ({"principal_claim": "sub", "principal_prefix": ""}, {"sub": "x"}, None),
    "an address of the right domain": ({"domains": frozenset({"example.com"})}, {}, "user:dev@example.com"),
    "an address of another domain": ({"domains": frozenset({"other.com"})}, {}, None),
    "an address of a domain below": ({"domains": frozenset({"example.com"})}, {"email": "a@b.example.com"}, None),
    "a claim that is required": ({"required_claims": {"owner": "us"}}, {"owner": "us"}, "user:dev@example.com"),
    "a claim that is something else": ({"required_claims": {"owner": "us"}}, {"owner": "them"}, None),
    "a claim that is missing": ({"required_claims": {"owner": "us"}}, {}, None),
    "a claim that is a list of it": ({"required_claims": {"owner": "us"}}, {"owner": ["us"]}, None),
    "an unverified address where allowed": (
        {"require_verified_email": False},
        {"email_verified": None},
        "user:dev@example.com",
    ),
    "one of several audiences": ({}, {"aud": ["other", AUDIENCE]}, "user:dev@example.com"),
}


@pytest.mark.parametrize(("issuer", "changed", "principal"), MAPPED.values(), ids=MAPPED.keys())
def test_the_configuration_says_which_claim_names_the_caller(
    runner: asyncio.Runner, issuer: dict[str, Any], changed: dict[str, Any], principal: str | None
) -> None:
    caller = with_issuer(runner, **issuer)(SIGNER.token(claims(T, **changed)))
    assert (caller.principal if caller else None) == principal


@pytest.mark.parametrize(
    ("issuer", "groups", "expected"),
    [
        ({}, None, ()),
        ({}, "one", ("one",)),
        ({}, {"a": 1}, ()),
        ({}, ["a", 1, "", "x" * 300, "b\x00", "a"], ("a",)),
        ({}, ["system:masters", "system:node"], ()),
        ({}, [" system:masters", "system:masters ", "  ", "a b"], ("a b",)),
        ({"groups_prefix": "oidc-", "groups_suffix": "@Example.com"}, ["A"], ("oidc-a@example.com",)),
        ({"groups_prefix": "system:"}, ["masters"], ()),
        ({"groups_claim": ""}, ["a"], ()),
        ({}, [f"g{n}" for n in range(10_00)], tuple(f"g{n}" for n in range(500))),
    ],
)
def test_groups_are_what_the_configuration_makes_of_them(
    runner: asyncio.Runner, issuer: dict[str, Any], groups: Any, expected: tuple[str, ...]
) -> None:
    caller = with_issuer(runner, **issuer)(SIGNER.token(claims(T, groups=groups)))
    assert caller is not None
    assert caller.groups == expected


def test_groups_may_lie_inside_an_object(runner: asyncio.Runner) -> None:
    token = SIGNER.token(claims(T, realm_access={"roles": ["dev"]}))
    caller = with_issuer(runner, groups_claim="realm_access.roles")(token)
    assert caller is not None
    assert caller.groups == ("dev",)


def test_an_algorithm_that_is_not_configured_is_not_accepted(runner: asyncio.Runner) -> None:
    door = with_issuer(runner, algorithms=("ES256",))
    assert door(SIGNER.token(GOOD)) is None
    assert door(SIGNER.token(GOOD, kid="k2")) is not None


def test_only_asymmetric_algorithms_can_be_configured() -> None:
    assert not [each for each in get_args(Algorithm) if each.startswith("HS") or each.lower() == "none"]


def test_keys_are_fetched_once_and_again_when_they_age(door: Door) -> None:
    token = SIGNER.token(claims(T))
    for _ in range(5):
        assert door(token) is not None
    assert door.sets.asked == 1
    door.seconds = 3601
    assert door(token) is not None
    door.settle()
    assert door.sets.asked == 2


def test_those_who_come_together_ask_once(door: Door) -> None:
    token = SIGNER.token(claims(T))
    assert all(door.together(*[token] * 20))
    assert door.sets.asked == 1


def test_a_new_key_is_found_by_its_first_token(runner: asyncio.Runner) -> None:
    newer = Signer({**SIGNER.keys}).rsa("k3")
    door = Door(runner, Sets(SIGNER.key_set(), newer.key_set(), newer.key_set()), PLAIN)
    assert door(SIGNER.token(GOOD)) is not None
    door.seconds = PAUSE_SECONDS + 1
    assert door(newer.token(GOOD, kid="k3")) is not None
    assert door.sets.asked == 2


def test_a_flood_of_unknown_keys_asks_once_in_a_while(door: Door) -> None:
    assert door(SIGNER.token(GOOD)) is not None
    for number in range(200):
        door.seconds = PAUSE_SECONDS * number / 100
        assert door(SIGNER.token(GOOD, header={"kid": f"unknown-{number}"})) is None
    assert door.sets.asked <= 3
    assert door(SIGNER.token(GOOD)) is not None


def test_a_key_that_the_issuer_withdrew_is_no_longer_believed(runner: asyncio.Runner) -> None:
    door = Door(runner, Sets(SIGNER.key_set(), Signer().ec("k9").key_set(), Signer().ec("k9").key_set()), PLAIN)
    assert door(SIGNER.token(GOOD)) is not None
    door.seconds = 3601
    door(SIGNER.token(GOOD))
    door.settle()
    assert door(SIGNER.token(GOOD)) is None


def test_keys_are_believed_for_a_bounded_time_while_the_issuer_is_down(door: Door) -> None:
    token = SIGNER.token(claims(T, exp=T + 10**6))
    assert door(token) is not None
    door.sets.down = True
    for seconds in (3601.0, 50_000.0, 86_400.0):
        door.seconds = seconds
        assert door(token) is not None
        door.settle()
    door.seconds = 86_401
    with pytest.raises(ApiError) as refused:
        door(token)
    assert refused.value.code is Code.UNAVAILABLE
    door.sets.down = False
    door.seconds += PAUSE_SECONDS
    assert door(token) is not None


def test_without_keys_the_answer_is_not_that_the_token_is_bad(door: Door) -> None:
    door.sets.down = True
    for _ in range(3):
        with pytest.raises(ApiError) as refused:
            door(SIGNER.token(GOOD))
        assert refused.value.code is Code.UNAVAILABLE
    assert door.sets.asked == 1


KEY_SETS: dict[str, Any] = {
    "no JSON": b"{",
    "a list": [],
    "no keys": {},
    "keys that are no list": {"keys": {}},
    "too many keys": {"keys": [{}] * 101},
    "duplicate members": b'{"keys": [], "keys": []}',
    "too long": b'{"keys": [' + b" " * 300_000 + b"]}",
}


@pytest.mark.parametrize("document", KEY_SETS.values(), ids=KEY_SETS.keys())
def test_what_is_no_key_set_is_refused(document: Any) -> None:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(KeySetRefusedError):
        parse_key_set(raw, get_args(Algorithm))


UNUSABLE: dict[str, Any] = {
    "B67 a symmetric key": {"kty": "oct", "kid": "k", "k": "AAAA"},
    "no id": {**SIGNER.jwk("k1"), "kid": ""},
    "an id that is a number": {**SIGNER.jwk("k1"), "kid": 1},
    "for encryption": SIGNER.jwk("k1", use="enc"),
    "to sign with": SIGNER.jwk("k1", key_ops=["sign"]),
    "of another algorithm": SIGNER.jwk("k1", alg="RS384"),
    "B67 declared as symmetric": SIGNER.jwk("k1", alg="HS256"),
    "small": SIGNER.jwk("small"),
    "an exponent of one": {**SIGNER.jwk("k1"), "e": "AQ"},
    "a number that is none": {**SIGNER.jwk("k1"), "n": "!!"},
    "an endless number": {**SIGNER.jwk("k1"), "n": "A" * 100_000},
    "a point off the curve": {**SIGNER.jwk("k2"), "y": b64url(b"\x01" * 32)},
    "an unknown curve": {**SIGNER.jwk("k2"), "crv": "secp256k1"},
    "text": "k1",
}


@pytest.mark.parametrize("key", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_key_that_cannot_be_used_is_left_out_and_the_others_kept(key: Any) -> None:
    document = {"keys": [key, {**SIGNER.jwk("k2"), "kid": "good"}]}
    assert set(parse_key_set(json.dumps(document).encode(), get_args(Algorithm))) == {("good", "ES256")}


def test_B68_an_id_that_two_keys_share_names_neither() -> None:
    twice = {"keys": [SIGNER.jwk("k1"), {**OTHER.jwk("k1")}, SIGNER.jwk("k2")]}
    assert {kid for kid, _ in parse_key_set(json.dumps(twice).encode(), get_args(Algorithm))} == {"k2"}


def test_an_issuer_is_configured_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        OidcAuthenticator([PLAIN, PLAIN], FixedClock(NOW), sets=lambda _: Sets({}))


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://issuer.example.com/realm", True),
        ("http://127.0.0.1:8080", True),
        ("http://localhost", True),
        ("http://issuer.example.com", False),
        ("http://127.0.0.1.evil.com", False),
        ("http://127.0.0.1@evil.com", False),
        ("https://user@host", False),
        ("https://host/#x", False),
        ("ftp://host", False),
        ("https://", False),
        ("https://host:port", False),
        ("", False),
    ],
)
def test_an_issuer_is_asked_over_https_or_on_this_machine(url: str, good: bool) -> None:
    if good:
        check_url(url, "issuer")
    else:
        with pytest.raises(ValueError, match="issuer"):
            check_url(url, "issuer")


def test_our_own_tokens_have_no_such_form() -> None:
    from binauthz.services import tokens  # noqa: PLC0415

    assert not is_jwt(tokens.generate())
    assert is_jwt(SIGNER.token(GOOD))
