"""Who may read and write a session; what is not theirs is a 404."""

import uuid

import pytest
from django.http import Http404

from flowpilot import sessions
from flowpilot.access import get_readable, get_writable, may_read, may_write, readable_by
from flowpilot.models import AISession
from handoffs.claiming import claim
from handoffs.parking import park
from handoffs.releasing import release
from handoffs.withdrawing import withdraw
from tests.factories import AccountFactory, UserFactory, hand_off, make_session

STATUSES = ["active", "paused", "requesting_escalation", "resolved", "abandoned"]
ROLES = ["owner", "admin", "engineer", "viewer"]


def put(session, **columns):
    AISession.objects.filter(pk=session.pk).update(**columns)
    session.refresh_from_db()
    return session


def readers(session, people):
    return {person.get_short_name() for person in people if may_read(person, session.pk)}


# --- reading ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("role", ROLES)
def test_somebody_else_of_the_account_reads_as_their_role_and_the_status_say(session, role, status):
    put(session, status=status)
    somebody = UserFactory(account=session.account, role=role)

    expected = role in ("owner", "admin") or status == "requesting_escalation"
    assert may_read(somebody, session.pk) == expected
    assert (session in readable_by(somebody)) == expected


@pytest.mark.parametrize("status", STATUSES)
def test_its_opener_and_its_handler_always_read_it(session, ana, bo, dana, status):
    put(session, handler=bo, status=status)

    assert readers(session, [ana, bo]) == {"Ana", "Bo"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("status", STATUSES)
def test_nobody_of_another_account_reads_it(session, role, status):
    put(session, status=status)
    stranger = UserFactory(account=AccountFactory(), role=role)

    assert not may_read(stranger, session.pk)
    with pytest.raises(Http404):
        get_readable(stranger, session.pk)


def test_an_inactive_person_and_staff_of_no_account_read_nothing(session):
    put(session, status="requesting_escalation")

    assert not may_read(UserFactory(account=session.account, role="owner", is_active=False), session.pk)
    assert not may_read(UserFactory(account=None, is_staff=True, is_superuser=True), session.pk)
    assert not readable_by(UserFactory(account=None, role="owner")).exists()


def test_while_it_waits_every_member_reads_it_and_no_longer(handoff, ana, bo, dana, vic, lea):
    session = handoff.session
    everybody = [ana, bo, dana, vic, lea]
    waiting = readers(session, everybody)

    claim(handoff.pk, by=bo)

    assert waiting == {"Ana", "Bo", "Dana", "Vic", "Lea"}
    assert readers(session, everybody) == {"Ana", "Bo", "Lea"}


def test_whoever_ever_had_it_goes_on_reading_it(handoff, ana, bo, dana, vic, lea):
    """Bo claims and releases; Dana claims and hands over; Lea claims. All of them have handled it."""
    claim(handoff.pk, by=bo)
    release(handoff.pk, by=bo)
    claim(handoff.pk, by=dana)
    claim(hand_off(handoff.session, dana).pk, by=lea)

    fay = UserFactory(account=ana.account, name="Fay Late")
    assert readers(handoff.session, [ana, bo, dana, lea, vic, fay]) == {"Ana", "Bo", "Dana", "Lea"}


def test_a_resolved_session_is_still_read_by_who_worked_on_it(handoff, ana, bo, dana):
    claim(handoff.pk, by=bo)
    sessions.resolve(handoff.session_id, by=ana)

    assert readers(handoff.session, [ana, bo, dana]) == {"Ana", "Bo"}


def test_who_reads_it_twice_over_has_it_once_in_the_list(handoff, ana, bo):
    claim(handoff.pk, by=bo)
    release(handoff.pk, by=bo)
    claim(handoff.pk, by=bo)

    assert list(readable_by(bo)) == [handoff.session]
    assert list(readable_by(ana)) == [handoff.session]


def test_a_parked_session_is_read_by_who_has_it_and_the_leads(session, ana, bo, vic, lea, handoff):
    withdraw(handoff.pk, by=ana)
    park(session.pk, by=ana)

    assert readers(session, [ana, bo, vic, lea]) == {"Ana", "Lea"}


def test_a_demoted_admin_reads_as_what_they_are_now(session, lea):
    assert may_read(lea, session.pk)

    type(lea).objects.filter(pk=lea.pk).update(role="engineer")
    lea.refresh_from_db()

    assert not may_read(lea, session.pk)


# --- writing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_others_may_not_write_whatever_they_are(session, role):
    assert not may_write(UserFactory(account=session.account, role=role), session)


@pytest.mark.parametrize("role", ROLES)
def test_opener_and_handler_write_unless_they_are_viewers(session, role):
    opener, handler = (UserFactory(account=session.account, role=role) for _ in range(2))
    put(session, user=opener, handler=handler)

    assert may_write(opener, session) == may_write(handler, session) == (role != "viewer")


def test_an_opener_who_is_inactive_or_has_moved_away_does_not_write(session, ana):
    assert may_write(ana, session)

    ana.is_active = False
    inactive = may_write(ana, session)
    ana.is_active, ana.account = True, AccountFactory()

    assert not inactive
    assert not may_write(ana, session)


def test_a_former_handler_reads_and_does_not_write(handoff, bo, dana):
    claim(handoff.pk, by=bo)
    release(handoff.pk, by=bo)
    claim(handoff.pk, by=dana)

    assert get_readable(bo, handoff.session_id) == handoff.session
    with pytest.raises(Http404):
        get_writable(bo, handoff.session_id)


def test_getting_one_says_404_for_all_that_is_not_theirs(session, ana, bo, lea, vic, eve):
    assert get_readable(ana, session.pk) == get_writable(ana, session.pk) == session
    assert get_readable(lea, session.pk) == session

    for somebody, get in ((bo, get_readable), (vic, get_readable), (eve, get_readable), (lea, get_writable), (eve, get_writable)):
        with pytest.raises(Http404):
            get(somebody, session.pk)
    with pytest.raises(Http404):
        get_readable(ana, uuid.uuid4())


def test_reading_asks_one_query_however_many_there_are(ana, lea, django_assert_num_queries):
    for _ in range(3):
        make_session(ana)

    with django_assert_num_queries(1):
        assert len(readable_by(lea)) == 3
