"""Pausing is parking: the same package, told to nobody; resumed by whoever parked, an admin or owner."""

import uuid
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from django.apps import apps
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import Event
from accounts.verbs import Refused
from flowpilot import lane, sessions
from flowpilot.access import may_read
from flowpilot.casefile import case_of, lane_document
from flowpilot.models import AISession, SessionHolder
from flowpilot.sessions import abandon
from handoffs.access import get_for
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.opening import open_handoff as escalate
from handoffs.parking import park, resume
from handoffs.releasing import release
from handoffs.returning import return_to_opener
from handoffs.withdrawing import withdraw
from tests.factories import UserFactory, make_session, tables_written

# The room above writes these rows inside our transaction; it is not imported from here.
Notification = apps.get_model("escalations", "Notification")


NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TEN = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def parked(session, ana):
    return park(session.pk, by=ana, needs="Waiting for the client to call back").handoff


@pytest.fixture
def bo_parked(handoff, bo):
    """Bo claimed Ana's handoff and parked it: Ana opened the session and may read it, Bo holds it."""
    claim(handoff.pk, by=bo)
    return park(handoff.session_id, by=bo, needs="Lunch").handoff


def session_of(handoff):
    return AISession.objects.get(pk=handoff.session_id)


# --- parking ------------------------------------------------------------------------------------------------------


def test_parking_pauses_the_session_with_the_same_package(session, ana):
    parked = park(session.pk, by=ana, needs="Waiting for the client to call back", at=NINE).handoff

    assert (parked.intent, parked.state, parked.author, parked.created_at) == ("park", "parked", ana, NINE)
    paused = AISession.objects.get(pk=session.pk)
    assert (paused.status, paused.status_reason, paused.handler) == ("paused", "Waiting for the client to call back", ana)
    package = paused.escalation_package
    assert (package["handoff_id"], package["intent"]) == (str(parked.pk), "park")
    assert package["engineer_notes"] == "Waiting for the client to call back"
    assert package["snapshot"] == SessionHandoff.objects.get(pk=parked.pk).snapshot
    assert [task["title"] for task in package["snapshot"]["open_tasks"]] == ["List the stored credentials"]


def test_parking_needs_no_reason(session, ana):
    assert park(session.pk, by=ana).handoff.needs == ""
    assert session.steps.last().text == "Ana parked this"


def test_parking_tells_nobody_and_asks_for_no_assessment(session, ana, bo, lea, vic):
    parked = park(session.pk, by=ana, needs="Lunch").handoff

    assert not Notification.objects.exists()
    assert (parked.assessment_state, parked.assessment) == ("none", None)
    assert not ProcrastinateJob.objects.filter(task_name="handoffs.assess", args__handoff_id=str(parked.pk)).exists()
    assert not SessionHandoff.objects.waiting().exists()


def test_parking_stands_in_the_log_as_a_park_and_a_pause(session, ana):
    parked = park(session.pk, by=ana, needs="Lunch").handoff

    events = list(Event.objects.order_by("number"))
    assert [event.kind for event in events] == ["handoff_parked", "session_paused"]
    assert (events[0].handoff, events[1].from_state, events[1].to_state) == (parked.pk, "active", "paused")
    assert "Lunch" not in str([event.details for event in events])


def test_whoever_parks_holds_it(bo_parked, ana, bo):
    assert session_of(bo_parked).handler == bo
    assert SessionHolder.objects.get(session=bo_parked.session_id, until=None).user == bo


def test_parking_after_a_claim_supersedes_the_claimed_one(handoff, bo):
    claim(handoff.pk, by=bo)

    parked = park(handoff.session_id, by=bo).handoff

    handoff.refresh_from_db()
    assert handoff.state == "superseded"
    assert SessionHandoff.objects.get(session=handoff.session_id, state="parked") == parked


def test_parked_twice_is_parked_once(parked, ana):
    events = Event.objects.count()

    again = park(parked.session_id, by=ana, needs="Again")

    assert (again.error, again.status) == ("session_changed", 409)
    assert SessionHandoff.objects.get() == parked
    assert Event.objects.count() == events


@pytest.mark.parametrize("status", ["requesting_escalation", "resolved", "abandoned"])
def test_only_an_active_session_is_parked(session, ana, status):
    AISession.objects.filter(pk=session.pk).update(status=status)

    assert park(session.pk, by=ana).error == "session_changed"
    assert AISession.objects.get(pk=session.pk).status == status
    assert not SessionHandoff.objects.exists()


