"""The cast, and what makes the hard things short.

ana escalates, bo and dana may claim, vic is a viewer, lea an admin, eve is of another account.
"""

import contextlib
import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "resolutionflow.settings")

import pytest

from resolutionflow.embedded import lifetime

# The upgrade of a dump, a model's server, and the demo that is played: each takes ten seconds or more before its first test.
IN_ONE_WORKER = {
    "tests/test_upgrade.py",
    "flowpilot/tests/test_llm_real.py",
    "resolutionflow/tests/test_seed_demo.py",
    "tests/browser/test_model.py",
}


def pytest_configure(config: pytest.Config) -> None:
    if not os.environ.get("DATABASE_URL"):
        lifetime.hold("test")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` means: one for each core that this process may use. Each has a database and, for browser tests, a server."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):  # a container's share, where it has one
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, round(int(quota) / int(period)))
    return min(max(cores, 2), 8)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One test at a time to whoever is free, except for files whose preparation is worth doing once: one worker runs all of such a file.

    Instead of the mark `xdist_group`, which pytest-xdist 3.8 silently ignores under pytest 9.2 (pytest-dev/pytest-xdist#1386).
    """
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    class OneWorkerForSomeFiles(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return file if file in IN_ONE_WORKER else nodeid

    return OneWorkerForSomeFiles(config, log)


def pytest_collection_finish() -> None:
    """What is loaded by now stays until the end: the collector need not look at it again and again, which takes a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs no database comes first, and what takes long before the rest; otherwise the order stays random."""

    def place(item: pytest.Item) -> tuple[bool, bool]:
        database = "django_db_setup" in getattr(item, "fixturenames", ()) or item.get_closest_marker("django_db") is not None
        return database, item.get_closest_marker("slow") is None

    items.sort(key=place)


@pytest.fixture(scope="session")
def django_db_setup(request: Any, django_test_environment: None, django_db_blocker: Any, django_db_createdb: bool) -> Iterator[None]:
    """Instead of pytest-django's: a clone of the template, for each worker its own, and a cheaper way to empty it."""
    from django.conf import settings
    from django.test import TransactionTestCase

    from tests.databases import Clone

    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    with django_db_blocker.unblock():
        clone = Clone(f"{settings.DATABASES['default']['TEST']['NAME']}_{worker}", anew=django_db_createdb)
    flush, TransactionTestCase._fixture_teardown = TransactionTestCase._fixture_teardown, lambda case: clone.empty()
    yield
    TransactionTestCase._fixture_teardown = flush
    with django_db_blocker.unblock():
        clone.drop()


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_looked_through_once() -> Iterator[None]:
    """Each client of the tests makes the middleware anew, and WhiteNoise would read every static file's place and headers for it:
    that took more than the requests themselves."""
    from django.conf import settings
    from whitenoise.middleware import WhiteNoiseMiddleware

    look_through = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[Any, dict[str, Any]] = {}

    def once(noise: Any) -> None:
        key = (noise.static_prefix, noise.max_age, noise.allow_all_origins, noise.charset, repr(settings.STATICFILES_DIRS))
        if key not in found:
            before, noise.files = noise.files, {}
            look_through(noise)
            found[key], noise.files = noise.files, before
        noise.files.update(found[key])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(WhiteNoiseMiddleware, "add_files_from_finders", once)
        yield


@pytest.fixture
def acme(db: None) -> Any:
    from tests.factories import AccountFactory

    return AccountFactory(name="Acme MSP", slug="acme-msp")


def _person(name: str, role: str) -> Callable[..., Any]:
    @pytest.fixture(name=name.split()[0].lower())
    def person(acme: Any) -> Any:
        from tests.factories import UserFactory

        return UserFactory(name=name, email=f"{name.split()[0].lower()}@acme.example", account=acme, role=role)

    return person


ana = _person("Ana Reyes", "engineer")
bo = _person("Bo Lindqvist", "engineer")
dana = _person("Dana Okafor", "engineer")
lea = _person("Lea Moreau", "admin")
vic = _person("Vic Tan", "viewer")


@pytest.fixture
def eve(db: None) -> Any:
    from tests.factories import AccountFactory, UserFactory

    return UserFactory(
        name="Eve Stone", email="eve@globex.example", account=AccountFactory(name="Globex IT", slug="globex-it"), role="owner"
    )


@pytest.fixture
def session(ana: Any) -> Any:
    from tests.factories import make_session

    return make_session(ana)


@pytest.fixture
def handoff(session: Any, ana: Any) -> Any:
    from tests.factories import hand_off

    return hand_off(session, ana)


@pytest.fixture
def signed_in() -> Callable[[Any], Any]:
    """A browser-less client in which somebody is signed in."""
    from django.test import Client

    def sign_in(user: Any, **kwargs: Any) -> Client:
        client = Client(**kwargs)
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def as_json() -> dict[str, dict[str, str]]:
    """Keyword arguments that ask for JSON."""
    return {"headers": {"Accept": "application/json"}}


@pytest.fixture
def second_waits_for_first() -> Callable[[Callable[[], Any], Callable[[], Any]], tuple[Any, Any]]:
    """A staged race: `a` acts and holds its transaction; `b` starts; when PostgreSQL's locks show `b` waiting, `a` commits.

    Returns both answers. For tests with `transaction=True`. Fails with a sentence where `b` was never blocked.
    """
    from django.db import connection, connections, transaction

    def stage(a: Callable[[], Any], b: Callable[[], Any]) -> tuple[Any, Any]:
        answers: dict[str, Any] = {}

        def run_b() -> None:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid()")
                    answers["pid"] = cursor.fetchone()[0]
                answers["b"] = b()
            except Exception as error:
                answers["b"] = error
            finally:
                connections.close_all()

        thread = threading.Thread(target=run_b)
        with transaction.atomic():
            answers["a"] = a()
            thread.start()
            deadline = time.monotonic() + 10
            while True:
                with connection.cursor() as cursor:
                    # Not pg_stat_activity: inside a transaction it shows for ever what it showed first.
                    cursor.execute("SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted", [answers.get("pid", -1)])
                    if cursor.fetchone()[0]:
                        break
                assert time.monotonic() < deadline, f"the second never waited for the first: {answers}"
                time.sleep(0.01)
        thread.join(10)
        assert not thread.is_alive(), "the second never came back"
        return answers["a"], answers["b"]

    return stage
