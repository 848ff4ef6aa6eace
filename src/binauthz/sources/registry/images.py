"""What the images of a repository are: their digests, tags, and the facts that their manifests state.

A registry lists tags only, so an image is found when a tag, or an index that a tag stands for, leads to it. Facts of a
digest never change and are remembered; what a tag stands for is asked each time.
"""

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from binauthz.sources.registry.client import Registry
from binauthz.sources.registry.manifest import Descriptor
from binauthz.sources.registry.trouble import RegistryTrouble, Trouble
from binauthz.sources.snapshot import Bounded

T = TypeVar("T")

MAX_TAGS = 5000
"""How many tags of one repository are looked up for one answer."""

_AT_ONCE = 8
_REMEMBERED = 10_000
_LARGE_INDEX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One manifest of a repository. ``digest`` is its 64 hexadecimal digits.

    ``uploaded`` is the registry's word, ``built`` the image's own; either may be unknown.
    """

    digest: str
    media_type: str
    size: int
    artifact_type: str = ""
    uploaded: dt.datetime | None = None
    built: dt.datetime | None = None
    manifests: tuple[Descriptor, ...] = ()
    tags: tuple[str, ...] = ()


class Images:
    """The images of one registry."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._known: Bounded[tuple[str, str], Image] = Bounded(_REMEMBERED)

    async def image(self, repository: str, digest: str) -> Image:
        """One image without its tags; raises RegistryTrouble (MISSING) when the registry does not hold it now."""
        await self.registry.resolve(repository, digest)
        return await self._facts(repository, digest)

    async def tagged(self, repository: str, tags: Iterable[str]) -> Mapping[str, str]:
        """The digest that each tag stands for now; a tag that has gone meanwhile is left out."""

        async def resolve(tag: str) -> str | None:
            try:
                return await self.registry.resolve(repository, tag)
            except RegistryTrouble as trouble:
                if trouble.trouble is Trouble.MISSING:
                    return None
                raise

        found = await _each(tags, resolve)
        return {tag: digest for tag, digest in found.items() if digest is not None}

    async def all(self, repository: str) -> tuple[Image, ...]:
        """Every image that a tag leads to, by digest, each with its tags."""
        tags = await self.registry.tags(repository)
        if len(tags) > MAX_TAGS:
            raise RegistryTrouble(Trouble.TOO_LARGE, f"{len(tags)} tags, expected at most {MAX_TAGS}")
        digests: dict[str, list[str]] = {}
        for tag, digest in (await self.tagged(repository, tags)).items():
            digests.setdefault(digest, []).append(tag)
        found = await _each(digests, lambda digest: self._facts_or_none(repository, digest))
        children = {each.digest for image in found.values() if image for each in image.manifests} - digests.keys()
        below = await _each(children, lambda digest: self._facts_or_none(repository, digest))
        images = [image for image in (*found.values(), *below.values()) if image is not None]
        return tuple(
            dataclasses.replace(image, tags=tuple(sorted(digests.get(image.digest, ()))))
            for image in sorted(images, key=lambda each: each.digest)
        )

    async def _facts_or_none(self, repository: str, digest: str) -> Image | None:
        """An index may name images that its registry does not hold."""
        try:
            return await self._facts(repository, digest)
        except RegistryTrouble as trouble:
            if trouble.trouble is Trouble.MISSING:
                return None
            raise

    async def _facts(self, repository: str, digest: str) -> Image:
        known = self._known.get((repository, digest))
        if known is not None:
            return known
        manifest = await self.registry.manifest(repository, digest)
        config = await self.registry.config(repository, manifest)
        image = Image(
            digest=digest,
            media_type=manifest.media_type,
            size=manifest.total_size,
            artifact_type=manifest.artifact_type,
            uploaded=manifest.uploaded,
            built=config.created,
            manifests=manifest.manifests,
        )
        if len(image.manifests) <= _LARGE_INDEX:
            self._known.update({(repository, digest): image})
        return image


async def _each(items: Iterable[str], work: Callable[[str], Awaitable[T]]) -> dict[str, T]:
    """Do the work for each item, a few at a time; the first trouble ends all of it."""
    results: dict[str, T] = {}
    queue = iter(tuple(items))

    async def worker() -> None:
        for item in queue:
            results[item] = await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(worker())
    except ExceptionGroup as group_of_troubles:
        raise group_of_troubles.exceptions[0] from None
    return results
