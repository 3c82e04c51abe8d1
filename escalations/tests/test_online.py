"""Who is online: people with an open page are recorded in batches, and a failure there affects nothing else."""

import threading
import time
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, connections, transaction
from django.db.backends.signals import connection_created
from django.utils import timezone
from structlog.testing import capture_logs

from accounts.models import User
from accounts.people import availability_of
from escalations.live import online as online_module
from escalations.live.hub import Hub, Watcher
from escalations.live.online import ROUND_EVERY, WRITE_EVERY, OnlineWriter
from escalations.tests.test_live import LONG, act, opened, play, publish_event, until, watching  # noqa: F401
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


class Closed:
    """A socket that nothing is said to."""

    def send_text(self, text):
        raise AssertionError("nothing is sent here")

    def drop(self, code):
        raise AssertionError("no socket is dropped here")


def watch(hub, user, times=1):
    for _ in range(times):
        hub.add(Watcher(Closed(), user.pk, user.account_id, user.role, "key", "password"), 0)


@pytest.fixture
def updates():
    """The statements that the thread of its own has sent."""
    sent = []

    def note(execute, sql, params, many, context):
        sent.append(sql)
        return execute(sql, params, many, context)

    def connected(sender, connection, **kwargs):
        if threading.current_thread().name.startswith("online") and note not in connection.execute_wrappers:
            connection.execute_wrappers.append(note)

    connection_created.connect(connected, weak=False, dispatch_uid="test")
    yield sent
    connection_created.disconnect(dispatch_uid="test")
    online_module._executor.submit(lambda: connection.execute_wrappers.clear()).result(LONG)


def last_here(user):
    return User.objects.values_list("last_here_at", flat=True).get(pk=user.pk)


# --- the rule -----------------------------------------------------------------------------------------------------


def test_whoever_opens_a_page_is_here(bo, ana, play, monkeypatch):  # noqa: F811
    monkeypatch.setattr(online_module, "ROUND_EVERY", 0.02)
    began = timezone.now()

    async def scenario():
        await watching(bo)
        deadline = time.monotonic() + LONG
        while not await act(last_here, bo):
            assert time.monotonic() < deadline, "bo opened a page and nobody wrote it down"

    play(scenario)
    assert began <= last_here(bo) <= timezone.now()
    assert availability_of(User.objects.get(pk=bo.pk)).online
    assert last_here(ana) is None


def test_whoever_stays_is_written_again_and_whoever_left_is_not(bo, dana, play, monkeypatch):  # noqa: F811
    monkeypatch.setattr(online_module, "ROUND_EVERY", 0.02)
    monkeypatch.setattr(online_module, "WRITE_EVERY", 0.1)

    async def later_than(user, moment):
        deadline = time.monotonic() + LONG
        while not (at := await act(last_here, user)) or (moment and at <= moment):
            assert time.monotonic() < deadline, f"{user} was not written"
        return at

    async def scenario():
        stays, leaves = await watching(bo), await watching(dana)
        for page in (stays, leaves):
            await later_than(page.user, None)
        opened.remove(leaves)
        await leaves.socket.disconnect(timeout=LONG)
        gone = await later_than(bo, await act(last_here, bo))
        await later_than(bo, gone)
        left_at = await act(last_here, dana)
        await later_than(bo, await later_than(bo, None))
        assert await act(last_here, dana) == left_at

    play(scenario)


def test_forty_seconds_after_the_last_word_they_are_away(bo):
    User.objects.filter(pk=bo.pk).update(last_here_at=timezone.now())
    bo.refresh_from_db()

    assert availability_of(bo, now=bo.last_here_at + timedelta(seconds=40)).online
    assert not availability_of(bo, now=bo.last_here_at + timedelta(seconds=41)).online


def test_what_is_written_is_often_enough_that_one_failure_is_borne():
    assert 2 * WRITE_EVERY + ROUND_EVERY < 40


# --- the cost -----------------------------------------------------------------------------------------------------


def test_a_thousand_sockets_are_one_update(acme, updates):
    people = UserFactory.create_batch(50, account=acme)
    hub = Hub()
    for person in people:
        watch(hub, person, times=20)

    async_to_sync(OnlineWriter(hub).write)()

    assert [sql.split(" SET ")[0] for sql in updates] == ['UPDATE "accounts_user"']
    assert "JOIN" not in updates[0]
    assert User.objects.filter(last_here_at=None).count() == 0


def test_nobody_connected_is_no_query_at_all(updates, db):
    writer = OnlineWriter(Hub())

    for _ in range(3):
        async_to_sync(writer.write)()

    assert updates == []


