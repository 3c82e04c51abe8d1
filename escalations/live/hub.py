"""The sockets of this process, by account."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

# What may be on its way to one socket without its page having answered; a page that does not read is cut, and heals by fetching.
MOST_FRAMES_UNREAD = 400
MOST_BYTES_UNREAD = 2_000_000
# A frame with a card in it; larger ones are sent as the bare number, and the page fetches.
LARGEST_FRAME = 64 * 1024


class Socket(Protocol):
    async def push(self, text: str) -> None: ...

    async def cut(self, code: int) -> None: ...


@dataclass(eq=False)
class Watcher:
    """One open socket: whose it is, and how much it has been sent since its page last answered."""

    socket: Socket
    user_id: int
    account_id: int
    role: str
    session_key: str
    password: str
    handoff: str | None = None
    # False while the page lies in a tab that nobody sees.
    looking: bool = True
    unread_frames: int = 0
    unread_bytes: int = 0
    pinged_at: float = field(default_factory=time.monotonic)

    def answered(self) -> None:
        self.unread_frames = self.unread_bytes = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """What one event looks like on the wire: whole for those whom `reads` lets, the bare number for everybody else."""

    whole: str
    bare: str
    # None: everybody of the account. Otherwise the ids of the people who may see it.
    readers: frozenset[int] | None = None
    # Whoever handed it off sees no card of it: they hear `own`, or the bare number where it tells them nothing new.
    except_user: int | None = None
    own: str | None = None

    def for_watcher(self, watcher: Watcher) -> str:
        if watcher.user_id == self.except_user:
            return self.own or self.bare
        if self.readers is not None and watcher.user_id not in self.readers:
            return self.bare
        return self.whole


class Hub:
    """Who listens in this process. Used from the event loop only."""

    def __init__(self) -> None:
        self.watchers: dict[int, set[Watcher]] = defaultdict(set)
        # The number of the last event that this process has handed out, by account.
        self.last: dict[int, int] = {}
        # handoff -> user -> (name, when they were last heard of)
        self.presence: dict[tuple[int, str], dict[int, tuple[str, float]]] = defaultdict(dict)
        # Ids of the people who have connected since somebody last looked (here.py).
        self.newcomers: set[int] = set()

    def add(self, watcher: Watcher, number: int) -> None:
        self.last.setdefault(watcher.account_id, number)
        self.watchers[watcher.account_id].add(watcher)
        self.newcomers.add(watcher.user_id)

    def remove(self, watcher: Watcher) -> None:
        of_account = self.watchers.get(watcher.account_id)
        if of_account is None:
            return
        of_account.discard(watcher)
        if not of_account:
            del self.watchers[watcher.account_id]
            self.last.pop(watcher.account_id, None)

    def accounts(self) -> list[int]:
        return list(self.watchers)

    def everybody(self) -> list[Watcher]:
        return [watcher for of_account in self.watchers.values() for watcher in of_account]

    async def send(self, account_id: int, frames: Iterable[Frame]) -> None:
        """Hands frames out, in order. A socket that does not read is cut before it costs the others anything."""
        for frame in frames:
            for count, watcher in enumerate(list(self.watchers.get(account_id, ()))):
                await self._push(watcher, frame.for_watcher(watcher))
                if count % 100 == 99:
                    await asyncio.sleep(0)

    async def _push(self, watcher: Watcher, text: str) -> None:
        if watcher.unread_frames >= MOST_FRAMES_UNREAD or watcher.unread_bytes + len(text) > MOST_BYTES_UNREAD:
            self.remove(watcher)
            await watcher.socket.cut(4008)
            return
        watcher.unread_frames += 1
        watcher.unread_bytes += len(text)
        try:
            await watcher.socket.push(text)
        except Exception:  # the other end is gone; its own disconnect tidies up
            self.remove(watcher)

    async def tell_presence(self, account_id: int, handoff: str) -> None:
        people = [{"id": pk, "name": name} for pk, (name, _) in sorted(self.presence.get((account_id, handoff), {}).items())]
        text = json.dumps({"presence": handoff, "people": people})
        for watcher in list(self.watchers.get(account_id, ())):
            await self._push(watcher, text)

    def presence_snapshot(self, account_id: int) -> dict[str, list[dict[str, Any]]]:
        return {
            handoff: [{"id": pk, "name": name} for pk, (name, _) in people.items()]
            for (account, handoff), people in self.presence.items()
            if account == account_id and people
        }


hub = Hub()
