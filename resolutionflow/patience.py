"""Connections that give up when PostgreSQL stops answering without closing them: a proxy that hangs, a route that drops packets.

The system's own timeouts don't help if something in between acknowledges every packet. Without a limit, each request would wait forever,
and soon every connection of the pool would be taken.
"""

import threading
import time
from typing import Any

import psycopg
from django.db import connection

# Seconds for one statement in a web process. Commands (a migration, say) and the worker's jobs may take as long as they need.
WEB_SECONDS = 20.0
# Seconds for the empty statement that shows whether a connection of the pool still lives.
CHECK_SECONDS = 2.0


_draining = threading.Lock()
_drained_at = 0.0


class PatientConnection(psycopg.Connection[Any]):
    seconds: float | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.made_at = time.monotonic()

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Raises `psycopg.OperationalError` when the answer does not come in time; the connection is closed then."""
        if timeout is not None or self.seconds is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.seconds)
        except psycopg.errors._WaitTimeout as error:
            self.pgconn.finish()
            raise psycopg.OperationalError(f"PostgreSQL did not answer within {self.seconds:.0f} s") from error


def check(taken: PatientConnection) -> None:
    """Raises `psycopg.OperationalError` where a connection taken from the pool is dead or silent.

    The others of its age are replaced at once, too: the pool would find one after the other with growing pauses between them, and a request
    that came alone would have given up before it got a good one.
    """
    taken.seconds = CHECK_SECONDS
    try:
        taken.execute("")
    except psycopg.Error:
        _replace_older_than(taken)
        raise
    finally:
        # Not the value from before: this connection may be older than `limit_statements`.
        del taken.seconds


def _replace_older_than(dead: PatientConnection) -> None:
    global _drained_at
    with _draining:
        # Of several requests that meet dead connections at the same time, the first one replaces all.
        if dead.made_at < _drained_at:
            return
        _drained_at = time.monotonic()
    pool: Any = connection.pool  # type: ignore[attr-defined]
    pool.drain()


def limit_statements() -> None:
    """From now on, every connection of this process gives up after `WEB_SECONDS`."""
    PatientConnection.seconds = WEB_SECONDS
