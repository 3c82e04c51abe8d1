"""The same application under uvicorn, which docs/operating.md names for large installations."""

import json
import signal
import socket
import time

import pytest
from django.db import transaction
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from accounts.events import record
from escalations.live.hub import MAX_UNREAD_BYTES
from handoffs.events import HandoffReleased
from tests.factories import hand_off, make_session
from tests.system.conftest import eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def uvicorn(site):
    """As docs/operating.md starts it; on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        site.port = free.getsockname()[1]
    where = ["--host", "127.0.0.1", "--port", str(site.port)]
    how = ["--lifespan", "off", "--ws", "websockets-sansio", "--ws-per-message-deflate", "false", "--no-access-log"]
    how += ["--no-server-header", "--no-proxy-headers", "--timeout-graceful-shutdown", "10"]
    web = site.start("web", "-m", "uvicorn", *where, *how, "resolutionflow.asgi:application")
    eventually(lambda: site.get("/healthz") == 200, "uvicorn does not answer")
    return web


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


def test_a_page_is_served_an_event_is_heard_and_it_ends_when_told(site, uvicorn, ana, bo):
    assert site.get("/escalations/", site.cookie(bo)) == 200
    with open_socket(site, site.cookie(bo)) as page:
        hello = json.loads(page.recv(timeout=30))
        assert hello["hello"]
        handoff = hand_off(make_session(ana), ana)
        heard = []
        while not any("card" in event for event in heard):
            heard += events_until(page, hello["n"] + 1 + len(heard))
        assert heard[-1]["handoff"] == str(handoff.pk)
        page.send("ok 2")

        uvicorn.send_signal(signal.SIGTERM)

        assert uvicorn.wait(20) in (0, -signal.SIGTERM)
    assert "Traceback" not in site.text("web")


def test_ctrl_c_ends_it_with_pages_open(site, uvicorn, bo):
    with open_socket(site, site.cookie(bo)) as page:
        assert json.loads(page.recv(timeout=30))["hello"]
        uvicorn.send_signal(signal.SIGINT)
        assert uvicorn.wait(20) in (0, -signal.SIGINT)
    assert "Traceback" not in site.text("web")


def test_the_signed_out_are_told_and_a_foreign_page_is_refused(site, uvicorn, bo):
    with open_socket(site, "sessionid=" + "x" * 32) as page, pytest.raises(ConnectionClosed, match="4401"):
        page.recv(timeout=30)
    with pytest.raises(InvalidStatus, match="403"):
        open_socket(site, site.cookie(bo), origin="https://evil.example")


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


def test_a_page_that_does_not_read_keeps_nobody_waiting_and_is_dropped(site, uvicorn, ana, bo, dana):
    session = make_session(ana, title="\U0001f4a5" * 200)
    handoff = hand_off(session, ana, needs="<" * 2000)
    released = HandoffReleased(account_id=ana.account_id, by_id=ana.pk, session=session.pk, handoff=handoff.pk, noted=False)
    standing = upgrade(site, site.cookie(bo))
    with open_socket(site, site.cookie(dana), max_size=None) as page:
        number = json.loads(page.recv(timeout=30))["n"]
        sent = received = 0
        # More than the buffers on the way take, and more than may stay unanswered.
        while sent < 2 * MAX_UNREAD_BYTES:
            with transaction.atomic():
                number = record(released)[-1].number
            began = time.monotonic()
            sent += len(json.dumps(events_until(page, number)))
            received += 1
            assert time.monotonic() - began < 10, "it waited for the page that does not read"
            page.send("ok")
    assert received > 100
    standing.settimeout(60)
    read = 0
    while part := standing.recv(1 << 20):
        read += len(part)
    assert read < sent, "it was sent everything, although it never answered"
    standing.close()
    assert "Traceback" not in site.text("web")


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /healthz?q=" + "x" * 100_000 + " HTTP/1.1\r\nHost: localhost",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nCookie: a=" + "x" * 100_000,
    ],
)
def test_a_line_that_is_too_long_is_refused_in_words(site, uvicorn, request_line):
    with socket.create_connection(("127.0.0.1", site.port), 30) as asked:
        asked.sendall(request_line.encode() + b"\r\nConnection: close\r\n\r\n")
        received = b""
        while part := asked.recv(65536):
            received += part
    assert received.startswith(b"HTTP/1.1 4"), received[:200]
