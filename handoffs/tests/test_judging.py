"""The claimer's judgement: right, wrong, missing; by whoever claimed and nobody else; kept, changeable, counted once."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from accounts.models import Event
from flowpilot import sessions
from handoffs import assessment, judging
from handoffs.claiming import claim
from handoffs.models import EntryJudgement, MissingEntry, SessionHandoff
from handoffs.releasing import release
from handoffs.returning import return_to_opener

JSON = {"Accept": "application/json"}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def assessed(handoff):
    assessment.make(handoff.pk, at=handoff.created_at)
    return SessionHandoff.objects.get(pk=handoff.pk)


@pytest.fixture
def claimed(assessed, bo):
    claim(assessed.pk, by=bo)
    return SessionHandoff.objects.get(pk=assessed.pk)


def judge(handoff, by, part="known", entry=0, verdict="right", **more):
    return judging.judge(handoff.pk, by=by, part=part, entry=entry, verdict=verdict, **more)


def missing(handoff, by, text="The build of Outlook", **more):
    return judging.report_missing(handoff.pk, by=by, text=text, **more)


def events():
    return Event.objects.filter(kind="assessment_judged")


def pressed(page):
    return {button["id"] for button in page.select(".judge [aria-pressed=true]")}


def screen(client, handoff):
    return BeautifulSoup(client.get(f"/handoffs/{handoff.pk}/?overlay=1").content, "html.parser")


# --- right and wrong ----------------------------------------------------------------------------------------------


def test_the_claimer_judges_an_entry_and_its_words_are_kept_with_it(claimed, bo):
    kept = judge(claimed, bo, "known", 0, "wrong", note="It was the other mailbox.")

    row = EntryJudgement.objects.get()
    assert kept == row
    assert (row.handoff_id, row.account_id, row.by, row.part, row.entry) == (claimed.pk, claimed.account_id, bo, "known", 0)
    assert (row.verdict, row.note) == ("wrong", "It was the other mailbox.")
    assert (row.text, row.generation) == (claimed.assessment["what_we_know"][0]["text"], claimed.assessed_generation)


def test_it_is_an_event_with_no_words_of_the_case(claimed, bo):
    judge(claimed, bo, "summary", 0, "right", note="Secret words")

    event = events().get()
    assert (event.handoff, event.session, event.by) == (claimed.pk, claimed.session_id, bo)
    assert event.details == {"part": "summary", "entry": 0, "verdict": "right"}


def test_pressed_twice_changes_nothing(claimed, bo):
    first = judge(claimed, bo)

    second = judge(claimed, bo, at=first.at + timedelta(minutes=5))

    assert (second.pk, second.at) == (first.pk, first.at)
    assert (EntryJudgement.objects.count(), events().count()) == (1, 1)


def test_a_verdict_can_be_changed_and_is_still_one(claimed, bo):
    judge(claimed, bo, verdict="wrong", note="No")

    judge(claimed, bo, verdict="right")

    assert [(row.verdict, row.note) for row in EntryJudgement.objects.all()] == [("right", "")]
    assert events().count() == 2


def test_a_note_is_kept_when_the_same_verdict_is_pressed_and_taken_back_when_it_is_emptied(claimed, bo):
    judge(claimed, bo, verdict="wrong", note="No")

    again = judge(claimed, bo, verdict="wrong")
    emptied = judge(claimed, bo, verdict="wrong", note="")

    assert (again.note, emptied.note) == ("No", "")


@pytest.mark.parametrize("part", ["known", "summary", "step", "tried", "cause", "corrected"])
def test_every_part_can_be_judged_where_it_has_an_entry(claimed, bo, part):
    quote = [{"step": 3, "quote": "Outlook on the web works."}]
    whole = {
        **claimed.assessment,
        "likely_cause": "A stale credential",
        "what_we_know": [{"text": "Known", "evidence": quote}],
        "tried": [{"action": "Asked", "outcome": None, "evidence": quote}],
        "suggested_steps": [{"text": "Clear it", "why": "", "evidence": []}],
        "corrected": [{"text": "Both", "evidence": quote, "now": "One", "corrected_by": quote}],
    }
    SessionHandoff.objects.filter(pk=claimed.pk).update(assessment=whole)

    assert judge(claimed, bo, part, 0).part == part
    assert judge(claimed, bo, part, 1).error == "invalid"
    if part == "tried":
        assert EntryJudgement.objects.get().text == "Asked: no result reported"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"part": "nonsense"}, "part"),
        ({"part": "cause"}, "entry"),
        ({"entry": 99}, "entry"),
        ({"entry": -1}, "entry"),
        ({"verdict": "maybe"}, "verdict"),
        ({"note": "x" * 1001}, "note"),
    ],
)
def test_what_is_not_there_cannot_be_judged(claimed, bo, asked, field):
    refused = judge(claimed, bo, **asked)

    assert (refused.error, list(refused.extra["fields"])) == ("invalid", [field])
    assert not EntryJudgement.objects.exists()
    assert SessionHandoff.objects.get(pk=claimed.pk).assessment_judged_at is None


# --- missing ------------------------------------------------------------------------------------------------------


def test_the_claimer_says_what_was_missing_and_where_it_stands(claimed, bo):
    missing(claimed, bo, "  The build\nof Outlook ", step=1)

    row = MissingEntry.objects.get()
    assert (row.handoff_id, row.account_id, row.by, row.text, row.step) == (claimed.pk, claimed.account_id, bo, "The build of Outlook", 1)
    assert events().get().details == {"part": "missing"}


def test_the_same_words_again_are_said_once(claimed, bo):
    missing(claimed, bo)
    missing(claimed, bo)
    missing(claimed, bo, "And who was asked")

    assert (MissingEntry.objects.count(), events().count()) == (2, 2)


@pytest.mark.parametrize(("asked", "field"), [({"text": " \x00 "}, "text"), ({"text": "x" * 601}, "text"), ({"step": 99}, "step")])
def test_nothing_and_a_step_that_is_not_there_are_told_at_the_field(claimed, bo, asked, field):
    refused = missing(claimed, bo, **asked)

    assert (refused.error, list(refused.extra["fields"])) == ("invalid", [field])
    assert not MissingEntry.objects.exists()


# --- who ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "error"),
    [("ana", "not_allowed"), ("dana", "not_allowed"), ("lea", "not_allowed"), ("vic", "not_allowed"), ("eve", "not_found")],
)
@pytest.mark.parametrize("verb", [judge, missing])
def test_nobody_else_judges(claimed, request, who, error, verb):
    assert verb(claimed, request.getfixturevalue(who)).error == error
    assert not EntryJudgement.objects.exists()
    assert not MissingEntry.objects.exists()


@pytest.mark.parametrize("verb", [judge, missing])
def test_before_the_claim_nobody_does(assessed, bo, verb):
    assert verb(assessed, bo).error == "not_allowed"


@pytest.mark.parametrize("way", ["release", "return", "hand on", "resolve"])
def test_the_claimer_can_judge_after_releasing_or_returning_it(claimed, bo, dana, way):
    from tests.factories import hand_off

    match way:
        case "release":
            release(claimed.pk, by=bo)
        case "return":
            return_to_opener(claimed.pk, by=bo, note="Do it")
        case "hand on":
            hand_off(claimed.session, bo)
        case "resolve":
            sessions.resolve(claimed.session_id, by=bo)

    assert judge(claimed, bo).verdict == "right"
    assert judge(claimed, dana).error == "not_allowed"


def test_an_inactive_claimer_is_refused_as_inactive(claimed, bo):
    type(bo).objects.filter(pk=bo.pk).update(is_active=False)

    assert (judge(claimed, bo).error, missing(claimed, bo).error) == ("inactive", "inactive")


def test_a_claimer_who_is_a_viewer_now_only_reads(claimed, bo):
    type(bo).objects.filter(pk=bo.pk).update(role="viewer")

    assert judge(claimed, bo).error == "not_allowed"


def test_two_claimers_have_a_verdict_each(claimed, bo, dana):
    judge(claimed, bo, verdict="right")
    release(claimed.pk, by=bo)
    claim(claimed.pk, by=dana)

    judge(claimed, dana, verdict="wrong")

    assert sorted(EntryJudgement.objects.values_list("by__name", "verdict")) == [("Bo Lindqvist", "right"), ("Dana Okafor", "wrong")]


# --- what was judged stays ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [judge, missing])
def test_where_there_is_no_summary_there_is_nothing_to_judge(handoff, bo, verb):
    claim(handoff.pk, by=bo)

    refused = verb(handoff, bo)

    assert (refused.error, refused.status) == ("session_changed", 409)


def test_a_summary_that_the_page_did_not_show_is_not_judged_unseen(claimed, bo):
    refused = judge(claimed, bo, generation=claimed.assessed_generation + 1)

    assert refused.error == "session_changed"
    assert not EntryJudgement.objects.exists()


def test_what_was_judged_is_never_replaced(claimed, bo, ana):

    judge(claimed, bo)
    release(claimed.pk, by=bo)
    for n in range(5):
        sessions.post(claimed.session_id, by=ana, text=f"News {n}", reply=False)

    assessment.make(claimed.pk, at=claimed.created_at + timedelta(hours=1))

    after = SessionHandoff.objects.get(pk=claimed.pk)
    assert (after.assessment, after.assessed_generation) == (claimed.assessment, claimed.assessed_generation)


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_waits_for_a_judgement_does_not_replace_it(claimed, bo, ana, second_waits_for_first):
    """The claimer judges and lets go in the moment in which a renewal is kept."""
    from assistant.ask import Answer
    from assistant.results import Assessment

    made = Answer(Assessment.model_validate({**claimed.assessment, "summary_prose": "Newer"}), "offline")
    release(claimed.pk, by=bo)
    waiting = SessionHandoff.objects.get(pk=claimed.pk)

    second_waits_for_first(lambda: judge(claimed, bo), lambda: assessment._store(waiting, 9, made, upto=99, at=claimed.created_at))

    assert SessionHandoff.objects.get(pk=claimed.pk).assessment == claimed.assessment
    assert EntryJudgement.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_are_one_verdict(claimed, bo, second_waits_for_first):
    first, second = second_waits_for_first(lambda: judge(claimed, bo, verdict="right"), lambda: judge(claimed, bo, verdict="wrong"))

    assert (first.verdict, second.verdict) == ("right", "wrong")
    assert [row.verdict for row in EntryJudgement.objects.all()] == ["wrong"]


@pytest.mark.django_db(transaction=True)
def test_what_was_missing_said_twice_at_once_is_said_once(claimed, bo, second_waits_for_first):
    second_waits_for_first(lambda: missing(claimed, bo), lambda: missing(claimed, bo))

    assert (MissingEntry.objects.count(), events().count()) == (1, 1)


# --- the addresses ------------------------------------------------------------------------------------------------


def test_as_json(claimed, bo, signed_in):
    client = signed_in(bo)

    judged = client.post(f"/handoffs/{claimed.pk}/judge/", {"part": "known", "entry": 0, "verdict": "wrong", "note": "No"}, headers=JSON)
    said = client.post(f"/handoffs/{claimed.pk}/missing/", {"text": "The build", "step": 1}, headers=JSON)

    assert (judged.status_code, judged.json()) == (
        200,
        {"handoff": str(claimed.pk), "part": "known", "entry": 0, "verdict": "wrong", "note": "No"},
    )
    assert (said.status_code, said.json()) == (200, {"handoff": str(claimed.pk), "text": "The build", "step": 1})


@pytest.mark.parametrize(
    ("word", "sent", "field"),
    [
        ("judge", {"verdict": "right"}, "part"),
        ("judge", {"part": "known", "verdict": ""}, "verdict"),
        ("judge", {"part": "known", "entry": "x", "verdict": "right"}, "entry"),
        ("judge", {"part": "known", "entry": 40, "verdict": "right"}, "entry"),
        ("missing", {}, "text"),
        ("missing", {"text": "x", "step": "y"}, "step"),
    ],
)
def test_bad_input_is_422_with_the_field_and_a_page_without_a_script(claimed, bo, signed_in, word, sent, field):
    where = f"/handoffs/{claimed.pk}/{word}/"

    told = signed_in(bo).post(where, sent, headers=JSON)
    page = signed_in(bo).post(where, sent)

    assert (told.status_code, told.json()["error"], list(told.json()["fields"])) == (422, "invalid", [field])
    assert page.status_code == 422
    assert f"/handoffs/{claimed.pk}/?overlay=1" in page.text


@pytest.mark.parametrize("word", ["judge", "missing"])
@pytest.mark.parametrize(("who", "status"), [("ana", 403), ("dana", 403), ("vic", 403), ("eve", 404)])
def test_who_may_not_gets_403_or_404_whatever_they_send(claimed, request, signed_in, word, who, status):
    client = signed_in(request.getfixturevalue(who))

    for sent in ({}, {"part": "known", "verdict": "right", "text": "x"}):
        for headers in ({}, JSON, HTMX):
            assert client.post(f"/handoffs/{claimed.pk}/{word}/", sent, headers=headers).status_code == status


@pytest.mark.parametrize("word", ["judge", "missing"])
def test_it_is_never_done_by_a_get(claimed, bo, signed_in, word):
    assert signed_in(bo).get(f"/handoffs/{claimed.pk}/{word}/").status_code == 405


def test_htmx_gets_the_two_buttons_of_that_entry_alone(claimed, bo, signed_in):
    answer = signed_in(bo).post(f"/handoffs/{claimed.pk}/judge/", {"part": "known", "entry": 0, "verdict": "wrong"}, headers=HTMX)

    page = BeautifulSoup(answer.content, "html.parser")
    assert [tag["id"] for tag in page.find_all("div", recursive=False)] == ["judge-known-0"]
    assert pressed(page) == {"judge-known-0-wrong"}
    assert not page.find(autofocus=True)
    assert [button["aria-label"] for button in page.select("form > button")[:2]] == ["Right", "Wrong"]


def test_htmx_gets_the_line_of_what_was_missing_alone(claimed, bo, signed_in):
    answer = signed_in(bo).post(f"/handoffs/{claimed.pk}/missing/", {"text": "<b>The build</b>"}, headers=HTMX)

    page = BeautifulSoup(answer.content, "html.parser")
    assert page.select_one("#missing li").text.strip() == "<b>The build</b>"
    assert not page.select_one("#summary")


def test_a_plain_form_leads_back_to_the_entry(claimed, bo, signed_in):
    client = signed_in(bo)

    answer = client.post(f"/handoffs/{claimed.pk}/judge/", {"part": "known", "entry": 0, "verdict": "right"})

    assert (answer.status_code, answer["Location"]) == (302, f"/handoffs/{claimed.pk}/?overlay=1#judge-known-0")
    page = screen(client, claimed)
    assert pressed(page) == {"judge-known-0-right"}


# --- where it stands ----------------------------------------------------------------------------------------------


def test_before_the_claim_nothing_of_it_shows(assessed, bo, signed_in):
    page = screen(signed_in(bo), assessed)

    assert not page.select(".judge, #missing")


def test_after_the_claim_it_shows_to_the_claimer_and_to_nobody_else(claimed, ana, bo, lea, signed_in):
    own = screen(signed_in(bo), claimed)

    known = len(claimed.assessment["what_we_know"])
    assert len(own.select("[id^=judge-known-] > form")) == known
    assert own.select_one("#judge-summary-0") and own.select_one("#missing [name=text]")
    for who in (ana, lea):
        assert not screen(signed_in(who), claimed).select(".judge, #missing")


def test_nothing_to_judge_shows_no_buttons(handoff, bo, signed_in):
    claim(handoff.pk, by=bo)

    assert not screen(signed_in(bo), handoff).select(".judge, #missing")


def test_a_colleagues_verdict_is_not_shown_as_ones_own(claimed, bo, dana, signed_in):
    judge(claimed, bo, verdict="wrong")
    missing(claimed, bo)
    release(claimed.pk, by=bo)
    claim(claimed.pk, by=dana)

    page = screen(signed_in(dana), claimed)

    assert not pressed(page)
    assert not page.select("#missing li")


def test_staff_read_judgements_by_verdict_and_part_and_change_none(claimed, bo, admin_client):
    judge(claimed, bo, verdict="wrong", note="Not so")
    judge(claimed, bo, part="summary", verdict="right")
    missing(claimed, bo, "The build")
    row = EntryJudgement.objects.get(verdict="wrong")

    listed = admin_client.get("/admin/handoffs/entryjudgement/?verdict__exact=wrong&part__exact=known")
    words = admin_client.get("/admin/handoffs/missingentry/")

    assert "Not so" in listed.text and claimed.assessment["summary_prose"][:40] not in listed.text
    assert "The build" in words.text
    assert admin_client.get("/admin/handoffs/entryjudgement/add/").status_code == 403
    assert admin_client.post(f"/admin/handoffs/entryjudgement/{row.pk}/change/", {"verdict": "right"}).status_code == 403
    assert admin_client.post(f"/admin/handoffs/entryjudgement/{row.pk}/delete/", {"post": "yes"}).status_code == 403
