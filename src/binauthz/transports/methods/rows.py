"""What every part of the table is written with."""

from collections.abc import Callable
from typing import Any

from binauthz.transports.method import Handler, Method


def row(service: str, method: str, permission: str | None, resource: Callable[[Any], str], handler: Handler) -> Method:
    """A method of a service, by its full gRPC name."""
    return Method(full_name=f"{service}.{method}", permission=permission, resource=resource, handler=handler)


def name(request: Any) -> str:
    """The resource is the request's ``name``."""
    return str(request.name)


def parent(request: Any) -> str:
    """The resource is the request's ``parent``."""
    return str(request.parent)


def resource(request: Any) -> str:
    """The resource is the request's ``resource``."""
    return str(request.resource)


def nothing(request: Any) -> str:
    """The method is about no resource."""
    del request
    return ""
