"""The product as it runs: web and worker in processes of their own, on a database that a proxy stands before.

`site` is new for each test; `standing_site` has two web processes that serve one test after the other, for whatever leaves them whole.
What any process logs as an error fails the test, unless it is among what the test expects (`Site.expect`).
"""

import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, connections

from accounts.models import User
from tests.system.proxy import Proxy

ROOT = Path(__file__).resolve().parent.parent.parent
SECRETS_KEY = secrets.token_urlsafe(48)
CSRF = secrets.token_hex(16)
# How long anything may take on a busy machine before a test says that it never came.
PATIENCE = 60.0
# `make system` takes many times as much.
SCALE = int(os.environ.get("SYSTEM_SCALE", "1"))

# What stands in the lines of whoever met a database that was away: Django's, our own, Procrastinate's.
DATABASE_AWAY = (
    *("OperationalError", "PoolTimeout", "database away", "Service Unavailable"),
    *("ConnectorException", "Database error.", "Side task listener failed"),
)

# What a process that is no longer asked for JSON says when it breaks.
_BROKEN = re.compile(r"Traceback|Error\b|Exception\b|never retrieved|never awaited|Segmentation")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.system)
            item.add_marker(pytest.mark.timeout(600 * (1 + SCALE // 10)))


def eventually(is_so: Callable[[], Any], sentence: str, seconds: float = PATIENCE, every: float = 0.05) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := is_so()):
        assert time.monotonic() < deadline, sentence
        time.sleep(every)
    return answer


def at_once(*acts: Callable[[], Any]) -> None:
    """In a thread for each; raises what the first of them raised."""
    with ThreadPoolExecutor(len(acts)) as threads:
        for running in [threads.submit(act) for act in acts]:
            running.result()


def complaints_in(log: str, expected: tuple[str, ...] = ()) -> list[str]:
    """The lines of a log that are errors, but for those in which one of `expected` stands."""

    def is_bad(line: str) -> bool:
        try:
            entry = json.loads(line)
        except ValueError:
            return _BROKEN.search(line) is not None
        return not isinstance(entry, dict) or entry.get("level") in ("error", "critical") or "exception" in entry

    return [line for line in log.splitlines() if is_bad(line) and not any(part in line for part in expected)]


class Site:
    """Starts processes, signs people in, and asks. Everything that was started is stopped by `close`."""

    def __init__(self, log: Path) -> None:
        server = connection.settings_dict
        self.log = log
        self.proxy = Proxy(f"{server['HOST']}/.s.PGSQL.{server['PORT'] or 5432}")
        self.expected: tuple[str, ...] = ()
        # How much of each log belongs to tests before this one.
        self.read: dict[str, int] = {}
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("ASSISTANT")} | {
            "DATABASE_URL": f"postgresql://{server['USER']}@127.0.0.1:{self.proxy.port}/{server['NAME']}",
            # The same as here, so that a session made by `cookie` is one of theirs.
            "SECRET_KEY": settings.SECRET_KEY,
            "SECRETS_KEY": SECRETS_KEY,
            "DEBUG": "false",
            "ALLOWED_HOSTS": "127.0.0.1",
            "HTTP_ONLY": "true",
            "DJANGO_SETTINGS_MODULE": "tests.system.served",
        }
        # Few, so that one that is not returned is missed soon.
        self.env["DATABASE_POOL_SIZE"] = "5"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.port = 0
        # Of every web process that was started, the last one last.
        self.ports: list[int] = []

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=self.env,
            stdout=(self.log / f"{name}.log").open("ab"),
            stderr=subprocess.STDOUT,
            # Whoever starts the suite in the background hands ignored signals down.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.processes.append(process)
        return process

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        return self.start("worker", "manage.py", "procrastinate", "worker", *options)

    def start_web(self, port: int = 0) -> subprocess.Popen[bytes]:
        """On a free port, or where the one before was."""
        if port == 0:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
        self.port = port
        web = self.start("web", "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(self.port), "resolutionflow.asgi:application")
        self.ports.append(self.port)
        eventually(lambda: self.get("/healthz") == 200, "the web process does not answer")
        return web

    def text(self, name: str) -> str:
        """What the processes of this name have logged during this test."""
        return (self.log / f"{name}.log").read_text(errors="replace")[self.read.get(name, 0) :]

    def expect(self, *parts: str) -> None:
        """Log lines in which one of these stands are what this test brings about, and no complaints."""
        self.expected += parts

    def complaints(self) -> list[str]:
        return [line for path in sorted(self.log.glob("*.log")) for line in complaints_in(self.text(path.stem), self.expected)]

    def cookie(self, user: User) -> str:
        store = SessionStore()
        store[SESSION_KEY] = str(user.pk)
        store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        store[HASH_SESSION_KEY] = user.get_session_auth_hash()
        store.save()
        return f"sessionid={store.session_key}"

    def get(self, path: str, cookie: str = "") -> int:
        """The status; 0 where no answer came."""
        talking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            talking.request("GET", path, headers={"Cookie": cookie})
            return talking.getresponse().status
        except OSError:
            return 0
        finally:
            talking.close()

    def post(self, path: str, cookie: str, fields: dict[str, str], *, port: int) -> tuple[int, dict[str, Any]]:
        """The status and the JSON answer; 0 and nothing where no answer came."""
        headers = {
            "Cookie": f"{cookie}; csrftoken={CSRF}",
            "X-CSRFToken": CSRF,
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        talking = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            talking.request("POST", path, urlencode(fields), headers)
            answer = talking.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        except (OSError, http.client.HTTPException):
            return 0, {}
        finally:
            talking.close()

    def get_many(self, path: str, cookie: str, count: int) -> list[int]:
        """The statuses of so many requests at once."""
        statuses: list[int] = []
        asking = [threading.Thread(target=lambda: statuses.append(self.get(path, cookie))) for _ in range(count)]
        for one in asking:
            one.start()
        for one in asking:
            one.join()
        return statuses

    def next_test(self, kept: int) -> None:
        """Ends what the last test started beside the first `kept` processes, and forgets what was logged."""
        self.proxy.heal()
        self._end(self.processes[kept:])
        del self.processes[kept:], self.ports[kept:]
        self.port, self.expected = self.ports[-1], ()
        self.read = {path.stem: len(path.read_text(errors="replace")) for path in self.log.glob("*.log")}

    def close(self) -> None:
        self._end(self.processes)
        self.proxy.close()

    @staticmethod
    def _end(processes: list[subprocess.Popen[bytes]]) -> None:
        for process in processes:
            if process.poll() is None:
                process.terminate()
        for process in processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(15)


@pytest.fixture
def site(transactional_db: None, tmp_path: Path) -> Iterator[Site]:
    running = Site(tmp_path)
    try:
        yield running
    finally:
        running.close()
        connections.close_all()
    assert running.complaints() == []


@pytest.fixture(scope="session")
def _standing_site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    running = Site(tmp_path_factory.mktemp("standing"))
    try:
        running.start_web()
        running.start_web()
        yield running
    finally:
        running.close()


@pytest.fixture
def standing_site(transactional_db: None, _standing_site: Site) -> Iterator[Site]:
    """Two web processes, which the test must leave running. A worker, or a process to be killed, it starts itself."""
    _standing_site.next_test(2)
    try:
        yield _standing_site
    finally:
        _standing_site._end(_standing_site.processes[2:])
        connections.close_all()
    assert [process.poll() for process in _standing_site.processes[:2]] == [None, None]
    assert _standing_site.complaints() == []
