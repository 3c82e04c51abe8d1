"""The addresses of docs/contract.md: what scripts and people rely on. Exact keys, types, statuses and words."""

import uuid
from datetime import datetime

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from accounts.models import Event
from flowpilot import sessions
from flowpilot.models import Fix
from handoffs import assessment, claiming
from handoffs.models import SessionHandoff
from handoffs.parking import park
from handoffs.returning import return_to_opener
from handoffs.withdrawing import withdraw
from tests.factories import hand_off, make_session

pytestmark = pytest.mark.slow

JSON = {"headers": {"Accept": "application/json"}}
HTMX = {"headers": {"HX-Request": "true"}}

# Everything that is pressed, with what it takes; `s` is a session's id, `h` a handoff's.
POSTED = [
    "/sessions/{s}/messages/",
    "/sessions/{s}/park/",
    "/sessions/{s}/resume/",
    "/sessions/{s}/resolve/",
    "/sessions/{s}/abandon/",
    "/sessions/{s}/reopen/",
    "/sessions/{s}/notes/",
    "/sessions/{s}/try-again/",
    "/sessions/{s}/tasks/1/",
    "/sessions/{s}/send/",
    "/sessions/{s}/facts/",
    "/sessions/{s}/facts/1/drop/",
    "/sessions/{s}/fixes/1/",
    "/sessions/{s}/status-update/",
    "/handoffs/{h}/claim/",
    "/handoffs/{h}/release/",
    "/handoffs/{h}/withdraw/",
    "/handoffs/{h}/return/",
    "/handoffs/{h}/ask-again/",
    "/handoffs/{h}/judge/",
    "/handoffs/{h}/missing/",
    "/bell/read/",
]
READ = ["/", "/waiting/", "/escalated/", "/counts/", "/sessions/", "/sessions/new/"]
READ += ["/escalations/", "/escalations/rows/", "/escalations/metrics/"]
READ += ["/bell/", "/people/", "/people/rows/", "/people/add/", "/account/", "/account/password/"]


def is_moment(text):
    """ISO 8601 with an offset."""
    return datetime.fromisoformat(text).tzinfo is not None


def is_uuid(text):
    return isinstance(text, str) and str(uuid.UUID(text)) == text


def person(user):
    return {"id": user.pk, "name": user.name}


def claim(client, handoff, **data):
    return client.post(f"/handoffs/{handoff.pk}/claim/", data, **JSON)


def words_of(answer):
    """The words of an error, whose shape is checked on the way."""
    body = answer.json()
    assert answer.headers["Content-Type"].startswith("application/json")
    assert isinstance(body["error"], str)
    assert isinstance(body["detail"], str) and body["detail"]
    assert ("fields" in body) == (body["error"] == "invalid")
    return answer.status_code, body["error"]


# --- escalate -----------------------------------------------------------------------------------------------------


def test_escalate_answers_201_with_the_handoff_its_session_and_who(session, ana, bo, signed_in):
    answer = signed_in(ana).post(
        f"/sessions/{session.pk}/escalate/", {"reason": "May I delete them?", "priority": "urgent", "target": bo.pk}, **JSON
    )

    body = answer.json()
    assert answer.status_code == 201
    assert set(body) == {"handoff", "session", "handed_off_by"}
    assert is_uuid(body["handoff"])
    assert (body["session"], body["handed_off_by"]) == (str(session.pk), person(ana))
    handoff = SessionHandoff.objects.get(pk=body["handoff"])
    assert (handoff.needs, handoff.priority_slug, handoff.target) == ("May I delete them?", "urgent", bo)


def test_escalate_pressed_again_by_its_author_answers_200_with_the_same(session, ana, signed_in):
    client = signed_in(ana)
    first = client.post(f"/sessions/{session.pk}/escalate/", {"reason": "Help", "priority": "low"}, **JSON)
    events = Event.objects.count()

    again = client.post(f"/sessions/{session.pk}/escalate/", {"reason": "Help!", "priority": "high"}, **JSON)

    assert (again.status_code, again.json()) == (200, first.json())
    assert Event.objects.count() == events