@pytest.mark.parametrize(("who", "error"), [("bo", "not_found"), ("lea", "not_found"), ("eve", "not_found"), ("vic", "not_allowed")])
def test_who_may_not_write_the_session_cannot_park_it(session, request, who, error):
    assert park(session.pk, by=request.getfixturevalue(who)).error == error
    assert AISession.objects.get(pk=session.pk).status == "active"


@pytest.mark.parametrize(("since", "error"), [({"role": "viewer"}, "not_allowed"), ({"is_active": False}, "inactive")])
def test_who_parks_is_judged_at_the_write(session, ana, since, error):
    type(ana).objects.filter(pk=ana.pk).update(**since)

    assert park(session.pk, by=ana).error == error


@pytest.mark.django_db(transaction=True)
def test_parking_what_is_being_escalated_waits_and_is_refused(session, ana, second_waits_for_first):
    opened, refused = second_waits_for_first(lambda: escalate(session.pk, by=ana, needs="Help"), lambda: park(session.pk, by=ana))

    assert refused.error == "session_changed"
    assert SessionHandoff.objects.get(session=session) == opened.handoff


# --- for everybody who may not read it, it is not there ------------------------------------------------------------


@pytest.mark.parametrize("who", ["bo", "dana", "vic", "eve"])
def test_a_parked_one_is_not_there_for_who_may_not_read_the_session(parked, request, who):
    somebody = request.getfixturevalue(who)

    refused = [
        claim(parked.pk, by=somebody),
        release(parked.pk, by=somebody),
        return_to_opener(parked.pk, by=somebody, note="Do this"),
        withdraw(parked.pk, by=somebody),
    ]

    assert [answer.error for answer in refused] == ["not_found"] * 4
    with pytest.raises(Http404):
        get_for(somebody, parked.pk)


def test_it_is_still_not_there_after_it_was_resumed(parked, ana, bo):
    resume(parked.session_id, by=ana)

    assert claim(parked.pk, by=bo).error == "not_found"


def test_an_admin_reads_it_and_learns_that_there_is_nothing_to_claim(parked, lea):
    refused = claim(parked.pk, by=lea)

    assert (refused.error, refused.status) == ("session_changed", 409)
    assert get_for(lea, parked.pk) == (parked, True)


def test_its_author_does_not_claim_their_own(parked, ana):
    assert claim(parked.pk, by=ana).error == "own_handoff"


def test_who_may_read_it_is_not_told_that_there_is_nothing(bo_parked, ana):
    """404 is for those who may not read the session; Ana opened it and reads it at its address."""
    assert may_read(ana, bo_parked.session_id)

    refused = claim(bo_parked.pk, by=ana)

    assert refused.error == "session_changed"


# --- resuming -----------------------------------------------------------------------------------------------------


def test_whoever_parked_resumes(parked, ana):
    resumed = resume(parked.session_id, by=ana, at=TEN)

    assert (resumed.pk, resumed.state, resumed.ended_at) == (parked.pk, "superseded", TEN)
    session = session_of(parked)
    assert (session.status, session.status_reason, session.handler) == ("active", "", ana)
    assert session.steps.last().text == "Ana resumed this"
    assert [event.kind for event in Event.objects.order_by("-number")[:2]] == ["session_resumed", "handoff_superseded"]


@pytest.mark.parametrize("role", ["admin", "owner"])
def test_an_admin_or_owner_resumes_and_handles_it_from_then_on(parked, ana, role):
    lead = UserFactory(account=ana.account, role=role, name="Max Lead")

    resume(parked.session_id, by=lead)

    session = session_of(parked)
    assert (session.status, session.handler, session.user) == ("active", lead, ana)
    assert SessionHolder.objects.get(session=session, until=None).user == lead


def test_resuming_tells_nobody(parked, ana, bo, lea):
    resume(parked.session_id, by=ana)

    assert not Notification.objects.exists()


def test_a_colleague_who_may_read_it_is_told_who_resumes(bo_parked, ana):
    refused = resume(bo_parked.session_id, by=ana)

    assert (refused.error, refused.status) == ("not_allowed", 403)
    assert session_of(bo_parked).status == "paused"


