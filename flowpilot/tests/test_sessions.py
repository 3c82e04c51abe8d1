"""A session's own life: opened, written to, resolved, given up, reopened; steps counted from 1 without gaps."""

import uuid
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import Event
from flowpilot import sessions, steps
from flowpilot.models import AISession, Fix, SessionHolder
from flowpilot.steps import NewStep
from handoffs.claiming import claim
from tests.factories import AccountFactory, UserFactory, make_session

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def fix(session):
    AISession.objects.filter(pk=session.pk).update(card_count=3)
    return Fix.objects.create(session=session, number=3, title="Delete the stored credentials")


def now(session):
    return AISession.objects.get(pk=session.pk)


def jobs(name, session):
    return ProcrastinateJob.objects.filter(task_name=f"flowpilot.{name}", args__session_id=str(session.pk)).count()


def put(session, **columns):
    AISession.objects.filter(pk=session.pk).update(**columns)


# --- intake -------------------------------------------------------------------------------------------------------


def test_intake_opens_a_session_with_what_was_said(ana):
    opened = sessions.open_session(by=ana, text="Outlook asks for the password.", client="Northgate", ticket="#48219", priority=3, at=NINE)

    assert (opened.user, opened.handler, opened.account, opened.status) == (ana, ana, ana.account, "active")
    assert (opened.title, opened.client, opened.ticket, opened.priority) == ("Outlook asks for the password.", "Northgate", "48219", 3)
    (step,) = opened.steps.all()
    assert (step.number, step.kind, step.author, step.at) == (1, "message", ana, NINE)
    assert SessionHolder.objects.get(session=opened).user == ana


def test_a_pasted_log_is_a_step_of_its_own(ana):
    opened = sessions.open_session(by=ana, text="It crashes", log="0x8004010F\r\nend")

    assert [step.text for step in opened.steps.all()] == ["It crashes", "Pasted log:\n0x8004010F\nend"]
    assert [step.number for step in opened.steps.all()] == [1, 2]


def test_a_log_alone_is_enough(ana):
    opened = sessions.open_session(by=ana, text="", log="0x8004010F")

    assert (opened.title, opened.step_count) == ("0x8004010F", 1)


@pytest.mark.parametrize("text", ["", "   ", "\x00"])
def test_nothing_said_opens_nothing(ana, text):
    refused = sessions.open_session(by=ana, text=text)

    assert (refused.error, refused.status) == ("invalid", 422)
    assert not AISession.objects.exists()


def test_a_long_first_line_is_shortened_to_a_title_at_a_word(ana):
    opened = sessions.open_session(by=ana, text="word " * 100)

    assert len(opened.title) <= 120
    assert opened.title.endswith("word …")


def test_intake_owes_a_reply_and_tells_that_it_happened(ana):
    opened = sessions.open_session(by=ana, text="It crashes", log="0x8004010F", at=NINE)

    assert (opened.reply_requested_for, opened.reply_requested_at) == (2, NINE)
    assert jobs("reply", opened) == 1
    assert [event.kind for event in Event.objects.order_by("number")] == ["session_opened", "session_stepped"]
    assert Event.objects.get(kind="session_stepped").details == {"first": 1, "last": 2, "kinds": ["message"], "begun_by": "person"}


def test_an_intake_that_is_rolled_back_leaves_no_job(ana):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        opened = sessions.open_session(by=ana, text="It crashes")
        assert jobs("reply", opened) == 1
        raise ZeroDivisionError

    assert jobs("reply", opened) == 0
    assert not AISession.objects.exists()


def test_who_opens_one(ana, vic):
    staff = UserFactory(account=None, is_staff=True, is_superuser=True)
    type(ana).objects.filter(pk=ana.pk).update(is_active=False)

    assert sessions.open_session(by=vic, text="It crashes").error == "not_allowed"
    assert sessions.open_session(by=ana, text="It crashes").error == "inactive"
    assert sessions.open_session(by=staff, text="It crashes").error == "not_allowed"


# --- steps --------------------------------------------------------------------------------------------------------