def test_escalate_by_the_opener_while_somebody_elses_handoff_waits_is_409(handoff, ana, bo, signed_in):
    claiming.claim(handoff.pk, by=bo)
    hand_off(handoff.session, bo)

    answer = signed_in(ana).post(f"/sessions/{handoff.session_id}/escalate/", {"reason": "Mine", "priority": "low"}, **JSON)

    assert words_of(answer) == (409, "session_changed")


def test_escalate_of_a_resolved_session_is_409(session, ana, signed_in):
    sessions.resolve(session.pk, by=ana)

    answer = signed_in(ana).post(f"/sessions/{session.pk}/escalate/", {"reason": "Too late"}, **JSON)

    assert words_of(answer) == (409, "session_changed")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "   \n "}, "reason"),
        ({"reason": "a\x00b"}, "reason"),
        ({"reason": "x" * 4001}, "reason"),
        ({"reason": "x", "priority": "yesterday"}, "priority"),
        ({"reason": "x", "priority": "4"}, "priority"),
        ({"reason": "x", "priority": "\x00"}, "priority"),
        ({"reason": "x", "target": "abc"}, "target"),
        ({"reason": "x", "target": "\x00"}, "target"),
        ({"reason": "x", "target": "9" * 40}, "target"),
        ({"reason": "x", "fix_outcome": "maybe"}, "fix_outcome"),
    ],
)
def test_escalate_names_the_field_that_does_not_hold(session, ana, signed_in, sent, field):
    answer = signed_in(ana).post(f"/sessions/{session.pk}/escalate/", sent, **JSON)

    assert words_of(answer) == (422, "invalid")
    assert list(answer.json()["fields"]) == [field]
    assert all(isinstance(text, str) for text in answer.json()["fields"][field])
    assert not SessionHandoff.objects.exists()


@pytest.mark.parametrize("who", ["ana", "vic", "eve"])
def test_a_target_is_somebody_of_the_account_who_may_claim_and_never_oneself(session, ana, signed_in, request, who):
    target = request.getfixturevalue(who)

    answer = signed_in(ana).post(f"/sessions/{session.pk}/escalate/", {"reason": "x", "target": target.pk}, **JSON)

    assert words_of(answer) == (422, "invalid")
    assert list(answer.json()["fields"]) == ["target"]


def test_an_inactive_target_is_refused_at_the_field(session, ana, bo, signed_in):
    type(bo).objects.filter(pk=bo.pk).update(is_active=False)

    answer = signed_in(ana).post(f"/sessions/{session.pk}/escalate/", {"reason": "x", "target": bo.pk}, **JSON)

    assert (words_of(answer), list(answer.json()["fields"])) == ((422, "invalid"), ["target"])


def test_on_the_page_the_fault_stands_at_its_field_and_what_was_typed_stays(session, ana, signed_in):
    page = signed_in(ana).post(f"/sessions/{session.pk}/escalate/", {"reason": "Half a thought", "priority": "yesterday"})

    soup = BeautifulSoup(page.content, "html.parser")
    assert page.status_code == 422
    assert soup.find(id="id_reason").text.strip() == "Half a thought"
    assert soup.find(id="escalate-form").find(class_="error")


def test_an_unsettled_fix_is_settled_with_the_escalation_or_left_as_it_is(ana, signed_in):
    for told, expected in (("failed", "failed"), ("", "proposed")):
        session = make_session(ana)
        Fix.objects.create(session=session, number=3, title="Clear the cache")

        answer = signed_in(ana).post(f"/sessions/{session.pk}/escalate/", {"reason": "x", "fix_outcome": told}, **JSON)

        assert answer.status_code == 201
        assert Fix.objects.get(session=session).outcome == expected
        assert SessionHandoff.objects.get(session=session).snapshot["fixes"][0]["outcome"] == expected


# --- park and resume ----------------------------------------------------------------------------------------------


