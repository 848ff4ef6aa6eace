"""Processes that are started again whenever they end, until they are told to stop."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

LOG = logging.getLogger(__name__)
_STOP_WITHIN = 8.0
_STEADY_AFTER = 10.0
_FIRST_PAUSE = 0.5
_BACKOFF_LIMIT = 10.0


def _nothing() -> None:
    pass


@dataclass(slots=True)
class Child:
    """One process of ours. ``prepare`` runs before each start, ``on_start`` after it."""

    name: str
    arguments: list[str]
    on_start: Callable[[], None] = _nothing
    prepare: Callable[[], None] = _nothing
    process: asyncio.subprocess.Process | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def pid(self) -> int:
        """The id of the running process, 0 when there is none."""
        return self.process.pid if self.process is not None and self.process.returncode is None else 0

    async def run(self) -> None:
        """Start, wait, start again; returns once ``stop`` was called and the process is gone."""
        pause = _FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while not self.stopping.is_set():
            started = loop.time()
            try:
                became = f"ended with status {await self._once()}"
            except OSError as error:
                became = f"could not be started: {error}"
            if self.stopping.is_set():
                return
            pause = _FIRST_PAUSE if loop.time() - started > _STEADY_AFTER else min(pause * 2, _BACKOFF_LIMIT)
            LOG.warning("the %s process %s; starting it again in %.1f s", self.name, became, pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)

    async def _once(self) -> int:
        self.prepare()
        process = await asyncio.create_subprocess_exec(
            sys.executable, *self.arguments, stdin=asyncio.subprocess.DEVNULL, stdout=2, start_new_session=True
        )
        self.process = process
        self.on_start()
        if self.stopping.is_set():
            await self._end(process)
        return await process.wait()

    async def stop(self) -> None:
        """End the process, politely, then not; it is not started again."""
        self.stopping.set()
        if self.process is not None:
            await self._end(self.process)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
            # A stopped (SIGSTOP) process acts on SIGTERM only once it is continued.
            process.send_signal(signal.SIGCONT)
        try:
            await asyncio.wait_for(process.wait(), _STOP_WITHIN)
        except TimeoutError:
            LOG.warning("the %s process did not stop within %.0f s and was killed", self.name, _STOP_WITHIN)
            process.kill()
            await process.wait()
