"""Which member cluster a Connect Gateway URL names, and which path on it (SPEC 7.2)."""

import re
from dataclasses import dataclass

from binauthz.base.names import is_id

_ROUTE = re.compile(
    r"/(?:v1|v1beta1|v1alpha1)/projects/(?P<project>[^/%]{1,128})/locations/(?P<location>[^/%]{1,64})"
    r"/(?:gkeMemberships|memberships)/(?P<membership>[^/%:]{1,64})(?P<rest>(?:/[^?#]*)?)"
)
_MAX_PATH = 8192
# A dot segment, or a slash or dot hidden by percent signs, could lead elsewhere on the other side than it reads here.
_TRICKS = re.compile(r"(?:^|/)\.{1,2}(?:/|$)|%2[eEfF]|%5[cC]|\\|//|[\x00-\x20\x7f-\xff]")


@dataclass(frozen=True, slots=True)
class GatewayRoute:
    """A member cluster, with the project by id or number as the URL has it, and the path on the cluster's API."""

    membership: str
    path: str


def gateway_route(path: str) -> GatewayRoute | None:
    """The route in a raw, undecoded path; None for any other path, or one that tries tricks (B113)."""
    match = _ROUTE.fullmatch(path) if len(path) <= _MAX_PATH else None
    if match is None or _TRICKS.search(match["rest"]):
        return None
    project, location, membership = match["project"], match["location"], match["membership"]
    if not (is_id("project", project) and is_id("location", location) and is_id("membership", membership)):
        return None
    return GatewayRoute(f"projects/{project}/locations/{location}/memberships/{membership}", match["rest"] or "/")
