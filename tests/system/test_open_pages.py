"""Many pages that are open at once: a web process that is killed and comes back, and pages that stand still."""

import asyncio
import json

import pytest
from django.db import connections, transaction
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from accounts.events import record
from accounts.models import EventCounter
from handoffs.events import HandoffReleased
from tests.factories import hand_off, make_session
from tests.system.conftest import SCALE, eventually
from tests.system.sockets import stand_still

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PAGES = 20 * SCALE


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
    stand_still(standing_site, ana, bo, dana)