def test_steps_count_from_one_without_gaps(ana):
    opened = sessions.open_session(by=ana, text="It crashes", reply=False)

    for number in range(4):
        sessions.post(opened.pk, by=ana, text=f"Line {number}", kind="note")
    assert sessions.post(opened.pk, by=ana, text="  ").error == "invalid"
    sessions.post(opened.pk, by=ana, text="Last", reply=False)

    assert [step.number for step in opened.steps.all()] == [1, 2, 3, 4, 5, 6]
    assert now(opened).step_count == 6


def test_a_rollback_leaves_no_gap(session, ana):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        sessions.post(session.pk, by=ana, text="Lost", kind="note")
        raise ZeroDivisionError

    assert sessions.post(session.pk, by=ana, text="Kept", kind="note").number == 4


@pytest.mark.django_db(transaction=True)
def test_two_who_write_at_once_get_two_numbers(session, ana, bo, second_waits_for_first):
    put(session, handler=bo)

    first, second = second_waits_for_first(
        lambda: sessions.post(session.pk, by=ana, text="From Ana", kind="note"),
        lambda: sessions.post(session.pk, by=bo, text="From Bo", kind="note"),
    )

    assert (first.number, second.number) == (4, 5)
    assert [step.text for step in session.steps.all()][3:] == ["From Ana", "From Bo"]


def test_what_postgresql_cannot_hold_is_taken_out(session, ana):
    step = sessions.post(session.pk, by=ana, text="a\x00b\r\nc\rd ", kind="note")

    assert step.text == "ab\nc\nd"


@pytest.mark.parametrize("field", ["text", "title", "log", "client", "ticket"])
def test_a_nul_anywhere_at_intake_is_no_fault(ana, field):
    opened = sessions.open_session(by=ana, **{"text": "It crashes", field: "It\x00 crashes"})

    assert "\x00" not in f"{opened.title}{opened.client}{opened.ticket}{opened.problem_summary}"


def test_many_steps_at_once_are_numbered_in_their_order(session):
    lines = [NewStep("note", f"Line {n}", author_kind="imported", author_label="Forum") for n in range(3)]

    with transaction.atomic():
        written = steps.write(session.pk, lines, at=NINE)

    assert [(step.number, step.text) for step in written] == [(4, "Line 0"), (5, "Line 1"), (6, "Line 2")]
    assert {step.author_name for step in written} == {"Forum"}


def test_a_message_owes_a_reply_and_a_note_does_not(session, ana):
    sessions.post(session.pk, by=ana, text="For the file", kind="note")
    owed_after_note = now(session).reply_requested_for

    message = sessions.post(session.pk, by=ana, text="And now?")

    assert owed_after_note is None
    assert now(session).reply_requested_for == message.number
    assert jobs("reply", session) == 1


@pytest.mark.parametrize("who", ["opener", "handler"])
def test_opener_and_handler_write(session, ana, bo, who):
    put(session, handler=bo)
    writer = ana if who == "opener" else bo

    assert sessions.post(session.pk, by=writer, text="Something", kind="note").author == writer


@pytest.mark.parametrize(("who", "error"), [("bo", "not_found"), ("lea", "not_found"), ("eve", "not_found"), ("vic", "not_allowed")])
def test_others_do_not_write(session, request, who, error):
    refused = sessions.post(session.pk, by=request.getfixturevalue(who), text="Something")

    assert refused.error == error
    assert now(session).step_count == 3


@pytest.mark.parametrize(("since", "error"), [({"role": "viewer"}, "not_allowed"), ({"is_active": False}, "inactive")])
def test_who_writes_is_judged_at_the_write(session, ana, since, error):
    type(ana).objects.filter(pk=ana.pk).update(**since)

    for verb in (sessions.resolve, sessions.abandon, sessions.reopen):
        assert verb(session.pk, by=ana).error == error
    assert sessions.post(session.pk, by=ana, text="Something").error == error


def test_who_moved_to_another_account_writes_no_more(session, ana):
    type(ana).objects.filter(pk=ana.pk).update(account=AccountFactory())

    assert sessions.post(session.pk, by=ana, text="Something").error == "not_found"
    assert sessions.resolve(session.pk, by=ana).error == "not_found"