def test_park_answers_201_and_resume_200(session, ana, signed_in):
    client = signed_in(ana)

    parked = client.post(f"/sessions/{session.pk}/park/", {"reason": "Waiting for the client"}, **JSON)
    resumed = client.post(f"/sessions/{session.pk}/resume/", **JSON)

    assert parked.status_code == 201
    assert set(parked.json()) == {"handoff", "session"}
    assert is_uuid(parked.json()["handoff"])
    assert (resumed.status_code, resumed.json()) == (
        200,
        {"session": str(session.pk), "status": "active", "handoff": parked.json()["handoff"]},
    )


def test_a_second_park_and_a_second_resume_change_nothing(session, ana, signed_in):
    client = signed_in(ana)
    client.post(f"/sessions/{session.pk}/park/", **JSON)

    assert words_of(client.post(f"/sessions/{session.pk}/park/", **JSON)) == (409, "session_changed")
    client.post(f"/sessions/{session.pk}/resume/", **JSON)
    assert words_of(client.post(f"/sessions/{session.pk}/resume/", **JSON)) == (409, "session_changed")
    assert SessionHandoff.objects.filter(session=session).count() == 1


@pytest.mark.parametrize("path", ["/sessions/{s}/park/", "/handoffs/{h}/withdraw/"])
@pytest.mark.parametrize("too_much", ["a\x00b", "x" * 5000])
def test_a_note_that_does_not_hold_is_422_in_json_a_toast_in_htmx_and_a_page_in_a_browser(handoff, ana, bo, signed_in, path, too_much):
    mine = make_session(ana)
    where, sent = path.format(s=mine.pk, h=handoff.pk), {"reason": too_much, "note": too_much}
    client = signed_in(ana)

    assert words_of(client.post(where, sent, **JSON)) == (422, "invalid")
    fragment = client.post(where, sent, **HTMX)
    assert (fragment.status_code, fragment.headers.get("HX-Retarget")) == (422, "#toasts")
    page = client.post(where, sent)
    assert (page.status_code, page.headers["Content-Type"]) == (422, "text/html; charset=utf-8")


# --- claim --------------------------------------------------------------------------------------------------------


def test_claim_answers_200_with_who_and_when(handoff, ana, bo, signed_in):
    answer = claim(signed_in(bo), handoff, begin="continue")

    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"handoff", "session", "handed_off_by", "claimed_by", "claimed_at"}
    assert (body["handoff"], body["session"]) == (str(handoff.pk), str(handoff.session_id))
    assert (body["handed_off_by"], body["claimed_by"]) == (person(ana), person(bo))
    assert is_moment(body["claimed_at"])


def test_claim_by_the_same_person_again_is_the_same_success(handoff, bo, signed_in):
    client = signed_in(bo)
    first = claim(client, handoff)
    events = Event.objects.count()

    again = claim(client, handoff, begin="analysis")

    assert (again.status_code, again.json()) == (200, first.json())
    assert Event.objects.count() == events


def test_claim_by_somebody_else_after_them_is_409_with_the_winner_and_when(handoff, bo, dana, signed_in):
    won = claim(signed_in(bo), handoff).json()

    lost = claim(signed_in(dana), handoff)

    assert words_of(lost) == (409, "already_claimed")
    assert set(lost.json()) == {"error", "detail", "claimed_by", "claimed_at"}
    assert (lost.json()["claimed_by"], lost.json()["claimed_at"]) == (won["claimed_by"], won["claimed_at"])


@pytest.mark.parametrize(
    ("who", "expected"), [("ana", (403, "own_handoff")), ("vic", (403, "not_allowed")), ("eve", (404, "not_found")), ("lea", None)]
)
def test_claim_while_open_by_everybody_else(handoff, signed_in, request, who, expected):
    answer = claim(signed_in(request.getfixturevalue(who)), handoff)

    assert (words_of(answer) if expected else answer.status_code) == (expected or 200)


def _withdrawn(handoff, ana, bo):
    withdraw(handoff.pk, by=ana)


def _returned(handoff, ana, bo):
    claiming.claim(handoff.pk, by=bo)
    return_to_opener(handoff.pk, by=bo, note="Restart it first.")


