"""Asking webhooks: over HTTPS with kept connections, each under its own timeout, and obeying its failure policy.

Webhooks that concern a request are asked at once; the first refusal in configuration order counts. A failure with
``failurePolicy: Ignore`` admits and leaves the audit annotation that kube-apiserver would leave (SPEC 4.7). No error
text contains a credential, nor the path of a URL, which may hold one (THREATS B110).
"""

import asyncio
import errno
import ssl
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import msgspec

from binauthz.cluster import limits
from binauthz.cluster.admission.hooks import CONFIGURATIONS, Hook, Operation, Target, hooks_of
from binauthz.cluster.admission.review import AnswerError, Verdict, judge, request
from binauthz.cluster.call import Call
from binauthz.cluster.client import Object, StatusError
from binauthz.cluster.status import internal
from binauthz.cluster.storage.objects import Item

_FAILED_OPEN = "failed-open.validating.webhook.admission.k8s.io/round_0_index_"
_CLIENTS = 32


class CallError(Exception):
    """The webhook gave no verdict; the text says why in kube-apiserver's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A bearer token for one URL, as an AdmissionConfiguration's kubeconfig would give."""

    url: str
    token: str = field(repr=False)


class Admission:
    """The webhooks of the configurations that are stored now."""

    def __init__(
        self,
        *,
        configurations: Callable[[], list[Item]],
        namespace_labels: Callable[[str], dict[str, str]],
        credential: Credential | None = None,
    ) -> None:
        self._configurations = configurations
        self._namespace_labels = namespace_labels
        self._credential = credential
        self._parsed: dict[str, tuple[int, tuple[Hook, ...]]] = {}
        self._clients: dict[str, httpx2.AsyncClient] = {}

    async def review(
        self, call: Call, operation: Operation, new: Object | None, old: Object | None, *, name: str
    ) -> None:
        """Ask everyone concerned; annotations and warnings go into the call.

        Raises:
            StatusError: somebody refused, or failed under ``failurePolicy: Fail``.
        """
        if call.resource.key == CONFIGURATIONS:
            return
        target = self._target(call, operation, new, old)
        concerned = [hook for hook in self._hooks() if hook.concerns(target)]
        if not concerned:
            return
        if len(concerned) == 1:
            outcomes = [await self._outcome(call, concerned[0], operation, new, old, name)]
        else:
            asked = (self._outcome(call, hook, operation, new, old, name) for hook in concerned)
            outcomes = list(await asyncio.gather(*asked))
        refusals: list[StatusError] = []
        for index, (hook, outcome) in enumerate(zip(concerned, outcomes, strict=True)):
            if isinstance(outcome, CallError):
                if hook.fail_open:
                    call.annotations[f"{_FAILED_OPEN}{index}"] = hook.name
                else:
                    refusals.append(internal(f'failed calling webhook "{hook.name}": {outcome}'))
                continue
            call.annotations.update(outcome.annotations)
            call.warnings.extend(outcome.warnings)
            if outcome.refusal is not None:
                refusals.append(StatusError(outcome.refusal))
        if refusals:
            raise refusals[0]

    def _hooks(self) -> list[Hook]:
        found: list[Hook] = []
        current: dict[str, tuple[int, tuple[Hook, ...]]] = {}
        for item in self._configurations():
            name = item.obj["metadata"]["name"]
            known = self._parsed.get(name)
            if known is None or known[0] != item.revision:
                known = (item.revision, hooks_of(item.obj))
            current[name] = known
            found.extend(known[1])
        self._parsed = current
        return found

    def _target(self, call: Call, operation: Operation, new: Object | None, old: Object | None) -> Target:
        resource = call.resource
        labels: dict[str, str] | None = None
        if resource.namespaced:
            labels = self._namespace_labels(call.namespace)
        elif resource.key == "namespaces":
            labels = ((new or old or {}).get("metadata") or {}).get("labels") or {}
        return Target(
            operation=operation,
            group=resource.group,
            version=resource.version,
            plural=resource.plural,
            subresource=call.subresource,
            namespaced=resource.namespaced,
            new=new,
            old=old,
            namespace_labels=labels,
        )

    async def _outcome(
        self, call: Call, hook: Hook, operation: Operation, new: Object | None, old: Object | None, name: str
    ) -> Verdict | CallError:
        body = request(call, operation, new, old, name)
        try:
            answer = await self._post(hook, msgspec.json.encode(body))
            return judge(hook, body["request"]["uid"], answer)
        except AnswerError as error:
            return CallError(f"received invalid webhook response: {error}")
        except CallError as error:
            return error

    async def _post(self, hook: Hook, body: bytes) -> bytes:
        shown = _shown(hook.url)
        try:
            async with asyncio.timeout(hook.timeout):
                try:
                    return await self._exchange(hook, body)
                except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
                    # A kept connection that the server had closed; asking again changes nothing there (sideEffects).
                    return await self._exchange(hook, body)
        except (TimeoutError, httpx2.TimeoutException):
            raise CallError(f'failed to call webhook: Post "{shown}": context deadline exceeded') from None
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ssl.SSLError) as error:
            raise CallError(f'failed to call webhook: Post "{shown}": {_cause(error, hook.url)}') from None

    async def _exchange(self, hook: Hook, body: bytes) -> bytes:
        client = self._client(hook.authorities)
        headers = {
            "content-type": "application/json",
            "accept": "application/json",
            "user-agent": "kube-apiserver-admission",
        }
        if self._credential is not None and hook.url == self._credential.url:
            headers["authorization"] = f"Bearer {self._credential.token}"
        mark = "&" if "?" in hook.url else "?"
        url = f"{hook.url}{mark}timeout={int(hook.timeout)}s"
        async with client.stream("POST", url, content=body, headers=headers) as response:
            answer = bytearray()
            async for chunk in response.aiter_bytes():
                answer += chunk
                if len(answer) > limits.WEBHOOK_RESPONSE_BYTES:
                    raise CallError("failed to call webhook: the answer is too large")
            if response.status_code != 200:
                raise CallError(f"failed to call webhook: {_http_failure(response.status_code)}")
        return bytes(answer)

    def _client(self, authorities: str) -> httpx2.AsyncClient:
        client = self._clients.get(authorities)
        if client is None:
            context = ssl.create_default_context(cadata=authorities or None)
            client = httpx2.AsyncClient(
                verify=context,
                trust_env=False,
                follow_redirects=False,
                timeout=None,
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=60),
            )
            if len(self._clients) >= _CLIENTS:
                self._clients.clear()
            self._clients[authorities] = client
        return client

    async def close(self) -> None:
        """Close every kept connection."""
        for client in self._clients.values():
            await client.aclose()


def _shown(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def _http_failure(code: int) -> str:
    if code == 404:
        return "the server could not find the requested resource"
    if code in (401, 403):
        return "the server has asked for the client to provide credentials" if code == 401 else "forbidden"
    if code >= 500:
        return f'an error on the server ("HTTP {code}") has prevented the request from succeeding'
    return f"the server responded with the status code {code} but did not return more information"


def _cause(error: BaseException, url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    place = f"{parts.hostname}:{parts.port or 443}"
    seen: Any = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return f"tls: failed to verify certificate: x509: {seen.verify_message}"
        if isinstance(seen, OSError) and seen.errno == errno.ECONNREFUSED:
            return f"dial tcp {place}: connect: connection refused"
        seen = seen.__cause__ or seen.__context__
    if isinstance(error, httpx2.ConnectError):
        return f"dial tcp {place}: connect: no connection could be made"
    return "EOF" if isinstance(error, (httpx2.RemoteProtocolError, httpx2.ReadError)) else type(error).__name__
