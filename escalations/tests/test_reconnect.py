"""A page that connects says which event it knows, and hears what happened since: it fetches only where that is too much."""

import asyncio

import pytest

from accounts.models import EventCounter
from escalations.live import backlog as backlog_module
from escalations.live import endpoint
from escalations.live.hub import hub
from escalations.live.listener import listener
from escalations.tests.test_live import act, last_number, opened, play, publish_event, until, watching  # noqa: F401
from flowpilot import sessions
from handoffs.claiming import claim
from tests.factories import UserFactory, hand_off, make_session

pytestmark = pytest.mark.django_db(transaction=True)


def test_whoever_missed_nothing_fetches_nothing(ana, bo, play):  # noqa: F811
    number = publish_event(ana.account_id, count=3)

    async def scenario():
        page = await watching(bo, f"?n={number}")
        assert page.hello == {"hello": True, "n": number, "looking": {}}
        following = await act(publish_event, ana.account_id)
        assert [frame["n"] for frame in await page.heard_until(following)] == [following]

    play(scenario)


def test_what_was_missed_comes_with_the_hello(session, ana, bo, play):  # noqa: F811
    known = publish_event(ana.account_id)
    handoff = hand_off(session, ana)
    number = last_number(ana.account_id)

    async def scenario():
        page, author = await watching(bo, f"?n={known}"), await watching(ana, f"?n={known}")
        assert [event["n"] for event in page.hello["events"]] == list(range(known + 1, number + 1))
        arrived = next(event for event in page.hello["events"] if event.get("kind") == "handoff_opened")
        assert arrived["handoff"] == str(handoff.pk)
        assert session.title in arrived["card"]
        assert arrived["open"] == 1
        assert "missed" not in page.hello
        # Each hears it as they would have heard it then.
        assert not any("card" in event for event in author.hello["events"])
        following = await act(publish_event, ana.account_id)
        assert [frame["n"] for frame in await page.heard_until(following)] == [following]

    play(scenario)


def test_what_was_missed_is_heard_whole_only_by_those_who_may_read_it(handoff, ana, bo, vic, play):  # noqa: F811
    claim(handoff.pk, by=bo)
    known = last_number(ana.account_id)
    sessions.post(handoff.session_id, by=bo, text="On it", kind="note")
    number = last_number(ana.account_id)

    async def scenario():
        reader, other = await watching(ana, f"?n={known}"), await watching(vic, f"?n={known}")
        assert reader.hello["events"][-1]["kind"] == "session_stepped"
        assert other.hello["events"] == [{"n": n} for n in range(known + 1, number + 1)]

    play(scenario)


def test_a_page_that_was_away_for_too_long_fetches(ana, bo, play, monkeypatch):  # noqa: F811
    monkeypatch.setattr(backlog_module, "MAX_EVENTS", 10)
    number = publish_event(ana.account_id, count=25)

    async def scenario():
        endpoint._opened.clear()
        page = await watching(bo, "?n=3")
        assert (page.hello["n"], page.hello["missed"]) == (number, True)
        assert "events" not in page.hello
        assert 0 < page.hello["within"] <= 1
        following = await act(publish_event, ana.account_id)
        assert [frame["n"] for frame in await page.heard_until(following)] == [following]

    play(scenario)


def test_a_backlog_that_is_too_large_is_fetched(session, ana, bo, play, monkeypatch):  # noqa: F811
    monkeypatch.setattr(endpoint, "MAX_HELLO_BYTES", 500)
    hand_off(session, ana)

    async def scenario():
        page = await watching(bo, "?n=0")
        assert page.hello["missed"]
        assert "events" not in page.hello

    play(scenario)


def test_a_crowd_that_has_to_fetch_is_spread(ana, bo, play, monkeypatch):  # noqa: F811
    monkeypatch.setattr(backlog_module, "MAX_EVENTS", 10)
    publish_event(ana.account_id, count=25)

    async def scenario():
        endpoint._opened.clear()
        pages = [await watching(bo, "?n=3") for _ in range(30)]
        assert pages[0].hello["within"] < 0.2
        assert pages[-1].hello["within"] == 30 / endpoint.FETCHES_PER_SECOND

    play(scenario)


def test_a_number_that_this_database_never_gave_is_not_believed(ana, bo, play):  # noqa: F811
    number = publish_event(ana.account_id)

    async def scenario():
        page = await watching(bo, f"?n={number + 1000}")
        assert (page.hello["n"], page.hello["missed"]) == (number, True)

    play(scenario)