def _superseded(handoff, ana, bo):
    claiming.claim(handoff.pk, by=bo)
    hand_off(handoff.session, bo)


@pytest.mark.parametrize(("ended", "word"), [(_withdrawn, "withdrawn"), (_returned, "returned"), (_superseded, "superseded")])
def test_claim_of_what_is_over_is_judged_404_role_author_gone(handoff, ana, bo, dana, vic, eve, signed_in, ended, word):
    ended(handoff, ana, bo)

    assert words_of(claim(signed_in(eve), handoff)) == (404, "not_found")
    assert words_of(claim(signed_in(vic), handoff)) == (403, "not_allowed")
    assert words_of(claim(signed_in(ana), handoff)) == (403, "own_handoff")
    assert words_of(claim(signed_in(dana), handoff)) == (410, word)
    assert words_of(claim(signed_in(bo), handoff)) == (410, word)


def test_claim_of_what_is_claimed_is_judged_404_role_author_claimer_rival(handoff, ana, bo, dana, vic, eve, signed_in):
    claiming.claim(handoff.pk, by=bo)

    assert words_of(claim(signed_in(eve), handoff)) == (404, "not_found")
    assert words_of(claim(signed_in(vic), handoff)) == (403, "not_allowed")
    assert words_of(claim(signed_in(ana), handoff)) == (403, "own_handoff")
    assert claim(signed_in(bo), handoff).status_code == 200
    assert words_of(claim(signed_in(dana), handoff)) == (409, "already_claimed")


def test_claim_of_a_parked_one_is_404_for_whoever_may_not_read_the_session(session, ana, dana, signed_in):
    parked = park(session.pk, by=ana).handoff

    assert words_of(claim(signed_in(dana), parked)) == (404, "not_found")
    assert words_of(claim(signed_in(ana), parked)) == (403, "own_handoff")


def test_claim_without_begin_is_own_and_a_strange_begin_is_422(handoff, bo, signed_in):
    client = signed_in(bo)

    assert words_of(claim(client, handoff, begin="steal")) == (422, "invalid")
    assert words_of(claim(client, handoff, begin="own\x00")) == (422, "invalid")
    assert claim(client, handoff).status_code == 200
    assert SessionHandoff.objects.get(pk=handoff.pk).begin == "own"


def test_the_loser_in_the_queue_gets_the_card_with_the_winners_name(handoff, bo, dana, signed_in):
    claiming.claim(handoff.pk, by=bo)

    lost = signed_in(dana).post(f"/handoffs/{handoff.pk}/claim/", {"from": "queue"}, **HTMX)

    card = BeautifulSoup(lost.content, "html.parser").find(id=f"card-{handoff.pk}")
    assert lost.status_code == 409
    assert card.find(role="status").text == "Already claimed by Bo Lindqvist just now"
    assert not card.find(string="Pick up")


def test_the_loser_on_the_screen_is_led_back_to_the_queue_with_a_toast(handoff, bo, dana, signed_in):
    claiming.claim(handoff.pk, by=bo)
    client = signed_in(dana)

    lost = client.post(f"/handoffs/{handoff.pk}/claim/", {"begin": "own"}, **HTMX)

    assert lost.headers["HX-Redirect"] == "/escalations/"
    toasts = BeautifulSoup(client.get("/escalations/").content, "html.parser").find(id="toasts")
    assert "Already claimed by Bo Lindqvist" in toasts.text


# --- letting go ---------------------------------------------------------------------------------------------------


def end_claim(client, handoff, word, **data):
    return client.post(f"/handoffs/{handoff.pk}/{word}/", data, **JSON)


@pytest.mark.parametrize(
    ("word", "who", "status"),
    [("release", "bo", "requesting_escalation"), ("return", "bo", "active"), ("release", "lea", "requesting_escalation")],
)
def test_release_and_return_answer_with_session_status_and_handoff(handoff, bo, signed_in, request, word, who, status):
    claiming.claim(handoff.pk, by=bo)

    answer = end_claim(signed_in(request.getfixturevalue(who)), handoff, word, note="Check the licence first.")

    assert (answer.status_code, answer.json()) == (200, {"session": str(handoff.session_id), "status": status, "handoff": str(handoff.pk)})


