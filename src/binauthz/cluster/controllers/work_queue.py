"""Keys that wait to be looked at: each at most once in the queue, never by two workers at a time, later if asked."""

import asyncio
from typing import NamedTuple

FIRST_RETRY = 0.05
LONGEST_RETRY = 30.0


class Key(NamedTuple):
    """The object that something happened to."""

    namespace: str
    name: str


def backoff(failures: int, first: float = FIRST_RETRY, longest: float = LONGEST_RETRY) -> float:
    """Seconds until the next try after so many failures in a row: doubling, up to a ceiling."""
    return min(longest, first * float(1 << min(max(failures - 1, 0), 32)))


class WorkQueue:
    """A set of keys with order, and timers that add to it."""

    def __init__(self) -> None:
        self._ready: asyncio.Queue[Key] = asyncio.Queue()
        self._waiting: set[Key] = set()
        self._working: set[Key] = set()
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}

    def add(self, key: Key) -> None:
        """Look at the key soon; a key that is being worked on comes back once that is done."""
        if key in self._working:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.put_nowait(key)

    def add_after(self, key: Key, seconds: float) -> None:
        """Look at the key no later than that; an earlier appointment stands."""
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= due:
                return
            timer.cancel()
        self._timers[key] = loop.call_later(seconds, self._due, key)

    def _due(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def retry(self, key: Key) -> None:
        """Look at the key again after a pause that grows with every failure."""
        self._failures[key] = self._failures.get(key, 0) + 1
        self.add_after(key, backoff(self._failures[key]))

    def forget(self, key: Key) -> None:
        """The key went well: its next failure is its first."""
        self._failures.pop(key, None)

    async def take(self) -> Key:
        """The next key; ``done`` must follow."""
        key = await self._ready.get()
        self._waiting.discard(key)
        self._working.add(key)
        return key

    def done(self, key: Key) -> None:
        """The worker has finished with the key."""
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def close(self) -> None:
        """Cancel every timer."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
