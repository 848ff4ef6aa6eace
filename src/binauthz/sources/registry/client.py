"""One registry, asked by the OCI distribution specification: tags, manifests, configurations, catalog.

What is fetched by digest hashes to it or is refused; what a tag means is what the registry says at that moment, and is
only ever turned into a digest (THREATS B40, B41). Every list is bounded (B45).
"""

import asyncio
import datetime as dt
import re
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from binauthz.base.clock import Clock
from binauthz.base.limits import (
    MAX_BLOB_BYTES,
    MAX_MANIFEST_BYTES,
    MAX_REGISTRY_LIST_BYTES,
    MAX_REGISTRY_NAMES,
    MAX_REGISTRY_PAGES,
)
from binauthz.crypto.strict_json import NotStrictJsonError, parse_object
from binauthz.sources.registry.credentials import Credentials
from binauthz.sources.registry.exchange import REQUEST_SECONDS, Answer, Exchange, shown
from binauthz.sources.registry.manifest import (
    MEDIA_TYPES,
    Descriptor,
    ImageConfig,
    Manifest,
    hex_digest,
    parse_config,
    parse_manifest,
    sha256_of,
)
from binauthz.sources.registry.settings import RegistrySettings, is_repository
from binauthz.sources.registry.trouble import RegistryTrouble, Trouble

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_HEX = re.compile(r"[0-9a-f]{64}")
_NEXT = re.compile(r'<([^<>\s]{1,2048})>\s*;\s*rel="?next"?')
_PAGE = 1000
_INLINE = 64 << 10


