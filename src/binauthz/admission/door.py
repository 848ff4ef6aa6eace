"""The TLS door: reviews, audit batches and image reviews of clusters, and the gateway for people, on one address.

Who may pass is settled before a body is read. Every failure is answered in the shape that the caller knows: an
AdmissionReview where one can be addressed, else a Kubernetes Status, which an apiserver counts as a failed call.
"""

import asyncio
import contextlib
import logging
import re

from binauthz.admission import image_review
from binauthz.admission.audit import AuditDoor
from binauthz.admission.http import (
    Answer,
    App,
    Disconnected,
    Receive,
    Refused,
    Scope,
    Send,
    TooLargeError,
    drain,
    raw_path,
    read_body,
    refusal,
    send_answer,
)
from binauthz.admission.identity import Route, identify, route
from binauthz.admission.quota import ReviewQuota
from binauthz.admission.reviews import MAX_REVIEW_BYTES, ReviewDoor
from binauthz.admission.second_judgement import SecondJudgement
from binauthz.admission.service_agent import may_use
from binauthz.admission.verdict import Judge
from binauthz.attestation.memo import Prover
from binauthz.base.clock import Clock
from binauthz.services.policies import default_policy
from binauthz.sources.gather import Sources, Unanswered
from binauthz.store.interface import Store

LOG = logging.getLogger(__name__)

DEFAULT_WEBHOOK_SECONDS = 10.0
_SHARE_OF_TIMEOUT = 0.5
_PRIME_RETRY_SECONDS = 0.5
_TIMEOUT = re.compile(rb"([0-9]{1,6}(?:\.[0-9]{1,6})?)(ms|s)")


class Door:
    """The ASGI application of the TLS door.

    ``start`` reads the store for the first time, trying until it answers, and begins the second judgement; until then
    ``ready`` is false and no review is answered. Whoever serves the door calls ``start`` and ``stop``, or lets the
    ASGI lifespan do it.
    """

    def __init__(
        self, store: Store, judge: Judge, quota: ReviewQuota, *, budget_seconds: float, gateway: App | None
    ) -> None:
        self._store = store
        self.judge = judge
        self._budget_seconds = budget_seconds
        self._gateway = gateway
        self._quota = quota
        self._reviews = ReviewDoor(judge, quota)
        self.second_judgement = SecondJudgement(store, judge)
        self._audit = AuditDoor(store, judge.clock, self.second_judgement.wake)
        self._background: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether the store has been read once."""
        return self._sources.primed

    @property
    def _sources(self) -> Sources:
        return self.judge.sources

    async def start(self) -> None:
        """Begin the background work; returns at once."""
        if self._background is None:
            self._background = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """End the background work."""
        task, self._background = self._background, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _work(self) -> None:
        while not self.ready:
            try:
                await self._sources.prime()
            except Unanswered as error:
                LOG.warning("the store cannot be read yet: %s", error.reason)
                await asyncio.sleep(_PRIME_RETRY_SECONDS)
        await self.second_judgement.run()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request, or the server's lifespan."""
        match scope["type"]:
            case "http":
                await self._serve(scope, receive, send)
            case "lifespan":
                await self._lifespan(receive, send)
            case _ if self._gateway is not None:
                await self._gateway(scope, receive, send)
            case _:
                await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = route(scope)
        if asked is None and self._gateway is not None and not raw_path(scope).startswith(("/readyz", "/healthz")):
            await self._gateway(scope, receive, send)
            return
        try:
            answer = await self._answer(asked, scope, receive)
        except Refused as refused:
            answer = refusal(refused)
        except Disconnected:
            return
        except Exception as error:
            LOG.exception("a request of a cluster failed")
            answer = refusal(Refused(500, f"the request failed: {type(error).__name__}"))
        await send_answer(send, answer)

    async def _answer(self, asked: Route | None, scope: Scope, receive: Receive) -> Answer:
        if asked is None:
            return self._health(scope)
        if asked.verb not in {"policy:admissionReview", "policy:imageReview", "audit"}:
            raise Refused(404, f"got the verb `{asked.verb[:80]}`, expected admissionReview, imageReview or audit")
        if scope["method"] != "POST":
            raise Refused(405, f"got {str(scope['method'])[:16]}, expected POST")
        if not self.ready:
            raise Refused(503, "the store has not been read yet", close=True)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._budget(scope)
        try:
            known = await identify(self._sources, asked, deadline - loop.time())
        except Refused:
            await drain(receive)
            raise
        if asked.verb == "audit":
            if known.trouble is not None:
                raise Refused(503, f"the store cannot be reached: {known.trouble.reason}", close=True)
            return await self._audit.answer(scope, receive, asked.identity)
        try:
            body = await read_body(scope, receive, MAX_REVIEW_BYTES)
        except TooLargeError as error:
            if asked.verb == "policy:imageReview":
                return image_review.too_large(error, known)
            return self._reviews.too_large(error, known)
        budget = max(0.0, deadline - loop.time())
        if asked.verb == "policy:imageReview":
            return await image_review.answer(self.judge, self._quota, body, asked.identity, known, budget)
        return await self._reviews.answer(body, asked.identity, known, budget)

    def _budget(self, scope: Scope) -> float:
        """How long a review may take: less than the webhook's own timeout, so that the answer is ours (B103)."""
        webhook = timeout_seconds(scope["query_string"])
        return min(self._budget_seconds, webhook * _SHARE_OF_TIMEOUT)

    def _health(self, scope: Scope) -> Answer:
        match raw_path(scope):
            case "/healthz":
                return Answer(200, b'"ok"')
            case "/readyz" if self.ready:
                return Answer(200, b'"ok"')
            case "/readyz":
                raise Refused(503, "the store has not been read yet")
            case path:
                raise Refused(404, f"got the path `{path[:200]}`, expected that of a cluster's door")

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def timeout_seconds(query: bytes) -> float:
    """The webhook's own timeout, as an apiserver says it (``timeout=10s``); the default for anything else."""
    for part in query[:1024].split(b"&"):
        if part.startswith(b"timeout="):
            match = _TIMEOUT.fullmatch(part[len(b"timeout=") :])
            if match is not None:
                return float(match[1]) / (1000 if match[2] == b"ms" else 1)
    return DEFAULT_WEBHOOK_SECONDS


def build(
    store: Store,
    *,
    clock: Clock,
    prover: Prover,
    gateway: App | None = None,
    budget_seconds: float = 5.0,
    bare_name_covers_tags: bool = False,
    reviews_per_minute: int = 0,
) -> Door:
    """The TLS door over a store. ``gateway`` answers every path that is not a door of a cluster; rate 0 is no limit."""
    sources = Sources(
        store,
        default_policy=default_policy,
        may_use=may_use,
        deadline_seconds=budget_seconds,
        bare_name_covers_tags=bare_name_covers_tags,
    )
    judge, quota = Judge(sources, prover, clock), ReviewQuota(reviews_per_minute)
    return Door(store, judge, quota, budget_seconds=budget_seconds, gateway=gateway)
