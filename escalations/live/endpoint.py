"""The live socket, as a plain ASGI application. It only sends; it never changes anything.

Not a Channels consumer: that goes through a thread for each message it receives, and a page answers everything it is sent.
"""

import asyncio
import contextlib
import json
import random
import re
import time
import uuid
from typing import Any
from urllib.parse import parse_qs

import structlog
from channels.db import database_sync_to_async
from django.db import Error, connection
from psycopg_pool import PoolTimeout

from escalations.live.frames import current_number
from escalations.live.hub import Watcher, hub
from escalations.live.listener import PRESENCE_CHANNEL, listener
from escalations.live.outbox import Outbox, Receive, Send
from handoffs.models import SessionHandoff

log = structlog.get_logger("live")

# Seconds between pings; the page's answer shows that it still reads.
PING_EVERY = 20
PRESENCE_EVERY = 15
# Seconds between two announcements of one page that is shown and hidden repeatedly.
PRESENCE_PAUSE = 0.1
# Seconds that a page has to close its end, before its socket is given up.
CLOSE_PATIENCE = 10
# Seconds that a socket waits for the listener.
LISTENER_PATIENCE = 5

_ANSWER = re.compile(r"ok ([0-9]{1,15})|ok|pong", re.ASCII)

SIGNED_OUT = 4401
UNAVAILABLE = 4503


async def live_socket(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """`/ws/escalations/`, with `?handoff=<uuid>` on a page that shows one: colleagues see who is looking at it."""
    await OpenPage(scope, receive, send).run()


class OpenPage:
    """One socket, from its connect to its disconnect."""

    def __init__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self.scope, self._receive = scope, receive
        self._outbox = Outbox(send)
        self.watcher: Watcher | None = None
        self.name = ""
        self._announced_at = 0.0
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._announcing: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        await self._receive()
        # Accept first: a refusal before that looks like a broken connection to the browser, and it would retry forever.
        self._outbox.put({"type": "websocket.accept"})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None) as self._patience:
                try:
                    refusal = await self._greet()
                    if refusal is not None:
                        self.drop(refusal)
                    await self._read()
                finally:
                    self._stop_timers()
                    if self.watcher is not None:
                        hub.remove(self.watcher)
                    self._outbox.discard()
        if self.watcher is not None and self.watcher.handoff and not self._visible_elsewhere():
            await self._announce_presence(here=False)

    async def _greet(self) -> int | None:
        """Says hello, and from then on everything that happens in the account; or returns the code to close with."""
        user = self.scope["user"]
        if not user.is_authenticated or not user.is_active or user.account_id is None:
            return SIGNED_OUT
        handoff = await database_sync_to_async(_handoff_of)(user, self.scope["query_string"])
        listener.ensure()
        try:
            await asyncio.wait_for(listener.listening.wait(), timeout=LISTENER_PATIENCE)
        except TimeoutError:
            return UNAVAILABLE
        watcher = Watcher(self, user.pk, user.account_id, user.role, self.scope["session"].session_key or "", user.password, handoff)
        self.name = str(user)
        number = await database_sync_to_async(current_number)(user.account_id)
        self.watcher = watcher
        hub.add(watcher, number)
        # Nobody here was notified of events committed between reading the number and adding the watcher: check again.
        listener.check([user.account_id])
        watcher.send(json.dumps({"hello": True, "n": hub.last[user.account_id], "looking": hub.presence_snapshot(user.account_id)}))
        # Not all at the same moment, where a thousand pages have connected at once.
        self._again("ping", PING_EVERY * random.uniform(0.5, 1), self._ping)  # noqa: S311
        if handoff:
            self._pulse()
        return None

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            if self.watcher is not None:
                self._hear(message.get("text") or "")

    def _hear(self, text: str) -> None:
        """Pages say how much they have received ("ok 120"), and whether they are visible."""
        assert self.watcher is not None
        if answer := _ANSWER.fullmatch(text):
            # A page of an earlier version says that it received something, and not how much.
            self.watcher.answered(int(answer[1]) if answer[1] else self.watcher.sent)
        elif text in ("seen", "hidden") and self.watcher.is_visible != (text == "seen"):
            self.watcher.is_visible = text == "seen"
            # Not on every flicker: what is skipped here, the next pulse announces, or it expires.
            due = time.monotonic() - self._announced_at >= PRESENCE_PAUSE
            if self.watcher.handoff and due and (self.watcher.is_visible or not self._visible_elsewhere()):
                self._announce_soon(here=self.watcher.is_visible)

    def send_text(self, text: str) -> None:
        self._outbox.put({"type": "websocket.send", "text": text})

    def drop(self, code: int) -> None:
        self._stop_timers()
        self._outbox.discard()
        self._patience.reschedule(asyncio.get_running_loop().time() + CLOSE_PATIENCE)
        with contextlib.suppress(Exception):  # the other end is gone
            self._outbox.put({"type": "websocket.close", "code": code})

    # --- what comes again ---

    def _again(self, name: str, seconds: float, act: Any) -> None:
        self._timers[name] = asyncio.get_running_loop().call_later(seconds, act)

    def _stop_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()

    def _ping(self) -> None:
        assert self.watcher is not None
        # With the number: a page that missed something fetches it, and one that did not asks for nothing.
        with contextlib.suppress(Exception):  # the other end is gone; its disconnect cleans up
            self.watcher.send(json.dumps({"ping": 1, "n": hub.sent.get(self.watcher.account_id)}))
        self._again("ping", PING_EVERY, self._ping)

    def _pulse(self) -> None:
        assert self.watcher is not None
        if self.watcher.is_visible:
            self._announce_soon(here=True)
        self._again("pulse", PRESENCE_EVERY, self._pulse)

    # --- who is looking ---

    def _visible_elsewhere(self) -> bool:
        """Whether the same person has the same handoff visible on another page of this process."""
        mine = self.watcher
        assert mine is not None
        others = (w for w in hub.watchers.get(mine.account_id, ()) if w is not mine)
        return any(w.user_id == mine.user_id and w.handoff == mine.handoff and w.is_visible for w in others)

    def _announce_soon(self, *, here: bool) -> None:
        self._announced_at = time.monotonic()
        task = asyncio.create_task(self._announce_presence(here=here))
        self._announcing.add(task)
        task.add_done_callback(self._announcing.discard)

    async def _announce_presence(self, *, here: bool) -> None:
        """Presence is the only thing a socket publishes: on a channel of its own, without a row or a number."""
        assert self.watcher is not None
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
