"""Who may open the socket: the verdict for many at once is the one that Django gives for each."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from channels.auth import get_user as get_user_for_channels
from django.conf import settings as our_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user, load_backend
from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import RequestFactory
from django.utils import timezone

from escalations.live import endpoint
from escalations.live.visitors import Knock, visitors_of
from escalations.tests.test_live import LONG, Page, act, hub, opened, play, publish_event, signed_in_session  # noqa: F401
from handoffs.parking import park
from tests.factories import UserFactory, make_session

pytestmark = pytest.mark.django_db


def session_of(user, **changed):
    """A session as signing in leaves it, with some values changed (None: missing)."""
    session = signed_in_session(user)
    for key, value in changed.items():
        if value is None:
            del session[key]
        else:
            session[key] = value
    session.save()
    return session.session_key


def _valid(bo):
    return session_of(bo)


def _second_backend(bo):
    return session_of(bo, **{BACKEND_SESSION_KEY: our_settings.AUTHENTICATION_BACKENDS[1]})


def _expired(bo):
    key = session_of(bo)
    Session.objects.filter(session_key=key).update(expire_date=timezone.now() - timedelta(seconds=1))
    return key


def _deleted(bo):
    key = session_of(bo)
    SessionStore(key).delete()
    return key


def _tampered(bo):
    key = session_of(bo)
    row = Session.objects.get(session_key=key)
    middle = len(row.session_data) // 2
    other = "A" if row.session_data[middle] != "A" else "B"
    Session.objects.filter(session_key=key).update(session_data=row.session_data[:middle] + other + row.session_data[middle + 1 :])
    return key


def _empty(bo):
    session = SessionStore()
    session.create()
    return session.session_key


def _new_password(bo):
    key = session_of(bo)
    bo.set_password("AnotherPass456!")
    bo.save()
    return key


def _no_hash(bo):
    return session_of(bo, **{HASH_SESSION_KEY: None})


def _empty_hash(bo):
    return session_of(bo, **{HASH_SESSION_KEY: ""})


def _inactive(bo):
    key = session_of(bo)
    bo.is_active = False
    bo.save()
    return key


def _unknown_backend(bo):
    return session_of(bo, **{BACKEND_SESSION_KEY: "django.contrib.auth.backends.RemoteUserBackend"})


def _no_backend(bo):
    return session_of(bo, **{BACKEND_SESSION_KEY: None})


def _nobody(bo):
    return session_of(bo, **{SESSION_KEY: "999999999"})


def _no_cookie(bo):
    return ""


def _short(bo):
    return "abc"


CASES = [
    _valid,
    _second_backend,
    _expired,
    _deleted,
    _tampered,
    _empty,
    _new_password,
    _no_hash,
    _empty_hash,
    _inactive,
    _unknown_backend,
    _no_backend,
    _nobody,
    _no_cookie,
    _short,
]


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_is_the_one_that_channels_and_django_give(case, bo, monkeypatch):
    monkeypatch.setattr("channels.db.close_old_connections", lambda: None)
    key = case(bo)
    request = RequestFactory().get("/")
    request.session = SessionStore(key)

    (visitor,) = visitors_of([Knock(key)])

    ours = visitor and visitor.user_id
    # The last two: they empty a session that they refuse.
    assert ours == async_to_sync(get_user_for_channels)({"session": SessionStore(key)}).pk
    assert ours == get_user(request).pk
    assert (ours == bo.pk) == (case in (_valid, _second_backend))


def test_a_session_from_before_the_key_was_changed_is_valid_as_on_pages(bo, settings):
    key = session_of(bo)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 60, [settings.SECRET_KEY]
    assert visitors_of([Knock(key)])[0].user_id == bo.pk
    settings.SECRET_KEY_FALLBACKS = []
    assert visitors_of([Knock(key)]) == [None]


def test_somebody_of_no_account_is_nobody_here(bo):
    bo.account = None
    bo.save()
    assert visitors_of([Knock(session_of(bo))]) == [None]


@pytest.mark.parametrize("key", ["\x00" * 32, "a\x00" + "b" * 30, "é" * 32, "x" * 100_000, "' OR 1=1 --", "٣" * 32])
def test_a_key_that_is_none_does_not_fail_the_others(key, bo):
    good = session_of(bo)
    assert [visitor and visitor.user_id for visitor in visitors_of([Knock(key), Knock(good)])] == [None, bo.pk]


def test_every_backend_finds_people_as_djangos_own_does():
    for path in our_settings.AUTHENTICATION_BACKENDS:
        backend = type(load_backend(path))
        assert backend.get_user is ModelBackend.get_user
        assert backend.user_can_authenticate is ModelBackend.user_can_authenticate


def test_each_gets_their_own_answer_in_three_queries(ana, bo, eve, handoff, django_assert_num_queries):
    parked = park(make_session(ana).pk, by=ana).handoff
    people = [ana, bo, eve, *UserFactory.create_batch(20, account=bo.account)]
    keys = {user.pk: session_of(user) for user in people}
    knocks = [Knock(keys[user.pk], handoff.pk) for user in people] + [Knock(keys[bo.pk], parked.pk), Knock("x" * 32, handoff.pk)]

    with django_assert_num_queries(3):
        answers = visitors_of(knocks)

    assert [visitor and visitor.user_id for visitor in answers] == [*(user.pk for user in people), bo.pk, None]
    assert {visitor.handoff for visitor in answers[:2]} == {str(handoff.pk)}
    # Of another account; parked.
    assert answers[2].handoff is None
    assert answers[-2].handoff is None
    assert answers[1].number > answers[2].number == 0
    assert (answers[1].name, answers[1].role, answers[1].password) == (str(bo), bo.role, bo.password)


@pytest.mark.django_db(transaction=True)
def test_pages_that_connect_at_once_are_asked_for_together(bo, play, monkeypatch):  # noqa: F811
    batches = []

    def counted(knocks):
        batches.append(len(knocks))
        return visitors_of(knocks)

    monkeypatch.setattr(endpoint.visitors, "_answer", counted)

    async def scenario():
        session = await act(signed_in_session, bo)
        pages = [Page(bo, session) for _ in range(60)]
        opened.extend(pages)
        for page in pages:
            await page.socket.send_input({"type": "websocket.connect"})
        for page in pages:
            assert (await page.socket.receive_output(timeout=LONG))["type"] == "websocket.accept"
            assert (await page.next())["hello"]
        assert len(hub.everybody()) == 60

    play(scenario)
    assert sum(batches) == 60
    assert len(batches) <= 5


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_closes_the_socket_so_that_the_page_tries_again(bo, play, monkeypatch):  # noqa: F811
    def away(knocks):
        raise OperationalError("the connection is closed")

    async def scenario():
        session = await act(signed_in_session, bo)
        answer = endpoint.visitors._answer
        endpoint.visitors._answer = away
        page = await Page(bo, session).open()
        opened.append(page)
        assert await page.next() is None
        assert page.closed == 4503
        endpoint.visitors._answer = answer
        again = await Page(bo, session).open()
        opened.append(again)
        assert (await again.next())["hello"]

    try:
        play(scenario)
    finally:
        endpoint.visitors._answer = visitors_of
