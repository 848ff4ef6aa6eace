"""What a cluster holds before anybody asks: its namespaces and the ``kubernetes`` Service."""

from binauthz.cluster.client import Client, Object, StatusError
from binauthz.cluster.controllers.namespace import SYSTEM_NAMESPACES

USER = "system:apiserver"


def standing_objects() -> list[tuple[str, str, Object]]:
    """(resource, namespace, object) for each."""
    made: list[tuple[str, str, Object]] = [
        ("namespaces", "", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for name in SYSTEM_NAMESPACES
    ]
    service: Object = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {"ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}]},
    }
    return [*made, ("services", "default", service)]


async def bootstrap(client: Client) -> None:
    """Create what is not there yet."""
    for resource, namespace, obj in standing_objects():
        try:
            await client.create(resource, namespace, obj)
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
