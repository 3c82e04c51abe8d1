"""What the context screen proves: the words behind every entry, what was taken back, what nothing shows, who did what and when."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from flowpilot.models import AISession, SessionStep
from handoffs import briefing, presenting
from handoffs.claiming import claim
from handoffs.models import SessionHandoff

SAID, ANSWERED = "Outlook asks for the password since the morning", "Outlook on the web works"
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>' {{ 7*7 }}"


def quote(step, words):
    return {"step": step, "quote": words}


MADE = {
    "summary_prose": "Outlook asks again and again.",
    "likely_cause": "A stale credential.",
    "cause_evidence": [quote(1, SAID), quote(3, ANSWERED)],
    "confidence": "medium",
    "what_we_know": [{"text": "The web works.", "evidence": [quote(3, ANSWERED), quote(3, "the web")]}],
    "corrected": [
        {"text": "Everybody is affected.", "evidence": [quote(1, SAID)], "now": "One person is.", "corrected_by": [quote(3, ANSWERED)]}
    ],
    "tried": [
        {
            "action": "Restarted Outlook", "target": "NG-PC07", "outcome": "no change: asks again", "by": "Ana Reyes",
            "result": "no_change",
            "evidence": [quote(1, SAID)],
        },
        {
            "action": "Cleared the cache", "target": "", "outcome": None, "result": "not_reported", "by": "", "at": "",
            "evidence": [quote(3, ANSWERED)],
        },
    ],
    "suggested_steps": [{"text": "List the credentials", "why": "", "evidence": [quote(3, ANSWERED)]}],
    "open_questions": [],
    "not_shown": ["The mailbox was moved.", "The server was restarted."],
}  # fmt: skip


@pytest.fixture
def proven(handoff):
    """Ready, with everything that there is to prove."""

    def put(**changes):
        made = {**MADE, **changes}
        made["tried"][0]["at"] = handoff.created_at.isoformat()
        SessionHandoff.objects.filter(pk=handoff.pk).update(
            assessment_state="ready", assessment=made, assessed_at=handoff.created_at, assessed_upto=4, assessed_generation=1
        )
        return SessionHandoff.objects.get(pk=handoff.pk)

    return put


@pytest.fixture
def page(bo, signed_in):
    def read(handoff, query=""):
        answer = signed_in(bo).get(f"/handoffs/{handoff.pk}/{query}")
        assert answer.status_code == 200
        return BeautifulSoup(answer.content, "html.parser")

    return read


def words(tag):
    return " ".join(tag.get_text(" ").split())


# --- the cause ----------------------------------------------------------------------------------------------------


def test_what_speaks_for_the_cause_stands_under_it_word_for_word(proven, page):
    cause = page(proven()).select_one(".cause")

    assert cause.select_one(".claim").text == "A stale credential."
    assert [(q.text, q.find_next("a", class_="cite")["href"]) for q in cause.select(".for q")] == [(SAID, "#step-1"), (ANSWERED, "#step-3")]


def test_of_much_evidence_two_stand_open_and_the_rest_is_folded(proven, page):
    cause = page(proven(cause_evidence=[quote(1, SAID)] * 5)).select_one(".cause")

    assert len(cause.select(".for q")) == 5
    assert words(cause.select_one(".more-for > summary")) == "3 more"


def test_no_cause_is_said_in_its_place(proven, page):
    cause = page(proven(likely_cause=None, cause_evidence=[], confidence="low")).select_one(".cause")

    assert "No step supports a cause yet" in words(cause)
    assert not cause.select(".claim, .for")


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ([quote(1, SAID), quote(3, ANSWERED)], "Based on 2 steps, 1 of them a check, an answer or an outcome."),
        ([quote(1, SAID)], "Based on 1 step, none of them a check, an answer or an outcome."),
        # An assessment of before there was evidence of the cause itself.
        ([], "Based on 2 steps, 1 of them a check, an answer or an outcome."),
    ],
)
def test_how_sure_it_is_says_from_what(proven, page, evidence, said):
    assert words(page(proven(cause_evidence=evidence)).select_one(".cause .how")) == said


def test_steps_that_the_page_does_not_hold_are_counted_as_what_they_are(proven, ana, page):
    handoff = proven()
    SessionStep.objects.bulk_create(
        SessionStep(session_id=handoff.session_id, number=n, kind="note", author_kind="person", author=ana, text="x", at=handoff.created_at)
        for n in range(5, 260)
    )
    AISession.objects.filter(pk=handoff.session_id).update(step_count=259)

    assert "1 of them a check" in page(handoff).select_one(".how").text


# --- what was tried -----------------------------------------------------------------------------------------------


def test_the_matrix_says_what_on_what_how_it_went_who_and_when(proven, page):
    first, second = page(proven()).select(".tried tbody tr")

    assert words(first.select_one(".o")) == "No change"
    assert words(first.th) == "Restarted Outlook NG-PC07"
    assert words(first.select_one(".res")).startswith("Asks again")
    assert words(first.select_one(".by")).startswith("Ana, ") or words(first.select_one(".by")).startswith("Ana ,")
    assert [a["href"] for a in first.select(".c a")] == ["#step-1"]
    assert (words(second.select_one(".o")), words(second.select_one(".by"))) == ("Not reported", "")
    assert "No result was reported" in words(second.select_one(".res"))


def test_a_time_that_is_none_is_left_out(proven, page):
    tried = [{**MADE["tried"][0]}, {**MADE["tried"][1], "at": "yesterday", "by": "Client 4"}]
    handoff = proven(tried=tried)

    assert words(page(handoff).select(".tried .by")[1]) == "Client 4"


def test_two_people_of_one_first_name_keep_their_whole_names(ana, bo):
    type(bo).objects.filter(pk=bo.pk).update(name="Ana Lind")
    bo.refresh_from_db()

    names = presenting.names_of([SessionStep(author=ana), SessionStep(author=bo)])

    assert names == {"Ana Reyes": "Ana Reyes", "Ana Lind": "Ana Lind"}


def test_a_target_that_the_action_names_is_not_said_twice(proven, page):
    handoff = proven(tried=[{**MADE["tried"][0], "action": "Restarted ng-pc07"}])

    assert not page(handoff).select(".tried .on")


# --- said and corrected, and not shown -----------------------------------------------------------------------------


def test_what_was_taken_back_is_not_known_but_said_and_corrected(proven, page):
    shown = page(proven())

    group = shown.select_one("[role=group][aria-labelledby=corr-h]")
    assert words(shown.select_one("#corr-h")) == "Reported, then corrected"
    assert group.s.text == "Everybody is affected."
    assert "Reported: Everybody is affected." in words(group) and "Corrected: One person is." in words(group)
    assert [a["href"] for a in group.select("a.cite")] == ["#step-1", "#step-3"]
    assert "Everybody is affected." not in words(shown.select_one("#know-h").find_next("ul"))


def test_what_no_step_shows_is_folded_away_and_named(proven, page):
    fold = page(proven()).select_one(".unshown")

    assert words(fold.summary) == "Not backed by the session (2)"
    assert not fold.has_attr("open")
    assert [li.text for li in fold.select("li")] == MADE["not_shown"]
    assert not fold.select("a.cite")


def test_with_nothing_taken_back_or_unshown_neither_is_there(proven, page):
    shown = page(proven(corrected=[], not_shown=[]))

    assert not shown.select(".corr, .unshown")


# --- the words behind it -------------------------------------------------------------------------------------------


def test_every_entry_holds_its_words_and_every_citation_describes_itself_with_them(proven, page):
    shown = page(proven())

    entries = [shown.select_one(".know li"), *shown.select(".tried tbody tr"), shown.select_one(".next li"), shown.select_one(".corr li")]
    for entry in entries:
        cites = entry.select("a.cite")
        assert {q.text for q in entry.select("q.words")} == {w for a in cites for w in a["data-quotes"].split("\n")}
        assert all(a["aria-label"] == f"Step {a.text}" and a["title"].startswith("“") for a in cites)
    first = shown.select_one(".know a.cite")
    assert (first["data-quotes"], first["title"]) == (f"{ANSWERED}\nthe web", f"“{ANSWERED}” … “the web”")


def test_a_step_is_cited_once_however_many_quotes_it_has(proven, page):
    assert [a["href"] for a in page(proven()).select_one(".know li").select("a.cite")] == ["#step-3"]


def test_the_words_can_be_asked_for_without_a_pointer_and_without_a_script(proven, page):
    box = page(proven()).select_one("#show-words")

    assert box.name == "label" and box.input["type"] == "checkbox"


# --- who wrote it, and without an assessment -------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "shown"), [("offline", ""), ("", ""), ("small-model", " by small-model")])
def test_a_model_is_named_and_the_playbooks_are_not(proven, page, by, shown):
    handoff = proven()
    SessionHandoff.objects.filter(pk=handoff.pk).update(assessment_by=by)
    clock = presenting.clock(handoff.assessed_at)

    assert words(page(handoff).select_one(".since [data-of]")) == f"Summary of {clock}{shown}"


def test_without_an_assessment_the_snapshot_stands_with_its_steps(handoff, page):
    shown = page(handoff)

    assert words(shown.select_one(".know li")).startswith("Reported Does Outlook on the web work?")
    assert [a["href"] for a in shown.select(".know a.cite")] == ["#step-3"]
    assert not shown.select("q, [data-quotes], #show-words, .judge")


def test_an_assessment_of_before_shows_what_it_has(proven, page):
    handoff = proven()
    old = {
        name: MADE[name] for name in ("summary_prose", "likely_cause", "confidence", "what_we_know", "suggested_steps", "open_questions")
    }
    old["tried"] = [{"action": "Restarted Outlook", "outcome": None, "evidence": [quote(1, SAID)]}]
    SessionHandoff.objects.filter(pk=handoff.pk).update(assessment=old)

    assert words(page(handoff).select_one(".tried th[scope=row]")) == "Restarted Outlook"


# --- hostile texts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "outcome", "word", "told"),
    [
        ("did_not_last", "did not last: Spoke too soon", "Did not last", "Spoke too soon"),
        ("no_change", "no change: still dark", "No change", "still dark"),
        ("worked", "worked: it prints", "Worked", "it prints"),
        ("other", "result: C has 38 GB free", "Result", "C has 38 GB free"),
    ],
)
def test_an_outcome_is_a_word_and_what_was_said(proven, page, result, outcome, word, told):
    tried = [
        {"action": "Restarted it", "target": "", "outcome": outcome, "result": result, "by": "", "at": "", "evidence": [quote(1, SAID)]}
    ]

    shown = words(page(proven(tried=tried)).select_one(".tried"))

    assert word in shown
    assert told.lower() in shown.lower()
    assert outcome not in shown


@pytest.mark.parametrize("after", [False, True])
def test_hostile_texts_are_text_in_every_place(proven, bo, page, after):
    bad = [quote(1, HOSTILE)]
    handoff = proven(
        likely_cause=HOSTILE,
        cause_evidence=bad,
        summary_prose=HOSTILE,
        what_we_know=[{"text": HOSTILE, "evidence": bad}],
        corrected=[{"text": HOSTILE, "evidence": bad, "now": HOSTILE, "corrected_by": bad}],
        tried=[{"action": HOSTILE, "target": "t", "outcome": HOSTILE, "result": "other", "by": HOSTILE, "at": HOSTILE, "evidence": bad}],
        suggested_steps=[{"text": HOSTILE, "why": HOSTILE, "evidence": bad}],
        open_questions=[HOSTILE],
        not_shown=[HOSTILE],
    )
    SessionHandoff.objects.filter(pk=handoff.pk).update(assessment_by=HOSTILE, assessment_reason=HOSTILE)
    if after:
        from handoffs import judging

        claim(handoff.pk, by=bo)
        judging.judge(handoff.pk, by=bo, part="known", entry=0, verdict="wrong", note=HOSTILE)
        judging.report_missing(handoff.pk, by=bo, text=HOSTILE)

    shown = page(handoff, "?overlay=1")

    assert not shown.find("img")
    assert not [script for script in shown.find_all("script") if not script.get("src", "").startswith("/static/")]
    assert not [name for tag in shown.find_all(True) for name in tag.attrs if name.startswith("on") or name == "style"]
    for place in (".claim", ".for q", ".know .is", ".corr s", ".tried th[scope=row]", ".tried .by", ".unshown li", ".next .do", ".since"):
        assert HOSTILE in shown.select_one(place).text, place
    assert shown.select_one(".know a.cite")["data-quotes"] == HOSTILE
    if after:
        assert shown.select_one("#missing li").text.strip() == HOSTILE
        assert shown.select_one("#judge-known-0-text")["value"] == HOSTILE


# --- the same words elsewhere ------------------------------------------------------------------------------------------


def test_the_briefing_says_what_was_taken_back_and_never_as_known(proven):
    told = briefing.compose(proven())

    known, rest = told.split("Reported and corrected:")
    assert "- The web works." in known and "Everybody is affected." not in known
    assert "- Reported: Everybody is affected. Corrected: One person is." in rest
    assert "- Restarted Outlook (NG-PC07), by Ana Reyes: no change: asks again" in rest
    assert "- Cleared the cache: no result reported" in rest
    assert "The mailbox was moved." not in told


def test_facts_of_the_lane_do_not_stand_in_for_what_could_not_be_verified(proven):
    handoff = proven(what_we_know=[])
    handoff.snapshot["facts"] = [{"number": 9, "text": "Everybody is affected.", "step": 1}]

    assert "Known:" not in briefing.compose(handoff)


def test_more_entries_do_not_mean_more_queries(proven, bo, signed_in):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    handoff = proven()
    claim(handoff.pk, by=bo, at=handoff.created_at + timedelta(minutes=1))
    client = signed_in(bo)
    client.get(f"/handoffs/{handoff.pk}/")

    def asked():
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/handoffs/{handoff.pk}/")
        return len(captured)

    few = asked()
    proven(what_we_know=MADE["what_we_know"] * 15, tried=MADE["tried"] * 10, suggested_steps=MADE["suggested_steps"] * 8)

    assert asked() == few