@pytest.mark.parametrize("query", ["", "?n=", "?n=-1", "?n=1e3", "?n=x", "?n=%00", "?n=" + "9" * 30, "?n=٣"])
def test_a_page_without_a_number_is_told_the_newest_and_compares(query, ana, bo, play):  # noqa: F811
    number = publish_event(ana.account_id)

    async def scenario():
        page = await watching(bo, query)
        assert page.hello == {"hello": True, "n": number, "looking": {}}

    play(scenario)


def test_a_page_that_is_ahead_of_this_process_keeps_its_number(ana, bo, dana, play):  # noqa: F811
    async def scenario():
        await watching(dana)
        number = await act(publish_event, ana.account_id, count=3)
        await until(lambda: hub.last[ana.account_id] == number, "the events were never delivered")
        # As if they were still being read.
        hub.last[ana.account_id] = number - 2
        page = await watching(bo, f"?n={number}")
        assert page.hello == {"hello": True, "n": number, "looking": {}}

    play(scenario)


def test_what_is_delivered_while_the_backlog_is_read_is_not_lost(ana, bo, dana, play, monkeypatch):  # noqa: F811
    read = backlog_module.backlog._read
    known = publish_event(ana.account_id, count=3)
    publish_event(ana.account_id, count=2)

    async def read_slowly(account_id, number):
        found = await read(account_id, number)
        if number == known:
            # The others have heard of these before this page is one of them.
            following = await act(publish_event, ana.account_id, count=2)
            await until(lambda: hub.sent[account_id] == following, "the events were never delivered")
        return found

    monkeypatch.setattr(backlog_module.backlog, "_read", read_slowly)

    async def scenario():
        await watching(dana)
        page = await watching(bo, f"?n={known}")
        number = await act(publish_event, ana.account_id)
        heard = [event["n"] for event in page.hello["events"]] + [frame["n"] for frame in await page.heard_until(number)]
        assert heard == list(range(known + 1, number + 1))

    play(scenario)


def test_a_crowd_that_missed_the_same_is_read_for_once(session, ana, play, monkeypatch):  # noqa: F811
    read, times = backlog_module.frames_since, []
    people = UserFactory.create_batch(20, account=ana.account)
    hand_off(session, ana)
    number = last_number(ana.account_id)

    def counted(account_id, number):
        times.append(number)
        return read(account_id, number)

    monkeypatch.setattr(backlog_module, "frames_since", counted)

    async def scenario():
        pages = await asyncio.gather(*[watching(user, "?n=0") for user in people])
        for page in pages:
            assert [event["n"] for event in page.hello["events"]] == list(range(1, number + 1))

    play(scenario)
    assert times == [0]


def test_a_backlog_that_could_not_be_read_is_read_again(ana, bo, play, monkeypatch):  # noqa: F811
    read, failed = backlog_module.frames_since, []
    number = publish_event(ana.account_id)

    def fails_once(account_id, known):
        if not failed:
            failed.append(known)
            raise endpoint.Error("the connection is closed")
        return read(account_id, known)

    monkeypatch.setattr(backlog_module, "frames_since", fails_once)

    async def scenario():
        refused = await watching(bo, "?n=0")
        assert (refused.hello, refused.closed) == (None, 4503)
        page = await watching(bo, "?n=0")
        assert [event["n"] for event in page.hello["events"]] == [number]

    play(scenario)


def test_after_a_restart_nobody_fetches_and_nothing_is_lost(session, ana, bo, play):  # noqa: F811
    async def before():
        page = await watching(bo)
        number = await act(publish_event, ana.account_id)
        await page.heard_until(number)

    play(before)
    known = last_number(ana.account_id)
    hand_off(session, ana)

    async def after():
        assert listener.state == "idle"
        page = await watching(bo, f"?n={known}")
        assert any("card" in event for event in page.hello["events"])
        number = await act(publish_event, ana.account_id)
        assert [frame["n"] for frame in await page.heard_until(number)] == [number]
        assert number == await act(lambda: EventCounter.objects.get(account=ana.account).last)

    play(after)


def test_the_handoff_that_is_shown_is_heard_beside_the_number(handoff, bo, dana, play):  # noqa: F811
    known = last_number(bo.account_id)

    async def scenario():
        other = await watching(dana)
        await watching(bo, f"?n={known}&handoff={handoff.pk}")
        assert [person["id"] for person in (await other.presence())["people"]] == [bo.pk]

    play(scenario)


def test_the_sessions_of_others_are_no_backlog(eve, ana, play):  # noqa: F811
    hand_off(make_session(ana), ana)

    async def scenario():
        page = await watching(eve, "?n=0")
        assert page.hello == {"hello": True, "n": 0, "looking": {}}

    play(scenario)