def test_withdraw_answers_with_session_status_and_handoff_and_twice_the_same(handoff, ana, signed_in):
    client = signed_in(ana)

    first, again = end_claim(client, handoff, "withdraw"), end_claim(client, handoff, "withdraw")

    assert first.json() == {"session": str(handoff.session_id), "status": "active", "handoff": str(handoff.pk)}
    assert (again.status_code, again.json()) == (200, first.json())


@pytest.mark.parametrize("word", ["release", "withdraw", "return"])
@pytest.mark.parametrize(("who", "status"), [("eve", 404), ("vic", 403)])
def test_people_without_permission_cannot_release_return_or_withdraw(handoff, bo, signed_in, request, word, who, status):
    claiming.claim(handoff.pk, by=bo)

    assert end_claim(signed_in(request.getfixturevalue(who)), handoff, word, note="x").status_code == status
    assert SessionHandoff.objects.get(pk=handoff.pk).state == "claimed"


def test_what_was_claimed_cannot_be_withdrawn_any_more(handoff, ana, bo, signed_in):
    claiming.claim(handoff.pk, by=bo)

    assert words_of(end_claim(signed_in(ana), handoff, "withdraw")) == (409, "already_claimed")


def test_a_return_needs_instructions(handoff, bo, signed_in):
    claiming.claim(handoff.pk, by=bo)

    answer = end_claim(signed_in(bo), handoff, "return")

    assert (words_of(answer), list(answer.json()["fields"])) == ((422, "invalid"), ["note"])


def test_a_return_to_somebody_inactive_or_to_oneself_is_409(handoff, ana, bo, signed_in):
    claiming.claim(handoff.pk, by=bo)
    mine = hand_off(handoff.session, bo)
    claiming.claim(mine.pk, by=ana)

    assert words_of(end_claim(signed_in(ana), mine, "return", note="x")) == (409, "session_changed")

    other = hand_off(make_session(ana), ana)
    claiming.claim(other.pk, by=bo)
    type(ana).objects.filter(pk=ana.pk).update(is_active=False)
    assert words_of(end_claim(signed_in(bo), other, "return", note="x")) == (409, "session_changed")


def test_resolve_answers_with_session_status_and_handoff(handoff, bo, signed_in):
    claiming.claim(handoff.pk, by=bo)

    answer = signed_in(bo).post(f"/sessions/{handoff.session_id}/resolve/", **JSON)

    assert (answer.status_code, answer.json()) == (
        200,
        {"session": str(handoff.session_id), "status": "resolved", "handoff": str(handoff.pk)},
    )


def test_resolve_without_a_handoff_says_null_and_twice_is_409(session, ana, signed_in):
    client = signed_in(ana)

    first = client.post(f"/sessions/{session.pk}/resolve/", **JSON)

    assert first.json() == {"session": str(session.pk), "status": "resolved", "handoff": None}
    assert words_of(client.post(f"/sessions/{session.pk}/resolve/", **JSON)) == (409, "session_changed")


def test_whoever_may_neither_open_nor_handle_cannot_end_a_session(session, dana, lea, signed_in):
    for who in (dana, lea):
        for word in ("resolve", "abandon", "park", "escalate", "reopen"):
            answer = signed_in(who).post(f"/sessions/{session.pk}/{word}/", {"reason": "x"}, **JSON)
            assert words_of(answer) == (404, "not_found"), (who, word)


# --- reading ------------------------------------------------------------------------------------------------------


