"""Fetching an issuer's keys over real HTTP: from named hosts alone, no redirects, bounded (THREATS B47, B101)."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from binauthz.transports.oidc.fetch import Fetcher, FetchFailedError
from binauthz.transports.oidc.settings import Issuer
from tests.sources.hostile import Reply
from tests.transports.oidc.issuer import DISCOVERY, KEYS, LocalIssuer, json_reply, local_issuer
from tests.transports.oidc.signer import AUDIENCE, Signer

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def running() -> Iterator[LocalIssuer]:
    with local_issuer(Signer().rsa("k1")) as made:
        yield made


@pytest.fixture
def issuer(running: LocalIssuer) -> LocalIssuer:
    running.reset()
    return running


def fetched(issuer: LocalIssuer, **settings: Any) -> bytes:
    async def asking() -> bytes:
        fetcher = Fetcher(Issuer(**{"issuer": issuer.url, "audiences": frozenset({AUDIENCE}), **settings}))
        try:
            return await fetcher.key_set()
        finally:
            await fetcher.close()

    return asyncio.run(asking())


def test_the_discovery_document_says_where_the_keys_are(issuer: LocalIssuer) -> None:
    assert json.loads(fetched(issuer)) == issuer.signer.key_set()
    assert issuer.asked == [DISCOVERY, KEYS]


def test_a_configured_address_is_asked_directly(issuer: LocalIssuer) -> None:
    assert json.loads(fetched(issuer, jwks_url=issuer.url + KEYS)) == issuer.signer.key_set()
    assert issuer.asked == [KEYS]


def test_another_host_is_asked_only_where_it_is_named(issuer: LocalIssuer) -> None:
    elsewhere = issuer.url.replace("127.0.0.1", "localhost") + KEYS
    issuer.answer(DISCOVERY, json_reply({"issuer": issuer.url, "jwks_uri": elsewhere}))
    with pytest.raises(FetchFailedError, match="jwks_hosts"):
        fetched(issuer)
    assert issuer.asked == [DISCOVERY]
    assert fetched(issuer, jwks_hosts=frozenset({"localhost"}))


def redirect(issuer: LocalIssuer, status: int = 302) -> Reply:
    return Reply(status=status, headers={"Location": issuer.url + "/elsewhere"})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", [DISCOVERY, KEYS])
def test_B47_a_redirect_is_not_followed(issuer: LocalIssuer, path: str, status: int) -> None:
    issuer.answer(path, redirect(issuer, status))
    with pytest.raises(FetchFailedError, match=str(status)):
        fetched(issuer)
    assert "/elsewhere" not in issuer.asked


BAD_DISCOVERY: dict[str, Any] = {
    "another issuer": {"issuer": "https://evil.example.com", "jwks_uri": "KEYS"},
    "the issuer with a slash": {"issuer": "SLASH", "jwks_uri": "KEYS"},
    "no issuer": {"jwks_uri": "KEYS"},
    "no keys": {"issuer": "SELF"},
    "keys that are no text": {"issuer": "SELF", "jwks_uri": ["KEYS"]},
    "keys in a file": {"issuer": "SELF", "jwks_uri": "file:///etc/passwd"},
    "keys of the metadata server": {"issuer": "SELF", "jwks_uri": "http://169.254.169.254/keys"},
    "keys with a user": {"issuer": "SELF", "jwks_uri": "https://127.0.0.1@evil.example.com/keys"},
    "no URL": {"issuer": "SELF", "jwks_uri": "https://[::1"},
}


@pytest.mark.parametrize("document", BAD_DISCOVERY.values(), ids=BAD_DISCOVERY.keys())
def test_B47_a_discovery_document_chooses_no_other_place(issuer: LocalIssuer, document: dict[str, Any]) -> None:
    words = {"SELF": issuer.url, "SLASH": issuer.url + "/", "KEYS": issuer.url + KEYS}
    filled = {name: words.get(value, value) if isinstance(value, str) else value for name, value in document.items()}
    issuer.answer(DISCOVERY, json_reply(filled))
    with pytest.raises(FetchFailedError):
        fetched(issuer)
    assert issuer.asked == [DISCOVERY]


BAD_ANSWERS = {
    "an error": Reply(body=b"{}", status=500),
    "nothing there": Reply(status=404),
    "too long": Reply(body=b" " * 300_000),
    "compressed": Reply(body=gzip.compress(b'{"keys": []}'), headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("reply", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
@pytest.mark.parametrize("path", [DISCOVERY, KEYS])
def test_an_answer_that_is_not_one_is_a_failure(issuer: LocalIssuer, path: str, reply: Reply) -> None:
    issuer.answer(path, reply)
    with pytest.raises(FetchFailedError):
        fetched(issuer)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"issuer": "a", "issuer": "b"}', b"\xff"])
def test_a_discovery_document_is_strict_json(issuer: LocalIssuer, body: bytes) -> None:
    issuer.answer(DISCOVERY, Reply(body=body))
    with pytest.raises(FetchFailedError):
        fetched(issuer)


def test_nobody_there_is_a_failure(issuer: LocalIssuer) -> None:
    with pytest.raises(FetchFailedError):
        fetched(issuer, jwks_url="http://127.0.0.1:1/keys")


def test_a_proxy_of_the_environment_is_not_used(issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert fetched(issuer)
