"""The private keys of one server, by protection level, and the threads on which they are made and used.

Nothing here runs on the event loop: RSA keys take seconds to make, and a token may take for ever. A call waits no
longer than its deadline; a token that hangs costs a bounded number of threads.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from binauthz.base.errors import ApiError, Code
from binauthz.crypto.algorithms import SignatureAlgorithm
from binauthz.services.kms.backend import KeyBackend, NewKey

T = TypeVar("T")
_log = logging.getLogger(__name__)

SOFTWARE, HSM = "SOFTWARE", "HSM"
_CALLS_AT_ONCE = 16
_GENERATIONS_AT_ONCE = 2
# Keys that are being made or wait for it; at a few seconds each, what waits longer would only fail later.
_GENERATIONS_AHEAD = 50


class Custody:
    """The backends of a server. One event loop uses it."""

    def __init__(self, backends: Mapping[str, KeyBackend], *, deadline_seconds: float = 10.0) -> None:
        self._backends = dict(backends)
        self._deadline = deadline_seconds
        self._calls = {level: asyncio.Semaphore(_CALLS_AT_ONCE) for level in backends}
        self._generations = {level: asyncio.Semaphore(_GENERATIONS_AT_ONCE) for level in backends}
        self._ahead = dict.fromkeys(backends, 0)
        self._background: set[asyncio.Task[Any]] = set()

    def check_level(self, level: str) -> None:
        """Return if keys of a protection level can be kept here at all; else raise FAILED_PRECONDITION."""
        if level not in self._backends:
            advice = ": no PKCS#11 token is configured" if level == HSM else ""
            raise ApiError(Code.FAILED_PRECONDITION, f"This server keeps no keys of protection level {level}{advice}.")

    def check_room(self, level: str) -> None:
        """Return if another key can be made soon; else raise RESOURCE_EXHAUSTED."""
        self.check_level(level)
        if self._ahead[level] >= _GENERATIONS_AHEAD:
            raise ApiError(
                Code.RESOURCE_EXHAUSTED, f"{_GENERATIONS_AHEAD} {level} keys are being made already: try again later."
            )

    async def call(self, level: str, work: Callable[[KeyBackend], T]) -> T:
        """Run a short piece of work with the backend of a level; UNAVAILABLE when it does not end in time."""
        self.check_level(level)
        try:
            async with asyncio.timeout(self._deadline):
                return await _on_thread(self._calls[level], lambda: work(self._backends[level]))
        except TimeoutError:
            _log.warning("the holder of %s keys did not answer within %g s", level, self._deadline)
            raise ApiError(
                Code.UNAVAILABLE, f"The holder of {level} keys did not answer within {self._deadline:g} seconds."
            ) from None

    async def generate(self, level: str, name: str, algorithm: SignatureAlgorithm) -> NewKey:
        """Make a key, however long that takes."""
        self.check_level(level)
        self._ahead[level] += 1
        try:
            return await _on_thread(self._generations[level], lambda: self._backends[level].generate(name, algorithm))
        finally:
            self._ahead[level] -= 1

    def in_background(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task that outlives the call that started it."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (trouble := task.exception()) is not None:
            _log.warning("work in the background failed: %s", trouble)


async def _on_thread(slots: asyncio.Semaphore, work: Callable[[], T]) -> T:
    """Run on a thread of its own; its slot is free again when the work has ended, whether or not somebody waited.

    The thread is a daemon, so that a token which hangs cannot keep the process from ending.
    """
    await slots.acquire()
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def deliver(result: T | None, trouble: BaseException | None) -> None:
        slots.release()
        if answer.done():
            return
        if trouble is not None:
            answer.set_exception(trouble)
        else:
            answer.set_result(result)  # type: ignore[arg-type]

    def body() -> None:
        result, trouble = None, None
        try:
            result = work()
        except BaseException as raised:  # noqa: BLE001 - handed to whoever waits
            trouble = raised
        # The loop may be closed by now: then nobody waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(deliver, result, trouble)

    threading.Thread(target=body, name="private-key", daemon=True).start()
    return await answer
