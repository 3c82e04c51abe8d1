"""Django's ASGI handler, which runs each request as a whole in one thread of its own.

Connections to the database belong to threads, and are returned to the pool by `request_finished`, in the request's thread. What is asked in
another thread keeps its connection for ever, and ten of those make a process answer 503 until it is restarted.
"""

import asyncio
import contextvars
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler


class OneThreadHandler(ASGIHandler):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # Daphne starts the second of two pipelined requests inside the first one: it would inherit that one's thread, and lose it halfway.
        await asyncio.create_task(super().__call__(scope, receive, send), context=contextvars.Context())

    def load_middleware(self, is_async: bool = False) -> None:
        """All of our views and middleware are synchronous. In coroutines, error pages would be drawn in threads of their own."""
        super().load_middleware(is_async=False)
        chain: Any = self._middleware_chain  # type: ignore[has-type]
        self._middleware_chain = sync_to_async(chain, thread_sensitive=True)
