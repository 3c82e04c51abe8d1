"""What the benchmarks stand on: the embedded database of the tests, and people of an account of their own."""

import os
import secrets
from typing import Any


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
