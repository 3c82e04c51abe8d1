"""The bell: rows that commit together with what they tell, for the right people, with the right words."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from accounts.models import Event
from escalations.models import Notification
from flowpilot import sessions
from handoffs.claiming import claim
from handoffs.opening import open_handoff
from handoffs.parking import park
from handoffs.releasing import release
from handoffs.returning import return_to_opener
from handoffs.withdrawing import withdraw
from tests.factories import UserFactory, hand_off, make_session, tables_written

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def rung(kind="handoff_opened"):
    return {note.user for note in Notification.objects.filter(kind=kind)}


# --- who ----------------------------------------------------------------------------------------------------------


def test_who_may_claim_is_told_and_nobody_else(session, ana, bo, dana, lea, vic, eve):
    owner = UserFactory(account=ana.account, role="owner")
    UserFactory(account=ana.account, is_active=False)
    UserFactory(account=ana.account, role="admin", is_active=False)
    UserFactory(account=None, is_staff=True, is_superuser=True)

    hand_off(session, ana)

    assert rung() == {bo, dana, lea, owner}
    assert Notification.objects.count() == 4


def test_who_hands_on_is_not_told_and_the_opener_is(handoff, ana, bo, dana):
    claim(handoff.pk, by=bo)
    Notification.objects.all().delete()

    hand_off(handoff.session, bo)

    assert rung() == {ana, dana}


def test_alone_in_an_account_nobody_is_told(eve):
    hand_off(make_session(eve), eve)

    assert not Notification.objects.exists()


def test_a_return_tells_the_opener_alone(handoff, ana, bo, dana, lea):
    claim(handoff.pk, by=bo)

    return_to_opener(handoff.pk, by=bo, note="Delete them.")

    assert rung("handoff_returned") == {ana}


@pytest.mark.parametrize("act", ["park", "claim", "release", "withdraw", "resolve"])
def test_nothing_else_rings(ana, bo, lea, handoff, act):
    if act in ("release", "resolve"):
        claim(handoff.pk, by=bo)
    before = Notification.objects.count()

    match act:
        case "park":
            withdraw(handoff.pk, by=ana)
            park(handoff.session_id, by=ana, needs="Lunch")
        case "claim":
            claim(handoff.pk, by=bo)
        case "release":
            release(handoff.pk, by=bo, note="Called away")
        case "withdraw":
            withdraw(handoff.pk, by=ana)
        case "resolve":
            sessions.resolve(handoff.session_id, by=bo)

    assert Notification.objects.count() == before


# --- with which words ---------------------------------------------------------------------------------------------


def test_the_title_says_who_which_ticket_and_what(session, ana, bo):
    handoff = hand_off(session, ana, at=NINE)

    row = Notification.objects.get(user=bo)
    assert row.title == "Ana Reyes · #48219: Outlook asks for the password again and again"
    assert (row.handoff, row.account, row.created_at, row.read_at) == (handoff, ana.account, NINE, None)


def test_without_a_ticket_there_is_no_number(ana, bo):
    hand_off(make_session(ana, ticket=""), ana)

    assert Notification.objects.get(user=bo).title == "Ana Reyes · Outlook asks for the password again and again"


@pytest.mark.parametrize(("length", "shown"), [(69, 69), (70, 70), (71, 70), (200, 70)])
def test_the_problem_is_seventy_characters_at_most(ana, bo, length, shown):
    hand_off(make_session(ana, title="x" * length), ana)

    problem = Notification.objects.get(user=bo).title.split(": ", 1)[1]

    assert len(problem) == shown
    assert problem.endswith("…") == (length > 70)


def test_the_longest_title_fits(bo, ana):
    type(ana).objects.filter(pk=ana.pk).update(name="N" * 120)
    session = make_session(ana, title="t" * 200, ticket="9" * 60)
    handoff = hand_off(session, ana)
    claim(handoff.pk, by=bo)
    type(bo).objects.filter(pk=bo.pk).update(name="B" * 120)

    returned = return_to_opener(handoff.pk, by=bo, note="Delete them.")

    assert returned.state == "returned"
    assert len(Notification.objects.get(kind="handoff_returned").title) <= 300


def test_a_return_says_who_returned_it(handoff, bo):
    claim(handoff.pk, by=bo)

    return_to_opener(handoff.pk, by=bo, note="Delete them.")

    assert Notification.objects.get(kind="handoff_returned").title == (
        "Bo Lindqvist returned it · #48219: Outlook asks for the password again and again"
    )


def test_the_title_holds_nothing_of_what_is_needed(session, ana, bo):
    hand_off(session, ana, needs="The password is hunter2")

    assert "hunter2" not in Notification.objects.get(user=bo).title


# --- together or not at all ---------------------------------------------------------------------------------------


def test_a_handoff_that_is_rolled_back_never_rang(session, ana, bo):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        hand_off(session, ana)
        assert Notification.objects.exists()
        raise ZeroDivisionError

    assert not Notification.objects.exists()


def test_pressed_again_it_does_not_ring_again(ana, bo, handoff):
    open_handoff(handoff.session_id, by=ana, needs="Again")

    assert Notification.objects.filter(user=bo).count() == 1


def test_bell_rows_are_written_before_the_counter_is_taken(session, ana, bo):
    """Nothing slow stands between counter and commit: every account waits on its counter."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        hand_off(session, ana)

    tables = tables_written(captured, with_inserts=True)
    assert tables.index("escalations_notification") < tables.index("accounts_eventcounter")
    assert Event.objects.filter(kind="handoff_opened").count() == 1
