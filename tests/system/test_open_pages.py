"""Many pages that are open at once: a web process that is killed and comes back, and pages that stand still."""

import asyncio
import contextlib
import json
import time

import psutil
import pytest
from django.db import connections, transaction
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from accounts.events import record
from accounts.models import EventCounter
from escalations.live.hub import MAX_UNREAD_BYTES
from handoffs.events import HandoffReleased
from tests.factories import hand_off, make_session
from tests.system.conftest import SCALE, eventually
from tests.system.test_uvicorn import events_until, open_socket, upgrade

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PAGES = 20 * SCALE
STANDING = 3
# A process that kept what those pages do not read would hold as many times 4 MB, and the buffers on the way.
MOST_GROWTH = 60 * 2**20


class Pages:
    """So many pages in one thread: each connects again whenever it is cut, and says what it knows. `known` is the number of each."""

    def __init__(self, port, cookie, count):
        self.where, self.cookie = f"ws://127.0.0.1:{port}/ws/escalations/", cookie
        self.known = [0] * count
        self.connected = [False] * count
        self.gaps = []

    async def watch(self, index):
        while True:
            try:
                headers = {"Cookie": self.cookie}
                async with connect(f"{self.where}?n={self.known[index]}", additional_headers=headers, open_timeout=30) as page:
                    async for text in page:
                        self.hear(index, json.loads(text))
            except (OSError, TimeoutError, WebSocketException):
                pass
            self.connected[index] = False
            await asyncio.sleep(0.3)

    def hear(self, index, frame):
        if frame.get("hello"):
            self.connected[index] = True
        if frame.get("missed"):
            self.known[index] = frame["n"]
        for event in frame.get("events", [frame] if "n" in frame and not frame.keys() & {"hello", "ping"} else []):
            if event["n"] > self.known[index] + 1:
                self.gaps.append((index, self.known[index], event["n"]))
            self.known[index] = max(self.known[index], event["n"])

    async def run(self, act):
        """Watches in this thread, while `act` runs in another one."""
        watching = [asyncio.create_task(self.watch(index)) for index in range(len(self.known))]
        try:
            await asyncio.to_thread(act)
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)


def test_after_a_killed_process_is_back_every_page_has_what_it_missed(site, ana, bo):
    victim = site.start_web()
    session = make_session(ana)
    cookie = site.cookie(bo)
    pages = Pages(site.port, cookie, PAGES)
    number = EventCounter.objects.filter(account=ana.account_id).values_list("last", flat=True)

    def restart():
        handoff = hand_off(session, ana)
        eventually(lambda: all(pages.connected) and set(pages.known) == {number.get()}, "not every page is connected")
        victim.kill()
        victim.wait(10)
        released = HandoffReleased(account_id=ana.account_id, by_id=ana.pk, session=session.pk, handoff=handoff.pk, noted=False)
        for _ in range(10):
            with transaction.atomic():
                record(released)
        site.start_web(site.port)
        eventually(lambda: all(pages.connected) and set(pages.known) == {number.get()}, "pages do not heal", every=0.2)
        connections.close_all()

    asyncio.run(pages.run(restart))

    assert pages.gaps == []


def test_pages_that_do_not_read_keep_nobody_waiting_and_no_memory(standing_site, ana, bo, dana):
    site = standing_site
    site.port = site.ports[0]
    session = make_session(ana, title="\U0001f4a5" * 200)
    handoff = hand_off(session, ana, needs="<" * 2000)
    released = HandoffReleased(account_id=ana.account_id, by_id=ana.pk, session=session.pk, handoff=handoff.pk, noted=False)
    standing = [upgrade(site, site.cookie(bo)) for _ in range(STANDING)]
    process = psutil.Process(site.processes[0].pid)
    with open_socket(site, site.cookie(dana), max_size=None) as page:
        number = json.loads(page.recv(timeout=30))["n"]
        before = process.memory_info().rss
        sent = received = 0
        while sent < 2 * MAX_UNREAD_BYTES:
            with transaction.atomic():
                for _ in range(5):
                    number = record(released)[-1].number
            began = time.monotonic()
            heard = events_until(page, number)
            sent += len(json.dumps(heard))
            received += 5
            assert time.monotonic() - began < 10, "it waited for the pages that do not read"
            page.send("ok")
        assert process.memory_info().rss - before < MOST_GROWTH
    for one in standing:
        one.settimeout(60)
        read = 0
        with contextlib.suppress(ConnectionResetError):
            while part := one.recv(1 << 20):
                read += len(part)
        assert read < sent, "it was sent everything, although it never answered"
        one.close()
