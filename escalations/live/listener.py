"""The listener of a web process: started by the first socket, restarted when it fails, and never able to break a request."""

import asyncio
import contextlib
import json
import random
import time
import uuid
from typing import Any

import psycopg
import structlog
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import connection

from accounts.events import CHANNEL
from escalations.live.frames import MAX_EVENTS, frames_since
from escalations.live.hub import hub
from escalations.live.online import OnlineWriter
from escalations.live.rights import revoked_watchers

log = structlog.get_logger("live")

PRESENCE_CHANNEL = "handoff_presence"
# Seconds: how long connecting may take, how often the listener proves to itself that it still hears, and how long that may take.
CONNECT_PATIENCE = 10
HEARTBEAT_EVERY = 15
HEARTBEAT_PATIENCE = 5
# Seconds: how often permissions are checked, and how long somebody counts as present without announcing it again.
PERMISSIONS_EVERY = 3
PRESENCE_TIMEOUT = 40


_KEEP_ALIVE = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}


class Listener:
    """`state` is idle before the first socket, listening, or reconnecting; `/readyz` reports it."""

    def __init__(self) -> None:
        self.state = "idle"
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._accounts: set[int] = set()
        self._wanted = asyncio.Event()
        # Set while LISTEN is in force; a socket waits for it, so that there is no gap between its first number and later events.
        self.listening = asyncio.Event()

    def ensure(self) -> None:
        """Starts the listener, or restarts it where its loop or its tasks are gone."""
        loop = asyncio.get_running_loop()
        if self._loop is loop and self._tasks and not any(task.done() for task in self._tasks):
            return
        for task in self._tasks:
            if self._loop is loop:
                task.cancel()
        self._loop, self._wanted, self.listening = loop, asyncio.Event(), asyncio.Event()
        self._accounts = set()
        jobs = (self._listen, self._deliver, self._watch_permissions, OnlineWriter(hub).run)
        self._tasks = [loop.create_task(job()) for job in jobs]

    async def stop(self) -> None:
        """Stops the listener, for tests and for a clean shutdown."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self.state = "idle"

    async def _listen(self) -> None:
        """Keeps one connection that listens to both channels; when it breaks, reconnects with growing pauses and reads what was missed."""
        pause = 0.2
        while True:
            conn: psycopg.AsyncConnection | None = None
            try:
                async with asyncio.timeout(CONNECT_PATIENCE):
                    conn = await psycopg.AsyncConnection.connect(**connection_info(), autocommit=True)
                    await conn.execute(f"LISTEN {CHANNEL}")
                    await conn.execute(f"LISTEN {PRESENCE_CHANNEL}")
                self.state, pause = "listening", 0.2
                self.listening.set()
                self.check(hub.accounts())
                while True:
                    async for notify in conn.notifies(timeout=HEARTBEAT_EVERY):
                        self._on_notify(notify.channel, notify.payload)
                    async with asyncio.timeout(HEARTBEAT_PATIENCE):
                        await self._hear_own_heartbeat(conn)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning("listener lost its connection", error=type(error).__name__, pause=round(pause, 1))
            finally:
                if conn is not None:
                    # Not `async with`: that waits for a server that may be silent.
                    await conn.close()
            self.state = "reconnecting"
            self.listening.clear()
            await asyncio.sleep(pause * random.uniform(0.7, 1.3))  # noqa: S311
            pause = min(pause * 2, 15)

    async def _hear_own_heartbeat(self, conn: psycopg.AsyncConnection) -> None:
        """Returns when a notification of our own has come back through the channel. A connection may be dead without a word."""
        beat = str(uuid.uuid4())
        await conn.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps({"heartbeat": beat})])
        async with contextlib.aclosing(conn.notifies()) as notifies:
            async for notify in notifies:
                if beat in notify.payload:
                    return
                self._on_notify(notify.channel, notify.payload)

    def _on_notify(self, channel: str, payload: str) -> None:
        try:
            body = json.loads(payload)
            if channel == PRESENCE_CHANNEL:
                self._on_presence(body)
            elif "heartbeat" in body:
                return  # another process's
            elif body["account"] in hub.watchers:
                self.check([body["account"]])
        except (ValueError, KeyError, TypeError):
            log.warning("invalid notification", channel=channel)

    def check(self, accounts: list[int]) -> None:
        """Makes `_deliver` look for new events of these accounts."""
        self._accounts.update(accounts)
        self._wanted.set()

    async def _deliver(self) -> None:
        """Reads the events since the last known number, renders each once and sends the frames to the account's sockets."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._accounts:
                account_id = self._accounts.pop()
                known = hub.last.get(account_id)
                if known is None:
                    continue
                try:
                    number, frames = await database_sync_to_async(frames_since)(account_id, known)
                    if account_id in hub.last:
                        hub.last[account_id] = max(number, hub.last[account_id])
                    await hub.send(account_id, frames)
                    if account_id in hub.sent:
                        hub.sent[account_id] = max(number, hub.sent[account_id])
                    if len(frames) >= MAX_EVENTS:
                        self._accounts.add(account_id)
                except asyncio.CancelledError:
                    raise
                except Exception:
                    log.exception("failed to deliver events", account=account_id)
                    await asyncio.sleep(1)
                    self.check([account_id])

    async def _watch_permissions(self) -> None:
        """One query per process every few seconds: closes sockets after a sign-out, a deactivation or a role change."""
        while True:
            await asyncio.sleep(PERMISSIONS_EVERY)
            try:
                watchers = hub.everybody()
                if watchers:
                    for watcher in await database_sync_to_async(revoked_watchers)(watchers):
                        hub.drop(watcher, 4401)
                await self._expire_presence()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning("failed to check permissions of sockets", error=type(error).__name__)

    def _on_presence(self, body: dict[str, Any]) -> None:
        key = (body["account"], body["handoff"])
        present = hub.presence[key]
        if body["here"]:
            new = body["user"] not in present
            present[body["user"]] = (body["name"], time.monotonic())
        else:
            new = present.pop(body["user"], None) is not None
        if new:
            asyncio.get_running_loop().create_task(hub.send_presence(*key))

    async def _expire_presence(self) -> None:
        now = time.monotonic()
        for key, people in list(hub.presence.items()):
            gone = [pk for pk, (_, heard_at) in people.items() if now - heard_at > PRESENCE_TIMEOUT]
            for pk in gone:
                del people[pk]
            if gone:
                await hub.send_presence(*key)
            if not people:
                hub.presence.pop(key, None)


def connection_info() -> dict[str, Any]:
    """Where LISTEN connects: the settings' database, or the direct address beside a transaction pooler. With keep-alives, so that the
    operating system notices a dead peer too."""
    if settings.LISTEN_DATABASE_URL:
        return {"conninfo": settings.LISTEN_DATABASE_URL, **_KEEP_ALIVE}
    params = connection.get_connection_params()
    return {name: value for name, value in params.items() if name not in ("cursor_factory", "context", "pool")} | _KEEP_ALIVE


listener = Listener()
