"""B40, B41, B43, B45, B47, B48, B103, B106, B110: a registry that lies, points elsewhere, or never ends."""

import asyncio
import base64
import datetime as dt
import hashlib
import json
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest

from binauthz.app.certificates import Authority
from binauthz.base.clock import FixedClock
from binauthz.sources.registry import Registry, RegistrySettings, RegistryTrouble, Trouble
from tests.sources import images
from tests.sources.hostile import Reply, Toy, toy

pytestmark = pytest.mark.servers
T = TypeVar("T")
NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
REPOSITORY = "projects/p/locations/us/repositories/r"
BODY = images.image(images.config())
DIGEST = hashlib.sha256(BODY).hexdigest()
MANIFEST = Reply(headers={"Content-Type": images.IMAGE}, body=BODY)


class Asker:
    """Asks the hostile registry one thing."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner

    def ask(self, settings: RegistrySettings, work: Callable[[Registry], Awaitable[T]], seconds: float = 5.0) -> T:
        async def body() -> T:
            registry = Registry(settings, clock=FixedClock(NOW), request_seconds=seconds)
            try:
                return await work(registry)
            finally:
                await registry.close()

        return self._runner.run(body())

    def trouble(
        self, settings: RegistrySettings, work: Callable[[Registry], Awaitable[object]], seconds: float = 5.0
    ) -> RegistryTrouble:
        with pytest.raises(RegistryTrouble) as caught:
            self.ask(settings, work, seconds)
        return caught.value


@pytest.fixture
def asker() -> Iterator[Asker]:
    with asyncio.Runner() as runner:
        yield Asker(runner)


def at(toy_: Toy, **more: Any) -> RegistrySettings:
    return RegistrySettings(repository=REPOSITORY, url=toy_.url, **more)


def manifest_of(reference: str) -> Callable[[Registry], Awaitable[Any]]:
    return lambda registry: registry.manifest("app", reference)


def test_B41_bytes_that_do_not_hash_to_the_digest_are_refused(hostile: Toy, asker: Asker) -> None:
    hostile.replies[f"/v2/app/manifests/sha256:{'0' * 64}"] = MANIFEST
    assert asker.trouble(at(hostile), manifest_of("0" * 64)).trouble is Trouble.DISHONEST
    lying = Reply(headers={**MANIFEST.headers, "Docker-Content-Digest": f"sha256:{'1' * 64}"}, body=BODY)
    hostile.replies["/v2/app/manifests/latest"] = lying
    assert asker.trouble(at(hostile), manifest_of("latest")).trouble is Trouble.DISHONEST
    hostile.replies[f"/v2/app/manifests/sha256:{DIGEST}"] = lying
    assert asker.trouble(at(hostile), manifest_of(DIGEST)).trouble is Trouble.DISHONEST
    assert asker.trouble(at(hostile), lambda r: r.resolve("app", DIGEST)).trouble is Trouble.DISHONEST


def test_B40_a_tag_becomes_the_digest_of_the_bytes_that_were_read(hostile: Toy, asker: Asker) -> None:
    other = images.image(images.config(architecture="arm64"))
    bodies = iter([BODY, other, BODY])
    hostile.replies["/v2/app/manifests/latest"] = lambda _: Reply(headers=MANIFEST.headers, body=next(bodies))
    for expected in (BODY, other):
        manifest = asker.ask(at(hostile), manifest_of("latest"))
        assert (manifest.body, manifest.digest) == (expected, hashlib.sha256(expected).hexdigest())
    hostile.replies["/v2/app/manifests/latest"] = MANIFEST
    assert asker.ask(at(hostile), lambda r: r.resolve("app", "latest")) == DIGEST


@pytest.mark.parametrize(
    ("reply", "trouble"),
    [
        (Reply(headers={"Content-Type": images.IMAGE}, body=b"x" * (5 << 20)), Trouble.TOO_LARGE),
        (Reply(headers={"Content-Type": images.IMAGE}, body=b"[" * 100_000), Trouble.MALFORMED),
        (Reply(headers={"Content-Type": images.IMAGE}, body=b'{"a":1,"a":2}'), Trouble.MALFORMED),
        (Reply(headers={"Content-Type": images.IMAGE}, body=b"<html>"), Trouble.MALFORMED),
        (Reply(headers={"Content-Type": images.INDEX}, body=BODY), Trouble.MALFORMED),
        (Reply(headers={"Content-Type": "text/html"}, body=b"{}"), Trouble.MALFORMED),
        (Reply(headers={**MANIFEST.headers, "Content-Encoding": "gzip"}, body=BODY), Trouble.MALFORMED),
        (Reply(headers={**MANIFEST.headers, "Docker-Content-Digest": "md5:1"}, body=BODY), Trouble.MALFORMED),
        (Reply(status=500), Trouble.FAILED),
        (Reply(status=204), Trouble.FAILED),
        (Reply(status=403), Trouble.DENIED),
        (Reply(status=401), Trouble.DENIED),
        (Reply(headers=MANIFEST.headers, body=BODY, length=len(BODY) + 5), Trouble.UNREACHABLE),
    ],
)
def test_an_answer_that_is_none_is_told_apart(hostile: Toy, asker: Asker, reply: Reply, trouble: Trouble) -> None:
    hostile.replies["/v2/app/manifests/latest"] = reply
    seconds = 1.0 if trouble is Trouble.UNREACHABLE else 5.0
    assert asker.trouble(at(hostile), manifest_of("latest"), seconds).trouble is trouble


@pytest.mark.parametrize(
    "change",
    [
        {"manifests": []},
        {"layers": {}},
        {"layers": [{}]},
        {"config": None},
        {"config": {"mediaType": "a/b", "digest": "sha512:" + "0" * 128, "size": 1}},
        {"config": {"mediaType": "a/b", "digest": f"sha256:{DIGEST}", "size": -1}},
        {"config": {"mediaType": "a/b", "digest": f"sha256:{DIGEST}", "size": True}},
        {"config": {"mediaType": "a\nb", "digest": f"sha256:{DIGEST}", "size": 1}},
        {"annotations": {"a": 1}},
        {"annotations": {str(number): "" for number in range(300)}},
        {"mediaType": 5},
        {"subject": []},
    ],
)
def test_B43_a_manifest_has_one_reading_or_none(hostile: Toy, asker: Asker, change: dict[str, Any]) -> None:
    body = json.dumps({**json.loads(BODY), **change}).encode()
    hostile.replies["/v2/app/manifests/latest"] = Reply(headers=MANIFEST.headers, body=body)
    assert asker.trouble(at(hostile), manifest_of("latest")).trouble is Trouble.MALFORMED


def test_B103_a_body_that_drips_ends_in_time(hostile: Toy, asker: Asker) -> None:
    hostile.replies["/v2/app/manifests/latest"] = Reply(headers=MANIFEST.headers, body=BODY, drip=0.05)
    started = time.monotonic()
    assert asker.trouble(at(hostile), manifest_of("latest"), seconds=0.5).trouble is Trouble.UNREACHABLE
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("scheme", ["http://{}", "http://user@{}", "//{}", "http://{}:80", "ftp://{}", "file:///etc/x"])
def test_B47_a_redirect_leaves_for_no_other_address(hostile: Toy, asker: Asker, scheme: str) -> None:
    with toy() as elsewhere:
        target = scheme.format(elsewhere.url.removeprefix("http://").replace("127.0.0.1", "localhost"))
        hostile.replies["/v2/app/manifests/latest"] = Reply(status=307, headers={"Location": f"{target}/steal"})
        trouble = asker.trouble(at(hostile), manifest_of("latest"))
        assert trouble.trouble is Trouble.ELSEWHERE
        assert elsewhere.asked == []


def test_B48_a_configured_redirect_is_followed_without_the_credentials(
    hostile: Toy, asker: Asker, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("robot:hunter2\n")
    with toy() as storage:
        hostile.replies["/v2/app/manifests/latest"] = Reply(status=307, headers={"Location": f"{storage.url}/m?sig=1"})
        storage.replies["/m?sig=1"] = MANIFEST
        settings = at(hostile, credentials_file=str(secret), redirect_origins=(storage.url,))
        assert asker.ask(settings, manifest_of("latest")).digest == DIGEST
        expected = "Basic " + base64.b64encode(b"robot:hunter2").decode()
        assert hostile.asked[0][2]["authorization"] == expected
        assert "authorization" not in storage.asked[0][2]
        storage.replies["/m?sig=1"] = Reply(status=302, headers={"Location": "http://localhost:1/x"})
        assert asker.trouble(settings, manifest_of("latest")).trouble is Trouble.ELSEWHERE


def test_redirects_come_to_an_end(hostile: Toy, asker: Asker) -> None:
    hostile.replies["/v2/app/manifests/latest"] = Reply(status=302, headers={"Location": "/v2/app/manifests/latest"})
    assert asker.trouble(at(hostile), manifest_of("latest")).trouble is Trouble.FAILED
    assert len(hostile.asked) == 4


def challenge(realm: str) -> Reply:
    return Reply(status=401, headers={"WWW-Authenticate": f'Bearer realm="{realm}",service="s",scope="registry:*:*"'})


def test_B48_a_realm_that_is_not_configured_gets_nothing(hostile: Toy, asker: Asker, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("robot:hunter2")
    with toy() as elsewhere:
        hostile.replies["/v2/app/manifests/latest"] = challenge(f"{elsewhere.url}/token")
        for more in ({}, {"credentials_file": str(secret)}, {"token_realm": f"{hostile.url}/token"}):
            trouble = asker.trouble(at(hostile, **more), manifest_of("latest"))
            assert trouble.trouble is Trouble.ELSEWHERE
            assert "hunter2" not in str(trouble)
        assert elsewhere.asked == []


def test_a_token_of_the_configured_realm_is_for_pulling_one_repository(
    hostile: Toy, asker: Asker, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("robot:hunter2")
    with toy() as realm:
        address = f"{realm.url}/token"

        def manifest(headers: Mapping[str, str]) -> Reply:
            return MANIFEST if headers.get("authorization") == "Bearer abc" else challenge(address)

        hostile.replies["/v2/app/manifests/latest"] = manifest
        realm.replies["/token"] = Reply(body=b'{"token": "abc", "expires_in": 300}')
        settings = at(hostile, token_realm=address, credentials_file=str(secret))

        async def twice(registry: Registry) -> None:
            for _ in range(2):
                await registry.manifest("app", "latest")

        asker.ask(settings, twice)
        assert realm.paths == ["/token?service=s&scope=repository%3Aapp%3Apull"]
        assert all("Basic" not in headers.get("authorization", "") for _, _, headers in hostile.asked)
        for body in (b"{}", b'{"token": 5}', b'{"token": "a b"}', b'{"token": "a\\r\\nX: y"}', b"x" * 100_000):
            realm.replies["/token"] = Reply(body=body)
            assert asker.trouble(settings, manifest_of("latest")).trouble in {Trouble.MALFORMED, Trouble.TOO_LARGE}
        realm.replies["/token"] = Reply(status=401)
        assert asker.trouble(settings, manifest_of("latest")).trouble is Trouble.DENIED


def page(names: list[str], following: str = "") -> Reply:
    headers = {"Link": f'<{following}>; rel="next"'} if following else {}
    return Reply(headers=headers, body=json.dumps({"name": "app", "tags": names}).encode())


def test_pages_of_tags_are_walked(hostile: Toy, asker: Asker) -> None:
    hostile.replies["/v2/app/tags/list?n=1000"] = page(["b", "a"], "/v2/app/tags/list?last=b&n=2")
    hostile.replies["/v2/app/tags/list?last=b&n=2"] = page(["c"])
    assert asker.ask(at(hostile), lambda r: r.tags("app")) == ("a", "b", "c")


@pytest.mark.parametrize(
    "link", ["http://169.254.169.254/v2/app/tags/list", "/v2/other/tags/list", "/latest/meta-data", "ftp://x/y"]
)
def test_B47_a_next_page_is_a_page_of_the_same_list(hostile: Toy, asker: Asker, link: str) -> None:
    hostile.replies["/v2/app/tags/list"] = page(["a"], link)
    assert asker.trouble(at(hostile), lambda r: r.tags("app")).trouble is Trouble.ELSEWHERE
    assert len(hostile.asked) == 1


def test_B45_lists_without_end_are_given_up(hostile: Toy, asker: Asker) -> None:
    hostile.replies["/v2/app/tags/list"] = page(["a"], "/v2/app/tags/list?last=a")
    assert asker.trouble(at(hostile), lambda r: r.tags("app")).trouble is Trouble.TOO_LARGE
    assert len(hostile.asked) == 200
    hostile.replies["/v2/app/tags/list"] = page([f"t{number}" for number in range(10_001)])
    assert asker.trouble(at(hostile), lambda r: r.tags("app")).trouble is Trouble.TOO_LARGE


@pytest.mark.parametrize("names", [["../x"], [""], [5], "a", {"a": 1}, ["a\n"], ["x" * 129], [None]])
def test_names_that_are_none_are_refused(hostile: Toy, asker: Asker, names: Any) -> None:
    hostile.replies["/v2/app/tags/list"] = page(names)
    assert asker.trouble(at(hostile), lambda r: r.tags("app")).trouble is Trouble.MALFORMED
    hostile.replies["/v2/_catalog"] = Reply(body=json.dumps({"repositories": names}).encode())
    if names != ["x" * 129]:
        assert asker.trouble(at(hostile), lambda r: r.catalog()).trouble is Trouble.MALFORMED


def test_a_blob_is_of_its_size_and_digest(hostile: Toy, asker: Asker) -> None:
    content = images.config()
    blob = f"/v2/app/blobs/{images.digest(content)}"
    manifest = images.image(content)
    hostile.replies["/v2/app/manifests/latest"] = Reply(headers=MANIFEST.headers, body=manifest)

    async def config(registry: Registry) -> Any:
        return await registry.config("app", await registry.manifest("app", "latest"))

    hostile.replies[blob] = Reply(body=content)
    assert asker.ask(at(hostile), config).created is not None
    for body, trouble in ((content + b" ", Trouble.TOO_LARGE), (content[:-1] + b" ", Trouble.DISHONEST)):
        hostile.replies[blob] = Reply(body=body)
        assert asker.trouble(at(hostile), config).trouble is trouble
    huge = {"mediaType": images.CONFIG, "digest": images.digest(content), "size": 1 << 40}
    body = json.dumps({**json.loads(manifest), "config": huge}).encode()
    hostile.replies["/v2/app/manifests/latest"] = Reply(headers=MANIFEST.headers, body=body)
    assert asker.trouble(at(hostile), config).trouble is Trouble.TOO_LARGE


def test_B85_an_upload_time_that_has_not_come_yet_is_none(hostile: Toy, asker: Asker) -> None:
    for text, expected in (
        ("Wed, 01 Apr 2026 00:00:00 GMT", dt.datetime(2026, 4, 1, tzinfo=dt.UTC)),
        ("Fri, 01 Jan 2038 00:00:00 GMT", None),
        ("soon", None),
        ("Wed, 99 Apr 2026 99:00:00 GMT", None),
    ):
        headers = {**MANIFEST.headers, "Last-Modified": text}
        hostile.replies["/v2/app/manifests/latest"] = Reply(headers=headers, body=BODY)
        assert asker.ask(at(hostile), manifest_of("latest")).uploaded == expected


def test_nothing_comes_from_the_environment(hostile: Toy, asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    hostile.replies["/v2/app/manifests/latest"] = MANIFEST
    assert asker.ask(at(hostile), manifest_of("latest")).digest == DIGEST
    (sent,) = hostile.asked
    assert "cookie" not in sent[2]
    assert "authorization" not in sent[2]


def test_a_registry_proves_its_name_by_the_configured_certificates(asker: Asker, tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    ours, theirs = Authority(tmp_path / "ours", now), Authority(tmp_path / "theirs", now)
    for hosts, authority, trusted in (
        (("127.0.0.1",), ours, True),
        (("127.0.0.1",), theirs, False),
        (("elsewhere.example.com",), ours, False),
    ):
        leaf = authority.leaf(hosts[0], hosts, now)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf.cert_file, leaf.key_file)
        with toy(context) as secure:
            secure.replies["/v2/app/manifests/latest"] = MANIFEST
            settings = at(secure, ca_file=str(ours.ca_file))
            if trusted:
                assert asker.ask(settings, manifest_of("latest")).digest == DIGEST
            else:
                assert asker.trouble(settings, manifest_of("latest")).trouble is Trouble.UNREACHABLE
                assert secure.asked == []
            assert asker.trouble(at(secure), manifest_of("latest")).trouble is Trouble.UNREACHABLE


def test_no_registry_there_is_said_so(asker: Asker) -> None:
    with toy() as gone:
        settings = at(gone)
    assert asker.trouble(settings, manifest_of("latest")).trouble is Trouble.UNREACHABLE


@pytest.mark.parametrize(
    "headers",
    [
        {"Location": "https://user:HUNTER2@elsewhere.example/blob?X-Amz-Signature=HUNTER2#HUNTER2"},
        {"Link": '<https://user:HUNTER2@elsewhere.example/v2/app/tags/list?token=HUNTER2>; rel="next"'},
        {"WWW-Authenticate": 'Bearer realm="https://user:HUNTER2@elsewhere.example/token?key=HUNTER2"'},
    ],
)
def test_B110_what_a_registry_points_at_is_told_without_its_secrets(
    hostile: Toy, asker: Asker, headers: dict[str, str]
) -> None:
    status = 307 if "Location" in headers else 401 if "WWW-Authenticate" in headers else 200
    hostile.replies["/v2/app/tags/list"] = Reply(status=status, headers=headers, body=b'{"tags": ["a"]}')
    found = asker.trouble(at(hostile), lambda registry: registry.tags("app"))
    assert found.trouble is Trouble.ELSEWHERE
    assert "elsewhere.example" in str(found)
    assert "HUNTER2" not in str(found)
