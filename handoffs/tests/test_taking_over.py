"""An admin or owner takes a session over from whoever handles it."""

import json

import pytest
from bs4 import BeautifulSoup
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Event
from flowpilot import sessions
from flowpilot.models import AISession, SessionHolder
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.opening import open_handoff
from handoffs.parking import park, resume
from handoffs.releasing import release
from handoffs.taking_over import take_over
from tests.factories import UserFactory, hand_off, tables_written

# The room above writes these rows inside our transaction; it is not imported from here.
Notification = apps.get_model("escalations", "Notification")


def now(session):
    return AISession.objects.get(pk=session.pk)


def stands(session):
    return (
        AISession.objects.filter(pk=session.pk).values_list().get(),
        list(SessionHandoff.objects.values_list()),
        list(SessionHolder.objects.values_list()),
        Event.objects.count(),
        Notification.objects.count(),
    )


@pytest.mark.parametrize("role", ["admin", "owner"])
def test_an_admin_or_owner_takes_over_and_handles_it(session, ana, role):
    lead = UserFactory(name="Max Lead", account=ana.account, role=role)

    taken = take_over(session.pk, by=lead, reason="Ana is ill.")

    assert (taken.status, taken.handler, taken.user) == ("active", lead, ana)
    assert SessionHolder.objects.get(session=session, until=None).user == lead
    step = session.steps.last()
    assert (step.event, step.author, step.text) == ("taken_over", lead, "Max took this over from Ana: Ana is ill.")
    event = Event.objects.get(kind="session_taken_over")
    assert (event.by, event.session, event.from_state, event.to_state) == (lead, session.pk, "active", "active")
    assert event.details == {"former": ana.pk}


def test_the_former_handler_alone_is_notified(session, ana, bo, lea):
    take_over(session.pk, by=lea, reason="Ana is ill.")

    (note,) = Notification.objects.all()
    assert (note.user, note.kind, note.session, note.handoff) == (ana, "session_taken_over", session, None)
    assert note.title == "Lea Moreau took it over · #48219: Outlook asks for the password again and again"


def test_the_notification_leads_to_the_session(session, ana, lea, signed_in):
    take_over(session.pk, by=lea, reason="Ana is ill.")
    client = signed_in(ana)

    page = BeautifulSoup(client.get("/bell/").content, "html.parser").find("main")
    row = page.select_one("ol.rows li")

    assert "Active, with Lea Moreau" in " ".join(row.text.split())
    assert client.get(row.a["href"])["Location"] == f"/sessions/{session.pk}/"


def test_a_claimed_session_is_taken_over_and_the_claim_ends(handoff, bo, lea):
    claim(handoff.pk, by=bo)

    take_over(handoff.session_id, by=lea, reason="Bo is ill.")

    assert SessionHandoff.objects.get(pk=handoff.pk).state == "superseded"
    assert now(handoff.session).handler == lea
    assert release(handoff.pk, by=bo).error == "superseded"


def test_the_author_of_a_claimed_handoff_may_take_it_over(session, bo, lea):
    AISession.objects.filter(pk=session.pk).update(handler=lea)
    handoff = hand_off(session, lea)
    claim(handoff.pk, by=bo)

    assert take_over(session.pk, by=lea, reason="Solved elsewhere").handler == lea


def test_a_parked_session_is_taken_over_and_active(session, ana, lea):
    parked = park(session.pk, by=ana, needs="Lunch").handoff

    taken = take_over(session.pk, by=lea, reason="The client is waiting.")

    assert (taken.status, taken.status_reason, taken.handler) == ("active", "", lea)
    assert SessionHandoff.objects.get(pk=parked.pk).state == "superseded"
    assert resume(session.pk, by=ana).error == "session_changed"


def test_what_waits_is_claimed_or_withdrawn_instead(handoff, lea):
    before = stands(handoff.session)

    refused = take_over(handoff.session_id, by=lea, reason="Now")

    assert (refused.error, refused.status) == ("session_changed", 409)
    assert refused.detail == "It is waiting for a colleague. Claim or withdraw the escalation instead."
    assert stands(handoff.session) == before


@pytest.mark.parametrize(("verb", "words"), [(sessions.resolve, "It is resolved."), (sessions.abandon, "It was closed unresolved.")])
def test_what_has_ended_is_not_taken_over(session, ana, lea, verb, words):
    verb(session.pk, by=ana)

    refused = take_over(session.pk, by=lea, reason="Now")

    assert refused.error == "session_changed"
    assert words in refused.detail


@pytest.mark.parametrize(("who", "error"), [("ana", "not_allowed"), ("bo", "not_found"), ("vic", "not_allowed"), ("eve", "not_found")])
def test_nobody_else_takes_over(session, request, who, error):
    before = stands(session)

    assert take_over(session.pk, by=request.getfixturevalue(who), reason="Now").error == error
    assert stands(session) == before


@pytest.mark.parametrize(("since", "error"), [({"role": "engineer"}, "not_found"), ({"is_active": False}, "inactive")])
def test_who_takes_over_is_judged_at_the_write(session, lea, since, error):
    type(lea).objects.filter(pk=lea.pk).update(**since)

    assert take_over(session.pk, by=lea, reason="Now").error == error


@pytest.mark.parametrize("reason", ["", "  ", "\x00"])
def test_a_reason_is_required(session, lea, reason):
    before = stands(session)

    refused = take_over(session.pk, by=lea, reason=reason)

    assert (refused.status, list(refused.extra["fields"])) == (422, ["reason"])
    assert stands(session) == before


