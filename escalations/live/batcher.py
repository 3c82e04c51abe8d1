"""Asks the database once for everybody who asks at the same time."""

import asyncio
from collections.abc import Callable, Sequence

from channels.db import database_sync_to_async


class Batcher[Question, Answer]:
    """Collects questions while the database answers the ones before. A single question waits for nobody. A thousand pages that connect at
    once take turns of `most`, so that events get theirs in the one thread that all sockets share."""

    def __init__(self, answer: Callable[[Sequence[Question]], Sequence[Answer]], most: int = 200) -> None:
        """`answer` runs in a thread and gives one answer for each question, in their order."""
        self._answer, self._most = answer, most
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._worker: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def ask(self, question: Question) -> Answer:
        """The answer. Raises what the database failed with, to everybody who was asked for together."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._waiting, self._worker = loop, [], None
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((question, future))
        if self._worker is None or self._worker.done():
            self._worker = loop.create_task(self._work())
        return await future

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                answers = await database_sync_to_async(self._answer)([question for question, _ in batch])
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            else:
                for (_, future), answer in zip(batch, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)