@pytest.mark.parametrize(
    ("status", "because"),
    [
        ("paused", "It is parked. Resume it first."),
        ("resolved", "It is resolved. Reopen it first."),
        ("abandoned", "It was closed unresolved."),
    ],
)
def test_writing_is_refused_with_the_reason(session, ana, status, because):
    put(session, status=status)

    refused = sessions.post(session.pk, by=ana, text="Something")

    assert (refused.error, refused.extra) == ("session_changed", {"status": status})
    assert refused.detail.endswith(because)
    assert now(session).step_count == 3


def test_the_handler_may_add_something_while_it_waits(session, ana):
    put(session, status="requesting_escalation")

    assert sessions.post(session.pk, by=ana, text="One more thing", kind="note").number == 4


# --- resolve ------------------------------------------------------------------------------------------------------


def test_resolving_is_instant_and_the_notes_come_by_a_job(session, ana):
    put(session, reply_requested_for=3, reply_requested_at=NINE, status_reason="old")

    resolved = sessions.resolve(session.pk, by=ana, at=NINE)

    assert (resolved.status, resolved.resolved_at, resolved.reply_requested_for, resolved.status_reason) == ("resolved", NINE, None, "")
    assert resolved.ticket_notes == ""
    assert jobs("write_notes", session) == 1
    assert resolved.steps.last().text == "Ana resolved this"
    event = Event.objects.get(kind="session_resolved")
    assert (event.from_state, event.to_state, event.by) == ("active", "resolved", ana)


@pytest.mark.parametrize("stands", ["proposed", "applied"])
def test_resolving_settles_an_unsettled_fix_as_worked(session, ana, fix, stands):
    Fix.objects.filter(pk=fix.pk).update(outcome=stands)

    sessions.resolve(session.pk, by=ana)

    fix.refresh_from_db()
    assert (fix.outcome, fix.by) == ("worked", ana)
    assert Event.objects.get(kind="fix_settled").details["outcome"] == "worked"


@pytest.mark.parametrize("stands", ["failed", "partial", "dismissed", "worked"])
def test_resolving_leaves_a_settled_fix_alone(session, ana, fix, stands):
    Fix.objects.filter(pk=fix.pk).update(outcome=stands)

    sessions.resolve(session.pk, by=ana)

    assert Fix.objects.get(pk=fix.pk).outcome == stands
    assert not Event.objects.filter(kind="fix_settled").exists()


def test_a_fix_that_another_took_the_place_of_is_not_settled_by_resolving(session, ana, fix):
    Fix.objects.filter(pk=fix.pk).update(current=False)

    sessions.resolve(session.pk, by=ana)

    assert Fix.objects.get(pk=fix.pk).outcome == "proposed"


def test_resolving_leaves_a_claimed_handoff_as_it_stands(handoff, bo):
    claim(handoff.pk, by=bo)

    sessions.resolve(handoff.session_id, by=bo)
    resolved_while = type(handoff).objects.get(pk=handoff.pk).state
    sessions.reopen(handoff.session_id, by=bo)

    assert resolved_while == type(handoff).objects.get(pk=handoff.pk).state == "claimed"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_resolve_at_once_one_does(session, ana, bo, second_waits_for_first):
    put(session, handler=bo)

    resolved, refused = second_waits_for_first(lambda: sessions.resolve(session.pk, by=ana), lambda: sessions.resolve(session.pk, by=bo))

    assert resolved.status == "resolved"
    assert refused.error == "session_changed"
    assert Event.objects.filter(kind="session_resolved").count() == 1
    assert jobs("write_notes", session) == 1


@pytest.mark.django_db(transaction=True)
def test_a_message_that_meets_the_end_waits_and_is_refused(session, ana, bo, second_waits_for_first):
    put(session, handler=bo)

    _, refused = second_waits_for_first(lambda: sessions.resolve(session.pk, by=ana), lambda: sessions.post(session.pk, by=bo, text="Wait"))

    assert refused.error == "session_changed"
    assert session.steps.count() == 4


# --- every transition, allowed and refused -------------------------------------------------------------------------

