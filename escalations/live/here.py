"""Who is here: the people with an open socket in this process, written to `User.last_here_at` in batches, never one by one.

A thread and a connection of its own: the thread that all sockets share for their database work hands out the news, and must not wait here.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import structlog
from django.db import connection
from django.utils import timezone

from accounts.models import User
from escalations.live.hub import Hub

log = structlog.get_logger("live")

# Seconds between two writings for everybody who is connected. `accounts.people.HERE_FOR` bears one that failed.
HERE_EVERY = 15
# Seconds in which newcomers are gathered: a thousand sockets that connect again at once cost an update a second, not a thousand.
GATHERED_FOR = 1

_pen = ThreadPoolExecutor(max_workers=1, thread_name_prefix="here")


class Here:
    """Knows whom it has written lately, so that whoever walks from page to page is not written at each step."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._written: dict[int, float] = {}
        self._everybody_at = float("-inf")

    async def keep_telling(self) -> None:
        """A task of the listener: never ends, and no fault of the database ends it."""
        while True:
            await asyncio.sleep(GATHERED_FOR)
            await self.tell()

    def due(self, now: float) -> set[int]:
        """Whom to write at `now` (seconds of the monotonic clock): everybody connected every `HERE_EVERY`, in between only newcomers."""
        connected = {watcher.user_id for watcher in self._hub.everybody()}
        newcomers, self._hub.newcomers = self._hub.newcomers & connected, set()
        if now - self._everybody_at >= HERE_EVERY:
            self._everybody_at = now
            self._written = {pk: at for pk, at in self._written.items() if pk in connected}
            return connected
        return {pk for pk in newcomers if now - self._written.get(pk, float("-inf")) >= HERE_EVERY}

    async def tell(self) -> None:
        """One update for all who are due. A database that is away is logged; the next round tries again."""
        now = time.monotonic()
        people = self.due(now)
        if not people:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(_pen, _write, sorted(people), timezone.now())
        except Exception as error:
            log.warning("failed to write who is online", people=len(people), error=type(error).__name__)
        else:
            self._written.update(dict.fromkeys(people, now))


def _write(people: list[int], now: datetime) -> None:
    try:
        User.objects.filter(pk__in=people).update(last_here_at=now)
    finally:
        # The thread lives as long as the process; its connection goes back to the pool each time.
        connection.close()