class Registry:
    """A configured registry. Paths of repositories are below its namespace; digests are 64 hexadecimal digits.

    Every method raises RegistryTrouble and nothing else for what the registry does.
    """

    def __init__(self, settings: RegistrySettings, *, clock: Clock, request_seconds: float = REQUEST_SECONDS) -> None:
        self.settings = settings
        self._clock = clock
        self._exchange = Exchange(settings, request_seconds=request_seconds)
        self._credentials = Credentials(settings, self._exchange)
        self._base = f"{settings.origin}/v2/"

    async def catalog(self) -> tuple[str, ...]:
        """The repositories, in their order: those configured, else what the registry's catalog shows."""
        if self.settings.packages:
            return tuple(sorted(set(self.settings.packages)))
        found = await self._walk(f"{self._base}_catalog?n={_PAGE}", "repositories", "registry:catalog:*")
        below = self.settings.namespace
        return tuple(sorted(name.removeprefix(below) for name in found if name.startswith(below)))

    async def tags(self, repository: str) -> tuple[str, ...]:
        """Every tag of a repository, in their order; MISSING when the registry has no such repository."""
        path = self._path(repository)
        found = await self._walk(f"{self._base}{path}/tags/list?n={_PAGE}", "tags", _pull(path))
        return tuple(sorted(found))

    async def resolve(self, repository: str, reference: str) -> str:
        """The digest that a tag stands for now, or the digest itself if the registry holds it.

        For a tag it is the registry's claim; what has the digest is proven by fetching it.
        """
        answer = await self._get_manifest("HEAD", repository, reference)
        claimed = answer.headers.get("docker-content-digest", "")
        if not claimed:
            return (await self.manifest(repository, reference)).digest
        digest = hex_digest(claimed, "Docker-Content-Digest")
        if _HEX.fullmatch(reference) and digest != reference:
            raise RegistryTrouble(Trouble.DISHONEST, f"asked for sha256:{reference}, told sha256:{digest}")
        return digest

    async def manifest(self, repository: str, reference: str) -> Manifest:
        """The manifest of a tag or digest. What was asked for by digest, or is said to have one, hashes to it."""
        answer = await self._get_manifest("GET", repository, reference)
        digest = sha256_of(answer.body)
        claimed = answer.headers.get("docker-content-digest", "")
        expected = [hex_digest(claimed, "Docker-Content-Digest")] if claimed else []
        if _HEX.fullmatch(reference):
            expected.append(reference)
        for each in expected:
            if each != digest:
                raise RegistryTrouble(Trouble.DISHONEST, f"expected sha256:{each}, got sha256:{digest}")
        uploaded = self._time(answer.headers.get("last-modified", ""))
        content_type = answer.headers.get("content-type", "")
        if len(answer.body) <= _INLINE:
            return parse_manifest(answer.body, content_type, uploaded)
        return await asyncio.to_thread(parse_manifest, answer.body, content_type, uploaded)

    async def blob(self, repository: str, descriptor: Descriptor, *, limit: int = MAX_BLOB_BYTES) -> bytes:
        """The bytes that a descriptor refers to: of its size, hashing to its digest, and at most ``limit``."""
        if descriptor.size > limit:
            raise RegistryTrouble(Trouble.TOO_LARGE, f"a blob of {descriptor.size} bytes, expected at most {limit}")
        path = self._path(repository)
        url = f"{self._base}{path}/blobs/sha256:{descriptor.digest}"
        answer = await self._ask("GET", url, _pull(path), limit=descriptor.size)
        digest = sha256_of(answer.body)
        if digest != descriptor.digest:
            raise RegistryTrouble(Trouble.DISHONEST, f"expected sha256:{descriptor.digest}, got sha256:{digest}")
        return answer.body

    async def config(self, repository: str, manifest: Manifest) -> ImageConfig:
        """What the image says of itself; nothing for an index, and for a configuration that is not an image's."""
        if manifest.config is None or not manifest.config.media_type.endswith("+json"):
            return ImageConfig()
        return parse_config(await self.blob(repository, manifest.config), self._clock.now())

    async def close(self) -> None:
        """Close every connection."""
        await self._exchange.close()

    def _path(self, repository: str) -> str:
        if not is_repository(repository):
            raise RegistryTrouble(Trouble.MISSING, f"`{ascii(repository[:120])[1:-1]}` is no repository's path")
        return f"{self.settings.namespace}{repository}"

    async def _get_manifest(self, method: str, repository: str, reference: str) -> Answer:
        path = self._path(repository)
        by_digest = _HEX.fullmatch(reference) is not None
        if not by_digest and not _TAG.fullmatch(reference):
            raise RegistryTrouble(Trouble.MISSING, f"`{ascii(reference[:120])[1:-1]}` is neither a tag nor a digest")
        url = f"{self._base}{path}/manifests/{'sha256:' if by_digest else ''}{reference}"
        return await self._ask(method, url, _pull(path), limit=MAX_MANIFEST_BYTES, accept=", ".join(MEDIA_TYPES))

    async def _ask(
        self, method: str, url: str, scope: str, *, limit: int, accept: str = "application/json, */*"
    ) -> Answer:
        answer = await self._exchange.send(
            method, url, {"accept": accept, **self._credentials.header(scope)}, limit=limit
        )
        if answer.status == 401 and await self._credentials.renew(scope, answer.headers.get("www-authenticate", "")):
            headers = {"accept": accept, **self._credentials.header(scope)}
            answer = await self._exchange.send(method, url, headers, limit=limit)
        if answer.status == 200:
            return answer
        what = f"{method} {urlsplit(url).path} answered {answer.status}"
        trouble = {401: Trouble.DENIED, 403: Trouble.DENIED, 404: Trouble.MISSING}.get(answer.status, Trouble.FAILED)
        raise RegistryTrouble(trouble, what)

    async def _walk(self, url: str, member: str, scope: str) -> set[str]:
        """Every name in a paged list; a page must lead on to the same list."""
        found: set[str] = set()
        for _ in range(MAX_REGISTRY_PAGES):
            answer = await self._ask("GET", url, scope, limit=MAX_REGISTRY_LIST_BYTES)
            found.update(await asyncio.to_thread(_names, answer.body, member))
            if len(found) > MAX_REGISTRY_NAMES:
                break
            following = _NEXT.search(answer.headers.get("link", "")[:4096])
            if following is None:
                return found
            url = self._following(url, following[1])
        raise RegistryTrouble(
            Trouble.TOO_LARGE, f"more than {MAX_REGISTRY_NAMES} {member} or {MAX_REGISTRY_PAGES} pages of them"
        )

    def _following(self, url: str, link: str) -> str:
        further = urljoin(url, link)
        here, there = urlsplit(url), urlsplit(further)
        if (there.scheme, there.netloc, there.path) != (here.scheme, here.netloc, here.path) or there.fragment:
            raise RegistryTrouble(Trouble.ELSEWHERE, f"a next page at `{shown(further)}`")
        return further

    def _time(self, text: str) -> dt.datetime | None:
        """The moment of an HTTP date, unless it is none or has not come yet (B85)."""
        try:
            moment = parsedate_to_datetime(text[:64]).astimezone(dt.UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        return moment if moment <= self._clock.now() else None


def _pull(path: str) -> str:
    return f"repository:{path}:pull"


def _names(body: bytes, member: str) -> list[str]:
    try:
        names = parse_object(body, limit=MAX_REGISTRY_LIST_BYTES).get(member)
    except NotStrictJsonError as error:
        raise RegistryTrouble(Trouble.MALFORMED, f"{member}: {error}") from None
    if names is None:
        # What Go writes for an empty list.
        return []
    if not isinstance(names, list):
        raise RegistryTrouble(Trouble.MALFORMED, f"{member}: expected a list")
    for name in names:
        fits = isinstance(name, str) and (is_repository(name) if member == "repositories" else _TAG.fullmatch(name))
        if not fits:
            raise RegistryTrouble(Trouble.MALFORMED, f"{member}: got {str(name)[:80]!a}")
    return names
