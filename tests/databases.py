"""The databases of the tests.

Everything is migrated once, into a template that stays for later runs; each process that runs tests has a clone of it. What a
test commits is deleted after it: Django would TRUNCATE every table, and that takes many times as long.
"""

import contextlib
import hashlib
import importlib.metadata
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.models import Model

KEPT_TEMPLATES = 3
"""How many templates stay, the newest ones: this branch's, that of the one before, that of a run beside this one."""


def fingerprint() -> str:
    """Changes with whatever a template holds: the migrations, and the models that its content types and permissions come from."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for package in ("Django", "procrastinate"):
        digest.update(f"{package} {importlib.metadata.version(package)}\0".encode())
    for app in sorted(apps.get_app_configs(), key=lambda app: app.label):
        folder = Path(app.path)
        files = {path for pattern in ("migrations/**/*.py", "models.py", "models/**/*.py") for path in folder.glob(pattern)}
        for path in sorted(files):
            digest.update(f"{app.label}/{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def standing(blocker: Any, build: Callable[[], Any]) -> Iterator[Any]:
    """What `build` makes stands for every test of a file, each of which is undone to a savepoint; at the end all of it is undone.

    For a `django_db_setup` of a file (scope "module") in which nothing commits. Each process that runs some of the file builds once.
    """
    with contextlib.ExitStack() as undone:
        with blocker.unblock():
            undone.enter_context(transaction.atomic())
            made = build()
        try:
            yield made
        finally:
            with blocker.unblock():
                transaction.set_rollback(True)
                undone.close()


def existing(model: type[Model], **where: Any) -> Any:
    """A fixture: the row that `standing` made. It is named by what it is assigned to."""

    @pytest.fixture
    def row(db: None) -> Model:
        return model._default_manager.get(**where)

    return row


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def connect_to(name: str) -> None:
    connections.close_all()
    settings.DATABASES[DEFAULT_DB_ALIAS]["NAME"] = connection.settings_dict["NAME"] = name


def ready_template(*, anew: bool = False) -> str:
    """The name of a migrated database that nobody can connect to; it is made where there is none yet."""
    before = connection.settings_dict["NAME"]
    prefix = f"{before}_template_"
    name, half_made = f"{prefix}{fingerprint()}", f"{prefix}new"
    with connection._nodb_cursor() as cursor:
        # Of several that find none the first one makes it. The lock ends with the connection.
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [half_made])
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY oid DESC", [prefix])
        there = [row[0] for row in cursor.fetchall() if row[0] != half_made]
        if name in there and not anew:
            return name
        for stale in {half_made, name, *there[KEPT_TEMPLATES - 1 :]}:
            cursor.execute(f"DROP DATABASE IF EXISTS {quoted(stale)} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {quoted(half_made)}")
        connect_to(half_made)
        call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)
        connect_to(before)
        # A database that somebody is connected to cannot be cloned.
        cursor.execute(f"ALTER DATABASE {quoted(half_made)} WITH ALLOW_CONNECTIONS false")
        cursor.execute(f"ALTER DATABASE {quoted(half_made)} RENAME TO {quoted(name)}")
    return name


class Clone:
    """A database of this process alone, which Django is connected to until `drop`."""

    def __init__(self, wanted: str, *, anew: bool = False) -> None:
        """Takes `wanted` for its name, with a number behind it where a run beside this one has that."""
        self.before = connection.settings_dict["NAME"]
        self.template = ready_template(anew=anew)
        # This connection holds a lock on the name. A killed run's name is free again, and what it left is dropped.
        self.guard = connection.copy()
        self.guard.settings_dict = {**connection.settings_dict, "NAME": "postgres"}
        with self.guard.cursor() as cursor:
            for number in itertools.count(1):
                self.name = wanted if number == 1 else f"{wanted}_{number}"
                cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [self.name])
                if cursor.fetchone()[0]:
                    break
        self.make()
        with connection.cursor() as cursor:
            self._look_around(cursor)

    def make(self) -> None:
        connections.close_all()
        with self.guard.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {quoted(self.name)} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {quoted(self.name)} TEMPLATE {quoted(self.template)}")
        connect_to(self.name)

    def drop(self) -> None:
        connect_to(self.before)
        with self.guard.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {quoted(self.name)} WITH (FORCE)")
        self.guard.close()

    def empty(self) -> None:
        """Back to what the migrations left. Only tables that hold something are touched; sequences go on, as they do with Django."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(self._which_hold_rows)
            if touched := [row[0] for row in cursor.fetchall()]:
                if self._superuser:
                    # Neither triggers nor foreign keys are asked: everything goes, whatever the order.
                    deletes = "".join(f"; DELETE FROM {table}" for table in touched)
                    cursor.execute(f"SET LOCAL session_replication_role = replica{deletes}")
                else:
                    cursor.execute(f"TRUNCATE {', '.join(touched)} CASCADE")
            cursor.execute(self._what_stays)
            as_made = cursor.fetchall() == self._stays
        if not as_made:
            self.make()  # what the migrations had put there was changed

    def _look_around(self, cursor: Any) -> None:
        cursor.execute("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        tables = [row[0] for row in cursor.fetchall()]
        cursor.execute(holding_rows(tables))
        stay = {row[0] for row in cursor.fetchall()}
        self._which_hold_rows = holding_rows([table for table in tables if table not in stay])
        contents = "md5(string_agg(one::text, chr(10) ORDER BY one::text))"
        self._what_stays = " UNION ALL ".join(f"SELECT '{table}', {contents} FROM {table} AS one" for table in sorted(stay))
        cursor.execute(self._what_stays)
        self._stays = cursor.fetchall()
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        self._superuser = cursor.fetchone()[0]


def holding_rows(tables: list[str]) -> str:
    """SQL for those of the tables in which there is anything."""
    return " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables)
