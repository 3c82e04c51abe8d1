"""Metrics from the event log: time to claim, and time to the claimer's own first action before their claim ends.

A story is told on a clock in seconds from nine o'clock; what it must come to is computed by hand.
"""

from datetime import UTC, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from django.core.management import call_command
from django.db import transaction

from accounts.events import record
from assistant.results import NewFix, NewTask, Reply
from escalations.metrics import PERIODS, figures
from flowpilot import fixes, lane, replies, sessions, steps
from flowpilot.events import LaneChanged
from flowpilot.models import AISession
from flowpilot.steps import NewStep
from handoffs import judging
from handoffs.claiming import claim
from handoffs.events import AssessmentReady
from handoffs.models import SessionHandoff
from handoffs.parking import park, resume
from handoffs.releasing import release
from handoffs.returning import return_to_opener
from tests.factories import UserFactory, hand_off, make_session

NONE = {"average_s": None, "median_s": None, "p95_s": None}

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOON = NINE + timedelta(hours=3)


def after(seconds):
    return NINE + timedelta(seconds=seconds)


def report(person, period="30d", now=NOON):
    return figures(person.account_id, period, now=now)


def each(seconds):
    return {"average_s": seconds, "median_s": seconds, "p95_s": seconds}


@pytest.fixture
def handoff(session, ana):
    return hand_off(session, ana, at=NINE)


@pytest.fixture
def claimed(handoff, bo):
    """Claimed by Bo after 60 s."""
    claim(handoff.pk, by=bo, begin="own", at=after(60))
    return handoff


def note(handoff, by, seconds, kind="note"):
    return sessions.post(handoff.session_id, by=by, text="Something", kind=kind, at=after(seconds), reply=False)


# --- nothing to count ---------------------------------------------------------------------------------------------


def test_an_account_in_which_nothing_happened_has_no_times(ana):
    told = report(ana)

    assert (told["handed_off"], told["claimed"], told["acted_on"]) == (0, 0, 0)
    assert told["time_to_claim"] == told["time_to_first_action"] == NONE
    assert told["period"] == "30d"
    assert "Times are measured in ResolutionFlow only" in told["metric_definition"]


def test_what_nobody_has_claimed_is_counted_as_handed_off_and_left_out_of_the_times(handoff, ana):
    told = report(ana)

    assert (told["handed_off"], told["claimed"], told["acted_on"]) == (1, 0, 0)
    assert told["time_to_claim"] == told["time_to_first_action"] == NONE


def test_a_claim_without_any_action_is_no_action_after_zero_seconds(claimed, ana):
    told = report(ana)

    assert (told["claimed"], told["acted_on"]) == (1, 0)
    assert told["time_to_first_action"] == NONE


def test_a_park_is_no_handing_off(session, ana):
    park(session.pk, by=ana, at=NINE)

    assert report(ana)["handed_off"] == 0


# --- time to claim ------------------------------------------------------------------------------------------------


def test_the_time_to_claim_is_from_the_hand_off_to_the_claim(claimed, ana):
    assert report(ana)["time_to_claim"] == each(60.0)


def test_each_claim_counts_from_the_hand_off_or_release_before_it(claimed, ana, bo, dana):
    release(claimed.pk, by=bo, at=after(1000))
    claim(claimed.pk, by=dana, at=after(1020))

    told = report(ana)

    assert (told["handed_off"], told["claimed"]) == (1, 2)
    assert told["time_to_claim"] == {"average_s": 40.0, "median_s": 40.0, "p95_s": 58.0}


def test_what_was_handed_on_counts_from_when_it_was_handed_on(claimed, ana, bo, dana):
    handed_on = hand_off(claimed.session, bo, at=after(600))
    claim(handed_on.pk, by=dana, at=after(630))

    told = report(ana)

    assert (told["handed_off"], told["claimed"]) == (2, 2)
    assert told["time_to_claim"]["average_s"] == 45.0


def test_pressed_twice_is_one_claim(claimed, ana, bo, dana):
    claim(claimed.pk, by=bo, at=after(70))
    claim(claimed.pk, by=dana, at=after(80))

    assert report(ana)["claimed"] == 1


def test_average_median_and_p95_by_hand(ana, bo):
    """Claims after 10, 20, 30, 40 and 200 s: average 300 / 5 = 60; median 30; p95 at rank 0.95 x 4 = 3.8, so 40 + 0.8 x 160 = 168.
    Actions 1, 2, 3, 4 and 10 s later: average 4; median 3; p95 4 + 0.8 x 6 = 8.8."""
    for to_claim, to_act in [(10, 1), (20, 2), (30, 3), (40, 4), (200, 10)]:
        handoff = hand_off(make_session(ana), ana, at=NINE)
        claim(handoff.pk, by=bo, at=after(to_claim))
        note(handoff, bo, to_claim + to_act)

    told = report(ana)

    assert (told["handed_off"], told["claimed"], told["acted_on"]) == (5, 5, 5)
    assert told["time_to_claim"] == {"average_s": 60.0, "median_s": 30.0, "p95_s": 168.0}
    assert told["time_to_first_action"] == {"average_s": 4.0, "median_s": 3.0, "p95_s": 8.8}


