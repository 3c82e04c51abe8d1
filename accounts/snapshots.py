"""One moment for everything that a page reads."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def one_snapshot() -> Iterator[None]:
    """What is read within comes from one moment of the database, however many queries it takes: a page never shows a reply without
    the cards that came with it. For reading only: a write within could fail for a concurrent one. Within a transaction that has
    already begun it changes nothing. (PostgreSQL's REPEATABLE READ takes its snapshot with the first query.)"""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield
