"""Old log entries go, on a schedule: once an hour, in as many transactions of bounded size as it takes.

Every server that shares a store does this; doing it twice is doing it once.
"""

import asyncio
import datetime as dt
import logging

from binauthz.base.clock import Clock
from binauthz.store.interface import Store, StoreUnavailable

LOG = logging.getLogger(__name__)
EVERY_SECONDS = 3600.0


async def thin_log(store: Store, clock: Clock, days: int) -> None:
    """Remove entries older than ``days``, again and again until cancelled; 0 days keeps everything."""
    while True:
        await remove_old(store, clock, days)
        await asyncio.sleep(EVERY_SECONDS)


async def remove_old(store: Store, clock: Clock, days: int) -> int:
    """Remove what is too old now; how many entries that were. Trouble is for the next time to overcome."""
    if not days:
        return 0
    try:
        return await store.purge_logs(clock.now() - dt.timedelta(days=days))
    except StoreUnavailable as error:
        LOG.warning("old log entries were not removed: the store is unavailable: %s", error)
        return 0