def test_a_second_press_changes_nothing(session, lea):
    take_over(session.pk, by=lea, reason="Ana is ill.")
    before = stands(session)

    assert take_over(session.pk, by=lea, reason="Again").handler == lea
    assert stands(session) == before


def test_a_secret_in_the_reason_is_redacted(session, lea):
    take_over(session.pk, by=lea, reason="The password is Sommer2024!x")

    assert "Sommer2024" not in session.steps.last().text
    assert "[hidden password" in session.steps.last().text


def test_one_conditional_update_of_its_own_columns_takes_the_session(handoff, bo, lea):
    claim(handoff.pk, by=bo)
    with CaptureQueriesContext(connection) as captured:
        take_over(handoff.session_id, by=lea, reason="Bo is ill.")

    updates = [q["sql"] for q in captured if q["sql"].startswith("UPDATE")]
    (taken,) = [sql for sql in updates if '"handler_id" =' in sql.split("WHERE")[0]]
    assert all(f'"flowpilot_aisession"."{column}"' in taken.split("WHERE")[1] for column in ("id", "account_id", "status", "handler_id"))
    assert not [sql for sql in updates if " JOIN " in sql or "SELECT" in sql]
    tables = tables_written(captured)
    order = ["accounts_user", "handoffs_sessionhandoff", "flowpilot_aisession", "accounts_eventcounter"]
    assert sorted(order, key=tables.index) == order


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_over_at_once_one_does(session, ana, lea, second_waits_for_first):
    max_ = UserFactory(name="Max Lead", account=ana.account, role="owner")

    taken, refused = second_waits_for_first(
        lambda: take_over(session.pk, by=lea, reason="Ana is ill."), lambda: take_over(session.pk, by=max_, reason="Ana is ill.")
    )

    assert taken.handler == lea
    assert refused.error == "session_changed"
    assert now(session).handler == lea
    assert Event.objects.filter(kind="session_taken_over").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", [park, open_handoff, sessions.resolve])
@pytest.mark.parametrize("order", ["take over first", "take over second"])
def test_taking_over_and_what_the_handler_does_exclude_each_other(session, ana, lea, second_waits_for_first, verb, order):
    pair = (
        lambda: take_over(session.pk, by=lea, reason="Ana is ill."),
        lambda: verb(session.pk, by=ana, **({"needs": "Help"} if verb is open_handoff else {})),
    )

    second_waits_for_first(*(pair if order == "take over first" else pair[::-1]))

    taken = Event.objects.filter(kind="session_taken_over").exists()
    # Ana opened it, so that she may still park, escalate or resolve it after it was taken over; what counts is that nothing is half done.
    assert taken == (order == "take over first")
    live = SessionHandoff.objects.live().filter(session=session).first()
    assert {"active": None, "resolved": None, "paused": "parked", "requesting_escalation": "open"}[now(session).status] == (
        live.state if live else None
    )


# --- the page and JSON --------------------------------------------------------------------------------------------


def test_it_answers_with_session_status_and_handoff(session, lea, signed_in, as_json):
    answer = signed_in(lea).post(f"/sessions/{session.pk}/take-over/", {"reason": "Ana is ill."}, **as_json)

    assert (answer.status_code, answer.json()) == (200, {"session": str(session.pk), "status": "active", "handoff": None})


def test_without_a_reason_it_is_422_with_the_field(session, lea, signed_in, as_json):
    answer = signed_in(lea).post(f"/sessions/{session.pk}/take-over/", **as_json)

    assert answer.status_code == 422
    assert answer.json()["fields"] == {"reason": ["Write why you take it over."]}


@pytest.mark.parametrize(("who", "status"), [("ana", 403), ("bo", 404), ("vic", 404), ("eve", 404)])
def test_others_are_refused_with_and_without_a_reason(session, signed_in, request, as_json, who, status):
    client = signed_in(request.getfixturevalue(who))

    for body in ({}, {"reason": "Now"}):
        assert client.post(f"/sessions/{session.pk}/take-over/", body, **as_json).status_code == status


def test_get_is_refused(session, lea, signed_in):
    assert signed_in(lea).get(f"/sessions/{session.pk}/take-over/").status_code == 405


@pytest.mark.parametrize(("who", "there"), [("lea", True), ("ana", False)])
def test_the_button_is_there_for_admins_and_owners_who_do_not_handle_it(session, signed_in, request, who, there):
    page = BeautifulSoup(signed_in(request.getfixturevalue(who)).get(f"/sessions/{session.pk}/").content, "html.parser")

    form = page.find("form", action=f"/sessions/{session.pk}/take-over/")
    assert bool(form) == there
    if form:
        assert form.find("input", attrs={"name": "reason"}).has_attr("required")


def test_the_button_goes_when_there_is_nothing_to_take_over(session, ana, lea, signed_in):
    take_over(session.pk, by=lea, reason="Ana is ill.")
    assert f"/sessions/{session.pk}/take-over/" not in signed_in(lea).get(f"/sessions/{session.pk}/").text


def test_open_pages_of_whoever_may_read_it_follow(session, ana, bo, lea):
    from escalations.live.frames import Rows, frame_of

    take_over(session.pk, by=lea, reason="Ana is ill.")

    event = Event.objects.get(kind="session_taken_over")
    frame = frame_of(event, Rows(session.account_id, [event]))
    assert (json.loads(frame.whole)["session"], json.loads(frame.whole)["bell"]) == (str(session.pk), ana.pk)
    assert {ana.pk, lea.pk} <= frame.readers
    assert bo.pk not in frame.readers