def test_the_queue_lists_its_rows_in_its_order(ana, bo, dana, signed_in):
    low = hand_off(make_session(ana), ana, priority=1)
    old, for_bo = hand_off(make_session(ana), ana), hand_off(make_session(ana), ana, target=bo)
    urgent = hand_off(make_session(dana), dana, priority=4, needs="Is the line down?")
    own = hand_off(make_session(bo), bo, priority=4)

    rows = signed_in(bo).get("/escalations/", **JSON).json()["handoffs"]

    assert [row["id"] for row in rows] == [str(h.pk) for h in (urgent, for_bo, old, low)]
    assert str(own.pk) not in [row["id"] for row in rows]
    for row in rows:
        assert set(row) == {
            "id", "session", "problem", "client", "ticket", "domain", "priority", "needs", "escalated_by", "target", "created_at", "steps"
        }  # fmt: skip
        assert is_uuid(row["id"]) and is_uuid(row["session"]) and is_moment(row["created_at"])
        assert isinstance(row["steps"], int)
    assert (rows[0]["escalated_by"], rows[0]["target"], rows[0]["priority"], rows[0]["needs"]) == (
        person(dana),
        None,
        "urgent",
        "Is the line down?",
    )
    assert rows[1]["target"] == person(bo)
    assert signed_in(bo).get("/escalations/rows/", **JSON).json()["handoffs"] == rows


def test_the_context_screen_as_json(handoff, ana, bo, signed_in):
    body = signed_in(bo).get(f"/handoffs/{handoff.pk}/", **JSON).json()

    assert set(body) == {"handoff", "session", "status", "handed_off_by", "needs", "snapshot", "assessment_state", "assessment"}
    assert (body["handoff"], body["session"], body["status"]) == (str(handoff.pk), str(handoff.session_id), "open")
    assert (body["handed_off_by"], body["needs"]) == (person(ana), handoff.needs)
    assert (body["assessment_state"], body["assessment"]) == ("pending", None)
    assert body["snapshot"]["step_count"] == 4


def test_the_assessment_joins_the_json_when_it_is_ready(handoff, bo, signed_in):
    assessment.make(handoff.pk, at=timezone.now())

    body = signed_in(bo).get(f"/handoffs/{handoff.pk}/", **JSON).json()
    assert body["assessment_state"] == "ready"
    assert set(body["assessment"]) == {
        "summary_prose", "likely_cause", "cause_evidence", "confidence", "what_we_know", "corrected", "tried", "suggested_steps",
        "open_questions", "not_shown",
    }  # fmt: skip


@pytest.mark.parametrize("period", [None, "7d", "30d", "90d"])
def test_the_figures(handoff, bo, signed_in, period):
    claiming.claim(handoff.pk, by=bo)

    answer = signed_in(bo).get("/escalations/metrics/", {"period": period} if period else {}, **JSON)

    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {
        "period", "handed_off", "claimed", "acted_on", "time_to_claim", "time_to_first_action", "assessments", "metric_definition"
    }  # fmt: skip
    assert set(body["assessments"]) == {"judged", "entries_right", "entries_wrong", "missing", "by_part"}
    assert set(body["assessments"]["by_part"]) == {"summary", "known", "corrected", "tried", "cause", "step"}
    assert (body["period"], body["handed_off"], body["claimed"], body["acted_on"]) == (period or "30d", 1, 1, 0)
    assert set(body["time_to_claim"]) == {"average_s", "median_s", "p95_s"}
    assert all(value >= 0 for value in body["time_to_claim"].values())
    assert body["time_to_first_action"] == {"average_s": None, "median_s": None, "p95_s": None}


@pytest.mark.parametrize("period", ["", "1d", "30", "7d'; --", "٧d"])
def test_a_bad_period_is_422(bo, signed_in, period):
    answer = signed_in(bo).get("/escalations/metrics/", {"period": period}, **JSON)

    assert (words_of(answer), list(answer.json()["fields"])) == ((422, "invalid"), ["period"])


def test_a_viewer_does_not_see_the_figures(vic, signed_in):
    assert words_of(signed_in(vic).get("/escalations/metrics/", **JSON)) == (403, "not_allowed")


# --- signing in --------------------------------------------------------------------------------------------------


