"""What a page missed while it was not connected: read once for all that missed the same."""

import asyncio
import time

from channels.db import database_sync_to_async

from escalations.live.frames import MAX_EVENTS, frames_since
from escalations.live.hub import Frame, hub

# Seconds for which what was read is used again: a thousand pages that reconnect after a restart come within a few.
KEPT_FOR = 2
# Newer events may be committed while the missed ones are read, so that further ones are missing; after a few rounds, the page fetches.
ROUNDS = 5

type Read = tuple[int, list[Frame]]


class Backlog:
    def __init__(self) -> None:
        # (account, number) -> until when it may be used, and who reads it
        self._reading: dict[tuple[int, int], tuple[float, asyncio.Task[Read]]] = {}

    async def after(self, account_id: int, known: int, newest: int) -> Read | None:
        """The frames of all events after `known` that this process has delivered, and the number of the last. None: the page has to fetch.

        Nothing is awaited between the last look at what was delivered and the return, so whoever adds a watcher then misses nothing.
        `newest` is the account's number as the database has it.
        """
        if known > newest:
            # Not of this database: it was restored from a backup.
            return None
        frames: list[Frame] = []
        for _ in range(ROUNDS):
            delivered = hub.last.get(account_id, newest)
            if known >= delivered:
                return known, frames
            if delivered - known > MAX_EVENTS:
                return None
            last, more = await self._read(account_id, known)
            if len(more) != last - known:
                return None
            frames, known = [*frames, *more], last
        return None

    async def _read(self, account_id: int, number: int) -> Read:
        now, loop = time.monotonic(), asyncio.get_running_loop()
        self._reading = {key: (until, task) for key, (until, task) in self._reading.items() if until > now and task.get_loop() is loop}
        key = (account_id, number)
        if key not in self._reading:
            self._reading[key] = now + KEPT_FOR, loop.create_task(database_sync_to_async(frames_since)(account_id, number))
        _, task = self._reading[key]
        try:
            # Whoever closes the page must not take it away from the others.
            return await asyncio.shield(task)
        except Exception:
            self._reading.pop(key, None)
            raise


backlog = Backlog()
