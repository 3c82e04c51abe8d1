"""Real Chromium against a real server, worker and database, each in a process of its own.

Tests act through the browser. What has to be there before (people, sessions) is put there by the ordinary verbs, in a thread of its own:
Playwright runs an event loop in the test's thread, and the ORM does not like that.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

ROOT = Path(__file__).resolve().parent.parent.parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Chromium reports every answer of 400 and above as an error of its own; the tests that expect one say which.
REFUSED = "Failed to load resource: the server responded with a status of"
# How long anything may take before a test says that it never came: the machine may be busy. Nothing waits this long when all is well.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)
# Some calls of Playwright have no limit (evaluating, closing a tab), and a browser that stalls would hold the whole run. After this many
# seconds it is killed, what waits for it fails with STALLED, and that test alone is run once more, in a new browser.
STALLED_AFTER = 180
STALLED = "the browser stalled and was killed"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=[STALLED]))


class Stage:
    """Runs ordinary code on the server's database, outside the test's thread."""

    def __init__(self, blocker: Any) -> None:
        self._blocker = blocker
        self._threads = ThreadPoolExecutor(max_workers=4)

    def __call__(self, act: Callable[[], Any]) -> Any:
        return self.start(act).result(timeout=30)

    def start(self, act: Callable[[], Any]) -> Any:
        def run() -> Any:
            from django.db import connections

            with self._blocker.unblock():
                try:
                    return act()
                finally:
                    connections.close_all()

        return self._threads.submit(run)


@pytest.fixture(scope="session")
def stage(django_db_blocker: Any) -> Stage:
    return Stage(django_db_blocker)


class Server:
    """The web process and the worker. `stop_web` and `start_web` cut and mend every connection."""

    def __init__(self, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            **os.environ,
            "RESOLUTIONFLOW_CLUSTER": "test",
            "HTTP_ONLY": "true",
            # The same as here, so that a session made by `Cast.cookie` is one of the server's.
            "SECRET_KEY": settings.SECRET_KEY,
            "DJANGO_SETTINGS_MODULE": "tests.browser.served",
            "TESTS_DATABASE": settings.DATABASES["default"]["NAME"],
        }
        self.log = log
        self.web: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None

    def start_worker(self) -> None:
        self.worker = subprocess.Popen(
            [sys.executable, "manage.py", "procrastinate", "worker"],
            cwd=ROOT,
            env=self.env,
            stdout=(self.log / "worker.log").open("ab"),
            stderr=subprocess.STDOUT,
        )

    def start_web(self) -> None:
        self.web = subprocess.Popen(
            [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(self.port), "resolutionflow.asgi:application"],
            cwd=ROOT,
            env=self.env,
            stdout=(self.log / "web.log").open("ab"),
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 90
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=2)
                return
            except OSError:
                assert self.web.poll() is None, (self.log / "web.log").read_text()[-3000:]
                assert time.monotonic() < deadline, "the web server did not start"
                time.sleep(0.1)

    def stop_web(self) -> None:
        self._end(self.web)

    def stop(self) -> None:
        """At once: a worker that was only asked would first finish what a test left it to do."""
        for process in (self.web, self.worker):
            if process is not None:
                process.kill()
                process.wait(10)

    @staticmethod
    def _end(process: subprocess.Popen[bytes] | None) -> None:
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"))
    try:
        running.start_worker()
        running.start_web()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def playwright(django_db_setup: None) -> Iterator[Playwright]:
    # Before and after Playwright: while its loop runs in this thread, the database cannot be made or dropped here.
    with sync_playwright() as running:
        yield running


class Chromium:
    """One browser at a time, from one executable: launched when it is first asked for, and anew after it was killed."""

    def __init__(self, playwright: Playwright, path: str | None) -> None:
        self._playwright, self.path = playwright, path
        self._browser: Browser | None = None
        self.stalled = False
        # Stands in the command line of every process of this browser.
        self._mark = f"--resolutionflow-tests={secrets.token_hex(8)}"

    def browser(self) -> Browser:
        if self._browser is None or not self._browser.is_connected():
            self._browser = self._playwright.chromium.launch(executable_path=self.path, args=[*FLAGS, self._mark])
        return self._browser

    @contextmanager
    def watched(self, seconds: float) -> Iterator[None]:
        """Kills the browser if the block takes longer, and remembers it in `stalled`."""
        self.stalled = False
        watchdog = threading.Timer(seconds, self.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()

    def kill(self) -> None:
        """Ends the browser's processes at once; every call that waits for them fails. May be called in any thread."""
        self.stalled = True
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if self._mark in process.cmdline():
                    process.send_signal(signal.SIGKILL)

    def close(self) -> None:
        if self._browser is not None and self._browser.is_connected():
            self._browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Says of a call that failed because the browser was killed what it was; `Chromium.kill` alone is no fault of the test."""
    try:
        return (yield)
    except PlaywrightError as error:
        for name in ("shell", "whole_chromium"):
            running = getattr(item, "funcargs", {}).get(name)
            if running is not None and running.stalled:
                raise AssertionError(STALLED) from error
        raise


@pytest.fixture(scope="session")
def shell(playwright: Playwright) -> Iterator[Chromium]:
    """The headless shell where there is one: it draws no window and spares a third of the time."""
    path = os.environ.get("RESOLUTIONFLOW_BROWSER_SHELL") or os.environ.get("RESOLUTIONFLOW_BROWSER") or None
    running = Chromium(playwright, path)
    yield running
    running.close()


@pytest.fixture
def whole_chromium(playwright: Playwright) -> Iterator[Chromium]:
    """The whole browser, for what the headless shell does not have: notifications that may be allowed."""
    running = Chromium(playwright, os.environ.get("RESOLUTIONFLOW_BROWSER") or None)
    yield running
    running.close()


@pytest.fixture(scope="session")
def hashed() -> str:
    from django.contrib.auth.hashers import make_password

    return make_password("TestPass123!", hasher="argon2")


class Cast:
    """An account of its own for a test, with everybody in it, and eve of another one."""

    def __init__(self, stage: Stage, hashed: str) -> None:
        self.stage = stage
        self.slug = f"a{secrets.token_hex(4)}"

        def make() -> dict[str, Any]:
            from accounts.models import Account, User

            own = Account.objects.create(name="Acme MSP", slug=self.slug)
            other = Account.objects.create(name="Globex IT", slug=f"{self.slug}-b")
            people = {}
            for name, role, account in (
                ("Ana Reyes", "engineer", own),
                ("Bo Lindqvist", "engineer", own),
                ("Dana Okafor", "admin", own),
                ("Vic Tan", "viewer", own),
                ("Eve Stone", "engineer", other),
            ):
                short = name.split()[0].lower()
                people[short] = User.objects.create(
                    email=f"{short}@{self.slug}.example.com", name=name, role=role, account=account, password=hashed
                )
            return people

        self.people = stage(make)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["people"][name]
        except KeyError:
            raise AttributeError(name) from None

    def session(self, *, by: str = "ana", **fields: Any) -> Any:
        from tests.factories import make_session

        return self.stage(lambda: make_session(self.people[by], **fields))

    def handoff(self, *, by: str = "ana", **fields: Any) -> Any:
        from tests.factories import hand_off

        session = fields.pop("session", None) or self.session(by=by)
        return self.stage(lambda: hand_off(session, self.people[by], **fields))

    def cookie(self, who: str) -> str:
        """A signed-in session of `who`, made as sign-in makes it."""

        def make() -> str:
            from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
            from django.contrib.sessions.backends.db import SessionStore

            user = self.people[who]
            store = SessionStore()
            store[SESSION_KEY] = str(user.pk)
            store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
            store[HASH_SESSION_KEY] = user.get_session_auth_hash()
            store.save()
            return str(store.session_key)

        return self.stage(make)


@pytest.fixture
def cast(server: Server, stage: Stage, hashed: str) -> Cast:
    return Cast(stage, hashed)


class Browsers:
    """Each person in a browser of their own. Console errors, page errors and blocked resources fail the test at its end."""

    def __init__(self, chromium: Browser, server: Server, cast: Cast) -> None:
        self.chromium, self.server, self.cast = chromium, server, cast
        self.contexts: list[BrowserContext] = []
        self.errors: list[str] = []
        # Statuses that this test expects to be refused with, and whether connections are cut on purpose.
        self.expected: set[int] = set()
        self.cuts = False

    def open(self, who: str | None, path: str = "/", *, width: int = 1440, height: int = 900, **context: Any) -> Page:
        fresh = self.chromium.new_context(base_url=self.server.url, viewport={"width": width, "height": height}, **context)
        self.contexts.append(fresh)
        if who:
            fresh.add_cookies([{"name": "sessionid", "value": self.cast.cookie(who), "url": self.server.url}])
        page = fresh.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("pageerror", lambda error: self.errors.append(f"page error: {error}"))
        if path:
            page.goto(path)
        return page

    def _console(self, kind: str, text: str) -> None:
        if kind not in ("error", "warning"):
            return
        if text.startswith(REFUSED) and any(f"status of {status}" in text for status in self.expected):
            return
        if "Response Status Error Code" in text and any(f"Code {status}" in text for status in self.expected):
            return
        # Leaving a page before its socket stood is nobody's fault.
        if "closed before the connection is established" in text:
            return
        if self.cuts and ("WebSocket" in text or "ERR_CONNECTION" in text or "sendError" in text or text.startswith("htmx:")):
            return
        self.errors.append(f"console {kind}: {text}")

    def close(self) -> None:
        for context in self.contexts:
            context.close()


@contextmanager
def _opened(chromium: Chromium, server: Server, cast: Cast) -> Iterator[Browsers]:
    with chromium.watched(STALLED_AFTER):
        opened = Browsers(chromium.browser(), server, cast)
        yield opened
        with suppress(PlaywrightError) if chromium.stalled else nullcontext():
            opened.close()
    assert not opened.errors or chromium.stalled, "\n".join(opened.errors)


@pytest.fixture
def browsers(shell: Chromium, server: Server, cast: Cast) -> Iterator[Browsers]:
    with _opened(shell, server, cast) as opened:
        yield opened


@pytest.fixture
def whole_browsers(whole_chromium: Chromium, server: Server, cast: Cast) -> Iterator[Browsers]:
    """As `browsers`, in the whole Chromium."""
    with _opened(whole_chromium, server, cast) as opened:
        yield opened


def until(page: Page, expression: str) -> None:
    """Waits until a JavaScript expression is true in the page. (`wait_for_function` evaluates text in the page itself, again and again,
    and the page's policy forbids that from the second time on.)"""
    deadline = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"it never came true in the page: {expression}"
        page.wait_for_timeout(50)


def try_now(page: Page) -> None:
    """Presses "Retry now" if it is still there: the page tries by itself, too, and then the button is gone under the pointer."""
    page.evaluate("() => document.querySelector('#lost:not([hidden]) [data-try-now]')?.click()")


@pytest.fixture
def sign_in(server: Server, cast: Cast) -> Callable[[Page, str], None]:
    """Through the form, as a person does."""

    def act(page: Page, who: str) -> None:
        page.goto("/accounts/login/")
        page.get_by_label("Email address").fill(cast.people[who].email)
        page.get_by_label("Password", exact=True).fill("TestPass123!")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Home", exact=True).wait_for()

    return act
