"""Sockets of pages: one that reads, one that stands still."""

import contextlib
import json
import socket
import time

import psutil
from django.db import transaction
from websockets.sync.client import connect

from accounts.events import record
from escalations.live.hub import MAX_UNREAD_BYTES
from handoffs.events import HandoffReleased
from tests.factories import hand_off, make_session

STANDING = 3
# A process that kept what those pages do not read would hold as many times 4 MB, and the buffers on the way.
MOST_GROWTH = 60 * 2**20


def open_socket(site, cookie, *, query="", origin=None, **options):
    return connect(
        f"ws://127.0.0.1:{site.port}/ws/escalations/{query}",
        additional_headers={"Cookie": cookie},
        origin=origin or f"http://127.0.0.1:{site.port}",
        **options,
    )


def events_until(page, number):
    """Every event that this socket hears, up to `number`."""
    heard = []
    while not heard or heard[-1]["n"] < number:
        frame = json.loads(page.recv(timeout=30))
        heard += frame.get("events", [frame] if "n" in frame and "ping" not in frame else [])
    return heard


def upgrade(site, cookie):
    """A socket that was opened, and of which nothing is read."""
    standing = socket.socket()
    standing.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    standing.connect(("127.0.0.1", site.port))
    head = [
        "GET /ws/escalations/ HTTP/1.1",
        f"Host: 127.0.0.1:{site.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Cookie: {cookie}",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ]
    standing.sendall("\r\n".join([*head, "", ""]).encode())
    return standing


def stand_still(site, ana, bo, dana):
    """Some pages of Bo read nothing, while Dana reads everything: more than the buffers on the way take, and than may stay unanswered."""
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
