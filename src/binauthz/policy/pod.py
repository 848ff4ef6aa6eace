"""A Pod as JSON, and which images the kubelet would run for it.

Every field that names an image is read: containers, init containers (sidecars are init containers), ephemeral
containers and image volumes (B01, B02, B03), in that order. A container without an image is an error here, never a
container to skip (B09). What nobody must do is trust the Pod's own claims: its namespace is the request's (B13), and
its annotations and owners decide nothing but break-glass (B20, B21; SPEC 4.5).
"""

from collections import Counter
from collections.abc import Iterator

import msgspec

from binauthz.policy.subject import ContainerKind, PodImage, Subject, pod_subject

MAX_CONTAINERS = 10_000


class Metadata(msgspec.Struct, frozen=True, rename="camel"):
    """What is read of ObjectMeta."""

    name: str = ""
    namespace: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class Container(msgspec.Struct, frozen=True):
    """What is read of a container of any kind."""

    name: str = ""
    image: str = ""


class ImageVolumeSource(msgspec.Struct, frozen=True):
    """An OCI image mounted as a volume."""

    reference: str = ""


class Volume(msgspec.Struct, frozen=True):
    """What is read of a volume."""

    name: str = ""
    image: ImageVolumeSource | None = None


class PodSpec(msgspec.Struct, frozen=True, rename="camel"):
    """What is read of a PodSpec."""

    containers: list[Container] | None = None
    init_containers: list[Container] | None = None
    ephemeral_containers: list[Container] | None = None
    volumes: list[Volume] | None = None
    service_account_name: str = ""
    service_account: str = ""


class Pod(msgspec.Struct, frozen=True, rename="camel"):
    """What is read of a Pod, or of a Pod template."""

    api_version: str = ""
    kind: str = ""
    metadata: Metadata = Metadata()
    spec: PodSpec = PodSpec()


class InvalidPod(ValueError):  # noqa: N818 - reads as what it is
    """The object is not a Pod that can be judged; the message says got and expected."""


_DECODER = msgspec.json.Decoder(Pod)


def decode(document: bytes | msgspec.Raw) -> Pod:
    """The Pod in a JSON document; raises InvalidPod for anything else."""
    try:
        pod = _DECODER.decode(document)
    except RecursionError:
        raise InvalidPod("got an object nested too deeply, expected a Pod") from None
    except msgspec.DecodeError as error:
        raise InvalidPod(f"got an object that is not a Pod: {error}") from None
    if (pod.api_version, pod.kind) not in {("v1", "Pod"), ("", "")}:
        raise InvalidPod(f"got an object of `{pod.api_version[:80]}` `{pod.kind[:80]}`, expected `v1` `Pod`")
    return pod


def images(spec: PodSpec) -> tuple[PodImage, ...]:
    """Every image of the Pod in order of the specification.

    Raises InvalidPod when there is none, when one is blank, or when there are more than can be judged.
    """
    count = sum(len(part or ()) for part in (spec.containers, spec.init_containers, spec.ephemeral_containers))
    count += len(spec.volumes or ())
    if count > MAX_CONTAINERS:
        raise InvalidPod(f"got {count} containers and volumes, expected at most {MAX_CONTAINERS}")
    found = tuple(_uses(spec))
    for use in found:
        if not use.image.strip():
            raise InvalidPod(
                f"got a blank image in {use.kind.value.lower()} `{use.container[:80]}`, expected a reference"
            )
    if not found:
        raise InvalidPod("got a Pod without containers, expected at least one")
    return found


def _uses(spec: PodSpec) -> Iterator[PodImage]:
    for container in spec.containers or ():
        yield PodImage(container.name, ContainerKind.CONTAINER, container.image)
    for container in spec.init_containers or ():
        yield PodImage(container.name, ContainerKind.INIT, container.image)
    for container in spec.ephemeral_containers or ():
        yield PodImage(container.name, ContainerKind.EPHEMERAL, container.image)
    for volume in spec.volumes or ():
        if volume.image is not None:
            yield PodImage(volume.name, ContainerKind.IMAGE_VOLUME, volume.image.reference)


def subject_of(pod: Pod, *, project: str, location: str, cluster: str, namespace: str) -> Subject:
    """The Pod as the engine judges it, in the namespace of the request; raises InvalidPod."""
    metadata, spec = pod.metadata, pod.spec
    if metadata.namespace and metadata.namespace != namespace:
        got = f"`{metadata.namespace[:80]}`"
        raise InvalidPod(f"got a Pod of namespace {got}, expected namespace `{namespace[:80]}` of the request")
    return pod_subject(
        project=project,
        location=location,
        cluster=cluster,
        namespace=namespace,
        service_account=spec.service_account_name or spec.service_account,
        images=images(spec),
        labels=metadata.labels or {},
        annotations=metadata.annotations or {},
    )


def same_images(old: PodSpec, new: PodSpec) -> bool:
    """Whether an update changes no image: every list of containers names the same images as often as before (B14)."""
    pairs = (
        (old.containers, new.containers),
        (old.init_containers, new.init_containers),
        (old.ephemeral_containers, new.ephemeral_containers),
    )
    if any(_tally(before) != _tally(after) for before, after in pairs):
        return False
    return _volume_tally(old) == _volume_tally(new)


def _tally(containers: list[Container] | None) -> Counter[str]:
    return Counter(container.image for container in containers or ())


def _volume_tally(spec: PodSpec) -> Counter[str]:
    return Counter(volume.image.reference for volume in spec.volumes or () if volume.image is not None)