def test_a_clock_that_goes_backwards_makes_no_time_negative(handoff, ana, bo):
    claim(handoff.pk, by=bo, at=after(-30))
    note(handoff, bo, -90)

    told = report(ana)

    assert told["time_to_claim"] == each(0.0)
    assert told["time_to_first_action"] == each(0.0)


# --- time to first action: what counts -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["message", "note"])
def test_a_message_and_a_note_count(claimed, ana, bo, kind):
    note(claimed, bo, 75, kind=kind)

    assert (report(ana)["acted_on"], report(ana)["time_to_first_action"]) == (1, each(15.0))


def test_an_answer_and_a_check_result_count_when_they_are_sent(claimed, ana, bo):
    lane.settle(claimed.session_id, 2, by=bo, state="done", answer="Two entries", at=after(70))
    before = report(ana)["acted_on"]

    lane.send(claimed.session_id, by=bo, at=after(90))

    assert before == 0
    assert report(ana)["time_to_first_action"] == each(30.0)


def test_the_outcome_of_a_fix_counts(session, ana, bo):
    replies.write_scripted(session.pk, Reply(text="Try this", confidence=0.9, fix=NewFix(title="Delete them")), at=NINE)
    handoff = hand_off(session, ana, at=NINE)
    claim(handoff.pk, by=bo, at=after(60))

    fixes.report_outcome(session.pk, 3, by=bo, outcome="worked", at=after(100))

    assert report(ana)["time_to_first_action"] == each(40.0)


def test_the_first_one_counts_and_no_later_one(claimed, ana, bo):
    for seconds in (90, 100, 500):
        note(claimed, bo, seconds)

    assert (report(ana)["acted_on"], report(ana)["time_to_first_action"]) == (1, each(30.0))


# --- time to first action: what does not ---------------------------------------------------------------------------


def test_a_briefing_and_the_line_on_the_timeline_do_not_count(handoff, ana, bo):
    claim(handoff.pk, by=bo, begin="analysis", at=after(60))

    assert report(ana)["acted_on"] == 0


def test_a_reply_does_not_count(claimed, ana):
    made = Reply(text="Look", confidence=0.5, tasks=[NewTask(kind="check", title="Look at the clock")])

    replies.write_scripted(claimed.session_id, made, at=after(70))

    assert report(ana)["acted_on"] == 0


def test_an_imported_step_does_not_count(claimed, ana, bo):
    with transaction.atomic():
        written = steps.write(claimed.session_id, [NewStep("message", "From the forum", author_kind="imported")], at=after(70))
        record(steps.steps_added(ana.account_id, claimed.session_id, written, by_id=bo.pk, at=after(70), begun_by="import"))

    assert report(ana)["acted_on"] == 0


def test_the_system_does_not_count(claimed, ana, bo):
    with transaction.atomic():
        record(LaneChanged(account_id=ana.account_id, by_id=bo.pk, session=claimed.session_id, card=2, at=after(70)))
        where = {"account_id": ana.account_id, "by_id": None, "session": claimed.session_id, "handoff": claimed.pk}
        record(AssessmentReady(**where, generation=1, new_steps=0, at=after(71)))

    assert report(ana)["acted_on"] == 0


def test_resolving_settles_the_fix_and_that_is_no_action_of_its_own(session, ana, bo):
    replies.write_scripted(session.pk, Reply(text="Try this", confidence=0.9, fix=NewFix(title="Delete them")), at=NINE)
    handoff = hand_off(session, ana, at=NINE)
    claim(handoff.pk, by=bo, at=after(60))

    sessions.resolve(session.pk, by=bo, at=after(90))

    assert report(ana)["acted_on"] == 0


def test_somebody_elses_hand_does_not_count(claimed, ana, bo):
    note(claimed, ana, 70)
    by_the_opener = report(ana)["acted_on"]

    note(claimed, bo, 100)

    assert by_the_opener == 0
    assert report(ana)["time_to_first_action"] == each(40.0)


def test_what_the_claimer_wrote_before_the_claim_does_not_count(session, ana, bo):
    AISession.objects.filter(pk=session.pk).update(handler=bo)
    sessions.post(session.pk, by=bo, text="Before", kind="note", at=after(-100))
    handoff = hand_off(session, ana, at=NINE)

    claim(handoff.pk, by=bo, at=after(60))

    assert report(ana)["acted_on"] == 0


