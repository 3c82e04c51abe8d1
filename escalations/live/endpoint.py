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
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs

import structlog
from django.conf import settings
from django.db import Error, connection
from django.http import parse_cookie
from psycopg_pool import PoolTimeout

from escalations.live.backlog import backlog
from escalations.live.batcher import Batcher
from escalations.live.hub import Frame, Watcher, hub
from escalations.live.listener import PRESENCE_CHANNEL, listener
from escalations.live.outbox import Outbox, Receive, Send
from escalations.live.visitors import Knock, Visitor, visitors_of

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

# Larger backlogs are not sent: fetching the rows costs less.
MAX_HELLO_BYTES = 256 * 1024
# Pages that all have to fetch at once do so one after the other, at this rate for this process, and within a minute.
FETCHES_PER_SECOND = 20
LONGEST_SPREAD = 60
# Seconds in which sockets that open count as one crowd.
CROWD_WITHIN = 10

_ANSWER = re.compile(r"ok ([0-9]{1,15})|ok|pong", re.ASCII)

SIGNED_OUT = 4401
UNAVAILABLE = 4503


async def live_socket(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """`/ws/escalations/?n=<number>&handoff=<uuid>`: the last event that the page knows, and the handoff that it shows, if it shows one:
    colleagues see who is looking at it."""
    await OpenPage(scope, receive, send).run()


class OpenPage:
    """One socket, from its connect to its disconnect."""

    def __init__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self._scope, self._receive = scope, receive
        self._outbox = Outbox(send)
        self.watcher: Watcher | None = None
        self._name = ""
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
        query = parse_qs(self._scope["query_string"].decode("latin-1"))
        try:
            visitor = await visitors.ask(Knock(_session_key(self._scope), _uuid(query.get("handoff", [""])[0])))
            if visitor is None:
                return SIGNED_OUT
            listener.ensure()
            await asyncio.wait_for(listener.listening.wait(), timeout=LISTENER_PATIENCE)
            known = _number(query.get("n", [""])[0])
            missed = (visitor.number, []) if known is None else await backlog.after(visitor.account_id, known, visitor.number)
        except (Error, PoolTimeout, TimeoutError) as error:
            log.warning("failed to greet a page", error=type(error).__name__)
            return UNAVAILABLE
        # No await from here to the hello: whatever is delivered next goes to this socket too, and comes after it.
        self._name = visitor.name
        self.watcher = Watcher(
            self, visitor.user_id, visitor.account_id, visitor.role, visitor.session_key, visitor.password, visitor.handoff
        )
        hub.add(self.watcher, visitor.number if missed is None else missed[0])
        self.watcher.send(self._hello(visitor, known, missed))
        # Nobody here was notified of events committed between reading the number and adding the watcher: check again.
        listener.check([visitor.account_id])
        # Not all at the same moment, where a thousand pages have connected at once.
        self._again("ping", PING_EVERY * random.uniform(0.5, 1), self._ping)  # noqa: S311
        if visitor.handoff:
            self._pulse()
        return None

    def _hello(self, visitor: Visitor, known: int | None, missed: tuple[int, list[Frame]] | None) -> str:
        """With what happened since the number that the page knows; or that it has to fetch, and in how many seconds all who have to."""
        assert self.watcher is not None
        crowd = _crowd()
        number = hub.last[visitor.account_id]
        body: dict[str, Any] = {"hello": True, "n": number, "looking": hub.presence_snapshot(visitor.account_id)}
        texts: list[str] = []
        if missed is not None:
            texts = [frame.for_watcher(self.watcher) for frame in missed[1]]
            if known is not None:
                body["n"] = max(known, number)
        if missed is None or sum(map(len, texts)) > MAX_HELLO_BYTES:
            body |= {"n": number, "missed": True, "within": round(min(crowd / FETCHES_PER_SECOND, LONGEST_SPREAD), 2)}
            texts = []
        text = json.dumps(body)
        return f'{text[:-1]}, "events": [{", ".join(texts)}]}}' if texts else text

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

    def _again(self, name: str, seconds: float, act: Callable[[], None]) -> None:
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
            "name": self._name,
            "here": here,
        }
        try:
            await announcements.ask(json.dumps(body))
        except (Error, PoolTimeout) as error:
            # The next pulse announces it again; the socket lives on.
            log.warning("failed to announce presence", error=type(error).__name__)


def _announce(payloads: Sequence[str]) -> Sequence[None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) WITH ORDINALITY AS a (payload, place) ORDER BY place",
            [PRESENCE_CHANNEL, list(payloads)],
        )
    return [None] * len(payloads)


visitors: Batcher[Knock, Visitor | None] = Batcher(visitors_of)
announcements: Batcher[str, None] = Batcher(_announce)
_opened: deque[float] = deque()


def _crowd() -> int:
    """How many sockets have opened lately, with this one."""
    now = time.monotonic()
    _opened.append(now)
    while _opened[0] < now - CROWD_WITHIN:
        _opened.popleft()
    return len(_opened)


def _session_key(scope: dict[str, Any]) -> str:
    cookies = "; ".join(value.decode("latin1") for name, value in scope["headers"] if name == b"cookie")
    return parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME, "")


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text, re.ASCII) else None