@pytest.mark.parametrize(("who", "error"), [("bo", "not_found"), ("eve", "not_found"), ("vic", "not_allowed")])
def test_others_do_not_resume(parked, request, who, error):
    assert resume(parked.session_id, by=request.getfixturevalue(who)).error == error
    assert session_of(parked).status == "paused"


def test_what_does_not_exist_is_not_resumed(ana):
    assert resume(uuid.uuid4(), by=ana).error == "not_found"


def test_resumed_twice_is_resumed_once(parked, ana):
    resume(parked.session_id, by=ana)
    events = Event.objects.count()

    again = resume(parked.session_id, by=ana)

    assert (again.error, again.status) == ("session_changed", 409)
    assert Event.objects.count() == events


@pytest.mark.parametrize(("since", "error"), [({"role": "viewer"}, "not_allowed"), ({"is_active": False}, "inactive")])
def test_who_resumes_is_judged_at_the_write(parked, ana, since, error):
    type(ana).objects.filter(pk=ana.pk).update(**since)

    assert resume(parked.session_id, by=ana).error == error
    assert session_of(parked).status == "paused"


@pytest.mark.parametrize("state", ["parked", "resumed since"])
def test_an_admin_who_is_none_any_more_finds_nothing(parked, ana, lea, state):
    """Their request still says admin; the write reads that they are an engineer, who may not read this session."""
    if state == "resumed since":
        resume(parked.session_id, by=ana)
    type(lea).objects.filter(pk=lea.pk).update(role="engineer")

    refused = resume(parked.session_id, by=lea)

    assert refused.error == "not_found"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_resume_at_once_one_does(parked, ana, lea, second_waits_for_first):
    resumed, refused = second_waits_for_first(lambda: resume(parked.session_id, by=lea), lambda: resume(parked.session_id, by=ana))

    assert resumed.state == "superseded"
    assert refused.error == "session_changed"
    assert session_of(parked).handler == lea
    assert Event.objects.filter(kind="session_resumed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_resuming_what_is_being_escalated_waits_and_is_refused(parked, ana, lea, second_waits_for_first):
    opened, refused = second_waits_for_first(
        lambda: escalate(parked.session_id, by=ana, needs="Help"), lambda: resume(parked.session_id, by=lea)
    )

    assert refused.error == "session_changed"
    assert session_of(parked).status == "requesting_escalation"
    assert SessionHandoff.objects.get(session=parked.session_id, state="open") == opened.handoff


def test_the_lane_is_found_exactly_as_it_was_left(ana):
    session = make_session(ana)
    lane.add_fact(session.pk, by=ana, text="Only Outlook on this computer is concerned.", step=1)
    lane.settle(session.pk, 2, by=ana, state="skipped", answer="No access yet")
    left = lane_document(case_of(session))

    parked = park(session.pk, by=ana).handoff
    resume(session.pk, by=ana)

    assert lane_document(case_of(session_of(parked))) == left
    assert {kind: parked.snapshot[kind] for kind in left} == left


def test_nobody_writes_while_it_is_parked(parked, ana):
    refused = sessions.post(parked.session_id, by=ana, text="One more thing")

    assert (refused.error, refused.detail) == (
        "session_changed",
        "Nothing was changed: the session has changed. It is parked. Resume it first.",
    )


# --- giving up ----------------------------------------------------------------------------------------------------


def test_giving_a_parked_session_up_supersedes_its_handoff(parked, ana):
    abandon(parked.session_id, by=ana, at=TEN)

    parked.refresh_from_db()
    assert (parked.state, parked.ended_at) == ("superseded", TEN)
    assert session_of(parked).status == "abandoned"
    assert [event.kind for event in Event.objects.order_by("number")][-2:] == ["handoff_superseded", "session_abandoned"]


def test_giving_up_that_is_refused_leaves_the_parked_one_alone(bo_parked, ana, bo, lea):
    AISession.objects.filter(pk=bo_parked.session_id).update(status="resolved")

    assert abandon(bo_parked.session_id, by=bo).error == "session_changed"
    assert abandon(bo_parked.session_id, by=lea).error == "not_found"
    assert SessionHandoff.objects.get(pk=bo_parked.pk).state == "parked"


def test_giving_up_a_claimed_session_leaves_the_claimed_one_as_it_stands(handoff, bo):
    claim(handoff.pk, by=bo)

    abandon(handoff.session_id, by=bo)

    assert SessionHandoff.objects.get(pk=handoff.pk).state == "claimed"


def test_nothing_is_resumed_after_it_was_given_up(parked, ana):
    abandon(parked.session_id, by=ana)

    assert resume(parked.session_id, by=ana).error == "session_changed"


@pytest.mark.django_db(transaction=True)
def test_closing_what_is_being_resumed_waits_and_is_refused(parked, ana, second_waits_for_first):
    _, refused = second_waits_for_first(lambda: resume(parked.session_id, by=ana), lambda: abandon(parked.session_id, by=ana))

    assert refused.error == "session_changed"
    assert SessionHandoff.objects.get().state == "superseded"
    assert Event.objects.filter(kind="handoff_superseded").count() == 1
    assert session_of(parked).status == "active"


@pytest.mark.django_db(transaction=True)
def test_resuming_what_is_being_closed_waits_and_is_refused(parked, ana, second_waits_for_first):
    _, refused = second_waits_for_first(lambda: abandon(parked.session_id, by=ana), lambda: resume(parked.session_id, by=ana))

    assert refused.error == "session_changed"
    assert (session_of(parked).status, SessionHandoff.objects.get().state) == ("abandoned", "superseded")


@pytest.mark.django_db(transaction=True)
def test_closing_what_is_being_parked_waits_and_is_refused(session, ana, second_waits_for_first):
    parked, refused = second_waits_for_first(lambda: park(session.pk, by=ana), lambda: abandon(session.pk, by=ana))

    assert refused.error == "session_changed"
    assert AISession.objects.get(pk=session.pk).status == "paused"
    assert not Event.objects.filter(kind="session_abandoned").exists()
    assert not isinstance(resume(session.pk, by=ana), Refused)
    assert SessionHandoff.objects.get(pk=parked.handoff.pk).state == "superseded"


@pytest.mark.django_db(transaction=True)
def test_parking_what_is_being_closed_waits_and_is_refused(session, ana, second_waits_for_first):
    _, refused = second_waits_for_first(lambda: abandon(session.pk, by=ana), lambda: park(session.pk, by=ana))

    assert refused.error == "session_changed"
    assert AISession.objects.get(pk=session.pk).status == "abandoned"
    assert not SessionHandoff.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", ["active", "paused"])
def test_the_event_of_closing_says_what_was_left(session, ana, second_waits_for_first, status):
    """The first takes the session to the other status; what the log says of the second is what its update met."""
    if status == "paused":
        park(session.pk, by=ana)
    first = park if status == "active" else resume
    second_waits_for_first(lambda: first(session.pk, by=ana), lambda: abandon(session.pk, by=ana))

    log = list(Event.objects.filter(session=session.pk, kind__startswith="session_").order_by("number"))
    for before, after in pairwise(log):
        assert after.from_state == before.to_state
    abandon(session.pk, by=ana)
    assert Event.objects.get(kind="session_abandoned").from_state == log[-1].to_state


def test_giving_up_takes_rows_in_the_order_handoff_session_counter(parked, ana):
    """Part 3 of the design; two verbs that meet must not hold each other up, and nothing stands between counter and commit."""
    with CaptureQueriesContext(connection) as captured:
        abandon(parked.session_id, by=ana)

    tables = tables_written(captured)
    assert tables.index("handoffs_sessionhandoff") < tables.index("flowpilot_aisession") < tables.index("accounts_eventcounter")


def test_updates_name_their_own_columns_only(session, ana):
    with CaptureQueriesContext(connection) as captured:
        park(session.pk, by=ana, needs="Lunch")
        resume(session.pk, by=ana)
        park(session.pk, by=ana)
        abandon(session.pk, by=ana)

    updates = [q["sql"] for q in captured if q["sql"].startswith("UPDATE")]
    assert sum('"status" =' in sql.split("WHERE")[0] for sql in updates) == 4
    states = [sql for sql in updates if sql.startswith('UPDATE "handoffs_sessionhandoff" SET "state"')]
    assert len(states) == 2
    assert all('"state" =' in sql.split("WHERE")[1] for sql in states)
    assert not [sql for sql in updates if " JOIN " in sql or "SELECT" in sql]
