"""The worker process around Procrastinate's: it goes on after the database was away, and ends with 0 only where it was told to end.

Procrastinate's worker stops in good order, with exit code 0, as soon as its heartbeat or its listener meets a lost connection. A service
manager takes that for the end that it asked for, and nothing starts the worker again.
"""

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import Callable
from typing import Any

import psycopg
import psycopg_pool
import structlog
from django.db import close_old_connections
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException

log = structlog.get_logger("worker")

# Seconds before connecting again: doubled after each failure, and jittered, so that many workers do not come back in one moment.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
# How long one try to connect may take before it counts as failed.
CONNECT_SECONDS = 5.0
# A worker that ran this long had a database: the next pause is the first one again.
SETTLED = 30.0


class Pool(psycopg_pool.AsyncConnectionPool):
    """Procrastinate opens its pool without a limit of its own, and the library's is half a minute."""

    async def open(self, wait: bool = False, timeout: float = CONNECT_SECONDS) -> None:
        await super().open(wait, timeout)


def with_fresh_connection(run: Callable[[], Any], context: Any, worker: Any) -> Any:
    """Wraps each job: its thread outlives the database's restart, and Django alone would keep the dead connection for the next job."""
    close_old_connections()
    try:
        return run()
    finally:
        close_old_connections()


async def run(app: App, **options: Any) -> None:
    """Runs a worker until SIGINT or SIGTERM; each lost connection starts another one. With `wait=False` it ends when no job is left.

    Raises whatever is not a matter of the connection, and with `wait=False` that too.
    """
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ending.set)
    pause = FIRST_PAUSE
    while not ending.is_set():
        began = time.monotonic()
        working = asyncio.create_task(_work(app, options))
        stopping = asyncio.create_task(ending.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if ending.is_set():
            # Cancelling is how Procrastinate is told to let running jobs finish.
            working.cancel()
        error: BaseException | None = None
        try:
            await working
        except asyncio.CancelledError:
            return
        except (ConnectorException, psycopg.OperationalError) as lost:
            error = lost
        if ending.is_set():
            return
        if not options.get("wait", True):
            if error is not None:
                raise error
            return
        pause = FIRST_PAUSE if time.monotonic() - began > SETTLED else pause
        wait = pause * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, not a secret
        log.warning("worker lost its database, connecting again", pause=round(wait, 1), error=type(error).__name__ if error else None)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), wait)
        pause = min(pause * 2, LONGEST_PAUSE)


async def _work(app: App, options: dict[str, Any]) -> None:
    # The connector checks connections when they are taken. One that cannot be made is given up soon, not tried for minutes.
    connector = PsycopgConnector(
        pool_factory=Pool, kwargs=connector_params(), timeout=2 * CONNECT_SECONDS, reconnect_timeout=CONNECT_SECONDS
    )
    with app.replace_connector(connector) as connected:
        async with connected.open_async():
            await connected.run_worker_async(**options, install_signal_handlers=False, task_middleware=[with_fresh_connection])
