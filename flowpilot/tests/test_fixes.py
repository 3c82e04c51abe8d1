"""The suggested fix: one is current, a new one supersedes it, and somebody tells what became of it."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Event
from assistant.results import NewFix, Reply
from flowpilot import fixes
from flowpilot.models import AISession, Fix
from flowpilot.replies import write_scripted
from tests.factories import make_session

WORDS = {
    "worked": "Delete the stored credentials: worked.",
    "failed": "Delete the stored credentials: did not work.",
    "partial": "Delete the stored credentials: worked in part.",
    "dismissed": "Delete the stored credentials: was not applied.",
}


@pytest.fixture
def fix(session):
    made = Reply(text="Try this", confidence=0.9, fix=NewFix(title="Delete the stored credentials"))
    write_scripted(session.pk, made, at=session.created_at)
    return Fix.objects.get(session=session)


def propose(session, title):
    write_scripted(session.pk, Reply(text="Then try that", confidence=0.9, fix=NewFix(title=title)), at=session.created_at)


def tell(fix, by, outcome, **more):
    return fixes.report_outcome(fix.session_id, fix.number, by=by, outcome=outcome, **more)


def unchanged(fix):
    return Fix.objects.get(pk=fix.pk).outcome == "proposed" and not Event.objects.filter(kind="fix_settled").exists()


# --- proposed and superseded --------------------------------------------------------------------------------------


def test_a_fix_begins_as_proposed_and_current_and_knows_the_reply_it_came_in(fix):
    assert (fix.outcome, fix.current, fix.is_settled) == ("proposed", True, False)
    assert (fix.proposed_in.kind, fix.proposed_in.text) == ("reply", "Try this")
    assert fix.number == 3


def test_a_new_fix_supersedes_the_old_which_keeps_its_outcome(fix, session, ana):
    tell(fix, ana, "failed")

    propose(session, "Repair Office")

    old, new = Fix.objects.filter(session=session).order_by("number")
    assert (old.outcome, old.current) == ("failed", False)
    assert (new.title, new.outcome, new.current) == ("Repair Office", "proposed", True)


def test_the_same_fix_is_not_proposed_twice(fix, session):
    propose(session, fix.title)

    assert Fix.objects.get(session=session) == fix
    assert Fix.objects.get(session=session).current


def test_the_database_keeps_one_current_fix_per_session(fix, session):
    with pytest.raises(IntegrityError, match="one_current_fix_per_session"), transaction.atomic():
        Fix.objects.create(session=session, number=99, title="Another")


# --- outcomes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", WORDS)
def test_an_outcome_is_told_on_the_card_and_on_the_timeline(fix, ana, outcome):
    told = tell(fix, ana, outcome, at=fix.created_at)

    assert (told.outcome, told.by, told.is_settled) == (outcome, ana, True)
    step = told.reported_in
    assert (step.kind, step.author, step.card, step.asked) == ("outcome", ana, fix.number, fix.title)
    assert step.text == WORDS[outcome]
    event = Event.objects.get(kind="fix_settled")
    assert (event.from_state, event.to_state, event.by) == ("proposed", outcome, ana)
    assert event.details == {"card": fix.number, "outcome": outcome, "begun_by": "person", "step": step.number}


def test_what_was_said_about_it_is_kept_on_the_timeline(fix, ana):
    told = tell(fix, ana, "partial", note="Mail works,\x00 calendars do not.")

    assert told.reported_in.text == "Delete the stored credentials: worked in part. Mail works, calendars do not."
    assert "calendars" not in str(Event.objects.get(kind="fix_settled").details)


def test_applied_says_why_it_cannot_be_verified_yet(fix, ana):
    told = tell(fix, ana, "applied", note="The user is at lunch.")

    assert (told.outcome, told.waiting_for, told.is_settled) == ("applied", "The user is at lunch.", False)
    assert told.reported_in.text == "Delete the stored credentials: applied, waiting to be verified. The user is at lunch."


@pytest.mark.parametrize("note", ["", "  ", "\x00"])
def test_applied_without_that_reason_is_refused(fix, ana, note):
    refused = tell(fix, ana, "applied", note=note)

    assert (refused.error, refused.detail) == ("invalid", "Enter why it can't be verified yet.")
    assert unchanged(fix)


def test_after_it_was_applied_it_is_settled_and_waits_for_nothing(fix, ana):
    tell(fix, ana, "applied", note="The user is at lunch.")

    told = tell(fix, ana, "worked")

    assert (told.outcome, told.waiting_for) == ("worked", "")
    assert [event.from_state for event in Event.objects.filter(kind="fix_settled").order_by("number")] == ["proposed", "applied"]


def test_a_long_reason_fits_the_card_and_stands_whole_on_the_timeline(fix, ana):
    told = tell(fix, ana, "applied", note="x" * 400)

    assert len(told.waiting_for) == 300
    assert "x" * 400 in told.reported_in.text
    assert tell(fix, ana, "applied", note="x" * 400).reported_in == told.reported_in


@pytest.mark.parametrize("outcome", ["", "fixed", "proposed"])
def test_a_word_that_is_no_outcome_is_refused(fix, ana, outcome):
    assert tell(fix, ana, outcome).error == "invalid"
    assert unchanged(fix)


def test_told_twice_is_told_once(fix, ana):
    first = tell(fix, ana, "worked")
    events = Event.objects.count()

    again = tell(fix, ana, "worked")

    assert again.reported_in == first.reported_in
    assert (Event.objects.count(), fix.session.steps.filter(kind="outcome").count()) == (events, 1)


@pytest.mark.django_db(transaction=True)
def test_two_who_tell_at_once_both_stand_on_the_timeline_and_the_last_word_counts(fix, ana, bo, second_waits_for_first):
    AISession.objects.filter(pk=fix.session_id).update(handler=bo)

    second_waits_for_first(lambda: tell(fix, ana, "worked"), lambda: tell(fix, bo, "failed"))

    fix.refresh_from_db()
    assert (fix.outcome, fix.by) == ("failed", bo)
    assert [event.from_state for event in Event.objects.filter(kind="fix_settled").order_by("number")] == ["proposed", "worked"]


@pytest.mark.django_db(transaction=True)
def test_a_double_click_tells_once(fix, ana, second_waits_for_first):
    second_waits_for_first(lambda: tell(fix, ana, "worked"), lambda: tell(fix, ana, "worked"))

    assert Event.objects.filter(kind="fix_settled").count() == 1
    assert fix.session.steps.filter(kind="outcome").count() == 1


def test_flowpilot_owes_a_reply_to_what_was_told(fix, ana):
    told = tell(fix, ana, "failed")

    assert AISession.objects.get(pk=fix.session_id).reply_requested_for == told.reported_in.number


def test_without_a_reply_it_owes_none(fix, ana):
    tell(fix, ana, "failed", reply=False)

    assert AISession.objects.get(pk=fix.session_id).reply_requested_for is None


# --- who, and when ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "error"), [("bo", "not_found"), ("lea", "not_found"), ("eve", "not_found"), ("vic", "not_allowed")])
def test_others_tell_nothing(fix, request, who, error):
    assert tell(fix, request.getfixturevalue(who), "worked").error == error
    assert unchanged(fix)


@pytest.mark.parametrize(("since", "error"), [({"role": "viewer"}, "not_allowed"), ({"is_active": False}, "inactive")])
def test_who_tells_is_judged_at_the_write(fix, ana, since, error):
    type(ana).objects.filter(pk=ana.pk).update(**since)

    assert tell(fix, ana, "worked").error == error
    assert unchanged(fix)


@pytest.mark.parametrize("status", ["paused", "resolved", "abandoned"])
def test_nothing_is_told_of_a_session_at_rest(fix, ana, status):
    AISession.objects.filter(pk=fix.session_id).update(status=status)

    assert tell(fix, ana, "worked").error == "session_changed"
    assert unchanged(fix)


def test_a_fix_that_is_not_in_this_session_is_not_found(fix, ana):
    other = make_session(ana)

    assert fixes.report_outcome(other.pk, fix.number, by=ana, outcome="worked").error == "not_found"
    assert fixes.report_outcome(fix.session_id, 2, by=ana, outcome="worked").error == "not_found"
    assert unchanged(fix)
