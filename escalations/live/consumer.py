"""The live socket. It only sends; it never changes anything."""

import asyncio
import json
import time
import uuid
from typing import Any
from urllib.parse import parse_qs

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error, connection
from psycopg_pool import PoolTimeout

from escalations.live.frames import current_number
from escalations.live.hub import Watcher, hub
from escalations.live.listener import PRESENCE_CHANNEL, listener
from handoffs.models import SessionHandoff

log = structlog.get_logger("live")

# Seconds between pings; the page's answer shows that it still reads.
PING_EVERY = 20
PRESENCE_EVERY = 15
# Seconds between two announcements of one page that is shown and hidden repeatedly.
PRESENCE_PAUSE = 0.1


class EscalationsConsumer(AsyncWebsocketConsumer):
    """`/ws/escalations/`, with `?handoff=<uuid>` on a page that shows one: colleagues see who is looking at it."""

    watcher: Watcher | None = None
    _pulse: asyncio.Task[None] | None = None
    _announced_at = 0.0

    async def connect(self) -> None:
        user = self.scope["user"]
        # Accept first: a refusal before that looks like a broken connection to the browser, and it would retry forever.
        await self.accept()
        if not user.is_authenticated or not user.is_active or user.account_id is None:
            await self.close(code=4401)
            return
        handoff = await database_sync_to_async(_handoff_of)(user, self.scope["query_string"])
        listener.ensure()
        try:
            await asyncio.wait_for(listener.listening.wait(), timeout=5)
        except TimeoutError:
            await self.close(code=4503)
            return
        self.watcher = Watcher(self, user.pk, user.account_id, user.role, self.scope["session"].session_key or "", user.password, handoff)
        self.name = str(user)
        number = await database_sync_to_async(current_number)(user.account_id)
        hub.add(self.watcher, number)
        # Nobody here was notified of events committed between reading the number and adding the watcher: check again.
        listener.check([user.account_id])
        await self.send(json.dumps({"hello": True, "n": hub.last[user.account_id], "looking": hub.presence_snapshot(user.account_id)}))
        self._pulse = asyncio.get_running_loop().create_task(self._keep_alive())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Pages answer pings, and say whether they are visible."""
        if self.watcher is None:
            return
        self.watcher.answered()
        if text_data in ("seen", "hidden") and self.watcher.is_visible != (text_data == "seen"):
            self.watcher.is_visible = text_data == "seen"
            # Not on every flicker: what is skipped here, the next pulse announces, or it expires.
            due = time.monotonic() - self._announced_at >= PRESENCE_PAUSE
            if self.watcher.handoff and due and (self.watcher.is_visible or not self._visible_elsewhere()):
                await self._announce_presence(here=self.watcher.is_visible)

    def _visible_elsewhere(self) -> bool:
        """Whether the same person has the same handoff visible on another page of this process."""
        mine = self.watcher
        assert mine is not None
        others = (w for w in hub.watchers.get(mine.account_id, ()) if w is not mine)
        return any(w.user_id == mine.user_id and w.handoff == mine.handoff and w.is_visible for w in others)

    async def disconnect(self, code: int) -> None:
        if self._pulse is not None:
            self._pulse.cancel()
        if self.watcher is None:
            return
        hub.remove(self.watcher)
        if self.watcher.handoff and not self._visible_elsewhere():
            await self._announce_presence(here=False)

    async def send_frame(self, text: str) -> None:
        await self.send(text)

    async def drop(self, code: int) -> None:
        if self._pulse is not None:
            self._pulse.cancel()
        await self.close(code=code)

    async def _keep_alive(self) -> None:
        assert self.watcher is not None
        waited = PING_EVERY
        while True:
            if self.watcher.handoff and self.watcher.is_visible:
                await self._announce_presence(here=True)
            if waited >= PING_EVERY:
                # With the number: a page that missed something fetches it, and one that did not asks for nothing.
                await self.send(json.dumps({"ping": 1, "n": hub.sent.get(self.watcher.account_id)}))
                waited = 0
            await asyncio.sleep(PRESENCE_EVERY)
            waited += PRESENCE_EVERY

    async def _announce_presence(self, *, here: bool) -> None:
        """Presence is the only thing a socket publishes: on a channel of its own, without a row or a number."""
        assert self.watcher is not None
        self._announced_at = time.monotonic()
        body = {
            "account": self.watcher.account_id,
            "handoff": self.watcher.handoff,
            "user": self.watcher.user_id,
            "name": self.name,
            "here": here,
        }
        try:
            await database_sync_to_async(_notify)(json.dumps(body))
        except (Error, PoolTimeout) as error:
            # The next pulse announces it again; the socket lives on.
            log.warning("failed to announce presence", error=type(error).__name__)


def _notify(payload: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [PRESENCE_CHANNEL, payload])


def _handoff_of(user: Any, query: bytes) -> str | None:
    """The handoff that the page shows, if it belongs to the account; anything else is ignored."""
    asked = parse_qs(query.decode("latin-1")).get("handoff", [""])[0]
    try:
        pk = uuid.UUID(asked)
    except ValueError:
        return None
    exists = SessionHandoff.objects.escalations().filter(pk=pk, account_id=user.account_id).exists()
    return str(pk) if exists else None
