"""Google's Python clients, pointed at a running installation."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import google.oauth2.credentials
import grpc
from google.cloud import container_v1
from googleapiclient import discovery

from tests.e2e.platform import Platform


def token(platform: Platform) -> str:
    """The owner's."""
    return Path(platform.env["BINAUTHZ_TOKEN_FILE"]).read_text().strip()


def channel(platform: Platform) -> Any:
    """A gRPC channel without TLS that carries the owner's token."""

    class Bearer(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
        def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
            metadata = [*(details.metadata or ()), ("authorization", f"Bearer {token(platform)}")]
            return continuation(details._replace(metadata=metadata), request)

    return grpc.intercept_channel(grpc.insecure_channel(platform.env["BINAUTHZ_GRPC"]), Bearer())


@contextmanager
def cluster_manager(platform: Platform) -> Iterator[container_v1.ClusterManagerClient]:
    """``google-cloud-container``."""
    transport = container_v1.ClusterManagerClient.get_transport_class("grpc")(channel=channel(platform))
    with container_v1.ClusterManagerClient(transport=transport) as client:
        yield client


def discovered(platform: Platform, version: str) -> Any:
    """``google-api-python-client`` for the container API."""
    return discovery.build(
        "container",
        version,
        credentials=google.oauth2.credentials.Credentials(token=token(platform)),
        client_options={"api_endpoint": platform.env["BINAUTHZ_SERVER"]},
        static_discovery=True,
    )
