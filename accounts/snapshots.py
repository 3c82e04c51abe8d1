"""Consistent reads for a page."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def one_snapshot() -> Iterator[None]:
    """All queries inside it see one state of the database, so a page never shows a reply without the cards that came with it.

    For reading only: a write could fail because of a concurrent one. Inside a transaction it does nothing. (PostgreSQL's REPEATABLE READ
    takes its snapshot with the first query.)
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield
