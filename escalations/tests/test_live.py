"""The live socket: what is committed is heard, by whom it is for, once, in order, whatever breaks."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from bs4 import BeautifulSoup
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, connection, connections, transaction
from django.test import signals
from django.utils import timezone

from accounts.events import record
from accounts.models import Event
from escalations.live import endpoint, frames
from escalations.live import hub as hub_module
from escalations.live import listener as listener_module
from escalations.live.hub import MAX_FRAME_BYTES, hub
from escalations.live.listener import connection_info, listener
from escalations.routing import websocket_urlpatterns
from flowpilot import sessions
from flowpilot.events import LaneChanged
from flowpilot.models import AISession
from handoffs import assessment
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.parking import park, resume
from handoffs.releasing import release
from handoffs.returning import return_to_opener
from handoffs.withdrawing import withdraw
from tests.factories import UserFactory, hand_off, make_session
from tests.system.proxy import Proxy

pytestmark = pytest.mark.django_db(transaction=True)

# How long anything may take before a test says that it never came. Nothing waits this long when all is well.
LONG = 30


class Page:
    """One open page of somebody: its socket, and what it has heard."""

    def __init__(self, user, session, query=""):
        self.user = user
        cookies = [(b"cookie", f"sessionid={session.session_key}".encode())] if session else []
        self.socket = WebsocketCommunicator(URLRouter(websocket_urlpatterns), f"/ws/escalations/{query}", headers=cookies)
        self.hello = None
        self.closed = None
        self.received = 0
        # Events that came together with one that was asked for.
        self.waiting = []

    async def open(self):
        accepted, _ = await self.socket.connect(timeout=LONG)
        assert accepted, "a socket is accepted first, whatever is said to it then"
        return self

    async def next(self):
        """The next frame that is no ping; None when the socket was closed, whose code is then kept."""
        while True:
            if self.waiting:
                return self.waiting.pop(0)
            message = await self.socket.receive_output(timeout=LONG)
            if message["type"] == "websocket.close":
                self.closed = message["code"]
                return None
            self.received += 1
            frame = json.loads(message["text"])
            if "events" in frame and "hello" not in frame:
                self.waiting = frame["events"]
                assert frame["n"] == self.waiting[-1]["n"]
            elif "ping" not in frame:
                return frame

    async def heard_until(self, number, *, answering=True):
        """Every numbered frame up to `number`. Presence is left out; nothing else may come in between."""
        heard = []
        while not heard or heard[-1]["n"] < number:
            frame = await self.next()
            assert frame is not None, f"closed with {self.closed} before {number} was heard; until then: {heard}"
            if "presence" not in frame:
                heard.append(frame)
            if answering:
                await self.socket.send_to(text_data=f"ok {self.received}")
        return heard

    async def presence(self):
        """The next word about who is looking."""
        while True:
            frame = await self.next()
            assert frame is not None, "closed before anybody was seen"
            if "presence" in frame:
                return frame


@pytest.fixture
def play(monkeypatch):
    """Runs one scenario in one loop and tidies up: sockets closed, listener stopped, hub empty."""
    monkeypatch.setattr("channels.db.close_old_connections", lambda: None)

    def run(scenario):
        async def whole():
            try:
                return await asyncio.wait_for(scenario(), 150)
            finally:
                for page in opened:
                    await page.socket.disconnect(timeout=LONG)
                await listener.stop()
                hub.watchers.clear()
                hub.last.clear()
                hub.sent.clear()
                hub.presence.clear()

        opened.clear()
        return async_to_sync(whole)()

    return run


opened = []


def signed_in_session(user):
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session


async def watching(user, query="", *, session=None):
    """A page of `user` that has said hello."""
    page = Page(user, session or await act(signed_in_session, user), query)
    opened.append(page)
    await page.open()
    page.hello = await page.next()
    return page


def act(function, *args, **kwargs):
    """Does something with the database, in the thread that owns the test's connection; it commits."""
    return sync_to_async(function)(*args, **kwargs)


async def until(holds, sentence):
    """Polls with a deadline."""
    deadline = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < deadline, sentence
        await asyncio.sleep(0.01)


