"""Escalating: one path creates a handoff, in one transaction, and everything that must exist with it does."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.events import event_recorded
from accounts.models import Event
from accounts.verbs import Refused
from flowpilot import sessions
from flowpilot.casefile import case_of, lane_document
from flowpilot.models import AISession, Fix, Priority, SessionHolder
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.opening import open_handoff as escalate
from handoffs.parking import park
from handoffs.withdrawing import withdraw
from tests.factories import AccountFactory, UserFactory, hand_off, make_session, tables_written

# The room above writes these rows inside our transaction; it is not imported from here.
Notification = apps.get_model("escalations", "Notification")


NEEDS = "May I delete the stored credentials?"
NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def fix(session):
    AISession.objects.filter(pk=session.pk).update(card_count=3)
    return Fix.objects.create(session=session, number=3, title="Delete the stored credentials", detail="cmdkey /delete")


def jobs_for(handoff_id):
    return ProcrastinateJob.objects.filter(task_name="handoffs.assess", args__handoff_id=str(handoff_id)).count()


def everything():
    """A picture of all rows that a hand-off may touch; equal before and after means that nothing was changed."""
    return {
        model.__name__: sorted(map(str, model.objects.values_list()))
        for model in (AISession, SessionHandoff, SessionHolder, Fix, Event, Notification, ProcrastinateJob)
    }


def leave_as_is():
    before = everything()
    return lambda: everything() == before


class Fault(Exception):
    pass


# --- what comes into being ----------------------------------------------------------------------------------------


def test_escalating_opens_a_handoff_for_colleagues(session, ana):
    opened = escalate(session.pk, by=ana, needs=NEEDS, priority=Priority.HIGH, at=NINE)

    assert opened.created
    handoff = SessionHandoff.objects.get(session=session)
    assert handoff == opened.handoff
    assert (handoff.intent, handoff.state, handoff.author, handoff.needs) == ("escalate", "open", ana, NEEDS)
    assert (handoff.account, handoff.priority, handoff.created_at, handoff.target) == (ana.account, Priority.HIGH, NINE, None)
    assert (handoff.claimed_by, handoff.claimed_at, handoff.ended_at) == (None, None, None)
    assert (handoff.assessment_state, handoff.assessment_asked_at) == ("pending", NINE)


def test_the_session_waits_with_its_reason_and_whoever_handed_off_handles_it(session, ana):
    escalate(session.pk, by=ana, needs=NEEDS, priority=Priority.URGENT)

    waiting = AISession.objects.get(pk=session.pk)
    assert (waiting.status, waiting.status_reason, waiting.handler, waiting.user) == ("requesting_escalation", NEEDS, ana, ana)
    assert waiting.priority == Priority.URGENT


def test_the_package_names_the_handoff_by_an_id_made_before_the_insert(session, ana):
    with CaptureQueriesContext(connection) as captured:
        opened = escalate(session.pk, by=ana, needs=NEEDS)

    package = AISession.objects.get(pk=session.pk).escalation_package
    assert package["handoff_id"] == str(opened.handoff.pk)
    assert (package["intent"], package["engineer_notes"]) == ("escalate", NEEDS)
    assert package["snapshot"] == SessionHandoff.objects.get(pk=opened.handoff.pk).snapshot
    told = next(n for n, q in enumerate(captured) if "escalation_package" in q["sql"] and q["sql"].startswith("UPDATE"))
    inserted = next(n for n, q in enumerate(captured) if q["sql"].startswith('INSERT INTO "handoffs_sessionhandoff"'))
    assert str(opened.handoff.pk) in captured[told]["sql"]
    assert told < inserted


def test_the_snapshot_holds_the_session_as_it_stood(session, ana, fix):
    lane = lane_document(case_of(session))

    handoff = hand_off(session, ana, needs=NEEDS)

    frozen = handoff.snapshot
    assert (frozen["title"], frozen["client"], frozen["ticket"]) == (session.title, "Northgate Dental", "48219")
    assert {kind: frozen[kind] for kind in lane} == lane
    assert [task["title"] for task in frozen["open_tasks"]] == ["List the stored credentials"]
    assert [task["answer"] for task in frozen["done_tasks"]] == ["Yes, Outlook on the web works."]
    assert frozen["step_count"] == AISession.objects.get(pk=session.pk).step_count == 4
    assert [step["number"] for step in frozen["last_steps"]] == [1, 2, 3, 4]
    assert frozen["last_steps"][0]["text"].startswith("Outlook asks for the password")


def test_the_snapshot_stays_as_it_was_when_the_session_goes_on(session, ana, bo):
    handoff = hand_off(session, ana)
    frozen = SessionHandoff.objects.get(pk=handoff.pk).snapshot

    claim(handoff.pk, by=bo)
    sessions.post(session.pk, by=bo, text="I deleted them.", reply=False)

    assert SessionHandoff.objects.get(pk=handoff.pk).snapshot == frozen


def test_a_long_session_freezes_its_last_twenty_steps_and_counts_them_all(session, ana):
    for number in range(30):
        sessions.post(session.pk, by=ana, text=f"Line {number}", kind="note")

    frozen = hand_off(session, ana).snapshot

    assert frozen["step_count"] == 34
    assert [step["number"] for step in frozen["last_steps"]] == list(range(15, 35))


def test_a_bare_session_can_be_handed_off_too(ana):
    bare = AISession.objects.create(account=ana.account, user=ana, handler=ana, title="Nothing yet")

    handoff = hand_off(bare, ana)

    assert (handoff.snapshot["facts"], handoff.snapshot["open_tasks"], handoff.snapshot["fixes"]) == ([], [], [])
    assert handoff.snapshot["step_count"] == 1
    assert not handoff.has_lane


def test_the_handoff_stands_on_the_timeline_with_what_was_needed(session, ana, bo):
    hand_off(session, ana, needs=NEEDS, target=bo)

    last = session.steps.last()
    assert (last.number, last.kind, last.author_kind) == (4, "system", "system")
    assert last.text == f"Ana escalated this for Bo: {NEEDS}"


def test_one_event_tells_of_it_with_ids_and_short_words_only(session, ana, bo):
    handoff = hand_off(session, ana, needs=NEEDS, priority=Priority.HIGH, target=bo, at=NINE)

    event = Event.objects.get(kind="handoff_opened")
    assert (event.handoff, event.session, event.by, event.at) == (handoff.pk, session.pk, ana, NINE)
    assert event.details == {"priority": "high", "target": bo.pk}
    assert NEEDS not in str(Event.objects.values_list("details", flat=True))


def test_nobody_holds_it_while_it_waits(session, ana):
    hand_off(session, ana, at=NINE)

    assert not SessionHolder.objects.filter(session=session, until=None).exists()
    assert SessionHolder.objects.get(session=session).until == NINE


def test_what_is_needed_is_cleaned_before_it_is_kept(session, ana):
    handoff = hand_off(session, ana, needs="  May I\x00 delete\r\nthem?  ")

    assert handoff.needs == "May I delete\nthem?"


def test_without_a_word_about_priority_it_is_the_sessions(ana):
    session = make_session(ana, priority=Priority.LOW)

    assert hand_off(session, ana).priority == Priority.LOW


# --- the work still to do -----------------------------------------------------------------------------------------


def test_the_assessments_job_exists_with_the_handoff_and_once(session, ana):
    handoff = hand_off(session, ana)

    assert jobs_for(handoff.pk) == 1


def test_a_handoff_that_is_rolled_back_leaves_nothing_behind(session, ana):
    unchanged = leave_as_is()

    with pytest.raises(Fault), transaction.atomic():
        handoff = hand_off(session, ana)
        assert jobs_for(handoff.pk) == 1
        raise Fault

    assert jobs_for(handoff.pk) == 0
    assert unchanged()


def test_a_bell_row_that_cannot_be_written_undoes_the_handoff(session, ana, bo):
    def broken(sender, event, **kwargs):
        raise Fault

    unchanged = leave_as_is()
    event_recorded.connect(broken, weak=False, dispatch_uid="test")
    try:
        with pytest.raises(Fault):
            escalate(session.pk, by=ana, needs=NEEDS)
    finally:
        event_recorded.disconnect(dispatch_uid="test")

    assert unchanged()


def test_the_bell_rings_for_who_may_claim_and_for_nobody_else(session, ana, bo, dana, lea, vic, eve):
    owner = UserFactory(account=ana.account, role="owner")
    for role in ("engineer", "admin", "owner"):
        UserFactory(account=ana.account, role=role, is_active=False)

    handoff = hand_off(session, ana)

    rung = {note.user for note in Notification.objects.filter(handoff=handoff)}
    assert rung == {bo, dana, lea, owner}
    assert Notification.objects.count() == 4


def test_a_target_is_no_wall_the_others_are_told_too(session, ana, bo, dana):
    handoff = hand_off(session, ana, target=bo)

    assert {note.user for note in Notification.objects.filter(handoff=handoff)} == {bo, dana}


# --- pressed again ------------------------------------------------------------------------------------------------


def test_pressed_again_by_its_author_is_the_same_handoff_and_changes_nothing(session, ana, bo):
    first = escalate(session.pk, by=ana, needs=NEEDS)
    unchanged = leave_as_is()

    again = escalate(session.pk, by=ana, needs="Something else", priority=Priority.URGENT)

    assert (again.handoff, again.created) == (first.handoff, False)
    assert unchanged()


def test_pressed_by_the_other_who_may_write_while_it_waits_is_refused(session, ana, bo):
    AISession.objects.filter(pk=session.pk).update(handler=bo)
    hand_off(session, bo)
    unchanged = leave_as_is()

    refused = escalate(session.pk, by=ana, needs=NEEDS)

    assert (refused.error, refused.status) == ("session_changed", 409)
    assert unchanged()


@pytest.mark.django_db(transaction=True)
def test_a_double_click_gives_the_same_handoff_twice(session, ana, second_waits_for_first):
    """Part 6 of the design: pressed again by the author of the still open handoff is the same, also where both presses are on their way."""
    first, second = second_waits_for_first(
        lambda: escalate(session.pk, by=ana, needs=NEEDS),
        lambda: escalate(session.pk, by=ana, needs=NEEDS),
    )

    assert SessionHandoff.objects.filter(session=session).count() == 1
    assert not isinstance(second, Refused), second
    assert (second.handoff, second.created) == (first.handoff, False)


@pytest.mark.django_db(transaction=True)
def test_opener_and_handler_press_at_once_and_one_handoff_lives(session, ana, bo, second_waits_for_first):
    AISession.objects.filter(pk=session.pk).update(handler=bo)

    first, second = second_waits_for_first(
        lambda: escalate(session.pk, by=ana, needs="Ana needs this"),
        lambda: escalate(session.pk, by=bo, needs="Bo needs this"),
    )

    assert first.created
    assert (second.error, second.status) == ("session_changed", 409)
    assert SessionHandoff.objects.get(session=session) == first.handoff
    assert AISession.objects.get(pk=session.pk).escalation_package["handoff_id"] == str(first.handoff.pk)
    assert jobs_for(first.handoff.pk) == 1
    assert Event.objects.filter(kind="handoff_opened").count() == 1


@pytest.mark.django_db(transaction=True)
def test_opener_and_claimer_press_at_once_after_a_claim_and_one_handoff_lives(handoff, ana, bo, second_waits_for_first):
    claim(handoff.pk, by=bo)

    first, second = second_waits_for_first(
        lambda: escalate(handoff.session_id, by=bo, needs="Bo needs this"),
        lambda: escalate(handoff.session_id, by=ana, needs="Ana needs this"),
    )

    assert second.error == "session_changed"
    assert SessionHandoff.objects.get(session=handoff.session_id, state="open") == first.handoff
    assert Event.objects.filter(kind="handoff_superseded").count() == 1


@pytest.mark.django_db(transaction=True)
def test_escalating_what_is_being_resolved_waits_and_is_refused(session, ana, second_waits_for_first):
    resolved, refused = second_waits_for_first(
        lambda: sessions.resolve(session.pk, by=ana),
        lambda: escalate(session.pk, by=ana, needs=NEEDS),
    )

    assert resolved.status == "resolved"
    assert refused.error == "session_changed"
    assert not SessionHandoff.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_step_that_meets_the_handoff_comes_after_it_and_not_into_its_snapshot(session, ana, second_waits_for_first):
    opened, step = second_waits_for_first(
        lambda: escalate(session.pk, by=ana, needs=NEEDS),
        lambda: sessions.post(session.pk, by=ana, text="One more thing", kind="note"),
    )

    assert step.number == opened.handoff.snapshot["step_count"] + 1
    assert "One more thing" not in str(opened.handoff.snapshot)


# --- the target ---------------------------------------------------------------------------------------------------


def test_it_may_be_aimed_at_a_colleague_who_may_claim(session, ana, bo):
    assert hand_off(session, ana, target=bo).target == bo


@pytest.mark.parametrize("who", ["ana", "vic", "eve", "the inactive", "staff of no account"])
def test_who_cannot_claim_is_no_target(session, ana, request, who):
    if who == "the inactive":
        target = UserFactory(account=ana.account, is_active=False)
    elif who == "staff of no account":
        target = UserFactory(account=None, is_superuser=True, is_staff=True)
    else:
        target = request.getfixturevalue(who)
    unchanged = leave_as_is()

    refused = escalate(session.pk, by=ana, needs=NEEDS, target=target)

    assert (refused.error, refused.status) == ("invalid", 422)
    assert "target" in refused.extra["fields"]
    assert unchanged()


@pytest.mark.parametrize("since", [{"role": "viewer"}, {"is_active": False}])
def test_the_target_is_judged_as_they_are_now(session, ana, bo, since):
    type(bo).objects.filter(pk=bo.pk).update(**since)

    assert escalate(session.pk, by=ana, needs=NEEDS, target=bo).error == "invalid"


# --- the fix ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["worked", "partial", "failed", "dismissed"])
def test_the_outcome_that_the_dialog_asks_for_settles_the_fix(session, ana, fix, outcome):
    handoff = hand_off(session, ana, fix_outcome=outcome)

    fix.refresh_from_db()
    assert (fix.outcome, fix.by) == (outcome, ana)
    assert fix.reported_in.kind == "outcome"
    assert [known["outcome"] for known in handoff.snapshot["fixes"]] == [outcome]
    assert Event.objects.get(kind="fix_settled").details["outcome"] == outcome
    assert [event.kind for event in Event.objects.order_by("number")] == ["fix_settled", "handoff_opened"]


@pytest.mark.parametrize("stands", ["proposed", "applied"])
def test_without_an_outcome_the_fix_stays_unsettled_and_the_snapshot_says_so(session, ana, fix, stands):
    Fix.objects.filter(pk=fix.pk).update(outcome=stands, waiting_for="The user is at lunch." if stands == "applied" else "")

    handoff = hand_off(session, ana)

    fix.refresh_from_db()
    assert fix.outcome == stands
    assert [known["outcome"] for known in handoff.snapshot["fixes"]] == [stands]
    assert not Event.objects.filter(kind="fix_settled").exists()


def test_an_outcome_is_not_written_over_one_that_was_told_before(session, ana, fix):
    Fix.objects.filter(pk=fix.pk).update(outcome="failed")

    hand_off(session, ana, fix_outcome="worked")

    assert Fix.objects.get(pk=fix.pk).outcome == "failed"


@pytest.mark.parametrize("word", ["fixed", "applied", "proposed"])
def test_a_word_that_is_no_outcome_is_refused(session, ana, fix, word):
    refused = escalate(session.pk, by=ana, needs=NEEDS, fix_outcome=word)

    assert (refused.status, list(refused.extra["fields"])) == (422, ["fix_outcome"])
    assert not SessionHandoff.objects.exists()


def test_an_outcome_without_any_fix_is_no_obstacle(session, ana):
    assert hand_off(session, ana, fix_outcome="worked").state == "open"


# --- who, and when ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("needs", ["", "   ", "\x00", "\r\n"])
def test_nothing_is_handed_off_without_saying_what_is_needed(session, ana, needs):
    unchanged = leave_as_is()

    refused = escalate(session.pk, by=ana, needs=needs)

    assert (refused.error, refused.status, list(refused.extra["fields"])) == ("invalid", 422, ["reason"])
    assert unchanged()


@pytest.mark.parametrize(("who", "error"), [("bo", "not_found"), ("lea", "not_found"), ("eve", "not_found"), ("vic", "not_allowed")])
def test_who_may_not_write_the_session_cannot_hand_it_off(session, request, who, error):
    somebody = request.getfixturevalue(who)
    unchanged = leave_as_is()

    refused = escalate(session.pk, by=somebody, needs=NEEDS)

    assert refused.error == error
    assert unchanged()


def test_a_session_that_does_not_exist_is_not_found(ana):
    assert escalate(uuid.uuid4(), by=ana, needs=NEEDS).error == "not_found"


@pytest.mark.parametrize(("since", "error"), [({"role": "viewer"}, "not_allowed"), ({"is_active": False}, "inactive")])
def test_who_hands_off_is_judged_at_the_write(session, ana, since, error):
    type(ana).objects.filter(pk=ana.pk).update(**since)

    assert escalate(session.pk, by=ana, needs=NEEDS).error == error
    assert AISession.objects.get(pk=session.pk).status == "active"


def test_who_has_moved_to_another_account_finds_nothing(session, ana):
    type(ana).objects.filter(pk=ana.pk).update(account=AccountFactory())

    assert escalate(session.pk, by=ana, needs=NEEDS).error == "not_found"


@pytest.mark.parametrize("status", ["resolved", "abandoned"])
def test_a_session_that_has_ended_is_not_handed_off(session, ana, status):
    AISession.objects.filter(pk=session.pk).update(status=status)
    unchanged = leave_as_is()

    refused = escalate(session.pk, by=ana, needs=NEEDS)

    assert (refused.error, refused.status) == ("session_changed", 409)
    assert unchanged()


# --- handed off again ----------------------------------------------------------------------------------------------


def test_escalating_a_parked_session_supersedes_the_parked_one(session, ana, bo):
    parked = park(session.pk, by=ana, needs="Lunch").handoff

    opened = hand_off(session, ana, at=NINE + timedelta(days=400))

    parked.refresh_from_db()
    assert (parked.state, parked.ended_at) == ("superseded", NINE + timedelta(days=400))
    assert (opened.state, AISession.objects.get(pk=session.pk).status) == ("open", "requesting_escalation")
    event = Event.objects.get(kind="handoff_superseded")
    assert (event.handoff, event.from_state, event.details) == (parked.pk, "parked", {"by": str(opened.pk)})
    assert Notification.objects.filter(user=bo).count() == 1


def test_handing_on_after_a_claim_supersedes_the_claimed_one(handoff, ana, bo, dana):
    claim(handoff.pk, by=bo)

    handed_on = hand_off(handoff.session, bo, needs="I have never seen this DNS setup.")

    handoff.refresh_from_db()
    assert (handoff.state, handoff.claimed_by) == ("superseded", bo)
    session = AISession.objects.get(pk=handoff.session_id)
    assert (session.handler, session.user, session.status) == (bo, ana, "requesting_escalation")
    assert session.escalation_package["handoff_id"] == str(handed_on.pk)
    assert {note.user for note in Notification.objects.filter(handoff=handed_on)} == {ana, dana}


def test_anyone_but_its_author_may_claim_what_was_handed_on_the_opener_included(handoff, ana, bo):
    claim(handoff.pk, by=bo)
    handed_on = hand_off(handoff.session, bo)

    own = claim(handed_on.pk, by=bo)
    won = claim(handed_on.pk, by=ana)

    assert own.error == "own_handoff"
    assert won.handoff.claimed_by == ana
    assert AISession.objects.get(pk=handoff.session_id).handler == ana


def test_the_superseded_one_is_gone_for_who_comes_late(handoff, bo, dana):
    claim(handoff.pk, by=bo)
    hand_off(handoff.session, bo)

    late = claim(handoff.pk, by=dana)

    assert (late.error, late.status, late.detail) == ("superseded", 410, "A newer handoff replaced it.")


def test_a_refused_hand_on_leaves_the_claimed_one_alive(handoff, bo):
    claim(handoff.pk, by=bo)
    AISession.objects.filter(pk=handoff.session_id).update(status="resolved")

    refused = escalate(handoff.session_id, by=bo, needs=NEEDS)

    assert refused.error == "session_changed"
    assert SessionHandoff.objects.get(pk=handoff.pk).state == "claimed"


def test_after_a_withdrawal_it_can_be_handed_off_again(handoff, ana):
    withdraw(handoff.pk, by=ana)

    again = escalate(handoff.session_id, by=ana, needs=NEEDS)

    assert again.created
    assert again.handoff.pk != handoff.pk
    assert SessionHandoff.objects.get(pk=handoff.pk).state == "withdrawn"


# --- what the database says as well --------------------------------------------------------------------------------


def row(session, **fields):
    fields = {"account": session.account, "session": session, "author": session.user, **fields}
    return SessionHandoff.objects.create(**fields)


@pytest.mark.parametrize("second", ["open", "claimed", "parked"])
def test_the_database_keeps_one_live_handoff_per_session(handoff, bo, second):
    fields = {"claimed_by": bo, "claimed_at": NINE} if second == "claimed" else {}

    with pytest.raises(IntegrityError, match="one_live_handoff_per_session"), transaction.atomic():
        row(handoff.session, state=second, intent="park" if second == "parked" else "escalate", **fields)


def test_the_database_allows_a_live_one_beside_those_that_ended(handoff, ana):
    withdraw(handoff.pk, by=ana)

    assert row(handoff.session).state == "open"


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("open_means_claimed_by_nobody", {"state": "open", "claimed_by": "bo", "claimed_at": NINE}),
        ("open_means_claimed_by_nobody", {"state": "open", "claimed_by": "bo"}),
        ("open_means_claimed_by_nobody", {"state": "open", "claimed_at": NINE}),
        ("claimed_means_by_somebody", {"state": "claimed"}),
        ("claimed_means_by_somebody", {"state": "claimed", "claimed_by": "bo"}),
        ("claimed_means_by_somebody", {"state": "claimed", "claimed_at": NINE}),
        ("claimed_means_by_somebody", {"state": "returned"}),
        ("parked_is_never_open", {"state": "open", "intent": "park"}),
        ("parked_is_never_open", {"state": "claimed", "intent": "park", "claimed_by": "bo", "claimed_at": NINE}),
        ("parked_is_never_open", {"state": "withdrawn", "intent": "park"}),
        ("only_a_park_is_parked", {"state": "parked", "intent": "escalate"}),
        ("nobody_claims_their_own", {"state": "claimed", "claimed_by": "ana", "claimed_at": NINE}),
    ],
)
def test_the_database_refuses_what_the_code_never_writes(session, ana, bo, constraint, fields):
    people = {"ana": ana, "bo": bo}
    fields = {name: people.get(value, value) if name == "claimed_by" else value for name, value in fields.items()}

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        row(session, **fields)


def test_updates_name_their_own_columns_only(session, ana, bo):
    park(session.pk, by=ana, needs="Lunch")

    with CaptureQueriesContext(connection) as captured:
        escalate(session.pk, by=ana, needs=NEEDS)

    updates = [q["sql"] for q in captured if q["sql"].startswith("UPDATE")]
    states = [sql for sql in updates if '"status" =' in sql.split("WHERE")[0] or '"state" =' in sql.split("WHERE")[0]]
    assert len(states) == 2
    assert all('"status" IN' in sql.split("WHERE")[1] or '"state" =' in sql.split("WHERE")[1] for sql in states)
    assert not [sql for sql in updates if " JOIN " in sql or "SELECT" in sql]
    assert not [q for q in captured if "FOR UPDATE" in q["sql"]]


def test_rows_are_taken_in_the_order_handoff_session_counter(session, ana):
    park(session.pk, by=ana, needs="Lunch")

    with CaptureQueriesContext(connection) as captured:
        escalate(session.pk, by=ana, needs=NEEDS)

    tables = tables_written(captured)
    assert tables[0] == "handoffs_sessionhandoff"
    assert tables[1] == "flowpilot_aisession"
    assert tables[-1] == "accounts_eventcounter"
    assert tables.count("accounts_eventcounter") == 1


def test_escalating_takes_few_statements_however_many_people_there_are(ana, bo, signed_in, as_json):
    def post() -> int:
        session = make_session(ana)
        with CaptureQueriesContext(connection) as captured:
            sent = signed_in(ana).post(f"/sessions/{session.pk}/escalate/", {"reason": NEEDS}, **as_json)
        assert sent.status_code == 201
        # Those of the test's own transaction, and sign-in, are not counted.
        return len([q for q in captured if "SAVEPOINT" not in q["sql"] and "django_session" not in q["sql"]])

    few = post()
    UserFactory.create_batch(20, account=ana.account)

    assert few <= 16
    assert post() == few


@pytest.mark.parametrize("who", ["vic", "eve", "bo"])
def test_who_may_not_write_gets_the_same_404_for_any_form(session, request, signed_in, as_json, who):
    client = signed_in(request.getfixturevalue(who))

    for sent in ({"reason": NEEDS}, {}):
        answer = client.post(f"/sessions/{session.pk}/escalate/", sent, **as_json)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
