"""Resource names: which strings name a resource, and how one is put together.

A name is a template of fixed collections and ids, each id in its own strict syntax of bounded length. No id can hold a
slash, ``..``, a percent sign, a control character or anything outside ASCII, so a name that parses is safe to route,
store and compare as it stands (B91, B113).
"""

import re
from dataclasses import dataclass

from binauthz.base.errors import FieldViolation, invalid

_MAX_NAME_LENGTH = 1024
_MAX_SHOWN = 120

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SYNTAX = {
    # An id, a number, or an id within a domain such as `example.com:payments`.
    "project": re.compile(r"(?:[a-z0-9][a-z0-9-]{0,62}\.[a-z0-9.-]{1,62}:)?[a-z0-9][a-z0-9-]{0,62}"),
    "attestor": re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}"),
    "note": re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,255}"),
    "occurrence": re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,255}"),
    "location": re.compile(_LABEL),
    "location_or_all": re.compile(rf"-|{_LABEL}"),
    "cluster": re.compile(_LABEL),
    "membership": re.compile(_LABEL),
    "fleet": re.compile(r"default"),
    "operation": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"),
    "service": re.compile(r"[a-z0-9][a-z0-9.-]{0,252}"),
    "key_ring": re.compile(r"[a-zA-Z0-9_-]{1,63}"),
    "crypto_key": re.compile(r"[a-zA-Z0-9_-]{1,63}"),
    "crypto_key_version": re.compile(r"[1-9][0-9]{0,9}"),
    "policy": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}"),
    "platform": re.compile(r"gke|cloudRun"),
    "repository": re.compile(r"[a-z0-9][a-z0-9.-]{0,62}"),
    # The slashes of an image's path travel encoded.
    "package": re.compile(r"[a-z0-9](?:[a-z0-9._-]|%2F(?=[a-z0-9])){0,254}"),
    "tag": re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"),
    "version": re.compile(r"sha256:[0-9a-f]{64}"),
    "docker_image": re.compile(r"[a-z0-9](?:[a-z0-9._-]|%2F(?=[a-z0-9])){0,254}@sha256:[0-9a-f]{64}"),
}


@dataclass(frozen=True, slots=True)
class NameTemplate:
    """The form of one kind of resource name, for example ``projects/{project}/attestors/{attestor}``."""

    text: str

    def match(self, name: str) -> tuple[str, ...] | None:
        """The ids of the name in order, or None when it is not of this form."""
        if len(name) > _MAX_NAME_LENGTH:
            return None
        expected = self.text.split("/")
        got = name.split("/")
        if len(got) != len(expected):
            return None
        ids = []
        for want, have in zip(expected, got, strict=True):
            if want.startswith("{"):
                if not is_id(want[1:-1], have):
                    return None
                ids.append(have)
            elif want != have:
                return None
        return tuple(ids)

    def parse(self, name: str, field: str = "name") -> tuple[str, ...]:
        """The ids of the name in order.

        Raises INVALID_ARGUMENT on ``field``, with got and expected, when it is not of this form.
        """
        ids = self.match(name)
        if ids is None:
            message = f"`{_shown(name)}` is not a resource name of the form `{self.text}`"
            raise invalid(message, FieldViolation(field, message))
        return ids

    def format(self, *ids: str) -> str:
        """The name with these ids.

        Raises INVALID_ARGUMENT when an id is not of its syntax, so that no name is ever built from a stray slash.
        """
        rest = list(ids)
        parts = [rest.pop(0) if part.startswith("{") and rest else part for part in self.text.split("/")]
        name = "/".join(parts)
        if rest or self.match(name) != ids:
            message = f"`{_shown(name)}` is not a resource name of the form `{self.text}`"
            raise invalid(message)
        return name


PROJECT = NameTemplate("projects/{project}")
POLICY = NameTemplate("projects/{project}/policy")
SYSTEM_POLICY = NameTemplate("locations/{location}/policy")
ATTESTOR = NameTemplate("projects/{project}/attestors/{attestor}")
NOTE = NameTemplate("projects/{project}/notes/{note}")
OCCURRENCE = NameTemplate("projects/{project}/occurrences/{occurrence}")
LOCATION = NameTemplate("projects/{project}/locations/{location}")
LOCATION_OR_ALL = NameTemplate("projects/{project}/locations/{location_or_all}")
CLUSTER = NameTemplate("projects/{project}/locations/{location}/clusters/{cluster}")
FLEET = NameTemplate("projects/{project}/locations/{location}/fleets/{fleet}")
MEMBERSHIP = NameTemplate("projects/{project}/locations/{location}/memberships/{membership}")
LOCATION_OPERATION = NameTemplate("projects/{project}/locations/{location}/operations/{operation}")
OPERATION = NameTemplate("operations/{operation}")
SERVICE = NameTemplate("projects/{project}/services/{service}")
KEY_RING = NameTemplate("projects/{project}/locations/{location}/keyRings/{key_ring}")
CRYPTO_KEY = NameTemplate(f"{KEY_RING.text}/cryptoKeys/{{crypto_key}}")
CRYPTO_KEY_VERSION = NameTemplate(f"{CRYPTO_KEY.text}/cryptoKeyVersions/{{crypto_key_version}}")
CV_CONFIG = NameTemplate("projects/{project}/continuousValidationConfig")
PLATFORM = NameTemplate("projects/{project}/platforms/{platform}")
REPOSITORY = NameTemplate("projects/{project}/locations/{location}/repositories/{repository}")
PACKAGE = NameTemplate(f"{REPOSITORY.text}/packages/{{package}}")
VERSION = NameTemplate(f"{PACKAGE.text}/versions/{{version}}")
TAG = NameTemplate(f"{PACKAGE.text}/tags/{{tag}}")
DOCKER_IMAGE = NameTemplate(f"{REPOSITORY.text}/dockerImages/{{docker_image}}")
PROJECT_SETTINGS = NameTemplate("projects/{project}/projectSettings")
PLATFORM_POLICY = NameTemplate("projects/{project}/platforms/{platform}/policies/{policy}")


def is_id(kind: str, text: str) -> bool:
    """Whether the text is an id in the syntax of ``kind`` (a variable of a template)."""
    return ".." not in text and _SYNTAX[kind].fullmatch(text) is not None


def parse_id(kind: str, text: str, field: str) -> str:
    """The id itself; raises INVALID_ARGUMENT on ``field`` when it is not in the syntax of ``kind``."""
    if not is_id(kind, text):
        message = f"`{_shown(text)}` is not a valid {kind} id, expected the syntax `{_SYNTAX[kind].pattern}`"
        raise invalid(message, FieldViolation(field, message))
    return text


def _shown(text: str) -> str:
    cut = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
    return ascii(cut)[1:-1]
