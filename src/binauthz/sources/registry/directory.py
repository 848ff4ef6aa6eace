"""Which registry an image or a repository resource belongs to; nothing that is not configured belongs to any."""

from collections.abc import Iterable

from binauthz.base.clock import Clock, SystemClock
from binauthz.sources.registry.client import Registry
from binauthz.sources.registry.images import Images
from binauthz.sources.registry.settings import InvalidRegistry, RegistrySettings, is_repository


class Registries:
    """Every configured registry, by repository resource and by the names that its images go by."""

    def __init__(self, settings: Iterable[RegistrySettings] = (), *, clock: Clock | None = None) -> None:
        self._by_repository: dict[str, Images] = {}
        self._by_prefix: dict[str, Registry] = {}
        for each in settings:
            if each.repository in self._by_repository:
                raise InvalidRegistry(f"repository: got `{each.repository}` twice")
            registry = Registry(each, clock=clock or SystemClock())
            self._by_repository[each.repository] = Images(registry)
            for prefix in dict.fromkeys((each.docker_name, *each.prefixes)):
                if prefix in self._by_prefix:
                    raise InvalidRegistry(f"prefixes: got `{prefix}` for two repositories")
                self._by_prefix[prefix] = registry

    def all(self) -> tuple[Registry, ...]:
        """Every registry, by the name of its repository."""
        return tuple(self._by_repository[name].registry for name in sorted(self._by_repository))

    def images(self, repository: str) -> Images | None:
        """The images of the registry behind a repository resource."""
        return self._by_repository.get(repository)

    def find(self, image: str) -> tuple[Registry, str] | None:
        """The registry of an image name (without tag and digest) and the image's path in it; the longest prefix wins.

        None for every name that no operator mapped: nobody is asked about those.
        """
        parts = image.split("/")
        for count in range(len(parts) - 1, 0, -1):
            registry = self._by_prefix.get("/".join(parts[:count]))
            path = "/".join(parts[count:])
            if registry is not None and is_repository(path):
                return registry, path
        return None

    async def close(self) -> None:
        """Close every connection."""
        for images in self._by_repository.values():
            await images.registry.close()
