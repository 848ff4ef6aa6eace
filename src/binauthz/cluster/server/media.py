"""What a client accepts: JSON, whole or in one of the forms that Kubernetes has for lists and tables."""

from collections.abc import Iterator

from binauthz.cluster.status import not_acceptable


def accepted(header: str) -> Iterator[dict[str, str]]:
    """The alternatives of an Accept header that we can write, in the client's order, as their parameters."""
    for alternative in header.split(",")[:16] if header else ["application/json"]:
        kind, *rest = (part.strip() for part in alternative.split(";"))
        if kind in ("application/json", "*/*", "application/*"):
            yield dict(pair.split("=", 1) for pair in rest if "=" in pair)


def form_of(accept: str) -> str:
    """``Table``, ``PartialObjectMetadata``, or nothing for whole objects.

    Raises:
        StatusError: 406.
    """
    for parameters in accepted(accept):
        wanted = parameters.get("as", "")
        if not wanted:
            return ""
        if parameters.get("g") != "meta.k8s.io" or parameters.get("v") not in ("v1", "v1beta1"):
            continue
        if wanted == "Table":
            return "Table"
        if wanted in ("PartialObjectMetadata", "PartialObjectMetadataList"):
            return "PartialObjectMetadata"
    raise not_acceptable()
