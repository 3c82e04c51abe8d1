"""Records who is online: the people with an open socket in this process, written to `User.last_here_at` in batches.

It has a thread and a connection of its own: the thread that all sockets share for their database work delivers events, and must not wait
for this.
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

# Seconds between two writes for everyone who is connected. `accounts.people.ONLINE_FOR` tolerates one that failed.
WRITE_EVERY = 15
# Seconds between two rounds: a thousand sockets that reconnect at once cost one update a second, not a thousand.
ROUND_EVERY = 1

_executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="online")


class OnlineWriter:
    """Remembers whom it has written recently, so that going from page to page does not write somebody each time."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._written: dict[int, float] = {}
        self._everybody_at = float("-inf")

    async def run(self) -> None:
        """A task of the listener: never ends, not even when the database fails."""
        while True:
            await asyncio.sleep(ROUND_EVERY)
            await self.write()

    def due(self, now: float) -> set[int]:
        """Whom to write at `now` (seconds of the monotonic clock): everyone connected every `WRITE_EVERY`, in between only new users."""
        connected = {watcher.user_id for watcher in self._hub.everybody()}
        new_users, self._hub.new_users = self._hub.new_users & connected, set()
        if now - self._everybody_at >= WRITE_EVERY:
            self._everybody_at = now
            self._written = {pk: at for pk, at in self._written.items() if pk in connected}
            return connected
        return {pk for pk in new_users if now - self._written.get(pk, float("-inf")) >= WRITE_EVERY}

    async def write(self) -> None:
        """One update for everyone who is due. A failure is logged; the next round tries again."""
        now = time.monotonic()
        people = self.due(now)
        if not people:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(_executor, _write, sorted(people), timezone.now())
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
