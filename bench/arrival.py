"""From the press of Escalate to the card in a colleague's real browser, with 1 and with 100 watchers of the same account.

Run: `.venv/bin/python -m bench.arrival [rounds]`. One watcher is Chromium, the others are sockets that read what they hear. The time
counts from the sending of the POST to the moment the card is in the page (and drawn: two animation frames later). The floor is the POST's
own round trip in the same run.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from bench import ground

ground.set_up()

import websockets  # noqa: E402
from django.conf import settings  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from handoffs.models import SessionHandoff  # noqa: E402
from handoffs.withdrawing import withdraw  # noqa: E402
from tests.browser.conftest import FLAGS, Server  # noqa: E402
from tests.factories import make_session  # noqa: E402

SEEN = """() => { window.seen = {}; new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) {
    const session = node.dataset?.session;
    if (session) requestAnimationFrame(() => requestAnimationFrame(() => { window.seen[session] = Date.now(); }));
  }
}).observe(document.getElementById("rows"), {childList: true, subtree: true}); }"""


def cookie_of(user: Any) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return str(store.session_key)


class Watchers:
    """Sockets of the account that read and answer pings, in a thread of their own."""

    def __init__(self, url: str, cookie: str, count: int) -> None:
        self.url = url.replace("http", "ws") + "/ws/escalations/"
        self.cookie, self.count = cookie, count
        self.ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        assert self.ready.wait(60), "the watchers did not connect"

    def _run(self) -> None:
        self.loop.run_until_complete(self._watch())

    async def _watch(self) -> None:
        self.stop = asyncio.Event()
        opened = 0

        async def one() -> None:
            nonlocal opened
            async with websockets.connect(self.url, additional_headers={"Cookie": f"sessionid={self.cookie}"}) as socket:
                await socket.recv()
                opened += 1
                if opened == self.count:
                    self.ready.set()
                received = 1
                async for text in socket:
                    received += 1
                    if "ping" in text or received % 50 == 0:
                        await socket.send(f"ok {received}")

        tasks = [asyncio.create_task(one()) for _ in range(self.count)]
        if not tasks:
            self.ready.set()
        await self.stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(10)


def escalate(server: Server, session: Any, cookie: str, token: str) -> tuple[float, float]:
    """Posts as a browser does; returns when it was sent (epoch seconds) and how long the answer took."""
    body = urllib.parse.urlencode({"reason": "What now?", "priority": "high", "csrfmiddlewaretoken": token}).encode()
    headers = {"Cookie": f"sessionid={cookie}; csrftoken={token}", "Accept": "application/json"}
    request = urllib.request.Request(f"{server.url}/sessions/{session.pk}/escalate/", data=body, headers=headers)  # noqa: S310
    began, clock = time.time(), time.perf_counter()
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        assert answer.status == 201
    return began, time.perf_counter() - clock


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    ana, bo = ground.two_people()
    server = Server(Path(tempfile.mkdtemp()))
    server.env["SECRET_KEY"] = settings.SECRET_KEY
    token = "a" * 32
    results: dict[int, tuple[float, float]] = {}
    try:
        server.start_web()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=os.environ.get("RESOLUTIONFLOW_BROWSER") or None, args=FLAGS)
            page = browser.new_context(base_url=server.url)
            page.add_cookies([{"name": "sessionid", "value": cookie_of(bo), "url": server.url}])
            view = page.new_page()
            for count in (1, 100):
                view.goto("/escalations/")
                view.locator("[data-live]").wait_for(state="visible")
                view.evaluate(SEEN)
                watchers = Watchers(server.url, cookie_of(bo), count - 1)
                shown, posts = [], []
                for number in range(rounds + 3):
                    session = make_session(ana, title=f"Round {number}")
                    began, took = escalate(server, session, cookie_of(ana), token)
                    view.wait_for_function("pk => window.seen[pk]", arg=str(session.pk))
                    if number >= 3:
                        shown.append(view.evaluate(f"window.seen['{session.pk}']") / 1000 - began)
                        posts.append(took)
                    withdraw(SessionHandoff.objects.get(session=session).pk, by=ana)
                watchers.end()
                results[count] = (statistics.median(shown) * 1000, statistics.median(posts) * 1000)
                worst = max(shown) * 1000
                card, post = results[count]
                print(f"{count:4} watchers: card drawn p50 {card:.0f} ms, worst {worst:.0f} ms; the POST itself p50 {post:.0f} ms")
            browser.close()
    finally:
        server.stop()
        ground.tidy()
    print(f"cores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}, rounds {rounds}")
    (card_1, post_1), (card_100, post_100) = results[1], results[100]
    print(f"ratio 100 to 1: {card_100 / card_1:.2f}; card to POST at 1: {card_1 / post_1:.2f}, at 100: {card_100 / post_100:.2f}")


if __name__ == "__main__":
    main()
