"""What an operator says of one registry, and the refusal of what would send us, or a credential, somewhere else."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from binauthz.base import names

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}")
_COMPONENT = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_PREFIX = re.compile(r"[A-Za-z0-9.:_-]{1,253}(?:/[A-Za-z0-9._-]{1,128}){0,16}")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_PORTS = {"http": 80, "https": 443}


class InvalidRegistry(ValueError):  # noqa: N818 - reads as what it is
    """A registry's settings cannot be used; the message names the setting."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request goes: two URLs of the same origin are one address."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def encrypted(self) -> bool:
        """Whether what is sent can be read by nobody on the way."""
        return self.scheme == "https" or self.host in _LOOPBACK


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """One repository resource (``projects/P/locations/L/repositories/R``) and the registry that backs it.

    ``url`` is the registry's address, with the namespace below which the repository's images are. Images are known as
    ``L-docker.pkg.dev/P/R/...`` and by each of ``prefixes``. ``packages`` replaces the catalog of a registry that does
    not show one. Credentials are ``USER:PASSWORD`` in a file; they go to the registry itself or, where there is a
    ``token_realm``, only there. A redirect is followed within the registry and to ``redirect_origins``, and takes no
    credentials along.
    """

    repository: str
    url: str
    prefixes: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    ca_file: str = ""
    credentials_file: str = ""
    token_realm: str = ""
    redirect_origins: tuple[str, ...] = ()
    unsafe_plain_http: bool = False

    def __post_init__(self) -> None:
        if names.REPOSITORY.match(self.repository) is None:
            raise InvalidRegistry(
                f"repository: got `{self.repository[:200]}`, expected projects/PROJECT/locations/LOCATION/"
                "repositories/REPOSITORY"
            )
        addresses = [("url", self.url), *(("redirect_origins", each) for each in self.redirect_origins)]
        if self.token_realm:
            addresses.append(("token_realm", self.token_realm))
        for setting, url in addresses:
            if not (origin_of(url, setting).encrypted or self.unsafe_plain_http):
                raise InvalidRegistry(
                    f"{setting}: got `{url[:200]}`, expected https (http only to this machine, or with "
                    "unsafe_plain_http)"
                )
        if any(urlsplit(each).path.strip("/") for each in self.redirect_origins):
            raise InvalidRegistry("redirect_origins: expected SCHEME://HOST[:PORT] without a path")
        self.namespace  # noqa: B018 - raises for a path that is none
        for prefix in self.prefixes:
            if not _PREFIX.fullmatch(prefix) or ".." in prefix:
                raise InvalidRegistry(f"prefixes: got `{prefix[:200]}`, expected HOST[:PORT][/PATH]")
        for package in self.packages:
            if not is_repository(package):
                raise InvalidRegistry(f"packages: got `{package[:200]}`, expected a path such as team/app")

    @property
    def origin(self) -> Origin:
        """The one address that is asked."""
        return origin_of(self.url, "url")

    @property
    def namespace(self) -> str:
        """The path below which the images are, with a slash at its end; empty for the whole registry."""
        path = urlsplit(self.url).path.strip("/")
        if path and not is_repository(path):
            raise InvalidRegistry(f"url: got the path `{path[:200]}`, expected a namespace such as team/containers")
        return f"{path}/" if path else ""

    @property
    def docker_name(self) -> str:
        """What Artifact Registry would call the repository: ``us-docker.pkg.dev/project/repository``."""
        _, project, _, location, _, repository = self.repository.split("/")
        return f"{location}-docker.pkg.dev/{project.replace(':', '/')}/{repository}"


def is_repository(path: str) -> bool:
    """Whether the text is a path of a registry, each component in the specification's letters."""
    return len(path) <= 255 and all(_COMPONENT.fullmatch(each) and ".." not in each for each in path.split("/"))


def origin_of(url: str, setting: str) -> Origin:
    """The origin of an absolute URL without credentials, query or fragment; raises InvalidRegistry."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidRegistry(f"{setting}: got something that is not a URL") from None
    if "@" in parts.netloc:
        raise InvalidRegistry(f"{setting}: got credentials in the URL, expected them in credentials_file")
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or not _HOST.fullmatch(host) or parts.query or parts.fragment:
        raise InvalidRegistry(f"{setting}: got `{url[:200]}`, expected https://HOST[:PORT][/PATH]")
    return Origin(parts.scheme, host, _PORTS[parts.scheme] if port is None else port)