def test_signed_out_a_page_redirects_htmx_is_told_to_and_json_is_401(handoff):
    ids = {"s": handoff.session_id, "h": handoff.pk}
    for path in [
        *READ,
        *POSTED,
        "/sessions/{s}/",
        "/sessions/{s}/changes/",
        "/sessions/{s}/escalate/",
        "/handoffs/{h}/",
        "/handoffs/{h}/summary/",
    ]:
        where = path.format(**ids)
        ask = Client().post if path in POSTED else Client().get

        page, fragment, body = ask(where), ask(where, **HTMX), ask(where, **JSON)

        assert (page.status_code, page.headers["Location"].split("?")[0]) == (302, "/accounts/login/"), where
        assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (200, "/accounts/login/"), where
        assert fragment.content == b"", where
        assert words_of(body) == (401, "unauthenticated"), where
    assert Event.objects.filter(kind="handoff_opened").count() == Event.objects.count()


# A status update changes nothing; its form has an address of its own.
@pytest.mark.parametrize("path", [path for path in POSTED if not path.endswith("/status-update/")])
def test_what_changes_something_refuses_get(handoff, ana, signed_in, path):
    before = Event.objects.count()

    for extra in ({}, JSON, HTMX):
        answer = signed_in(ana).get(path.format(s=handoff.session_id, h=handoff.pk), **extra)

        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert Event.objects.count() == before


# Pages whose forms are sent to where they stand.
FORMS = [
    "/sessions/{s}/escalate/",
    "/sessions/new/",
    "/people/add/",
    "/account/",
    "/account/password/",
    "/accounts/login/",
    "/accounts/logout/",
]


@pytest.mark.parametrize("path", [*POSTED, *FORMS])
def test_a_post_without_the_token_changes_nothing_and_says_so_in_words(handoff, ana, signed_in, path):
    client, before = signed_in(ana, enforce_csrf_checks=True), Event.objects.count()
    where = path.format(s=handoff.session_id, h=handoff.pk)

    page, fragment, body = client.post(where), client.post(where, **HTMX), client.post(where, **JSON)

    assert page.status_code == 403
    assert "Nothing was changed" in BeautifulSoup(page.content, "html.parser").find("main").text
    assert (fragment.status_code, fragment.headers["HX-Retarget"]) == (403, "#toasts")
    assert words_of(body) == (403, "not_allowed")
    assert Event.objects.count() == before


