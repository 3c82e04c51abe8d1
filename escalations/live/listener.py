"""The one supervised listener of a web process: started by the first socket, never taking a request down with it."""

import asyncio
import json
import random
import time
from typing import Any

import psycopg
import structlog
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import connection

from accounts.events import CHANNEL
from escalations.live.frames import frames_since
from escalations.live.here import Here
from escalations.live.hub import hub
from escalations.live.rights import revoked

log = structlog.get_logger("live")

PRESENCE_CHANNEL = "handoff_presence"
# Seconds: how often rights are asked, and how long somebody is believed to look without being heard of again.
RIGHTS_EVERY = 3
PRESENCE_FORGOTTEN = 40


class Listener:
    """`state` is idle before the first socket, listening, or reconnecting; `/readyz` tells it."""

    def __init__(self) -> None:
        self.state = "idle"
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._dirty: set[int] = set()
        self._woken = asyncio.Event()
        # Set while LISTEN is in force; a socket waits for it, so that what it says at first and what it hears later leave no gap.
        self.listening = asyncio.Event()

    def ensure(self) -> None:
        """Starts the listener, or starts it again where its loop or its tasks are gone."""
        loop = asyncio.get_running_loop()
        if self._loop is loop and self._tasks and not any(task.done() for task in self._tasks):
            return
        for task in self._tasks:
            if self._loop is loop:
                task.cancel()
        self._loop, self._woken, self.listening = loop, asyncio.Event(), asyncio.Event()
        self._dirty = set()
        jobs = (self._listen, self._hand_out, self._watch_rights, Here(hub).keep_telling)
        self._tasks = [loop.create_task(job()) for job in jobs]

    async def stop(self) -> None:
        """Ends the listener; for tests and for an orderly shutdown."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self.state = "idle"

    async def _listen(self) -> None:
        """Keeps one connection that hears both channels; when it breaks, connects again with growing pauses and reads what was missed."""
        pause = 0.2
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**connection_info(), autocommit=True) as heard:
                    await heard.execute(f"LISTEN {CHANNEL}")
                    await heard.execute(f"LISTEN {PRESENCE_CHANNEL}")
                    self.state, pause = "listening", 0.2
                    self.listening.set()
                    self.wake(hub.accounts())
                    async for notify in heard.notifies():
                        self._heard(notify.channel, notify.payload)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning("listener lost its connection", error=type(error).__name__, pause=round(pause, 1))
            self.state = "reconnecting"
            self.listening.clear()
            await asyncio.sleep(pause * random.uniform(0.7, 1.3))  # noqa: S311
            pause = min(pause * 2, 15)

    def _heard(self, channel: str, payload: str) -> None:
        try:
            body = json.loads(payload)
            if channel == PRESENCE_CHANNEL:
                self._present(body)
            elif body["account"] in hub.watchers:
                self.wake([body["account"]])
        except (ValueError, KeyError, TypeError):
            log.warning("invalid notification", channel=channel)

    def wake(self, accounts: list[int]) -> None:
        """Has the events of these accounts looked for."""
        self._dirty.update(accounts)
        self._woken.set()

    async def _hand_out(self) -> None:
        """Reads the events since the last known number, renders each once, hands the frames to the account's sockets."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._dirty:
                account_id = self._dirty.pop()
                known = hub.last.get(account_id)
                if known is None:
                    continue
                try:
                    number, frames = await database_sync_to_async(frames_since)(account_id, known)
                    if account_id in hub.last:
                        hub.last[account_id] = max(number, hub.last[account_id])
                    await hub.send(account_id, frames)
                except asyncio.CancelledError:
                    raise
                except Exception:
                    log.exception("failed to deliver events", account=account_id)
                    await asyncio.sleep(1)
                    self.wake([account_id])

    async def _watch_rights(self) -> None:
        """One query per process every few seconds: after a sign-out, deactivation or role change a socket falls silent."""
        while True:
            await asyncio.sleep(RIGHTS_EVERY)
            try:
                watchers = hub.everybody()
                if watchers:
                    for watcher in await database_sync_to_async(revoked)(watchers):
                        hub.remove(watcher)
                        await watcher.socket.cut(4401)
                await self._forget_absent()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning("failed to check permissions of sockets", error=type(error).__name__)

    def _present(self, body: dict[str, Any]) -> None:
        key = (body["account"], body["handoff"])
        here = hub.presence[key]
        if body["here"]:
            new = body["user"] not in here
            here[body["user"]] = (body["name"], time.monotonic())
        else:
            new = here.pop(body["user"], None) is not None
        if new:
            asyncio.get_running_loop().create_task(hub.tell_presence(*key))

    async def _forget_absent(self) -> None:
        now = time.monotonic()
        for key, people in list(hub.presence.items()):
            gone = [pk for pk, (_, heard_at) in people.items() if now - heard_at > PRESENCE_FORGOTTEN]
            for pk in gone:
                del people[pk]
            if gone:
                await hub.tell_presence(*key)
            if not people:
                hub.presence.pop(key, None)


def connection_info() -> dict[str, Any]:
    """Where LISTEN connects: the settings' database, or the direct address beside a transaction pooler."""
    if settings.LISTEN_DATABASE_URL:
        return {"conninfo": settings.LISTEN_DATABASE_URL}
    params = connection.get_connection_params()
    return {name: value for name, value in params.items() if name not in ("cursor_factory", "context", "pool")}


listener = Listener()
