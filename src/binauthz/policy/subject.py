"""What is judged: one Pod, as plain values.

How a Pod's JSON becomes a subject is the door's business. Nothing the requester wrote about earlier verdicts, owners or
statuses is part of it (B20, B21): only the images that would run, and the facts that choose a rule.
"""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

BREAK_GLASS_LABEL = "image-policy.k8s.io/break-glass"
BREAK_GLASS_ANNOTATION = "alpha.image-policy.k8s.io/break-glass"
DEFAULT_NAME = "default"


class ContainerKind(enum.Enum):
    """Where in the Pod an image is named (B01, B02, B03)."""

    CONTAINER = "containers"
    INIT = "initContainers"
    EPHEMERAL = "ephemeralContainers"
    IMAGE_VOLUME = "volumes"


@dataclass(frozen=True, slots=True)
class PodImage:
    """One image of a Pod, with the container or volume that names it; ``image`` is the Pod's own string."""

    container: str
    kind: ContainerKind
    image: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One Pod to be judged.

    ``cluster`` is ``location.cluster``, from the credential with which the cluster called and never from the request
    (B27). ``images`` are in spec order: containers, init containers (sidecars among them), ephemeral containers, image
    volumes. ``break_glass`` says that the Pod asks for it, not that it gets it.
    """

    project: str
    cluster: str
    namespace: str
    service_account: str
    images: tuple[PodImage, ...]
    break_glass: bool = False

    def distinct_images(self) -> tuple[str, ...]:
        """Every image string once, in spec order (SPEC 10)."""
        return tuple(dict.fromkeys([image.image for image in self.images]))


def pod_subject(
    *,
    project: str,
    location: str,
    cluster: str,
    namespace: str,
    service_account: str,
    images: Iterable[PodImage],
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
) -> Subject:
    """A subject with Kubernetes' defaults filled in; the labels and annotations are those of the Pod itself."""
    return Subject(
        project=project,
        cluster=f"{location}.{cluster}",
        namespace=namespace or DEFAULT_NAME,
        service_account=service_account or DEFAULT_NAME,
        images=tuple(images),
        break_glass=break_glass_requested(labels, annotations),
    )


def break_glass_requested(labels: Mapping[str, str], annotations: Mapping[str, str]) -> bool:
    """Whether the Pod asks for break-glass: exactly ``"true"`` counts, free text does not (SPEC 4.5)."""
    return labels.get(BREAK_GLASS_LABEL) == "true" or annotations.get(BREAK_GLASS_ANNOTATION) == "true"