def test_the_token_of_the_cookie_opens_the_door(handoff, bo, signed_in):
    client = signed_in(bo, enforce_csrf_checks=True)
    client.get("/escalations/")

    answer = client.post(
        f"/handoffs/{handoff.pk}/claim/", headers={"Accept": "application/json", "X-CSRFToken": client.cookies["csrftoken"].value}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("accept", "json"),
    [
        ("application/json", True),
        ("Application/JSON", True),
        ("application/json, text/plain, */*", True),
        ("application/json;q=0.9, text/html;q=0.1", True),
        ("*/*", False),
        ("", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ("text/html, application/json", False),
        ("nonsense;;;q=z,,", False),
        ("application/json\x7f", False),
    ],
)
def test_json_is_answered_where_it_is_preferred_to_html(handoff, bo, signed_in, accept, json):
    for where in ("/escalations/", f"/handoffs/{handoff.pk}/", f"/handoffs/{uuid.uuid4()}/"):
        answer = signed_in(bo).get(where, headers={"Accept": accept})

        assert answer.headers["Content-Type"].startswith("application/json" if json else "text/html"), where


# --- what should not happen ---------------------------------------------------------------------------------------


def test_an_id_that_is_none_and_one_that_nobody_has_are_404(bo, signed_in):
    client = signed_in(bo)
    for bad in (str(uuid.uuid4()), "1", "undefined", "0" * 32, "%00", "..%2f..", "é"):
        for place in ("sessions", "handoffs"):
            assert words_of(client.get(f"/{place}/{bad}/", **JSON)) == (404, "not_found"), (place, bad)
            assert client.get(f"/{place}/{bad}/").status_code == 404
    for word in ("claim", "release", "withdraw", "return", "ask-again", "judge", "missing"):
        assert words_of(client.post(f"/handoffs/{uuid.uuid4()}/{word}/", {"note": "x"}, **JSON)) == (404, "not_found")
    for bad in ("0", "9" * 30, "x"):
        assert client.get(f"/bell/{bad}/").status_code == 404


NUL = "a\x00b"
QUERIED = ["show", "status", "q", "page", "period", "all", "after", "lane", "compose", "overlay", "next", "handoff", "text"]


@pytest.mark.parametrize(
    "path",
    [
        *READ,
        "/sessions/{s}/",
        "/sessions/{s}/changes/",
        "/sessions/{s}/escalate/",
        "/handoffs/{h}/",
        "/handoffs/{h}/summary/",
        "/accounts/login/",
        "/accounts/logout/",
    ],
)
def test_a_nul_in_a_query_string_is_never_a_500(handoff, ana, signed_in, path):
    where, sent = path.format(s=handoff.session_id, h=handoff.pk), dict.fromkeys(QUERIED, NUL)

    for extra in ({}, JSON, HTMX):
        assert signed_in(ana).get(where, sent, **extra).status_code < 500
    assert Client().get(where, sent).status_code < 500


FIELDS = [
    "text", "kind", "reason", "priority", "target", "fix_outcome", "note", "notes", "action", "answer", "outcome", "begin", "from", "after",
    "context", "audience", "length", "title", "client", "ticket", "log", "step", "login", "password", "next", "name", "email", "role",
    "oldpassword", "password1", "password2", "part", "entry", "verdict", "generation",
]  # fmt: skip


@pytest.mark.parametrize("path", [*POSTED, *FORMS])
@pytest.mark.parametrize("waits", [True, False])
def test_a_nul_in_a_form_is_never_a_500(ana, signed_in, path, waits):
    session = make_session(ana)
    handoff = hand_off(session if waits else make_session(ana), ana)
    where, sent = path.format(s=session.pk, h=handoff.pk), dict.fromkeys(FIELDS, NUL)

    for extra in (JSON, HTMX, {}):
        assert signed_in(ana).post(where, sent, **extra).status_code < 500


@pytest.mark.parametrize(
    ("path", "good", "field"),
    [
        ("/sessions/{s}/messages/", {"kind": "message"}, "text"),
        ("/sessions/{s}/facts/", {}, "text"),
        ("/sessions/{s}/tasks/2/", {"action": "done"}, "answer"),
        ("/sessions/{s}/status-update/", {"context": "progress"}, "text"),
        ("/sessions/new/", {}, "text"),
    ],
)
def test_a_nul_in_one_field_is_told_at_that_field(session, ana, signed_in, path, good, field):
    answer = signed_in(ana).post(path.format(s=session.pk), {**good, field: NUL}, **JSON)

    assert (words_of(answer), list(answer.json()["fields"])) == ((422, "invalid"), [field])


def test_a_body_that_is_too_big_is_refused_before_it_is_read(session, ana, signed_in):
    steps = session.steps.count()

    for extra in ({}, JSON, HTMX):
        answer = signed_in(ana).post(
            f"/sessions/{session.pk}/messages/", "text=" + "x" * 3_000_000, "application/x-www-form-urlencoded", **extra
        )
        assert answer.status_code in (400, 413, 422)
        form = signed_in(ana).post(f"/sessions/{session.pk}/messages/", {"text": "x" * 1_500_000}, **extra)
        assert form.status_code == 422
    assert session.steps.count() == steps


def test_a_form_with_thousands_of_fields_is_no_500(session, ana, signed_in):
    answer = signed_in(ana).post(f"/sessions/{session.pk}/messages/", {f"f{n}": "1" for n in range(3000)})

    assert answer.status_code == 400


def test_a_json_body_is_no_form_and_is_told_what_is_missing(session, ana, signed_in):
    answer = signed_in(ana).post(f"/sessions/{session.pk}/escalate/", {"reason": "x"}, content_type="application/json", **JSON)

    assert (words_of(answer), list(answer.json()["fields"])) == ((422, "invalid"), ["reason"])