def publish_event(account_id, by=None, count=1):
    """Some events that concern nobody's session; returns the number of the last."""
    with transaction.atomic():
        return record(*[LaneChanged(account_id=account_id, by_id=by and by.pk) for _ in range(count)])[-1].number


def last_number(account_id):
    return Event.objects.filter(account_id=account_id).order_by("-number").values_list("number", flat=True).first() or 0


@asynccontextmanager
async def rendered(name):
    """Counts how often a template is rendered."""
    times = []

    def count(sender, template, **kwargs):
        if template.name == name:
            times.append(name)

    signals.template_rendered.connect(count)
    yield times
    signals.template_rendered.disconnect(count)


# --- who hears what -----------------------------------------------------------------------------------------------


def test_the_first_word_is_the_number_that_the_page_may_compare(ana, bo, play):
    hand_off(make_session(ana), ana)

    async def scenario():
        page = await watching(bo)
        assert page.hello == {"hello": True, "n": await act(last_number, bo.account_id), "looking": {}}
        assert listener.state == "listening"

    play(scenario)
    assert listener.state == "idle"


def test_a_committed_escalation_is_heard_with_its_card_by_colleague_and_viewer(session, ana, bo, vic, play):
    async def scenario():
        pages = [await watching(bo), await watching(vic)]
        handoff = await act(hand_off, session, ana, needs="Is it safe?")
        number = await act(last_number, ana.account_id)
        for page in pages:
            frame = (await page.heard_until(number))[-1]
            assert (frame["n"], frame["kind"], frame["by"]) == (number, "handoff_opened", ana.pk)
            assert (frame["handoff"], frame["session"]) == (str(handoff.pk), str(session.pk))
            card = BeautifulSoup(frame["card"], "html.parser").find("li", id=f"card-{handoff.pk}")
            assert card.find("h3").find("a").text == session.title
            assert "Is it safe?" in card.find(class_="need").text
            assert card.find("a", string="Pick up")["href"] == f"/handoffs/{handoff.pk}/"
            assert "New escalation, normal" in frame["announce"]

    play(scenario)


def test_the_author_hears_the_number_and_no_more(session, ana, bo, play):
    async def scenario():
        author, colleague = await watching(ana), await watching(bo)
        await act(hand_off, session, ana)
        number = await act(last_number, ana.account_id)
        assert (await author.heard_until(number))[-1] == {"n": number, "open": 0}
        assert "card" in (await colleague.heard_until(number))[-1]

    play(scenario)


def test_what_is_rolled_back_is_never_heard(session, ana, bo, play):
    def rolled_back():
        class Stop(Exception):
            pass

        try:
            with transaction.atomic():
                hand_off(session, ana)
                raise Stop
        except Stop:
            pass

    async def scenario():
        page = await watching(bo)
        await act(rolled_back)
        number = await act(publish_event, bo.account_id)
        heard = await page.heard_until(number)
        assert [frame["kind"] for frame in heard] == ["lane_changed"]
        assert number == page.hello["n"] + 1

    play(scenario)


def test_another_account_hears_nothing(session, ana, eve, play):
    async def scenario():
        stranger = await watching(eve)
        handoff = await act(hand_off, session, ana)
        await act(withdraw, handoff.pk, by=ana)
        number = await act(publish_event, eve.account_id)
        heard = await stranger.heard_until(number)
        assert [frame["n"] for frame in heard] == [1]
        assert str(handoff.pk) not in json.dumps(heard)

    play(scenario)


def test_parking_is_a_bare_number_to_everybody_who_may_not_read_it(session, ana, bo, lea, vic, play):
    async def scenario():
        pages = [await watching(who) for who in (bo, vic)]
        leads = await watching(lea)
        parked = await act(park, session.pk, by=ana)
        await act(resume, session.pk, by=ana)
        number = await act(last_number, ana.account_id)
        for page in pages:
            heard = await page.heard_until(number)
            assert heard == [{"n": n} for n in range(page.hello["n"] + 1, number + 1)]
        assert str(parked.handoff.pk) not in json.dumps(await leads.heard_until(number))

    play(scenario)


