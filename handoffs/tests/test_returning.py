"""Letting go: release to the queue, return to the opener, withdraw before anybody has claimed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Event
from flowpilot import sessions
from flowpilot.models import AISession, SessionHolder
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.releasing import release
from handoffs.returning import return_to_opener
from handoffs.withdrawing import withdraw
from tests.factories import UserFactory, hand_off

# The room above writes these rows inside our transaction; it is not imported from here.
Notification = apps.get_model("escalations", "Notification")


NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)


@pytest.fixture
def handoff(session, ana):
    return hand_off(session, ana, at=NINE)


@pytest.fixture
def claimed(handoff, bo):
    claim(handoff.pk, by=bo, begin="continue", at=NINE + timedelta(minutes=5))
    return SessionHandoff.objects.get(pk=handoff.pk)


@pytest.fixture
def staff(db):
    return UserFactory(name="Sam Staff", account=None, is_staff=True, is_superuser=True, role="viewer")


@pytest.fixture
def foreign_staff(eve):
    return UserFactory(name="Finn Foreign", account=eve.account, is_staff=True)


@pytest.fixture
def own_staff(ana):
    return UserFactory(name="Ola Own", account=ana.account, is_staff=True, role="viewer")


def session_of(handoff):
    return AISession.objects.get(pk=handoff.session_id)


def stands(handoff):
    """Everything that a verb here may change, for comparing."""
    return (
        SessionHandoff.objects.filter(pk=handoff.pk).values_list().get(),
        AISession.objects.filter(pk=handoff.session_id).values_list().get(),
        Event.objects.count(),
        Notification.objects.count(),
        list(SessionHolder.objects.values_list()),
    )


# --- release ------------------------------------------------------------------------------------------------------


def test_the_claimer_releases_it_to_the_queue(claimed, ana, bo, dana):
    released = release(claimed.pk, by=bo, note="I am called away.", at=TEN)

    assert (released.pk, released.state, released.claimed_by, released.claimed_at, released.begin) == (claimed.pk, "open", None, None, "")
    assert released.created_at == NINE
    session = session_of(claimed)
    assert (session.status, session.handler, session.user) == ("requesting_escalation", ana, ana)
    assert session.steps.last().text == "Bo released this to the queue: I am called away."
    assert list(SessionHandoff.objects.waiting()) == [released]
    assert not SessionHolder.objects.filter(session=session, until=None).exists()


def test_a_release_is_one_event_without_the_note_itself(claimed, bo):
    release(claimed.pk, by=bo, note="I am called away.", at=TEN)

    event = Event.objects.get(kind="handoff_released")
    assert (event.by, event.handoff, event.from_state, event.to_state, event.at) == (bo, claimed.pk, "claimed", "open", TEN)
    assert "called away" not in str(event.details)


@pytest.mark.parametrize("who", ["lea", "owner", "staff", "own_staff"])
def test_leads_and_staff_release_what_somebody_else_has_claimed(claimed, ana, request, who):
    somebody = UserFactory(account=ana.account, role="owner") if who == "owner" else request.getfixturevalue(who)

    released = release(claimed.pk, by=somebody, note="Bo is ill")

    assert released.state == "open"
    assert Event.objects.get(kind="handoff_released").by == somebody


@pytest.mark.parametrize(
    ("who", "error"),
    [("ana", "not_allowed"), ("dana", "not_allowed"), ("vic", "not_allowed"), ("eve", "not_found"), ("foreign_staff", "not_found")],
)
def test_nobody_else_releases(claimed, request, who, error):
    before = stands(claimed)

    assert release(claimed.pk, by=request.getfixturevalue(who)).error == error
    assert stands(claimed) == before


@pytest.mark.parametrize(
    ("who", "since", "error"),
    [
        ("bo", {"role": "viewer"}, "not_allowed"),
        ("bo", {"is_active": False}, "inactive"),
        ("lea", {"role": "engineer"}, "not_allowed"),
        ("lea", {"is_active": False}, "inactive"),
        ("staff", {"is_superuser": False}, "not_found"),
        ("staff", {"is_active": False}, "inactive"),
    ],
)
def test_who_releases_is_judged_at_the_write(claimed, request, who, since, error):
    somebody = request.getfixturevalue(who)
    type(somebody).objects.filter(pk=somebody.pk).update(**since)

    assert release(claimed.pk, by=somebody).error == error
    assert SessionHandoff.objects.get(pk=claimed.pk).state == "claimed"


def test_it_can_be_claimed_again_by_anyone_but_its_author(claimed, ana, bo, dana):
    release(claimed.pk, by=bo)

    assert claim(claimed.pk, by=ana).error == "own_handoff"
    assert claim(claimed.pk, by=dana).handoff.claimed_by == dana
    assert session_of(claimed).handler == dana


def test_who_released_it_may_claim_it_again_and_begin_anew(claimed, bo):
    release(claimed.pk, by=bo)

    again = claim(claimed.pk, by=bo, begin="own", at=TEN)

    assert (again.again, again.handoff.begin, again.handoff.claimed_at) == (False, "own", TEN)


@pytest.mark.parametrize("who", ["bo", "lea", "staff"])
def test_released_twice_is_released_once(claimed, request, who):
    somebody = request.getfixturevalue(who)
    release(claimed.pk, by=somebody, note="First")
    before = stands(claimed)

    again = release(claimed.pk, by=somebody, note="Second")

    assert stands(claimed) == before
    assert isinstance(again, SessionHandoff), again


def test_a_resolved_session_is_not_released(claimed, bo):
    sessions.resolve(claimed.session_id, by=bo)
    before = stands(claimed)

    refused = release(claimed.pk, by=bo)

    assert (refused.error, refused.status) == ("session_changed", 409)
    assert stands(claimed) == before


def test_what_has_ended_is_not_released(handoff, ana, lea):
    withdraw(handoff.pk, by=ana)

    assert release(handoff.pk, by=lea).error == "withdrawn"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_release_at_once_one_does(claimed, bo, lea, second_waits_for_first):
    released, refused = second_waits_for_first(lambda: release(claimed.pk, by=bo), lambda: release(claimed.pk, by=lea))

    assert released.state == "open"
    assert getattr(refused, "error", "session_changed") == "session_changed"
    assert Event.objects.filter(kind="handoff_released").count() == 1


# --- return -------------------------------------------------------------------------------------------------------


def test_the_claimer_returns_it_to_the_opener_with_instructions(claimed, ana, bo):
    returned = return_to_opener(claimed.pk, by=bo, note="Delete them, then sign in again.", at=TEN)

    assert (returned.state, returned.claimed_by, returned.ended_at) == ("returned", bo, TEN)
    assert returned.ended_note == "Delete them, then sign in again."
    session = session_of(claimed)
    assert (session.status, session.handler) == ("active", ana)
    assert SessionHolder.objects.get(session=session, until=None).user == ana
    line, instructions = list(session.steps.order_by("number"))[-2:]
    assert (line.kind, line.text) == ("system", "Bo returned this to Ana")
    assert (instructions.kind, instructions.author, instructions.text) == ("note", bo, "Delete them, then sign in again.")


def test_the_opener_and_only_the_opener_is_told(claimed, ana, bo, dana, lea):
    before = set(Notification.objects.values_list("pk", flat=True))

    return_to_opener(claimed.pk, by=bo, note="Delete them.")

    (row,) = Notification.objects.exclude(pk__in=before)
    assert (row.user, row.kind) == (ana, "handoff_returned")
    assert row.title == "Bo Lindqvist returned it · #48219: Outlook asks for the password again and again"


def test_there_is_nothing_to_claim_after_a_return(claimed, bo, dana, lea):
    return_to_opener(claimed.pk, by=bo, note="Delete them.")

    late = claim(claimed.pk, by=dana)

    assert (late.error, late.status, late.detail) == ("returned", 410, "It was returned to Ana Reyes.")
    assert not SessionHandoff.objects.waiting().exists()


def test_it_goes_back_to_the_opener_not_to_whoever_handed_it_on(claimed, ana, bo, dana):
    handed_on = hand_off(claimed.session, bo)
    claim(handed_on.pk, by=dana)

    return_to_opener(handed_on.pk, by=dana, note="Ask the client first.")

    assert session_of(claimed).handler == ana


@pytest.mark.parametrize("note", ["", "  ", "\x00"])
def test_a_return_without_instructions_is_refused(claimed, bo, note):
    before = stands(claimed)

    refused = return_to_opener(claimed.pk, by=bo, note=note)

    assert (refused.status, list(refused.extra["fields"])) == (422, ["note"])
    assert stands(claimed) == before


@pytest.mark.parametrize("since", [{"is_active": False}, {"role": "viewer"}])
def test_nothing_is_returned_to_who_cannot_work_any_more(claimed, ana, bo, since):
    type(ana).objects.filter(pk=ana.pk).update(**since)
    before = stands(claimed)

    refused = return_to_opener(claimed.pk, by=bo, note="Delete them.")

    assert (refused.error, refused.status) == ("session_changed", 409)
    assert "Ana Reyes" in refused.detail
    assert stands(claimed) == before


def test_nothing_is_returned_to_oneself(claimed, ana, bo):
    handed_on = hand_off(claimed.session, bo)
    claim(handed_on.pk, by=ana)

    refused = return_to_opener(handed_on.pk, by=ana, note="Delete them.")

    assert (refused.error, refused.status) == ("session_changed", 409)
    assert SessionHandoff.objects.get(pk=handed_on.pk).state == "claimed"


@pytest.mark.parametrize(
    ("who", "error"),
    [("ana", "already_claimed"), ("dana", "already_claimed"), ("lea", "already_claimed"), ("vic", "not_allowed"), ("eve", "not_found")],
)
def test_only_the_claimer_returns(claimed, request, who, error):
    before = stands(claimed)

    assert return_to_opener(claimed.pk, by=request.getfixturevalue(who), note="Delete them.").error == error
    assert stands(claimed) == before


def test_what_nobody_claimed_is_not_returned(handoff, bo):
    assert return_to_opener(handoff.pk, by=bo, note="Delete them.").error == "not_allowed"


@pytest.mark.parametrize(("since", "error"), [({"role": "viewer"}, "not_allowed"), ({"is_active": False}, "inactive")])
def test_who_returns_is_judged_at_the_write(claimed, bo, since, error):
    type(bo).objects.filter(pk=bo.pk).update(**since)

    assert return_to_opener(claimed.pk, by=bo, note="Delete them.").error == error
    assert session_of(claimed).handler == bo


def test_returned_twice_is_returned_once(claimed, bo):
    return_to_opener(claimed.pk, by=bo, note="Delete them.")
    before = stands(claimed)

    again = return_to_opener(claimed.pk, by=bo, note="Something else.")

    assert again.ended_note == "Delete them."
    assert stands(claimed) == before


@pytest.mark.django_db(transaction=True)
def test_a_return_that_meets_a_release_waits_and_is_refused(claimed, bo, lea, second_waits_for_first):
    released, refused = second_waits_for_first(
        lambda: release(claimed.pk, by=lea), lambda: return_to_opener(claimed.pk, by=bo, note="Delete them.")
    )

    assert released.state == "open"
    assert refused.error == "session_changed"
    assert SessionHandoff.objects.get(pk=claimed.pk).state == "open"
    assert not Notification.objects.filter(kind="handoff_returned").exists()


@pytest.mark.django_db(transaction=True)
def test_a_return_that_meets_the_sessions_end_changes_nothing(claimed, ana, bo, second_waits_for_first):
    resolved, refused = second_waits_for_first(
        lambda: sessions.resolve(claimed.session_id, by=ana), lambda: return_to_opener(claimed.pk, by=bo, note="Delete them.")
    )

    assert resolved.status == "resolved"
    assert refused.error == "session_changed"
    assert SessionHandoff.objects.get(pk=claimed.pk).state == "claimed"


# --- withdraw -----------------------------------------------------------------------------------------------------


def test_the_author_withdraws_and_goes_on(handoff, ana, bo):
    withdrawn = withdraw(handoff.pk, by=ana, note="Found it myself.", at=TEN)

    assert (withdrawn.state, withdrawn.ended_at, withdrawn.ended_note) == ("withdrawn", TEN, "Found it myself.")
    session = session_of(handoff)
    assert (session.status, session.status_reason, session.handler) == ("active", "", ana)
    assert session.steps.last().text == "Ana withdrew the escalation: Found it myself."
    assert SessionHolder.objects.get(session=session, until=None).user == ana
    assert not SessionHandoff.objects.waiting().exists()


@pytest.mark.parametrize("role", ["admin", "owner"])
def test_an_admin_or_owner_withdraws_and_the_author_goes_on(handoff, ana, role):
    lead = UserFactory(account=ana.account, role=role, name="Max Lead")

    withdraw(handoff.pk, by=lead)

    session = session_of(handoff)
    assert (session.status, session.handler) == ("active", ana)
    assert session.steps.last().text == "Max withdrew the escalation"
    assert Event.objects.get(kind="handoff_withdrawn").by == lead


def test_what_was_handed_on_and_withdrawn_stays_with_whoever_handed_it_on(claimed, ana, bo):
    handed_on = hand_off(claimed.session, bo)

    withdraw(handed_on.pk, by=bo)

    assert session_of(claimed).handler == bo
    assert sessions.post(claimed.session_id, by=bo, text="On I go", kind="note").author == bo


@pytest.mark.parametrize(("who", "error"), [("bo", "not_allowed"), ("vic", "not_allowed"), ("eve", "not_found")])
def test_nobody_else_withdraws(handoff, request, who, error):
    before = stands(handoff)

    assert withdraw(handoff.pk, by=request.getfixturevalue(who)).error == error
    assert stands(handoff) == before


@pytest.mark.parametrize(("since", "error"), [({"role": "viewer"}, "not_allowed"), ({"is_active": False}, "inactive")])
def test_who_withdraws_is_judged_at_the_write(handoff, ana, since, error):
    type(ana).objects.filter(pk=ana.pk).update(**since)

    assert withdraw(handoff.pk, by=ana).error == error
    assert SessionHandoff.objects.get(pk=handoff.pk).state == "open"


def test_what_is_claimed_is_not_withdrawn(claimed, ana, lea):
    refused = withdraw(claimed.pk, by=ana)

    assert (refused.error, refused.extra["claimed_by"]["name"]) == ("already_claimed", "Bo Lindqvist")
    assert withdraw(claimed.pk, by=lea).error == "already_claimed"


def test_what_was_returned_is_not_withdrawn(claimed, ana, bo):
    return_to_opener(claimed.pk, by=bo, note="Delete them.")

    assert withdraw(claimed.pk, by=ana).error == "returned"


def test_withdrawn_twice_is_withdrawn_once(handoff, ana):
    withdraw(handoff.pk, by=ana)
    before = stands(handoff)

    again = withdraw(handoff.pk, by=ana, note="Again")

    assert again.state == "withdrawn"
    assert stands(handoff) == before


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_that_meets_a_claim_waits_and_reads_who_has_it(handoff, ana, bo, second_waits_for_first):
    won, refused = second_waits_for_first(lambda: claim(handoff.pk, by=bo), lambda: withdraw(handoff.pk, by=ana))

    assert won.handoff.claimed_by == bo
    assert (refused.error, refused.extra["claimed_by"]["id"]) == ("already_claimed", bo.pk)
    assert (SessionHandoff.objects.get(pk=handoff.pk).state, session_of(handoff).handler) == ("claimed", bo)
    assert not Event.objects.filter(kind="handoff_withdrawn").exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_withdraw_at_once_one_does(handoff, ana, lea, second_waits_for_first):
    withdrawn, late = second_waits_for_first(lambda: withdraw(handoff.pk, by=ana), lambda: withdraw(handoff.pk, by=lea))

    assert withdrawn.state == "withdrawn"
    assert getattr(late, "error", "withdrawn") == "withdrawn"
    assert SessionHandoff.objects.get(pk=handoff.pk).state == "withdrawn"
    assert Event.objects.filter(kind="handoff_withdrawn").count() == 1


# --- all three ----------------------------------------------------------------------------------------------------


def test_updates_name_their_own_columns_only(session, ana, bo):
    with CaptureQueriesContext(connection) as captured:
        handoff = hand_off(session, ana)
        claim(handoff.pk, by=bo)
        release(handoff.pk, by=bo)
        claim(handoff.pk, by=bo)
        return_to_opener(handoff.pk, by=bo, note="Delete them.")
        withdraw(hand_off(session, ana).pk, by=ana)

    updates = [q["sql"] for q in captured if q["sql"].startswith("UPDATE")]
    states = [sql for sql in updates if sql.startswith('UPDATE "handoffs_sessionhandoff" SET "state"')]
    # The two claims are tested in test_claim.py.
    assert len(states) == 3
    assert all('"state" =' in sql.split("WHERE")[1] and '"account_id" =' in sql.split("WHERE")[1] for sql in states)
    assert not [sql for sql in updates if " JOIN " in sql or "SELECT" in sql]
    assert not [q for q in captured if "FOR UPDATE" in q["sql"]]


def test_every_note_is_cleaned_before_it_is_kept(handoff, ana, bo):
    claim(handoff.pk, by=bo)

    return_to_opener(handoff.pk, by=bo, note=" Delete\x00 them\r\nall ")

    assert SessionHandoff.objects.get(pk=handoff.pk).ended_note == "Delete them\nall"
    assert handoff.session.steps.last().text == "Delete them\nall"
