"""The sockets of this process, by account."""

import asyncio
import contextlib
import json
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

# How much may be sent to one socket without an answer from its page. A page that does not read is disconnected; when it reconnects, it
# fetches what it missed. Pages answer long before (static/js/live/answers.js).
MAX_UNREAD_FRAMES = 400
MAX_UNREAD_BYTES = 2_000_000
# Larger frames are sent as the bare number, and the page fetches.
MAX_FRAME_BYTES = 64 * 1024
# Events that have piled up are sent together, up to this size.
MAX_MESSAGE_BYTES = 2 * MAX_FRAME_BYTES


# After so many sockets the event loop gets a turn: requests, answers and other accounts go on.
CHUNK = 100


class Socket(Protocol):
    """Neither waits for the other end."""

    def send_text(self, text: str) -> None: ...

    def drop(self, code: int) -> None: ...


@dataclass(eq=False)
class Watcher:
    """One open socket: whose it is, and how much it has been sent that its page has not answered."""

    socket: Socket
    user_id: int
    account_id: int
    role: str
    session_key: str
    password: str
    handoff: str | None = None
    # False while the page is in a background tab.
    is_visible: bool = True
    # How many texts were sent since the socket opened, and the length of each that is not answered.
    sent: int = 0
    unread: deque[int] = field(default_factory=deque)
    unread_bytes: int = 0

    def send(self, text: str) -> None:
        self.sent += 1
        self.unread.append(len(text))
        self.unread_bytes += len(text)
        self.socket.send_text(text)

    def answered(self, received: int) -> None:
        """The page has received so many texts since the socket opened; what is still on the way to it stays unread."""
        while self.unread and self.sent - len(self.unread) < received:
            self.unread_bytes -= self.unread.popleft()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many escalations of an account wait, and how many of them are by whom: nobody's count includes their own."""

    all: int
    by_author: Mapping[int, int]

    def for_user(self, user_id: int) -> int:
        return self.all - self.by_author.get(user_id, 0)


@dataclass(frozen=True, slots=True)
class Frame:
    """What is sent for one event: `whole` to those who may read it, the bare number to everybody else."""

    number: int
    whole: str
    bare: str
    # None: everybody of the account. Otherwise the ids of the people who may see it.
    readers: frozenset[int] | None = None
    # The author sees no card of their own handoff: they get `own`, or the bare number where there is nothing new for them.
    except_user: int | None = None
    own: str | None = None
    # Sent along where the event changes how many escalations wait.
    counts: Counts | None = None
    # The texts with a count, made once for all who are sent the same.
    _counted: dict[tuple[str, int], str] = field(default_factory=dict, compare=False, repr=False)

    def for_watcher(self, watcher: Watcher) -> str:
        if watcher.user_id == self.except_user:
            text = self.own or self.bare
        elif self.readers is not None and watcher.user_id not in self.readers:
            text = self.bare
        else:
            text = self.whole
        if self.counts is None:
            return text
        key = (text, self.counts.for_user(watcher.user_id))
        if key not in self._counted:
            # Each text is one JSON object.
            self._counted[key] = f'{text[:-1]}, "open": {key[1]}}}'
        return self._counted[key]


class Hub:
    """Who is connected to this process. Used from the event loop only."""

    def __init__(self) -> None:
        self.watchers: dict[int, set[Watcher]] = defaultdict(set)
        # The number of the last event that this process has delivered, by account.
        self.last: dict[int, int] = {}
        # The number of the last event whose frames have been sent to everybody; while they are being sent, it is behind `last`.
        self.sent: dict[int, int] = {}
        # (account, handoff) -> user -> (name, when they last announced themselves)
        self.presence: dict[tuple[int, str], dict[int, tuple[str, float]]] = defaultdict(dict)
        # Ids of the people who have connected since the last round of `online.py`.
        self.new_users: set[int] = set()

    def add(self, watcher: Watcher, number: int) -> None:
        self.last.setdefault(watcher.account_id, number)
        self.sent.setdefault(watcher.account_id, number)
        self.watchers[watcher.account_id].add(watcher)
        self.new_users.add(watcher.user_id)

    def remove(self, watcher: Watcher) -> None:
        of_account = self.watchers.get(watcher.account_id)
        if of_account is None:
            return
        of_account.discard(watcher)
        if not of_account:
            del self.watchers[watcher.account_id]
            self.last.pop(watcher.account_id, None)
            self.sent.pop(watcher.account_id, None)

    def accounts(self) -> list[int]:
        return list(self.watchers)

    def everybody(self) -> list[Watcher]:
        return [watcher for of_account in self.watchers.values() for watcher in of_account]

    async def send(self, account_id: int, frames: Iterable[Frame]) -> None:
        """Sends frames in order. A socket that does not read is dropped before it slows down the others."""
        for together in _messages(frames):
            joined: dict[tuple[str, ...], str] = {}
            for count, watcher in enumerate(tuple(self.watchers.get(account_id, ())), 1):
                texts = tuple(frame.for_watcher(watcher) for frame in together)
                if texts not in joined:
                    joined[texts] = _message(together[-1].number, texts)
                self._send(watcher, joined[texts])
                if count % CHUNK == 0:
                    await asyncio.sleep(0)

    def _send(self, watcher: Watcher, text: str) -> None:
        if len(watcher.unread) >= MAX_UNREAD_FRAMES or watcher.unread_bytes + len(text) > MAX_UNREAD_BYTES:
            self.drop(watcher, 4008)
            return
        try:
            watcher.send(text)
        except Exception:  # the other end is gone; its own disconnect cleans up
            self.remove(watcher)

    def drop(self, watcher: Watcher, code: int) -> None:
        """Disconnects one socket. Whatever goes wrong with it must not end the round for the others."""
        self.remove(watcher)
        with contextlib.suppress(Exception):
            watcher.socket.drop(code)

    async def send_presence(self, account_id: int, handoff: str) -> None:
        people = [{"id": pk, "name": name} for pk, (name, _) in sorted(self.presence.get((account_id, handoff), {}).items())]
        text = json.dumps({"presence": handoff, "people": people})
        for count, watcher in enumerate(tuple(self.watchers.get(account_id, ())), 1):
            self._send(watcher, text)
            if count % CHUNK == 0:
                await asyncio.sleep(0)

    def presence_snapshot(self, account_id: int) -> dict[str, list[dict[str, Any]]]:
        return {
            handoff: [{"id": pk, "name": name} for pk, (name, _) in people.items()]
            for (account, handoff), people in self.presence.items()
            if account == account_id and people
        }


def _messages(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    """What goes out together: a burst costs each socket a few messages instead of hundreds."""
    together: list[Frame] = []
    size = 0
    for frame in frames:
        if together and size + len(frame.whole) > MAX_MESSAGE_BYTES:
            yield together
            together, size = [], 0
        together.append(frame)
        size += len(frame.whole)
    if together:
        yield together


def _message(number: int, texts: tuple[str, ...]) -> str:
    """One frame as it is, several under the last one's number."""
    return texts[0] if len(texts) == 1 else f'{{"n": {number}, "events": [{", ".join(texts)}]}}'


hub = Hub()