@pytest.mark.parametrize("way", ["release", "return", "hand on", "park"])
def test_actions_after_the_claim_has_ended_do_not_count(claimed, ana, bo, dana, way):
    match way:
        case "release":
            release(claimed.pk, by=bo, note="Called away", at=after(100))
        case "return":
            return_to_opener(claimed.pk, by=bo, note="Delete them.", at=after(100))
        case "hand on":
            hand_off(claimed.session, bo, at=after(100))
        case "park":
            park(claimed.session_id, by=bo, at=after(100))
            resume(claimed.session_id, by=bo, at=after(110))
    if way != "return":
        AISession.objects.filter(pk=claimed.session_id).update(handler=bo)
        note(claimed, bo, 120)

    assert report(ana)["acted_on"] == 0


def test_a_second_claim_by_the_same_person_has_its_own_first_action(claimed, ana, bo):
    """Claim at 60, act at 70, release at 100, claim at 110, act at 150: 10 s and 40 s, never 90."""
    note(claimed, bo, 70)
    release(claimed.pk, by=bo, at=after(100))
    claim(claimed.pk, by=bo, at=after(110))
    note(claimed, bo, 150)

    told = report(ana)

    assert (told["claimed"], told["acted_on"]) == (2, 2)
    assert told["time_to_first_action"] == {"average_s": 25.0, "median_s": 25.0, "p95_s": 38.5}


def test_a_claim_without_action_before_a_release_does_not_borrow_a_later_one(claimed, ana, bo):
    release(claimed.pk, by=bo, at=after(100))
    claim(claimed.pk, by=bo, at=after(110))
    note(claimed, bo, 150)

    told = report(ana)

    assert (told["claimed"], told["acted_on"]) == (2, 1)
    assert told["time_to_first_action"] == each(40.0)


def test_an_action_in_another_session_does_not_count(claimed, ana, bo):
    sessions.post(make_session(bo).pk, by=bo, text="Elsewhere", kind="note", at=after(70))

    assert report(ana)["acted_on"] == 0


def test_an_action_after_the_period_is_not_in_it(claimed, ana, bo):
    note(claimed, bo, 100)

    assert report(ana, now=after(80))["acted_on"] == 0
    assert report(ana, now=after(120))["acted_on"] == 1


# --- periods and accounts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("period", "days"), [("7d", 7), ("30d", 30), ("90d", 90)])
def test_a_period_reaches_back_as_far_as_it_says(claimed, ana, period, days):
    last = after(60) + timedelta(days=days)

    within, beyond = report(ana, period, now=last), report(ana, period, now=last + timedelta(seconds=1))

    assert within["claimed"] == 1
    assert (beyond["claimed"], beyond["time_to_claim"]) == (0, NONE)


def test_what_comes_after_the_period_is_not_in_it(claimed, ana):
    told = report(ana, now=after(30))

    assert (told["handed_off"], told["claimed"]) == (1, 0)


def test_a_claim_is_counted_when_it_happened_however_old_the_hand_off(handoff, ana, bo):
    claimed_at = NINE + timedelta(days=8)
    claim(handoff.pk, by=bo, at=claimed_at)

    told = report(ana, "7d", now=claimed_at + timedelta(hours=1))

    assert (told["handed_off"], told["claimed"]) == (0, 1)
    assert told["time_to_claim"]["average_s"] == 8 * 24 * 3600.0


@pytest.mark.parametrize("period", ["", "1d", "30", "365d", "30D"])
def test_another_period_is_refused(ana, period):
    with pytest.raises(KeyError):
        report(ana, period)


def test_the_periods_are_those_of_the_contract():
    assert set(PERIODS) == {"7d", "30d", "90d"}


def test_another_accounts_events_do_not_count(claimed, ana, bo, eve):
    note(claimed, bo, 90)
    colleague = UserFactory(account=eve.account)
    theirs = hand_off(make_session(eve), eve, at=NINE)
    claim(theirs.pk, by=colleague, at=after(500))

    ours, hers = report(ana), report(eve)

    assert (ours["handed_off"], ours["claimed"], ours["acted_on"], ours["time_to_claim"]) == (1, 1, 1, each(60.0))
    assert (hers["handed_off"], hers["claimed"], hers["acted_on"], hers["time_to_claim"]) == (1, 1, 0, each(500.0))


def test_two_queries_tell_it_all(claimed, ana, django_assert_num_queries):
    """One for the times, one for what was said of the assessments."""
    with django_assert_num_queries(2):
        report(ana)


# --- what claimers said of the assessments ---------------------------------------------------------------------------