def test_news_of_a_session_is_heard_whole_only_by_those_who_may_read_it(handoff, ana, bo, dana, lea, vic, play):
    claim(handoff.pk, by=bo)

    async def scenario():
        pages = {who: await watching(who) for who in (ana, bo, lea, dana, vic)}
        await act(sessions.post, handoff.session_id, by=bo, text="On it", kind="note")
        number = await act(last_number, ana.account_id)
        for who, page in pages.items():
            frame = (await page.heard_until(number))[-1]
            if who in (dana, vic):
                assert frame == {"n": number}, who
            else:
                assert (frame["kind"], frame["session"]) == ("session_stepped", str(handoff.session_id)), who
            assert "On it" not in json.dumps(frame)

    play(scenario)


def test_the_assessment_of_a_claimed_handoff_is_heard_whole_only_by_those_who_may_read_it(handoff, ana, bo, dana, play):
    claim(handoff.pk, by=bo)

    async def scenario():
        readers, other = [await watching(ana), await watching(bo)], await watching(dana)
        await act(assessment.make, handoff.pk, at=timezone.now())
        number = await act(last_number, ana.account_id)
        for page in readers:
            assert (await page.heard_until(number))[-1]["kind"] == "assessment_ready"
        assert (await other.heard_until(number))[-1] == {"n": number}

    play(scenario)


def test_a_claimed_card_goes_away_for_everybody_and_a_released_one_comes_back(handoff, ana, bo, dana, vic, play):
    async def scenario():
        pages = [await watching(who) for who in (ana, bo, dana, vic)]
        await act(claim, handoff.pk, by=bo)
        claimed = await act(last_number, ana.account_id)
        for page in pages:
            frame = (await page.heard_until(claimed))[-1]
            assert (frame["kind"], frame["gone"], frame["handoff"]) == ("handoff_claimed", True, str(handoff.pk))
            assert frame["name"] == "Bo Lindqvist"
        await act(release, handoff.pk, by=bo, note="Not mine")
        released = await act(last_number, ana.account_id)
        for page in pages:
            frame = (await page.heard_until(released))[-1]
            assert ("card" in frame) == (page.user != ana)
        await act(withdraw, handoff.pk, by=ana)
        for page in pages:
            assert (await page.heard_until(await act(last_number, ana.account_id)))[-1]["gone"]

    play(scenario)


def test_a_return_rings_the_bell_of_the_opener_only(handoff, ana, bo, dana, play):
    claim(handoff.pk, by=bo)

    async def scenario():
        opener, other = await watching(ana), await watching(dana)
        await act(return_to_opener, handoff.pk, by=bo, note="Secret instructions")
        number = await act(last_number, ana.account_id)
        frame = (await opener.heard_until(number))[-1]
        assert (frame["kind"], frame["bell"]) == ("handoff_returned", ana.pk)
        assert "Secret" not in json.dumps(frame)
        assert (await other.heard_until(number))[-1] == {"n": number}

    play(scenario)


# --- cost and size ------------------------------------------------------------------------------------------------


def test_a_card_is_rendered_once_whatever_the_number_of_watchers(session, ana, bo, play):
    people = UserFactory.create_batch(5, account=ana.account)

    async def scenario():
        pages = [await watching(who) for who in [bo, *people] for _ in range(5)]
        async with rendered("escalations/_card.html") as times:
            await act(hand_off, session, ana)
            number = await act(last_number, ana.account_id)
            cards = {(await page.heard_until(number))[-1]["card"] for page in pages}
        assert len(cards) == 1
        assert len(times) == 1

    play(scenario)


def test_a_huge_text_does_not_make_a_huge_frame(session, ana, bo, play):
    # As long and as costly on the wire as the columns allow.
    AISession.objects.filter(pk=session.pk).update(title="\U0001f4a5" * 200, client="&" * 120)

    async def scenario():
        page = await watching(bo)
        await act(hand_off, session, ana, needs="<\u2028" * 50_000)
        number = await act(last_number, ana.account_id)
        frame = (await page.heard_until(number))[-1]
        assert len(json.dumps(frame).encode()) <= MAX_FRAME_BYTES
        assert BeautifulSoup(frame["card"], "html.parser").find("h3").find("a").text == "\U0001f4a5" * 200

    play(scenario)


