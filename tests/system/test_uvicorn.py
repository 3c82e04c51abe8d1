"""The same application under uvicorn, which docs/operating.md names for large installations."""

import json
import signal
import socket

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.factories import hand_off, make_session
from tests.system.conftest import Site, eventually
from tests.system.sockets import events_until, open_socket, stand_still

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def start(site):
    """As docs/operating.md starts it; on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        site.port = free.getsockname()[1]
    where = ["--host", "127.0.0.1", "--port", str(site.port)]
    how = ["--lifespan", "off", "--ws", "websockets-sansio", "--ws-per-message-deflate", "false", "--no-access-log"]
    how += ["--no-server-header", "--no-proxy-headers", "--timeout-graceful-shutdown", "10"]
    web = site.start("web", "-m", "uvicorn", *where, *how, "resolutionflow.asgi:application")
    eventually(lambda: site.get("/healthz") == 200, "uvicorn does not answer")
    site.ports.append(site.port)
    return web


@pytest.fixture
def uvicorn(site):
    """One that is told to end."""
    return start(site)


@pytest.fixture(scope="module")
def _standing(django_db_setup, tmp_path_factory):
    running = Site(tmp_path_factory.mktemp("uvicorn"))
    try:
        start(running)
        yield running
    finally:
        running.close()


@pytest.fixture
def standing(transactional_db, _standing):
    """One for all tests that leave it whole."""
    _standing.next_test(1)
    yield _standing
    assert _standing.processes[0].poll() is None
    assert _standing.complaints() == []


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


def test_the_signed_out_are_told_and_a_foreign_page_is_refused(standing, bo):
    site = standing
    with open_socket(site, "sessionid=" + "x" * 32) as page, pytest.raises(ConnectionClosed, match="4401"):
        page.recv(timeout=30)
    with pytest.raises(InvalidStatus, match="403"):
        open_socket(site, site.cookie(bo), origin="https://evil.example")


def test_pages_that_do_not_read_keep_nobody_waiting_and_no_memory(standing, ana, bo, dana):
    stand_still(standing, ana, bo, dana)


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /healthz?q=" + "x" * 100_000 + " HTTP/1.1\r\nHost: localhost",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nCookie: a=" + "x" * 100_000,
    ],
)
def test_a_line_that_is_too_long_is_refused_in_words(standing, request_line):
    with socket.create_connection(("127.0.0.1", standing.port), 30) as asked:
        asked.sendall(request_line.encode() + b"\r\nConnection: close\r\n\r\n")
        received = b""
        while part := asked.recv(65536):
            received += part
    assert received.startswith(b"HTTP/1.1 4"), received[:200]
