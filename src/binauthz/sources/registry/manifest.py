"""Manifests and image configurations, read from bytes whose hash has been checked (OCI image specification).

A document has one reading or is refused: it is an image or an index and never both, and it says the same media type
as whoever delivered it (CVE-2021-41190).
"""

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from binauthz.base.limits import MAX_BLOB_BYTES, MAX_DESCRIPTORS, MAX_MANIFEST_BYTES
from binauthz.crypto.strict_json import JsonObject, NotStrictJsonError, parse_object
from binauthz.sources.registry.trouble import RegistryTrouble, Trouble

IMAGES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MEDIA_TYPES = (*IMAGES, *INDEXES)
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+/-]{1,255}")
_TEXT_LIMIT = 4096
_ANNOTATION_LIMIT = 256
_ENDLESS = 1 << 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """What a manifest refers to. ``digest`` is its 64 hexadecimal digits; ``platform`` is set within an index."""

    media_type: str
    digest: str
    size: int
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One manifest. ``digest`` is the hash of ``body``, computed here.

    An image has a ``config`` and ``layers``, an index has ``manifests``. ``uploaded`` is what the registry says of
    the time when it got it, where it says so and the time has passed.
    """

    digest: str
    media_type: str
    body: bytes
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    manifests: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    uploaded: dt.datetime | None = None

    @property
    def total_size(self) -> int:
        """The bytes of the manifest and of all that it refers to directly."""
        parts: tuple[Descriptor, ...] = (*self.layers, *self.manifests, *((self.config,) if self.config else ()))
        return len(self.body) + sum(each.size for each in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """What an image says of itself; whoever built it chose every word, ``created`` included."""

    created: dt.datetime | None = None


def sha256_of(body: bytes) -> str:
    """The 64 hexadecimal digits of the hash."""
    return hashlib.sha256(body).hexdigest()


def hex_digest(text: object, what: str) -> str:
    """The digits of a ``sha256:`` digest; raises RegistryTrouble for another algorithm or form."""
    found = _DIGEST.fullmatch(text) if isinstance(text, str) and len(text) == 71 else None
    if found is None:
        raise _malformed(f"{what}: got {str(text)[:80]!a}, expected sha256: and 64 hexadecimal digits")
    return found[1]


def parse_manifest(body: bytes, content_type: str, uploaded: dt.datetime | None = None) -> Manifest:
    """Read a manifest; raises RegistryTrouble (MALFORMED)."""
    document = _document(body, MAX_MANIFEST_BYTES, "manifest")
    delivered = content_type.partition(";")[0].strip().lower()
    media_type = _text(document.get("mediaType", ""), "mediaType") or delivered
    if media_type not in MEDIA_TYPES:
        raise _malformed(f"got the media type {media_type[:120]!a}, expected an image manifest or index")
    if delivered in MEDIA_TYPES and delivered != media_type:
        raise _malformed(f"got a {media_type!a} delivered as {delivered!a}")
    index = media_type in INDEXES
    stray = [name for name in (("config", "layers") if index else ("manifests",)) if name in document]
    if stray:
        raise _malformed(f"got `{stray[0]}` in a {media_type}")
    config = None if index else _descriptor(document.get("config"), "config")
    return Manifest(
        digest=sha256_of(body),
        media_type=media_type,
        body=body,
        config=config,
        layers=() if index else _descriptors(document.get("layers"), "layers"),
        manifests=_descriptors(document.get("manifests"), "manifests") if index else (),
        subject=_descriptor(document["subject"], "subject") if document.get("subject") is not None else None,
        artifact_type=_text(document.get("artifactType", ""), "artifactType") or (config.media_type if config else ""),
        annotations=_strings(document.get("annotations"), "annotations"),
        uploaded=uploaded,
    )


def parse_config(body: bytes, now: dt.datetime) -> ImageConfig:
    """Read an image configuration; a creation time that has not come yet, or cannot be read, is none."""
    document = _document(body, MAX_BLOB_BYTES, "configuration")
    return ImageConfig(created=_past(document.get("created"), now))


def _past(text: object, now: dt.datetime) -> dt.datetime | None:
    if not isinstance(text, str) or len(text) > 64:
        return None
    try:
        moment = dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
    return moment if dt.datetime(1970, 1, 1, tzinfo=dt.UTC) <= moment <= now else None


def _malformed(detail: str) -> RegistryTrouble:
    return RegistryTrouble(Trouble.MALFORMED, detail)


def _document(body: bytes, limit: int, what: str) -> JsonObject:
    try:
        return parse_object(body, limit=limit)
    except NotStrictJsonError as error:
        raise _malformed(f"{what}: {error}") from None


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or len(value) > _TEXT_LIMIT:
        raise _malformed(f"{where}: expected a text of at most {_TEXT_LIMIT} characters")
    return value


def _strings(value: object, where: str) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > _ANNOTATION_LIMIT:
        raise _malformed(f"{where}: expected an object of at most {_ANNOTATION_LIMIT} texts")
    return {_text(name, where): _text(text, where) for name, text in value.items()}


def _descriptors(value: object, where: str) -> tuple[Descriptor, ...]:
    if not isinstance(value, list) or len(value) > MAX_DESCRIPTORS:
        raise _malformed(f"{where}: expected a list of at most {MAX_DESCRIPTORS} descriptors")
    return tuple(_descriptor(each, f"{where}[{index}]") for index, each in enumerate(value))


def _descriptor(value: object, where: str) -> Descriptor:
    if not isinstance(value, dict):
        raise _malformed(f"{where}: expected a descriptor")
    size = value.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < _ENDLESS:
        raise _malformed(f"{where}.size: expected a number of bytes")
    media_type = _text(value.get("mediaType", ""), f"{where}.mediaType")
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise _malformed(f"{where}.mediaType: expected a media type")
    platform = value.get("platform")
    shown = {} if not isinstance(platform, dict) else {k: v for k, v in platform.items() if isinstance(v, str)}
    return Descriptor(
        media_type=media_type,
        digest=hex_digest(value.get("digest"), f"{where}.digest"),
        size=size,
        artifact_type=_text(value.get("artifactType", ""), f"{where}.artifactType"),
        annotations=_strings(value.get("annotations"), f"{where}.annotations"),
        platform=_strings(shown, f"{where}.platform"),
    )
