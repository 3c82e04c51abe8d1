"""What waits to be handed to the server for one socket.

Daphne takes any amount at once; uvicorn lets the sender wait while the socket is full. Whoever sends to a thousand sockets must not wait
for one of them.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

type Message = dict[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Coroutine[Any, Any, None]]


class Outbox:
    """Sends in order and never waits. How much may pile up here is the hub's business: it counts what a page has not answered."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[Message] = deque()
        # The message that the server is not ready for, and the task that sends what came after it.
        self._held: asyncio.Task[None] | None = None
        self._drainer: asyncio.Task[None] | None = None
        self._error: BaseException | None = None

    def put(self, message: Message) -> None:
        """Sends at once where the server takes it at once, which costs no turn of the loop. Raises what an earlier message failed with."""
        if self._error is not None:
            raise self._error
        if self._drainer is not None:
            self._waiting.append(message)
            return
        task = asyncio.Task(self._send(message), loop=asyncio.get_running_loop(), eager_start=True)
        if not task.done():
            self._held, self._drainer = task, asyncio.create_task(self._drain(task))
        elif (error := task.exception()) is not None:
            self._error = error
            raise error

    async def _drain(self, held: asyncio.Task[None]) -> None:
        try:
            await held
            while self._waiting:
                await self._send(self._waiting.popleft())
        except Exception as error:  # the other end is gone; whoever sends next is told
            self._error = error
        self._held = self._drainer = None

    def discard(self) -> None:
        """Throws away what the server has not taken yet."""
        self._waiting.clear()
        for task in (self._held, self._drainer):
            if task is not None:
                task.cancel()
        self._held = self._drainer = None
