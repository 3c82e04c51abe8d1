"""Startup checks that need the database: nobody may sign in with the demo's published password outside a demo."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.db import connection
from psycopg_pool import PoolTimeout

from accounts.models import User
from resolutionflow.demodata.people import PASSWORD, PEOPLE

log = structlog.get_logger("checks")


def open_demo_people() -> list[str]:
    """Email addresses of active demo people whose password is still the published one."""
    people = User.objects.filter(email__in=[cast.email for cast in PEOPLE.values()], is_active=True).order_by("email")
    # They usually share one hash, and checking one takes a while.
    known: dict[str, bool] = {}
    for _, encoded in people.values_list("email", "password"):
        if encoded not in known:
            known[encoded] = check_password(PASSWORD, encoded)
    return [email for email, encoded in people.values_list("email", "password") if known.get(encoded)]


def _complaint(emails: Sequence[str]) -> str:
    return (
        f"The demo people can sign in here with their published password: {', '.join(emails)}. Set new passwords (manage.py "
        "changepassword EMAIL) or deactivate them. If this is a demo, set DEMO=true."
    )


@register(Tags.database)
def no_demo_people(app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """For `check --database default`, and for `migrate` once there are people."""
    if settings.DEMO or not databases or "default" not in databases:
        return []
    if User._meta.db_table not in connection.introspection.table_names():
        return []
    emails = open_demo_people()
    return [Error(_complaint(emails), id="resolutionflow.E001")] if emails else []


def refuse_demo_people() -> None:
    """For the start of the web process, which runs no system checks. Raises `ImproperlyConfigured`.

    A database that is away or not migrated yet doesn't stop the start: `/readyz` reports that.
    """
    if settings.DEMO:
        return

    def look() -> list[str]:
        try:
            return open_demo_people()
        finally:
            connection.close()

    # In a thread, because some servers import the application inside their event loop, where Django refuses database work.
    with ThreadPoolExecutor(1) as pool:
        try:
            emails = pool.submit(look).result()
        except (DatabaseError, PoolTimeout) as error:
            log.warning("demo people not checked", error=type(error).__name__)
            return
    if emails:
        raise ImproperlyConfigured(_complaint(emails))
