"""What the benchmarks stand on: the embedded database of the tests, and people of an account of their own."""

import contextlib
import os
import secrets
import sys
import urllib.parse
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def own_database(name: str, *, keep: bool = False) -> Iterator[None]:
    """A database for this run alone, on the tests' embedded server; the environment names it, for here and for a server that is started.
    Before `set_up`. With `keep`, one that is there is used, and it is left there."""
    import psycopg
    from django.db import connections

    from resolutionflow.embedded import lifetime, places

    os.environ["RESOLUTIONFLOW_CLUSTER"] = "test"
    os.environ.pop("DATABASE_URL", None)
    lifetime.hold("test")
    host = str(places.socket_dir("test"))

    def on_server(*statements: str) -> None:
        with psycopg.connect(host=host, user="postgres", dbname="postgres", autocommit=True) as server:
            for statement in statements:
                server.execute(statement)

    try:
        if keep:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase):
                on_server(f"CREATE DATABASE {name}")
        else:
            on_server(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    except psycopg.errors.ObjectInUse:
        sys.exit(f"Another run of this benchmark has the database {name}. Wait for its end.")
    os.environ["DATABASE_URL"] = f"postgres://postgres@/{name}?{urllib.parse.urlencode({'host': host})}"
    os.environ["HTTP_ONLY"] = "true"
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
    os.environ.setdefault("SECRETS_KEY", secrets.token_urlsafe(48))
    try:
        yield
    finally:
        for each in connections.all(initialized_only=True):
            each.close()
            each.close_pool()  # type: ignore[attr-defined]
        if not keep:
            on_server(f"DROP DATABASE {name} WITH (FORCE)")


def set_up() -> None:
    """Django on the tests' cluster; run first, before any model is imported."""
    os.environ.setdefault("RESOLUTIONFLOW_CLUSTER", "test")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "resolutionflow.settings")
    from resolutionflow.embedded import lifetime

    if not os.environ.get("DATABASE_URL"):
        lifetime.hold("test")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def two_people() -> tuple[Any, Any]:
    from accounts.models import Account
    from tests.factories import UserFactory

    mark = secrets.token_hex(4)
    account = Account.objects.create(name="Bench", slug=f"bench-{mark}")
    return tuple(UserFactory(account=account, email=f"{name}@{mark}.example.com", name=name) for name in ("Ana", "Bo"))  # type: ignore[return-value]


def tidy() -> None:
    """Takes back the jobs that the rounds have deferred and nobody has done: the next worker on this cluster has others to do."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE status = 'todo'")
