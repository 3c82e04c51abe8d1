"""The live socket opens for our own pages only."""

import pytest
from asgiref.sync import async_to_sync
from channels.testing import WebsocketCommunicator

from resolutionflow.asgi import application


@pytest.fixture(autouse=True)
def one_connection(monkeypatch):
    """The test's connection is not closed under it."""
    monkeypatch.setattr("channels.db.close_old_connections", lambda **kwargs: None)


def accepted(*origins, host="", scheme="ws", forwarded=""):
    async def knock():
        headers = [(b"origin", origin.encode()) for origin in origins if origin]
        headers += [(b"host", host.encode())] if host else []
        headers += [(b"x-forwarded-proto", forwarded.encode())] if forwarded else []
        socket = WebsocketCommunicator(application, "/ws/escalations/", headers=headers)
        socket.scope["scheme"] = scheme
        opened, _ = await socket.connect()
        await socket.disconnect()
        return opened

    return async_to_sync(knock)()


@pytest.mark.parametrize("origin", ["http://localhost", "http://127.0.0.1:8000", None])
def test_our_own_pages_and_clients_that_are_no_browser_are_let_in(db, origin):
    assert accepted(origin)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8000", "localhost:8000"),
        ("HTTP://LocalHost:8000", "localhost:8000"),
        ("http://localhost", "localhost:80"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_a_page_of_the_host_that_the_socket_is_asked_of_is_let_in(db, origin, host):
    assert accepted(origin, host=host)


@pytest.mark.parametrize(
    "origin",
    [
        "http://elsewhere.example",
        "https://localhost.elsewhere.example",
        "null",
        "http://[::1].evil.example",
        "http://[::1]evil.example",
        "http://localhost@evil.example",
        "http://evil.example#localhost",
        "http://localhost:80.evil.example",
        "http://localhost:",
        "http://localhost/",
        "http://[::1",
        "ftp://localhost",
        "localhost",
        "http://\xff",
    ],
)
def test_a_foreign_page_is_not(db, origin):
    assert not accepted(origin)


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        ("http://localhost:9000", "localhost:8000", "ws"),
        ("http://localhost", "localhost:8000", "ws"),
        ("http://localhost:8000", "localhost", "ws"),
        ("https://localhost:8000", "localhost:8000", "ws"),
        ("http://localhost", "localhost", "wss"),
        ("http://127.0.0.1:8000", "localhost:8000", "ws"),
        ("http://evil.example", "evil.example", "ws"),
    ],
)
def test_another_port_scheme_or_host_of_ours_is_a_foreign_page(db, origin, host, scheme):
    assert not accepted(origin, host=host, scheme=scheme)


def test_two_origins_are_none(db):
    assert not accepted("http://localhost", "http://localhost")


def test_behind_a_proxy_its_word_on_tls_counts_only_if_it_is_trusted(db, settings):
    assert not accepted("https://localhost", host="localhost", forwarded="https")

    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert accepted("https://localhost", host="localhost", forwarded="https")
    assert not accepted("http://localhost", host="localhost", forwarded="https")


@pytest.mark.parametrize(
    ("origin", "opens"),
    [
        ("https://flow.acme.example:8443", True),
        ("https://eu.flow.acme.example", True),
        ("https://flow.acme.example", False),
        ("http://eu.flow.acme.example", False),
        ("https://evil-flow.acme.example", False),
    ],
)
def test_an_origin_that_may_send_forms_may_open_the_socket(db, settings, origin, opens):
    settings.CSRF_TRUSTED_ORIGINS = ["https://flow.acme.example:8443", "https://*.flow.acme.example"]

    assert accepted(origin, host="internal:8000") is opens
