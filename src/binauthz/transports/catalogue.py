"""Which methods this server serves, and by which routes: ``GET /binauthz/v1/methods``, a method of ours.

The command line asks it, so that it needs no descriptors and never disagrees with the server that it speaks to.
"""

import msgspec

from binauthz.base.errors import ApiError
from binauthz.transports.dispatch import Dispatcher
from binauthz.transports.errors import rest_error
from binauthz.transports.rest import Receive, Scope, Send, respond
from binauthz.transports.routes import bindings
from binauthz.wire import descriptors

PATH = "/binauthz/v1/methods"


class Catalogue:
    """The page; whoever is authenticated may read it."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._body = _listed(dispatcher)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer a GET."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        client = scope.get("client")
        try:
            await self._dispatcher.authenticate(
                headers.get("authorization"),
                ip=str(client[0]) if client else "",
                user_agent=headers.get("user-agent", ""),
            )
        except ApiError as error:
            status, extra, body = rest_error(error)
            await respond(send, status, body, extra)
            return
        await respond(send, 200, self._body)


def _listed(dispatcher: Dispatcher) -> bytes:
    methods = [
        {
            "service": method.containing_service.full_name,
            "method": method.name,
            "routes": [{"verb": verb, "path": path, "body": body} for verb, path, body in bindings(method)],
        }
        for name, method in sorted(descriptors.methods().items())
        if dispatcher.serves(name)
    ]
    return msgspec.json.encode({"methods": methods})