def test_between_two_rounds_only_newcomers_are_written(bo, dana, vic):
    hub = Hub()
    writer = OnlineWriter(hub)
    watch(hub, bo)
    assert writer.due(100.0) == {bo.pk}
    writer._written[bo.pk] = 100.0

    assert writer.due(101.0) == set()
    watch(hub, dana, times=3)
    assert writer.due(102.0) == {dana.pk}
    # Whoever walks from page to page was written a moment ago.
    watch(hub, bo)
    assert writer.due(103.0) == set()
    assert writer.due(100.0 + WRITE_EVERY) == {bo.pk, dana.pk}


def test_whoever_came_and_went_before_anybody_looked_is_left_out(bo, dana):
    hub = Hub()
    writer = OnlineWriter(hub)
    watch(hub, dana)
    writer.due(100.0)
    watch(hub, bo)
    for watcher in list(hub.watchers[bo.account_id]):
        if watcher.user_id == bo.pk:
            hub.remove(watcher)

    assert writer.due(101.0) == set()


def test_whoever_could_not_be_written_is_due_again_as_a_newcomer(bo):
    hub = Hub()
    writer = OnlineWriter(hub)
    watch(hub, bo)
    assert writer.due(100.0) == {bo.pk}

    watch(hub, bo)

    assert writer.due(101.0) == {bo.pk}


# --- what breaks --------------------------------------------------------------------------------------------------


def refuse_updates():
    """The database refuses the row's update with the word it uses while it shuts down."""
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE FUNCTION refuse_here() RETURNS trigger AS $$
            BEGIN RAISE EXCEPTION 'going down' USING ERRCODE = '57P01'; END $$ LANGUAGE plpgsql;
            CREATE TRIGGER refuse_here BEFORE UPDATE OF last_here_at ON accounts_user FOR EACH ROW EXECUTE FUNCTION refuse_here();
        """)


def allow_updates():
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER IF EXISTS refuse_here ON accounts_user; DROP FUNCTION IF EXISTS refuse_here()")


def test_a_database_that_refuses_is_logged_and_news_go_on_and_it_heals(bo, play, monkeypatch, updates):  # noqa: F811
    monkeypatch.setattr(online_module, "ROUND_EVERY", 0.02)
    monkeypatch.setattr(online_module, "WRITE_EVERY", 0.05)

    async def scenario():
        await act(refuse_updates)
        page = await watching(bo)
        await until(lambda: len(logged) >= 2, "the fault was not logged")
        number = await act(publish_event, bo.account_id)
        assert (await page.heard_until(number))[-1]["n"] == number
        assert await act(last_here, bo) is None
        await act(allow_updates)
        deadline = time.monotonic() + LONG
        while not await act(last_here, bo):
            assert time.monotonic() < deadline, "it never healed"

    try:
        with capture_logs() as logged:
            play(scenario)
    finally:
        allow_updates()
    said = {"event": "failed to write who is online", "log_level": "warning", "people": 1, "error": "OperationalError"}
    assert logged[0] == said


def test_a_row_that_somebody_holds_does_not_hold_up_the_news(bo, play, monkeypatch):  # noqa: F811
    monkeypatch.setattr(online_module, "ROUND_EVERY", 0.02)
    monkeypatch.setattr(online_module, "WRITE_EVERY", 0.05)
    held, release_row = threading.Event(), threading.Event()

    def hold():
        try:
            with transaction.atomic():
                User.objects.filter(pk=bo.pk).update(name="Bo")
                held.set()
                release_row.wait(2 * LONG)
        finally:
            connections.close_all()

    def somebody_waits():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%last_here_at%'"
            )
            return cursor.fetchone()[0]

    async def scenario():
        holder.start()
        assert held.wait(LONG)
        page = await watching(bo)
        deadline = time.monotonic() + LONG
        while not await act(somebody_waits):
            assert time.monotonic() < deadline, "nobody waited for the row"
        number = await act(publish_event, bo.account_id)
        assert (await page.heard_until(number))[-1]["n"] == number
        assert holder.is_alive(), "the event arrived only when the row was unlocked"

    holder = threading.Thread(target=hold)
    try:
        play(scenario)
    finally:
        release_row.set()
        holder.join(LONG)


def test_a_change_of_people_is_a_bare_number_to_everybody(bo, ana, lea, play):  # noqa: F811
    from accounts.people_admin import deactivate

    async def scenario():
        pages = [await watching(bo), await watching(lea)]
        await act(deactivate, ana.pk, by=lea)
        for page in pages:
            assert await page.heard_until(page.hello["n"] + 1) == [{"n": page.hello["n"] + 1}]

    play(scenario)
