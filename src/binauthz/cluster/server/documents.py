"""What describes the API: discovery and OpenAPI."""

from collections.abc import Sequence

import msgspec

from binauthz.cluster.client import Object
from binauthz.cluster.protobuf import swagger
from binauthz.cluster.resource import Resource
from binauthz.cluster.schema.openapi import OpenApi
from binauthz.cluster.server import discovery
from binauthz.cluster.server.media import accepted
from binauthz.cluster.server.request import Request
from binauthz.cluster.server.response import JSON, Send, send_bytes, send_object
from binauthz.cluster.status import no_such_path, not_acceptable

_AGGREGATED = {"v2": "v2", "v2beta1": "v2beta1"}


class Documents:
    """The documents about a set of resources."""

    def __init__(self, openapi: OpenApi, resources: Sequence[Resource]) -> None:
        self._openapi = openapi
        self._resources = resources

    async def serve(self, request: Request, send: Send) -> bool:
        """Answer the request; False when its path is no document's."""
        parts = request.parts
        match parts:
            case ["openapi", "v2"] | ["swagger-2.0.0.pb-v1"]:
                await self._send_v2(request, send)
            case ["openapi", "v3"]:
                await send_bytes(send, 200, self._openapi.index, [JSON])
            case ["openapi", "v3", *place]:
                document = self._openapi.v3("/".join(place))
                if document is None:
                    raise no_such_path()
                await send_bytes(send, 200, document, [JSON, (b"cache-control", b"private")])
            case ["api"] | ["apis"]:
                await self._send_discovery(request, send, core=parts == ["api"])
            case ["api", version]:
                await send_object(send, 200, self._listed("", version))
            case ["apis", group]:
                versions = discovery.group_versions(self._resources).get(group)
                if not versions:
                    raise no_such_path()
                await send_object(send, 200, discovery.api_group(group, versions))
            case ["apis", group, version]:
                await send_object(send, 200, self._listed(group, version))
            case [""]:
                paths = ["/api", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
                await send_object(send, 200, {"paths": paths})
            case _:
                return False
        return True

    async def _send_v2(self, request: Request, send: Send) -> None:
        accept = request.header("accept") or "*/*"
        if request.parts[0] != "openapi" or swagger.ASKED_TYPE in accept or swagger.MEDIA_TYPE in accept:
            document = swagger.swagger(self._resources)
            await send_bytes(send, 200, document, [(b"content-type", swagger.MEDIA_TYPE.encode())])
        elif "json" in accept or "*/*" in accept:
            await send_bytes(send, 200, self._openapi.v2, [JSON])
        else:
            raise not_acceptable()

    def _listed(self, group: str, version: str) -> Object:
        document = discovery.resource_list(group, version, self._resources)
        if not document["resources"]:
            raise no_such_path()
        return document

    async def _send_discovery(self, request: Request, send: Send, *, core: bool) -> None:
        for parameters in accepted(request.header("accept")):
            version = _AGGREGATED.get(parameters.get("v", ""))
            if parameters.get("as") == "APIGroupDiscoveryList" and version:
                document = discovery.aggregated(self._resources, version, core=core)
                kind = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
                await send_bytes(send, 200, msgspec.json.encode(document), [(b"content-type", kind.encode())])
                return
        await send_object(send, 200, discovery.api_versions() if core else discovery.api_groups(self._resources))
