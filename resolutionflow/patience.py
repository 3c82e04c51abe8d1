"""Connections that give up when PostgreSQL stops answering without closing them: a proxy that hangs, a route that drops packets.

The system's own timeouts don't help if something in between acknowledges every packet. Without a limit, each request would wait forever,
and soon every connection of the pool would be taken.
"""

from typing import Any

import psycopg

# Seconds for one statement in a web process. Commands (a migration, say) and the worker's jobs may take as long as they need.
WEB_SECONDS = 20.0
# Seconds for the empty statement that shows whether a connection of the pool still lives.
CHECK_SECONDS = 2.0


class PatientConnection(psycopg.Connection[Any]):
    seconds: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Raises `psycopg.OperationalError` when the answer does not come in time; the connection is closed then."""
        if timeout is not None or self.seconds is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.seconds)
        except psycopg.errors._WaitTimeout as error:
            self.pgconn.finish()
            raise psycopg.OperationalError(f"PostgreSQL did not answer within {self.seconds:.0f} s") from error


def check(connection: PatientConnection) -> None:
    """Raises `psycopg.OperationalError` where a connection taken from the pool is dead or silent."""
    connection.seconds = CHECK_SECONDS
    try:
        connection.execute("")
    finally:
        # Not the value from before: this connection may be older than `limit_statements`.
        del connection.seconds


def limit_statements() -> None:
    """From now on, every connection of this process gives up after `WEB_SECONDS`."""
    PatientConnection.seconds = WEB_SECONDS