ALL = ["active", "paused", "requesting_escalation", "resolved", "abandoned"]
ALLOWED = {"resolve": {"active"}, "abandon": {"active", "paused"}, "reopen": {"resolved"}}
LEADS_TO = {"resolve": "resolved", "abandon": "abandoned", "reopen": "active"}
BECAUSE = {
    "paused": "It is parked. Resume it first.",
    "resolved": "It is resolved. Reopen it first.",
    "abandoned": "It was closed unresolved.",
    "requesting_escalation": "It is waiting for a colleague.",
    "active": "It is already active.",
}


@pytest.mark.parametrize("verb", ALLOWED)
@pytest.mark.parametrize("status", ALL)
def test_each_transition_leaves_the_states_that_it_names_and_no_other(session, ana, verb, status):
    put(session, status=status)

    answer = getattr(sessions, verb)(session.pk, by=ana)

    if status in ALLOWED[verb]:
        assert (answer.status, now(session).status) == (LEADS_TO[verb], LEADS_TO[verb])
        event = Event.objects.order_by("number").last()
        assert (event.from_state, event.to_state, event.by) == (status, LEADS_TO[verb], ana)
    else:
        assert (answer.error, answer.status, answer.extra) == ("session_changed", 409, {"status": status})
        assert answer.detail == f"Nothing was changed: the session has changed. {BECAUSE[status]}"
        assert (now(session).status, now(session).step_count, Event.objects.count()) == (status, 3, 0)


@pytest.mark.parametrize("verb", ALLOWED)
@pytest.mark.parametrize(("who", "error"), [("bo", "not_found"), ("lea", "not_found"), ("eve", "not_found"), ("vic", "not_allowed")])
def test_others_move_nothing(session, request, verb, who, error):
    status = sorted(ALLOWED[verb])[0]
    put(session, status=status)

    assert getattr(sessions, verb)(session.pk, by=request.getfixturevalue(who)).error == error
    assert now(session).status == status


@pytest.mark.parametrize("verb", ALLOWED)
def test_a_session_that_does_not_exist_is_not_found(ana, verb):
    assert getattr(sessions, verb)(uuid.uuid4(), by=ana).error == "not_found"


def test_reopening_forgets_when_it_was_resolved_and_keeps_the_rest(session, ana):
    sessions.resolve(session.pk, by=ana, at=NINE)
    put(session, ticket_notes="Ours")

    reopened = sessions.reopen(session.pk, by=ana)

    assert (reopened.status, reopened.resolved_at, reopened.ticket_notes) == ("active", None, "Ours")
    assert reopened.steps.last().text == "Ana reopened this"
    assert sessions.post(session.pk, by=ana, text="It came back", kind="note").number == 6


def test_giving_up_owes_no_reply_any_more(session, ana):
    sessions.post(session.pk, by=ana, text="And now?")

    abandoned = sessions.abandon(session.pk, by=ana)

    assert (abandoned.reply_requested_for, abandoned.reply_requested_at) == (None, None)


def test_updates_name_their_own_columns_only(session, ana):
    with CaptureQueriesContext(connection) as captured:
        sessions.post(session.pk, by=ana, text="And now?")
        sessions.resolve(session.pk, by=ana)
        sessions.reopen(session.pk, by=ana)
        sessions.abandon(session.pk, by=ana)

    updates = [q["sql"] for q in captured if q["sql"].startswith('UPDATE "flowpilot_aisession"')]
    states = [sql for sql in updates if '"status" =' in sql.split("WHERE")[0]]
    assert len(states) == 3
    assert all('"status" =' in sql.split("WHERE")[1] and '"account_id" =' in sql.split("WHERE")[1] for sql in states)
    assert not [sql for sql in updates if " JOIN " in sql or "SELECT" in sql]


@pytest.mark.parametrize(
    ("confidence", "tier"),
    [(0, "discovery"), (0.39, "discovery"), (0.4, "exploring"), (0.79, "exploring"), (0.8, "guided"), (1, "guided")],
)
def test_the_tier_follows_the_confidence(ana, confidence, tier):
    assert make_session(ana, confidence=confidence).tier == tier
