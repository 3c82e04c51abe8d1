"""The live socket opens for our own pages only."""

import pytest
from asgiref.sync import async_to_sync
from channels.testing import WebsocketCommunicator

from resolutionflow.asgi import application


@pytest.fixture(autouse=True)
def one_connection(monkeypatch):
    """The test's connection is not closed under it."""
    monkeypatch.setattr("channels.db.close_old_connections", lambda **kwargs: None)


def accepted(origin):
    async def knock():
        headers = [(b"origin", origin.encode())] if origin else []
        socket = WebsocketCommunicator(application, "/ws/escalations/", headers=headers)
        opened, _ = await socket.connect()
        await socket.disconnect()
        return opened

    return async_to_sync(knock)()


@pytest.mark.parametrize("origin", ["http://localhost", "http://127.0.0.1:8000", None])
def test_our_own_pages_and_clients_that_are_no_browser_are_let_in(db, origin):
    assert accepted(origin)


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "https://localhost.elsewhere.example", "null"])
def test_a_foreign_page_is_not(db, origin):
    assert not accepted(origin)