def test_a_frame_that_is_too_large_is_sent_as_its_number(session, ana, bo, play, monkeypatch):
    monkeypatch.setattr(frames, "MAX_FRAME_BYTES", 500)

    async def scenario():
        page = await watching(bo)
        await act(hand_off, session, ana)
        number = await act(last_number, ana.account_id)
        assert (await page.heard_until(number))[-1] == {"n": number, "missed": True, "open": 1}

    play(scenario)


# --- order, and what was missed -----------------------------------------------------------------------------------


def test_numbers_come_in_order_and_without_gaps_from_many_writers_at_once(ana, bo, vic, play):
    def write_many():
        def write():
            try:
                for _ in range(5):
                    publish_event(ana.account_id, ana)
            finally:
                connections.close_all()

        writers = [threading.Thread(target=write) for _ in range(6)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(LONG)

    async def scenario():
        pages = [await watching(who) for who in (ana, bo, vic)]
        await act(write_many)
        number = await act(last_number, ana.account_id)
        assert number == 30
        for page in pages:
            assert [frame["n"] for frame in await page.heard_until(number)] == list(range(1, 31))

    play(scenario)


def test_who_comes_late_goes_on_from_the_number_of_their_hello(ana, bo, dana, play):
    async def scenario():
        early = await watching(bo)
        await act(publish_event, ana.account_id, count=3)
        late = await watching(dana)
        number = await act(publish_event, ana.account_id, count=2)
        assert [frame["n"] for frame in await early.heard_until(number)] == [1, 2, 3, 4, 5]
        assert [f["n"] for f in await late.heard_until(number)] == list(range(late.hello["n"] + 1, 6))

    play(scenario)


def test_more_than_can_be_read_one_by_one_is_told_as_the_newest_number(ana, bo, play, monkeypatch):
    monkeypatch.setattr(frames, "MAX_EVENTS", 10)
    monkeypatch.setattr(frames, "MAX_BURST", 20)

    async def scenario():
        page = await watching(bo)
        number = await act(publish_event, ana.account_id, count=25)
        assert await page.heard_until(number) == [{"n": number}]
        following = await act(publish_event, ana.account_id)
        assert [frame["n"] for frame in await page.heard_until(following)] == [26]

    play(scenario)


def test_a_burst_that_is_longer_than_one_reading_is_heard_whole(ana, bo, play):
    async def scenario():
        page = await watching(bo)
        number = await act(publish_event, ana.account_id, count=3 * frames.MAX_EVENTS + 50)
        heard = await page.heard_until(number)
        assert [frame["n"] for frame in heard] == list(range(page.hello["n"] + 1, number + 1))
        assert all("kind" in frame for frame in heard)

    play(scenario)


def kill_the_listener():
    """Ends the listener's connection as a restart of PostgreSQL or a firewall would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"
        )
        assert cursor.fetchall(), "nobody was listening"


def test_after_its_connection_was_killed_it_listens_again_and_what_was_missed_is_heard(session, ana, bo, play):
    async def scenario():
        page = await watching(bo)
        await act(kill_the_listener)
        await until(lambda: listener.state == "reconnecting", "the listener never noticed that its connection is gone")
        handoff = await act(hand_off, session, ana)
        number = await act(last_number, ana.account_id)
        heard = await page.heard_until(number)
        assert [frame["n"] for frame in heard] == list(range(page.hello["n"] + 1, number + 1))
        assert heard[-1]["handoff"] == str(handoff.pk)
        await until(lambda: listener.state == "listening", "it never listened again")
        following = await act(publish_event, ana.account_id)
        assert (await page.heard_until(following))[-1]["n"] == following

    play(scenario)


def test_a_connection_that_falls_silent_is_noticed_and_what_was_missed_is_heard(session, ana, bo, play, settings, monkeypatch):
    server = connection.settings_dict
    proxy = Proxy(f"{server['HOST']}/.s.PGSQL.{server['PORT'] or 5432}")
    settings.LISTEN_DATABASE_URL = f"postgresql://{server['USER']}@127.0.0.1:{proxy.port}/{server['NAME']}"
    for name, seconds in (("HEARTBEAT_EVERY", 0.2), ("HEARTBEAT_PATIENCE", 0.5), ("CONNECT_PATIENCE", 0.5)):
        monkeypatch.setattr(listener_module, name, seconds)

    async def scenario():
        page = await watching(bo)
        # Beats come back, one after the other, and news in between.
        await asyncio.sleep(1)
        assert listener.state == "listening"
        proxy.go_silent()
        await until(lambda: listener.state == "reconnecting", "a silent connection was never noticed")
        await act(hand_off, session, ana)
        number = await act(last_number, ana.account_id)
        proxy.cut()
        proxy.heal()
        assert (await page.heard_until(number))[-1]["n"] == number

    play(scenario)
    proxy.close()


def test_a_card_that_cannot_be_rendered_keeps_nobody_waiting(session, ana, bo, play, monkeypatch):
    def broken(*args, **kwargs):
        raise ValueError("no such filter")

    monkeypatch.setattr(frames, "render_to_string", broken)

    async def scenario():
        page = await watching(bo)
        await act(hand_off, session, ana)
        number = await act(publish_event, ana.account_id)
        heard = await page.heard_until(number)
        assert [frame["n"] for frame in heard] == list(range(page.hello["n"] + 1, number + 1))
        # The page is told to fetch what it could not be sent.
        assert any(frame.get("missed") for frame in heard)

    play(scenario)


def test_many_events_are_read_with_a_handful_of_queries(ana, bo, django_assert_max_num_queries):
    for _ in range(10):
        handoff = hand_off(make_session(ana), ana)
        sessions.post(handoff.session_id, by=ana, text="One more thing")
        claim(handoff.pk, by=bo)

    with django_assert_max_num_queries(8):
        newest, made = frames.frames_since(ana.account_id, 0)

    assert newest == len(made) >= 30


def test_the_count_is_the_servers_even_where_a_claim_came_before_the_card_was_read(ana, bo, dana, play):
    async def scenario():
        page, author = await watching(dana), await watching(ana)
        await act(hand_off, await act(make_session, ana), ana)

        def escalate_and_claim():
            with transaction.atomic():
                handoff = hand_off(make_session(ana), ana)
                claim(handoff.pk, by=bo)

        await act(escalate_and_claim)
        number = await act(last_number, ana.account_id)
        counts = [frame["open"] for frame in await page.heard_until(number) if "open" in frame]
        assert counts and counts[-1] == 1
        # Nobody counts their own.
        assert {frame["open"] for frame in await author.heard_until(number) if "open" in frame} == {0}

    play(scenario)


class Broken:
    """A socket of which everything fails."""

    def send_text(self, text):
        raise RuntimeError("the transport is gone")

    drop = send_text


def test_a_socket_that_fails_in_every_way_ends_nobody_elses_round(ana, bo, play, monkeypatch):
    async def scenario():
        page = await watching(bo)
        for unread in (0, hub_module.MAX_UNREAD_FRAMES):
            bad = hub_module.Watcher(Broken(), bo.pk, bo.account_id, bo.role, "no session", "none", unread=deque([0] * unread))
            hub.watchers[bo.account_id].add(bad)
        number = await act(publish_event, ana.account_id)
        assert (await page.heard_until(number))[-1]["n"] == number
        assert len(hub.everybody()) == 1

    play(scenario)


def test_presence_outlives_a_hiccup_of_the_database(handoff, bo, dana, play, monkeypatch):
    monkeypatch.setattr(endpoint, "PRESENCE_EVERY", 0.1)
    announce, failed = endpoint.announcements._answer, []

    def fails_once(payloads):
        if len(failed) < 2:
            failed.append(payloads)
            raise OperationalError("the connection is closed")
        return announce(payloads)

    monkeypatch.setattr(endpoint.announcements, "_answer", fails_once)

    async def scenario():
        other = await watching(dana)
        await watching(bo, f"?handoff={handoff.pk}")
        seen = await other.presence()
        assert [person["id"] for person in seen["people"]] == [bo.pk]
        assert len(failed) == 2

    play(scenario)


def test_a_dead_listener_does_not_undo_or_slow_a_claim(handoff, bo, signed_in, play, settings, client):
    settings.LISTEN_DATABASE_URL = "postgresql://nobody@127.0.0.1:1/nothing"

    async def scenario():
        listener.ensure()
        await until(lambda: listener.state == "reconnecting", "the listener found a database where there is none")
        assert (await act(client.get, "/readyz")).json()["listener"] == "reconnecting"
        browser = await act(signed_in, bo)
        answer = await act(browser.post, f"/handoffs/{handoff.pk}/claim/", headers={"Accept": "application/json"})
        assert answer.status_code == 200
        assert listener.state == "reconnecting", "the claim waited for the listener"

    play(scenario)
    assert SessionHandoff.objects.get(pk=handoff.pk).claimed_by == bo


def test_an_event_whose_row_is_gone_is_told_as_its_number(ana, bo, play):
    async def scenario():
        page = await watching(bo)

        def of_nothing():
            with transaction.atomic():
                return record(LaneChanged(account_id=ana.account_id, by_id=ana.pk, session=uuid.uuid4()))[-1].number

        number = await act(of_nothing)
        assert await page.heard_until(number) == [{"n": number}]

    play(scenario)


def test_nonsense_on_the_channels_is_ignored(ana, bo, play):
    def shout():
        with connection.cursor() as cursor:
            for channel in ("account_events", listener_module.PRESENCE_CHANNEL):
                for payload in ("", "{", "[]", "null", "{}", '{"account": "x"}', '{"account": 999999999, "number": 1}'):
                    cursor.execute("SELECT pg_notify(%s, %s)", [channel, payload])

    async def scenario():
        page = await watching(bo)
        await act(shout)
        number = await act(publish_event, ana.account_id)
        assert (await page.heard_until(number))[-1]["n"] == number
        assert listener.state == "listening"

    play(scenario)


OTHER_PROCESS = """
import sys, uuid
import pytest  # as a test run: the same embedded server, and no pool
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
import django
django.setup()
from accounts.models import User
from handoffs.opening import open_handoff
opened = open_handoff(uuid.UUID(sys.argv[2]), by=User.objects.get(pk=int(sys.argv[3])), needs="From a command")
print(opened.handoff.pk)
"""


@pytest.mark.slow
def test_news_from_another_process_is_heard(session, ana, bo, play):
    def escalate_elsewhere():
        done = subprocess.run(
            [sys.executable, "-c", OTHER_PROCESS, connection.settings_dict["NAME"], str(session.pk), str(ana.pk)],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=Path(__file__).resolve().parents[2],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "resolutionflow.settings"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    async def scenario():
        page = await watching(bo)
        handoff = await act(escalate_elsewhere)
        number = await act(last_number, ana.account_id)
        frame = (await page.heard_until(number))[-1]
        assert (frame["handoff"], frame["kind"]) == (handoff, "handoff_opened")
        assert "From a command" in frame["card"]

    play(scenario)


# --- rights, while a socket is open -------------------------------------------------------------------------------


def _deactivated(user, session):
    type(user).objects.filter(pk=user.pk).update(is_active=False)


def _made_viewer(user, session):
    type(user).objects.filter(pk=user.pk).update(role="viewer")


def _signed_out(user, session):
    SessionStore(session.session_key).delete()


def _new_password(user, session):
    user.set_password("AnotherPass456!")
    user.save()


def test_it_falls_silent_within_five_seconds():
    # Asking them takes no two seconds, and what a busy machine adds is not measured.
    assert listener_module.PERMISSIONS_EVERY <= 3


@pytest.mark.parametrize("loses", [_deactivated, _made_viewer, _signed_out, _new_password])
def test_whoever_loses_the_right_falls_silent(session, ana, bo, dana, play, loses, monkeypatch):
    monkeypatch.setattr(listener_module, "PERMISSIONS_EVERY", 0.2)

    async def scenario():
        his = await act(signed_in_session, bo)
        page, other = await watching(bo, session=his), await watching(dana)
        await act(loses, bo, his)
        assert await page.next() is None
        assert page.closed == 4401
        await act(hand_off, session, ana)
        number = await act(last_number, ana.account_id)
        assert "card" in (await other.heard_until(number))[-1]
        assert page.socket.output_queue.empty()

    play(scenario)


def test_whoever_keeps_the_right_is_left_alone(ana, bo, play, monkeypatch):
    monkeypatch.setattr(listener_module, "PERMISSIONS_EVERY", 0.02)
    asked = []

    def watch(execute, sql, params, many, context):
        if "django_session" in sql and "unnest" in sql:
            asked.append(sql)
        return execute(sql, params, many, context)

    async def scenario():
        pages = [await watching(bo) for _ in range(5)]
        await act(lambda: connection.execute_wrappers.append(watch))
        await until(lambda: len(asked) >= 3, "nobody asked for the rights")
        number = await act(publish_event, ana.account_id)
        for page in pages:
            assert (await page.heard_until(number))[-1]["n"] == number

    try:
        play(scenario)
    finally:
        connection.execute_wrappers.remove(watch)


def test_the_signed_out_are_accepted_and_then_told_to_stop_trying(play, db):
    async def scenario():
        page = await Page(None, None).open()
        assert await page.next() is None
        assert page.closed == 4401
        assert not hub.everybody()
        await page.socket.disconnect(timeout=LONG)

    play(scenario)


@pytest.mark.parametrize("who", ["inactive", "of no account"])
def test_the_inactive_and_staff_of_no_account_are_told_the_same(play, bo, who):
    if who == "inactive":
        bo.is_active = False
    else:
        bo.account = None
    bo.save()

    async def scenario():
        page = await Page(bo, await act(signed_in_session, bo)).open()
        assert await page.next() is None
        assert page.closed == 4401
        await page.socket.disconnect(timeout=LONG)

    play(scenario)


def test_a_socket_says_nothing_that_changes_anything(handoff, bo, play):
    async def scenario():
        page = await watching(bo)
        for text in ("claim", "{", json.dumps({"claim": str(handoff.pk)}), "x" * 100_000, '{"n":999}'):
            await page.socket.send_to(text_data=text)
        await page.socket.send_to(bytes_data=b"\x00\xff")
        number = await act(publish_event, bo.account_id)
        assert (await page.heard_until(number))[-1]["n"] == number

    play(scenario)
    assert SessionHandoff.objects.get(pk=handoff.pk).state == "open"


# --- who does not read --------------------------------------------------------------------------------------------


def unread_of(user):
    return next((len(watcher.unread) for watcher in hub.everybody() if watcher.user_id == user.pk), None)


def test_a_socket_that_never_answers_is_cut_while_the_others_go_on(ana, bo, vic, play, monkeypatch):
    monkeypatch.setattr(hub_module, "MAX_UNREAD_FRAMES", 20)

    async def scenario():
        reads, silent = await watching(bo), await watching(vic)
        heard = []
        for _ in range(30):
            number = await act(publish_event, ana.account_id)
            heard += await reads.heard_until(number)
            await until(lambda: unread_of(bo) == 0, "the page's answer never arrived")
        assert [frame["n"] for frame in heard] == list(range(1, 31))

        got = []
        while (frame := await silent.next()) is not None:
            got.append(frame["n"])
        # The hello is the twentieth that it left unanswered.
        assert got == list(range(1, 20))
        assert silent.closed == 4008
        assert unread_of(vic) is None
        assert unread_of(bo) == 0

    play(scenario)


def test_the_limits_leave_room_for_a_burst_and_hold_off_a_flood():
    assert 100 <= hub_module.MAX_UNREAD_FRAMES <= 1000
    assert hub_module.MAX_UNREAD_BYTES >= 10 * MAX_FRAME_BYTES
    assert MAX_FRAME_BYTES == 64 * 1024


# --- presence -----------------------------------------------------------------------------------------------------


def test_who_looks_at_a_handoff_appears_and_vanishes(handoff, bo, dana, play):
    async def scenario():
        other = await watching(dana)
        looking = await watching(bo, f"?handoff={handoff.pk}")
        assert await other.presence() == {"presence": str(handoff.pk), "people": [{"id": bo.pk, "name": "Bo Lindqvist"}]}
        late = await watching(dana)
        assert late.hello["looking"] == {str(handoff.pk): [{"id": bo.pk, "name": "Bo Lindqvist"}]}
        opened.remove(looking)
        await looking.socket.disconnect(timeout=LONG)
        assert await other.presence() == {"presence": str(handoff.pk), "people": []}

    play(scenario)
    assert not Event.objects.filter(kind__contains="presence").exists()


def test_one_of_two_pages_closed_leaves_the_person_there(handoff, bo, dana, play):
    async def scenario():
        other = await watching(dana)
        first, second = await watching(bo, f"?handoff={handoff.pk}"), await watching(bo, f"?handoff={handoff.pk}")
        assert len((await other.presence())["people"]) == 1
        opened.remove(first)
        await first.socket.disconnect(timeout=LONG)
        number = await act(publish_event, bo.account_id)
        while (frame := await other.next()).get("n") != number:
            assert frame.get("people"), "somebody vanished who is still there"
        opened.remove(second)
        await second.socket.disconnect(timeout=LONG)
        assert (await other.presence())["people"] == []

    play(scenario)


def test_who_was_not_heard_of_again_is_forgotten(handoff, bo, dana, play, monkeypatch):
    monkeypatch.setattr(listener_module, "PERMISSIONS_EVERY", 0.05)

    def shout():
        body = {"account": bo.account_id, "handoff": str(handoff.pk), "user": bo.pk, "name": "Bo Lindqvist", "here": True}
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [listener_module.PRESENCE_CHANNEL, json.dumps(body)])

    async def scenario():
        other = await watching(dana)
        await act(shout)
        assert len((await other.presence())["people"]) == 1
        monkeypatch.setattr(listener_module, "PRESENCE_TIMEOUT", 0)
        assert (await other.presence())["people"] == []

    play(scenario)


@pytest.mark.parametrize("asked", ["foreign", "parked", "nobody's", "not-an-id", "%00"])
def test_a_handoff_that_is_none_of_theirs_in_the_address_tells_nobody(handoff, ana, bo, eve, play, asked):
    parked = park(make_session(ana).pk, by=ana).handoff
    who = eve if asked == "foreign" else bo
    query = {"foreign": handoff.pk, "parked": parked.pk, "nobody's": uuid.uuid4()}.get(asked, asked)

    async def scenario():
        listening = [await watching(ana), await watching(eve)]
        page = await watching(who, f"?handoff={query}")
        assert page.hello["hello"]
        for other, account in zip(listening, (ana.account_id, eve.account_id), strict=True):
            number = await act(publish_event, account)
            while True:
                frame = await other.next()
                assert "presence" not in frame
                if frame["n"] == number:
                    break
        assert not any(hub.presence.values())

    play(scenario)


def test_presence_stays_inside_the_account(handoff, bo, eve, play):
    async def scenario():
        stranger = await watching(eve)
        await watching(bo, f"?handoff={handoff.pk}")
        await until(lambda: any(hub.presence.values()), "bo was never seen")
        late = await watching(eve)
        number = await act(publish_event, eve.account_id)
        assert late.hello["looking"] == {}
        while (frame := await stranger.next()).get("n") != number:
            raise AssertionError(f"a stranger heard {frame}")

    play(scenario)


# --- who may connect -----------------------------------------------------------------------------------------------------


def test_the_real_door_takes_the_cookie_and_refuses_a_foreign_page(bo, signed_in, play):
    from resolutionflow.asgi import application

    cookie = f"sessionid={signed_in(bo).cookies['sessionid'].value}".encode()

    async def scenario():
        foreign = WebsocketCommunicator(
            application, "/ws/escalations/", headers=[(b"cookie", cookie), (b"origin", b"https://evil.example")]
        )
        assert (await foreign.connect(timeout=LONG))[0] is False
        own = WebsocketCommunicator(application, "/ws/escalations/", headers=[(b"cookie", cookie), (b"origin", b"http://localhost")])
        assert (await own.connect(timeout=LONG))[0] is True
        assert (await own.receive_json_from(timeout=LONG))["hello"]
        await own.disconnect(timeout=LONG)

    play(scenario)


def test_the_listener_connects_to_the_same_database_as_the_writers():
    with psycopg.connect(**connection_info()) as heard:
        assert heard.execute("SELECT current_database()").fetchone()[0] == connection.settings_dict["NAME"]
