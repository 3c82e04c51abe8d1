"""What sending one event to many sockets costs, and that none of them waits for another."""

import asyncio
import json

import pytest
from asgiref.sync import SyncToAsync, async_to_sync

from escalations.live import hub as hub_module
from escalations.live.hub import MAX_MESSAGE_BYTES, Counts, Frame, Hub, Watcher
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
    return Frame(number, whole=f'{{"n": {number}, "kind": "x"}}', bare=f'{{"n": {number}}}')


def test_a_socket_that_is_full_keeps_nobody_waiting():
    async def scenario():
        hub, full, free = Hub(), Server(), Server()
        for server in (full, free):
            hub.add(watcher_on(Page(server)), 0)
        full.writable.clear()

        for n in range(1, 6):
            await asyncio.wait_for(hub.send(1, [plain(n)]), LONG)

        assert [json.loads(text)["n"] for text in free.taken] == [1, 2, 3, 4, 5]
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
    frame = Frame(1, whole='{"n": 1, "card": "<li>"}', bare='{"n": 1}', except_user=7, counts=Counts(5, {7: 2, 8: 1}))

    texts = {user: frame.for_watcher(watcher_on(None, user)) for user in (1, 2, 3, 7, 8)}

    assert texts[1] is texts[2] is texts[3]
    assert texts[1] == '{"n": 1, "card": "<li>", "open": 5}'
    assert texts[7] == '{"n": 1, "open": 3}'
    assert texts[8] == '{"n": 1, "card": "<li>", "open": 4}'


def test_what_has_piled_up_is_sent_together_and_in_order():
    async def scenario():
        hub, server = Hub(), Server()
        hub.add(watcher_on(Page(server)), 0)

        await hub.send(1, [plain(n) for n in range(1, 301)])

        (message,) = (json.loads(text) for text in server.taken)
        assert message["n"] == 300
        assert [event["n"] for event in message["events"]] == list(range(1, 301))

    async_to_sync(scenario)()


def test_what_is_sent_together_differs_by_who_may_read_it():
    async def scenario():
        hub, server, other = Hub(), Server(), Server()
        hub.add(watcher_on(Page(server), 1), 0)
        hub.add(watcher_on(Page(other), 2), 0)
        secret = Frame(2, whole='{"n": 2, "kind": "x"}', bare='{"n": 2}', readers=frozenset({1}))

        await hub.send(1, [plain(1), secret])

        assert [json.loads(text)["events"][1] for text in (*server.taken, *other.taken)] == [{"n": 2, "kind": "x"}, {"n": 2}]

    async_to_sync(scenario)()


def test_large_frames_are_not_sent_together():
    async def scenario():
        hub, server = Hub(), Server()
        hub.add(watcher_on(Page(server)), 0)
        large = "x" * 50_000

        await hub.send(1, [Frame(n, whole=json.dumps({"n": n, "card": large}), bare=json.dumps({"n": n})) for n in range(1, 6)])

        assert [json.loads(text)["n"] for text in server.taken] == [2, 4, 5]
        assert max(len(text) for text in server.taken) < MAX_MESSAGE_BYTES + 100

    async_to_sync(scenario)()


# --- who does not read --------------------------------------------------------------------------------------------


def test_what_is_on_the_way_to_a_page_is_not_forgiven():
    watcher = watcher_on(Silent())
    for length in (10, 20, 30, 40):
        watcher.send("x" * length)

    watcher.answered(2)
    assert (list(watcher.unread), watcher.unread_bytes) == ([30, 40], 70)
    watcher.answered(1)
    assert watcher.unread_bytes == 70
    watcher.answered(999)
    assert (len(watcher.unread), watcher.unread_bytes) == (0, 0)
    watcher.send("y")
    assert watcher.unread_bytes == 1


class Silent:
    dropped = None

    def send_text(self, text):
        pass

    def drop(self, code):
        self.dropped = code


@pytest.mark.parametrize(("every", "dropped"), [(50, None), (0, 4008)])
def test_a_page_that_answers_every_fifty_frames_is_left_alone(every, dropped):
    async def scenario():
        hub, page = Hub(), Silent()
        watcher = watcher_on(page)
        hub.add(watcher, 0)
        for n in range(1, 2 * hub_module.MAX_UNREAD_FRAMES):
            await hub.send(1, [plain(n)])
            if every and n % every == 0:
                watcher.answered(n)
        assert page.dropped == dropped

    async_to_sync(scenario)()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("text", ["seen", "hidden", "ok -1", "ok 1e3", "ok " + "9" * 5000, "ok ٣", "OK", "{}"])
def test_only_an_answer_counts_as_one(bo, play, text):  # noqa: F811
    async def scenario():
        page = await watching(bo)
        number = await act(publish_event, bo.account_id)
        await page.heard_until(number, answering=False)
        (watcher,) = hub_module.hub.everybody()
        await page.socket.send_to(text_data=text)
        await page.socket.send_to(text_data="ok 1")
        await until(lambda: len(watcher.unread) == 1, "hello alone was answered")
        await page.socket.send_to(text_data="ok")
        await until(lambda: not watcher.unread, "a page of an earlier version is not heard")

    play(scenario)


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
