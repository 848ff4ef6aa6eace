"""What a cluster holds before its first request: the system namespaces, the ``kubernetes`` Service, and the webhook
that guards Pods."""

import base64

from binauthz.cluster.client import Client, Object, StatusError
from binauthz.cluster.config import Config
from binauthz.cluster.controllers.namespace import SYSTEM_NAMESPACES

_CONFIGURATIONS = "admissionregistration.k8s.io/validatingwebhookconfigurations"
CONFIGURATION = "binauthz"
WEBHOOK = "imagepolicywebhook.image-policy.k8s.io"
"""The name builds the denial text and the prefix of audit annotations (SPEC 4.4)."""


async def plant(client: Client, config: Config) -> None:
    """Create what is missing, and bring the webhook configuration up to date."""
    await plant_objects(client)
    await _plant_webhook(client, config)


async def plant_objects(client: Client) -> None:
    """Create what every cluster has and this one lacks."""
    for name in SYSTEM_NAMESPACES:
        await _plant(client, "namespaces", "", {"metadata": {"name": name}})
    service: Object = {
        "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {"ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}]},
    }
    await _plant(client, "services", "default", service)


async def _plant(client: Client, resource: str, namespace: str, obj: Object) -> None:
    try:
        await client.get(resource, namespace, obj["metadata"]["name"])
    except StatusError:
        await client.create(resource, namespace, obj)


async def _plant_webhook(client: Client, config: Config) -> None:
    try:
        stored: Object | None = await client.get(_CONFIGURATIONS, "", CONFIGURATION)
    except StatusError:
        stored = None
    if config.webhook is None:
        if stored is not None:
            await client.delete(_CONFIGURATIONS, "", CONFIGURATION)
        return
    wanted = webhook_configuration(config)
    if stored is None:
        await client.create(_CONFIGURATIONS, "", wanted)
    else:
        await client.update(_CONFIGURATIONS, "", stored | {"webhooks": wanted["webhooks"]})


def webhook_configuration(config: Config) -> Object:
    """The ValidatingWebhookConfiguration of DESIGN D6, as anyone can read it with kubectl; it holds no credential."""
    if config.webhook is None:
        raise ValueError("the cluster has no webhook")
    rules = [
        {"operations": ["CREATE", "UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]},
        {
            "operations": ["CREATE", "UPDATE"],
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "resources": ["pods/ephemeralcontainers"],
        },
    ]
    bundle = base64.b64encode(config.webhook.ca_file.read_bytes()).decode()
    webhook = {
        "name": WEBHOOK,
        "clientConfig": {"url": config.webhook.url, "caBundle": bundle},
        "rules": [rule | {"scope": "Namespaced"} for rule in rules],
        "failurePolicy": config.failure_policy,
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": config.webhook_timeout_seconds,
    }
    return {"metadata": {"name": CONFIGURATION}, "webhooks": [webhook]}