@pytest.fixture
def assessed(claimed):
    SessionHandoff.objects.filter(pk=claimed.pk).update(
        assessment_state="ready",
        assessed_generation=1,
        assessment={
            "summary_prose": "It is so.",
            "likely_cause": "A stale credential.",
            "what_we_know": [{"text": "One", "evidence": []}, {"text": "Two", "evidence": []}],
            "tried": [],
            "suggested_steps": [{"text": "Clear it", "evidence": []}],
        },
    )
    return claimed


def judge(handoff, by, part, entry, verdict, seconds=100):
    return judging.judge(handoff.pk, by=by, part=part, entry=entry, verdict=verdict, at=after(seconds))


def said(person, period="30d", now=NOON):
    return report(person, period, now)["assessments"]


def test_where_nobody_judged_every_count_is_there_and_nought(assessed, ana):
    told = said(ana)

    assert {name: told[name] for name in told if name != "by_part"} == {
        "judged": 0, "entries_right": 0, "entries_wrong": 0, "missing": 0
    }  # fmt: skip
    assert told["by_part"] == {part: {"right": 0, "wrong": 0} for part in ("summary", "known", "corrected", "tried", "cause", "step")}


def test_entries_are_counted_by_verdict_and_part(assessed, ana, bo):
    judge(assessed, bo, "known", 0, "right")
    judge(assessed, bo, "known", 1, "wrong")
    judge(assessed, bo, "cause", 0, "right")
    judging.report_missing(assessed.pk, by=bo, text="The build", at=after(110))

    told = said(ana)

    assert (told["judged"], told["entries_right"], told["entries_wrong"], told["missing"]) == (1, 2, 1, 1)
    assert (told["by_part"]["known"], told["by_part"]["cause"]) == ({"right": 1, "wrong": 1}, {"right": 1, "wrong": 0})


def test_what_was_only_missing_counts_as_judged(assessed, ana, bo):
    judging.report_missing(assessed.pk, by=bo, text="The build", at=after(110))

    assert (said(ana)["judged"], said(ana)["missing"]) == (1, 1)


def test_a_changed_verdict_counts_once_and_as_it_stands(assessed, ana, bo):
    judge(assessed, bo, "known", 0, "wrong")
    judge(assessed, bo, "known", 0, "right")

    assert (said(ana)["entries_right"], said(ana)["entries_wrong"]) == (1, 0)


def test_a_verdict_belongs_to_the_period_in_which_it_was_given(assessed, ana, bo):
    judge(assessed, bo, "known", 0, "right")
    judging.report_missing(assessed.pk, by=bo, text="The build", at=after(100))

    within, beyond, before = (
        said(ana, "7d", now=now) for now in (after(100) + timedelta(days=7), after(101) + timedelta(days=7), after(99))
    )

    assert (within["entries_right"], within["missing"]) == (1, 1)
    assert (beyond["judged"], beyond["entries_right"], beyond["missing"]) == (0, 0, 0)
    assert (before["judged"], before["entries_right"], before["missing"]) == (0, 0, 0)


def test_another_accounts_judgements_do_not_count(assessed, bo, eve):
    judge(assessed, bo, "known", 0, "right")

    assert said(eve)["judged"] == 0


def test_judging_is_no_first_action(assessed, ana, bo):
    judge(assessed, bo, "known", 0, "right")

    assert report(ana)["acted_on"] == 0


def test_the_page_shows_them_with_what_they_mean(assessed, bo, signed_in):
    judging.judge(assessed.pk, by=bo, part="known", entry=0, verdict="right")
    judging.report_missing(assessed.pk, by=bo, text="The build of a very secret client")

    page = BeautifulSoup(signed_in(bo).get("/escalations/metrics/").content, "html.parser")

    box = page.select_one("[aria-labelledby=n-said]")
    text = " ".join(box.get_text(" ").split())
    assert "1 right 0 wrong 1 missing" in text and "What we know 1 0" in text and "In 1 handoff in this period" in text
    assert "entries marked right or wrong" in text
    assert "secret client" not in page.text


def test_the_page_says_nothing_where_nobody_judged(assessed, bo, signed_in):
    page = BeautifulSoup(signed_in(bo).get("/escalations/metrics/").content, "html.parser")

    assert not page.select("[aria-labelledby=n-said]")


def test_the_report_tells_them_too(assessed, ana, bo, capsys):
    judging.judge(assessed.pk, by=bo, part="known", entry=0, verdict="wrong")

    call_command("escalation_report", account=ana.account.slug, period="7d")

    told = capsys.readouterr().out
    assert "assessments judged 1: entries right 0, wrong 1, missing 0" in told
    assert "known: right 0, wrong 1" in told
