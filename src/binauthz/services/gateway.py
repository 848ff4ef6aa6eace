"""Connect Gateway credentials: a kubeconfig for our proxy to a member cluster (SPEC 7.2).

The kubeconfig holds no secret. Its user is the exec plugin that sends the caller's own token.
"""

import base64
import re
from dataclasses import dataclass
from typing import Any

import yaml

from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services import memberships, projects
from binauthz.services.context import Context
from binauthz.services.names import last_segment
from binauthz.store.interface import Reader
from binauthz.store.records import Cluster

_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_VERSION = "v1"
_INSTALL_HINT = (
    "Install gke-gcloud-auth-plugin for use with kubectl by following "
    "https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl#install_plugin"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A kubeconfig with exactly one context, and the URL that it reaches."""

    kubeconfig: bytes
    endpoint: str


async def generate_credentials(ctx: Context, name: str, *, namespace: str = "") -> Credentials:
    """Credentials for ``projects/{number or id}/locations/{l}/memberships/{m}``.

    Raises NOT_FOUND for an unknown project or membership, FAILED_PRECONDITION where no gateway is configured.
    """
    if namespace and not _NAMESPACE.fullmatch(namespace[:64]):
        raise invalid_field("kubernetesNamespace", f"got `{namespace[:80]}`, expected a Kubernetes namespace")
    if not ctx.settings.gateway_url:
        raise ApiError(Code.FAILED_PRECONDITION, "this server has no Connect Gateway: no gateway URL is configured")

    def body(tx: Reader) -> tuple[str, str]:
        membership = memberships.existing(tx, name)
        project = projects.require(tx, membership.name)
        collection = "gkeMemberships" if tx.get(Cluster, membership.cluster) is not None else "memberships"
        location, member = membership.name.split("/")[3], last_segment(membership.name)
        path = f"{_VERSION}/projects/{project.number}/locations/{location}/{collection}/{member}"
        return path, f"connectgateway_{project.project_id}_{location}_{member}"

    path, context = await ctx.store.read(body)
    if namespace:
        context = f"{context}_ns-{namespace}"
    endpoint = f"{ctx.settings.gateway_url.rstrip('/')}/{path}"
    document = _kubeconfig(context, endpoint, ca_pem=ctx.settings.gateway_ca_pem, namespace=namespace)
    return Credentials(kubeconfig=yaml.safe_dump(document, sort_keys=False).encode(), endpoint=endpoint)


def _kubeconfig(context: str, server: str, *, ca_pem: str, namespace: str) -> dict[str, Any]:
    cluster: dict[str, Any] = {"server": server}
    if ca_pem:
        cluster["certificate-authority-data"] = base64.b64encode(ca_pem.encode()).decode()
    selected = {"cluster": context, "user": context} | ({"namespace": namespace} if namespace else {})
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "gke-gcloud-auth-plugin",
        "installHint": _INSTALL_HINT,
        "provideClusterInfo": True,
        "interactiveMode": "IfAvailable",
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": context, "cluster": cluster}],
        "contexts": [{"name": context, "context": selected}],
        "current-context": context,
        "users": [{"name": context, "user": {"exec": plugin}}],
    }
