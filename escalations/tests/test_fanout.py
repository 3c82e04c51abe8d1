"""What sending one event to many sockets costs, and that none of them waits for another."""

import asyncio

import pytest
from asgiref.sync import SyncToAsync, async_to_sync

from escalations.live.hub import Counts, Frame, Hub, Watcher
from escalations.live.outbox import Outbox
from escalations.tests.test_live import LONG, act, opened, play, publish_event, until, watching  # noqa: F401


class Server:
    """The server's end of one socket: takes messages at once, or lets the sender wait while the socket is full."""

    def __init__(self):
        self.taken = []
        self.writable = asyncio.Event()
        self.writable.set()
        self.gone = False

    async def send(self, message):
        await self.writable.wait()
        if self.gone:
            raise OSError("the client has disconnected")
        self.taken.append(message["text"])


class Page:
    def __init__(self, server):
        self.outbox = Outbox(server.send)
        self.dropped = None

    def send_text(self, text):
        self.outbox.put({"type": "websocket.send", "text": text})

    def drop(self, code):
        self.dropped = code


def watcher_on(socket, user_id=1, account_id=1):
    return Watcher(socket, user_id, account_id, "engineer", "key", "password")


def plain(number):
    return Frame(whole=f'{{"n": {number}, "kind": "x"}}', bare=f'{{"n": {number}}}')


def test_a_socket_that_is_full_keeps_nobody_waiting():
    async def scenario():
        hub, full, free = Hub(), Server(), Server()
        for server in (full, free):
            hub.add(watcher_on(Page(server)), 0)
        full.writable.clear()

        await asyncio.wait_for(hub.send(1, [plain(n) for n in range(1, 6)]), LONG)

        assert len(free.taken) == 5
        assert full.taken == []
        full.writable.set()
        await asyncio.sleep(0.01)
        assert full.taken == free.taken

    async_to_sync(scenario)()


def test_what_the_server_takes_at_once_is_sent_without_a_turn_of_the_loop():
    async def scenario():
        server = Server()
        Page(server).send_text("now")
        assert server.taken == ["now"]

    async_to_sync(scenario)()


@pytest.mark.parametrize("full", [True, False])
def test_whoever_sends_to_a_socket_that_is_gone_is_told(full):
    async def scenario():
        server = Server()
        page = Page(server)
        if full:
            server.writable.clear()
            page.send_text("before")
        server.gone = True
        server.writable.set()
        await asyncio.sleep(0.01)
        with pytest.raises(OSError):
            page.send_text("after")
        assert server.taken == []

    async_to_sync(scenario)()


def test_what_is_thrown_away_is_never_sent():
    async def scenario():
        server = Server()
        page = Page(server)
        server.writable.clear()
        for text in ("one", "two"):
            page.send_text(text)
        page.outbox.discard()
        server.writable.set()
        page.send_text("goodbye")
        await asyncio.sleep(0.01)
        assert server.taken == ["goodbye"]

    async_to_sync(scenario)()


def test_an_event_is_one_string_for_all_who_are_sent_the_same():
    frame = Frame(whole='{"n": 1, "card": "<li>"}', bare='{"n": 1}', except_user=7, counts=Counts(5, {7: 2, 8: 1}))

    texts = {user: frame.for_watcher(watcher_on(None, user)) for user in (1, 2, 3, 7, 8)}

    assert texts[1] is texts[2] is texts[3]
    assert texts[1] == '{"n": 1, "card": "<li>", "open": 5}'
    assert texts[7] == '{"n": 1, "open": 3}'
    assert texts[8] == '{"n": 1, "card": "<li>", "open": 4}'


@pytest.mark.django_db(transaction=True)
def test_a_pages_answer_takes_no_thread(bo, play, monkeypatch):  # noqa: F811
    hops = []
    original = SyncToAsync.__call__

    async def scenario():
        page = await watching(bo)
        number = await act(publish_event, bo.account_id)
        await page.heard_until(number, answering=False)
        monkeypatch.setattr(SyncToAsync, "__call__", lambda self, *args, **kwargs: hops.append(self) or original(self, *args, **kwargs))
        for _ in range(100):
            await page.socket.send_to(text_data="ok")
        await until(page.socket.input_queue.empty, "the answers were not read")
        monkeypatch.undo()
        assert not hops

    play(scenario)
