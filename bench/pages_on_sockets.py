"""A thousand open pages without a browser: sockets that behave as static/js/live/socket.js does, in a process of their own.

bench/fanout.py writes one line of JSON (`{"connect": {"port", "keys", "n"}}`) and reads what this prints: `{"open", "at"}` when all have
their hello, and `{"complete": n, "at", "lost"}` when the last of them has heard event `n`. `at` is the system's monotonic clock. They speak
the protocol by hand, so that reading costs less than what is measured.
"""

import asyncio
import base64
import collections
import json
import os
import random
import re
import sys
import time
from typing import Any

NUMBER = re.compile(rb'"n": (\d+)')
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
# An earlier version answered each text.
ANSWER_AFTER, ANSWER_LENGTH, ANSWER_TIME = int(os.environ.get("ANSWER_AFTER", "50")), 250_000, 10.0


class Pages:
    def __init__(self, port: int, keys: list[str], number: int) -> None:
        self.port, self.keys, self.number = port, keys, number
        self.all = [Page(self, key, number) for key in keys]
        self.greeted = 0
        self.heard: collections.Counter[int] = collections.Counter()
        self.lost = self.fetches = 0

    def note(self, last: int, number: int) -> None:
        """One page knows everything up to `number` now, where it knew everything up to `last`."""
        for n in range(last + 1, number + 1):
            self.heard[n] += 1
            if self.heard[n] == len(self.all):
                say(complete=n, at=time.monotonic(), lost=self.lost, fetches=self.fetches)
                del self.heard[n]

    def hello(self) -> None:
        self.greeted += 1
        if self.greeted == len(self.all):
            self.greeted = 0
            say(open=len(self.all), at=time.monotonic())


class Page(asyncio.Protocol):
    def __init__(self, pages: Pages, key: str, number: int) -> None:
        self.pages, self.key, self.number = pages, key, number
        self.pause = FIRST_PAUSE
        self.transport: asyncio.Transport | None = None
        self.buffer = bytearray()
        self.upgraded = False
        self.received = self.answered = self.length = 0

    async def connect(self) -> None:
        self.buffer.clear()
        self.upgraded = False
        self.received = self.answered = self.length = 0
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self.pages.port)
        except OSError:
            self.connection_lost(None)

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(
            f"GET /ws/escalations/?n={self.number} HTTP/1.1\r\nHost: 127.0.0.1:{self.pages.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nOrigin: http://127.0.0.1:{self.pages.port}\r\nCookie: sessionid={self.key}\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        wait = self.pause * random.uniform(0.75, 1.25)  # noqa: S311
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        loop = asyncio.get_running_loop()
        loop.call_later(wait, lambda: loop.create_task(self.connect()))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.upgraded:
            head, found, rest = bytes(self.buffer).partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head[:20]:
                say(refused=head[:200].decode("latin1"))
                assert self.transport is not None
                self.transport.close()
                return
            self.upgraded, self.buffer = True, bytearray(rest)
        while (frame := self._frame()) is not None:
            opcode, payload = frame
            if opcode == 1:
                self._text(payload)
            elif opcode == 9:
                self._write(10, payload)
            elif opcode == 8:
                say(closed=int.from_bytes(payload[:2]))

    def _frame(self) -> tuple[int, bytes] | None:
        """The next whole frame: servers send them unmasked."""
        buffer = self.buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 127, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(buffer) < start:
                return None
            length = int.from_bytes(buffer[2:start])
        if len(buffer) < start + length:
            return None
        opcode, payload = buffer[0] & 15, bytes(buffer[start : start + length])
        del buffer[: start + length]
        return opcode, payload

    def _text(self, text: bytes) -> None:
        self.received += 1
        self.length += len(text)
        is_ping = text.startswith(b'{"ping"')
        if is_ping or self.received - self.answered >= ANSWER_AFTER or self.length >= ANSWER_LENGTH:
            self.answer()
        if text.startswith(b'{"hello"'):
            self.pause = FIRST_PAUSE
            self.pages.hello()
        if is_ping or text.startswith(b'{"presence"'):
            return
        if b'"missed": true' in text:
            self.pages.fetches += 1
        # With several events, the first number is the last one's.
        for found in sorted({int(n) for n in NUMBER.findall(text)} if b'"events"' in text[:80] else [int(NUMBER.search(text)[1])]):  # type: ignore[index]
            if found > self.number + 1:
                self.pages.lost += 1
            if found > self.number:
                last, self.number = self.number, found
                self.pages.note(last, found)

    def answer(self) -> None:
        self.answered, self.length = self.received, 0
        self._write(1, b"ok %d" % self.received)

    def _write(self, opcode: int, payload: bytes) -> None:
        if self.transport is not None:
            # Masked with zeros: allowed, and no work.
            self.transport.write(bytes([0x80 | opcode, 0x80 | len(payload)]) + bytes(4) + payload)


def say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


async def answer_in_time(pages: Pages) -> None:
    """What the timers of the pages do, spread over their ten seconds."""
    while True:
        for page in pages.all:
            if page.received > page.answered and page.transport is not None:
                page.answer()
            await asyncio.sleep(ANSWER_TIME / len(pages.all))


async def main() -> None:
    order = json.loads(await asyncio.to_thread(sys.stdin.readline))["connect"]
    pages = Pages(order["port"], order["keys"], order["n"])
    # Fewer at a time than a server's backlog takes.
    gate = asyncio.Semaphore(50)

    async def connect(page: Page) -> None:
        async with gate:
            await page.connect()

    await asyncio.gather(*[connect(page) for page in pages.all])
    answering = asyncio.create_task(answer_in_time(pages))
    await asyncio.to_thread(sys.stdin.readline)
    answering.cancel()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
