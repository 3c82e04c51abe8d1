"""The assessment: made in the background, verified, written once; a handoff without one is normal."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import Event
from assistant.faults import Fault, Unavailable
from assistant.offline.assistant import Offline
from assistant.results import Assessment, Evidence, Known, SuggestedStep, Tried
from flowpilot import sessions
from flowpilot.models import AISession
from handoffs import assessment
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.parking import park
from tests.factories import hand_off, make_session


class Broken:
    """An assistant that fails, as one does whose provider is down."""

    name = "broken"

    def assess(self, case):
        raise ConnectionError("the provider is down; key sk-secret-123")


class Liar:
    """An assistant that cites what nobody said."""

    name = "liar"

    def assess(self, case):
        quote = Evidence(step=3, quote="Outlook on the web works")
        made_up = Evidence(step=3, quote="the mailbox server has crashed")
        elsewhere = Evidence(step=99, quote="Outlook on the web works")
        return Assessment(
            summary_prose="Outlook asks for the password since the morning.",
            likely_cause="The mailbox server has crashed.",
            confidence="high",
            what_we_know=[
                Known(text="Outlook on the web works.", evidence=[quote, made_up]),
                Known(text="The mailbox server has crashed.", evidence=[made_up]),
                Known(text="Outlook on the web works elsewhere.", evidence=[elsewhere]),
                Known(text="Nobody knows why.", evidence=[]),
            ],
            tried=[Tried(action="Restarted the server", outcome="No change", result="no_change", evidence=[elsewhere])],
            suggested_steps=[SuggestedStep(text="Restart <b>Outlook</b>.", evidence=[made_up])],
            open_questions=["Which build of Outlook is it?"],
        )


class Truthful(Offline):
    def __init__(self):
        self.asked = 0

    def assess(self, case):
        self.asked += 1
        return super().assess(case)


@pytest.fixture
def thinks_with(monkeypatch):
    """Puts another assistant behind the seam."""

    def use(assistant):
        monkeypatch.setattr("assistant.ask.assistant_named", lambda name, caller=None: assistant)
        return assistant

    return use


def make(handoff, at=None):
    assessment.make(handoff.pk, at=at or handoff.created_at + timedelta(seconds=4))
    return SessionHandoff.objects.get(pk=handoff.pk)


def jobs_for(handoff):
    return ProcrastinateJob.objects.filter(task_name="handoffs.assess", args__handoff_id=str(handoff.pk)).count()


def events(kind):
    return Event.objects.filter(kind=kind).count()


# --- made ---------------------------------------------------------------------------------------------------------


def test_a_handoff_begins_without_one(handoff):
    assert (handoff.assessment_state, handoff.assessment, handoff.assessment_reason) == ("pending", None, "")
    assert assessment.state_now(handoff) == ("pending", "")


def test_the_job_writes_it_once_and_tells(handoff):
    at = handoff.created_at + timedelta(minutes=4)

    ready = make(handoff, at=at)

    assert (ready.assessment_state, ready.assessment_reason, ready.assessed_at) == ("ready", "", at)
    assert ready.assessed_upto == ready.session.step_count
    assert set(ready.assessment) == set(Assessment.model_fields)
    assert {"summary_prose", "what_we_know", "likely_cause", "suggested_steps", "confidence"} <= set(ready.assessment)
    assert ready.assessment["confidence"] in ("low", "medium", "high")
    event = Event.objects.get(kind="assessment_ready")
    assert (event.handoff, event.session, event.by, event.at) == (handoff.pk, handoff.session_id, None, at)


def test_what_it_knows_stands_verbatim_in_the_steps_that_it_cites(handoff):
    ready = make(handoff)

    texts = {step.number: " ".join(step.text.split()) for step in handoff.session.steps.all()}
    cited = [entry for kind in ("what_we_know", "tried") for entry in ready.assessment[kind]]
    assert ready.assessment["what_we_know"]
    assert all(entry["evidence"] for entry in cited)
    assert all(" ".join(e["quote"].split()) in texts[e["step"]] for entry in cited for e in entry["evidence"])


def test_what_an_assistant_makes_up_is_dropped(handoff, thinks_with):
    thinks_with(Liar())

    made = make(handoff).assessment

    assert made["what_we_know"] == [{"text": "Outlook on the web works.", "evidence": [{"step": 3, "quote": "Outlook on the web works"}]}]
    assert made["tried"] == []
    assert (made["likely_cause"], made["confidence"]) == (None, "low")
    assert made["suggested_steps"] == [{"text": "Restart Outlook.", "why": "", "evidence": []}]


def test_another_sessions_steps_are_no_evidence(ana, handoff, thinks_with):
    other = make_session(ana)
    sessions.post(other.pk, by=ana, text="the mailbox server has crashed", kind="note")
    thinks_with(Liar())

    made = make(handoff).assessment

    assert len(made["what_we_know"]) == 1


def test_run_twice_it_is_made_once(handoff, thinks_with):
    truthful = thinks_with(Truthful())
    first = make(handoff)

    second = make(handoff, at=first.assessed_at + timedelta(minutes=1))

    assert truthful.asked == 1
    assert (second.assessment, second.assessed_at) == (first.assessment, first.assessed_at)
    assert events("assessment_ready") == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_jobs_at_once_one_writes(handoff, second_waits_for_first):
    first_at, second_at = handoff.created_at + timedelta(seconds=4), handoff.created_at + timedelta(seconds=5)

    second_waits_for_first(lambda: assessment.make(handoff.pk, at=first_at), lambda: assessment.make(handoff.pk, at=second_at))

    assert SessionHandoff.objects.get(pk=handoff.pk).assessed_at == first_at
    assert events("assessment_ready") == 1


def test_a_parked_one_has_none_whatever_a_job_says(session, ana):
    parked = park(session.pk, by=ana).handoff

    after = make(parked)

    assert (after.assessment_state, after.assessment) == ("none", None)
    assert events("assessment_ready") == 0


def test_a_job_of_a_handoff_that_is_not_there_does_nothing(session):
    assert assessment.make(session.pk, at=session.created_at) is None


def test_it_is_made_for_a_bare_session_too(ana):
    bare = hand_off(AISession.objects.create(account=ana.account, user=ana, handler=ana, title="Printer"), ana)

    ready = make(bare)

    assert ready.assessment_state == "ready"
    assert (ready.assessment["likely_cause"], ready.assessment["confidence"]) == (None, "low")


def test_a_claim_does_not_wait_for_it_and_it_still_comes(handoff, bo):
    claim(handoff.pk, by=bo)

    assert make(handoff).assessment_state == "ready"


# --- failing ------------------------------------------------------------------------------------------------------


def test_a_failing_assistant_makes_it_unavailable_with_the_reason(handoff, thinks_with):
    thinks_with(Broken())

    failed = make(handoff)

    assert (failed.assessment_state, failed.assessment) == ("unavailable", None)
    assert failed.assessment_reason == "The assistant could not read this session."
    assert events("assessment_unavailable") == 1


def test_a_failing_assistant_changes_nothing_else(handoff, thinks_with):
    before = SessionHandoff.objects.filter(pk=handoff.pk).values().get()
    session = AISession.objects.filter(pk=handoff.session_id).values().get()
    steps = handoff.session.steps.count()
    thinks_with(Broken())

    make(handoff)

    after = SessionHandoff.objects.filter(pk=handoff.pk).values().get()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"assessment_state", "assessment_reason", "assessment_generation"}
    assert AISession.objects.filter(pk=handoff.session_id).values().get() == session
    assert handoff.session.steps.count() == steps


def test_the_providers_own_words_are_not_shown(handoff, thinks_with):
    thinks_with(Broken())

    failed = make(handoff)

    assert "sk-secret" not in failed.assessment_reason
    assert "sk-secret" not in str(list(Event.objects.values_list("details", flat=True)))


def test_failing_twice_is_told_once(handoff, thinks_with):
    thinks_with(Broken())

    make(handoff)
    make(handoff)

    assert events("assessment_unavailable") == 1


def test_a_failure_does_not_undo_what_is_ready(handoff, thinks_with):
    ready = make(handoff)
    thinks_with(Broken())

    assert make(handoff).assessment == ready.assessment


def test_a_handoff_without_one_is_claimed_like_any_other(handoff, bo, thinks_with):
    thinks_with(Broken())
    make(handoff)

    claimed = claim(handoff.pk, by=bo, begin="analysis")

    assert claimed.handoff.state == "claimed"
    assert "List the stored credentials" in handoff.session.steps.get(kind="briefing").text


# --- patience -----------------------------------------------------------------------------------------------------


def test_pending_for_more_than_six_minutes_is_shown_as_unavailable(handoff, time_machine):
    asked = handoff.assessment_asked_at

    time_machine.move_to(asked + timedelta(minutes=6), tick=False)
    within = assessment.state_now(handoff)
    time_machine.move_to(asked + timedelta(minutes=6, seconds=1), tick=False)
    beyond = assessment.state_now(handoff)

    assert within == ("pending", "")
    assert beyond == ("unavailable", "The assistant did not answer in time.")
    assert SessionHandoff.objects.get(pk=handoff.pk).assessment_state == "pending"


def test_a_late_result_still_replaces_it(handoff, time_machine):
    time_machine.move_to(handoff.assessment_asked_at + timedelta(minutes=20), tick=False)
    assert assessment.state_now(handoff)[0] == "unavailable"

    late = make(handoff)

    assert assessment.state_now(late) == ("ready", "")


def test_a_result_after_a_failure_replaces_it_too(handoff, thinks_with):
    thinks_with(Broken())
    make(handoff)
    thinks_with(Offline())

    later = make(handoff)

    assert (later.assessment_state, later.assessment_reason) == ("ready", "")


def test_what_is_ready_stays_ready_however_old(handoff, time_machine):
    ready = make(handoff)

    time_machine.move_to(handoff.assessment_asked_at + timedelta(days=30), tick=False)

    assert assessment.state_now(ready) == ("ready", "")


# --- asking again -------------------------------------------------------------------------------------------------


@pytest.fixture
def failed(handoff, thinks_with):
    thinks_with(Broken())
    make(handoff)
    thinks_with(Offline())
    return SessionHandoff.objects.get(pk=handoff.pk)


@pytest.mark.parametrize("who", ["ana", "bo", "lea"])
def test_where_it_is_unavailable_it_can_be_asked_for_again(failed, request, who):
    before = jobs_for(failed)

    asked = assessment.ask_again(failed.pk, by=request.getfixturevalue(who))

    assert (asked.assessment_state, asked.assessment_reason) == ("pending", "")
    assert asked.assessment_asked_at > failed.assessment_asked_at
    assert jobs_for(failed) == before + 1
    assert make(failed).assessment_state == "ready"


def test_asked_again_twice_is_one_job(failed, bo):
    before = jobs_for(failed)

    assessment.ask_again(failed.pk, by=bo)
    assessment.ask_again(failed.pk, by=bo)

    assert jobs_for(failed) == before + 1


@pytest.mark.django_db(transaction=True)
def test_asked_again_by_two_at_once_is_one_job(failed, bo, dana, second_waits_for_first):
    """One generation, never several: the value that was read belongs into the WHERE."""
    before = jobs_for(failed)

    second_waits_for_first(lambda: assessment.ask_again(failed.pk, by=bo), lambda: assessment.ask_again(failed.pk, by=dana))

    assert jobs_for(failed) == before + 1


def test_what_is_pending_within_patience_is_not_asked_for_again(handoff, bo):
    assert assessment.ask_again(handoff.pk, by=bo).assessment_state == "pending"
    assert jobs_for(handoff) == 1


def test_what_is_pending_beyond_patience_is(handoff, bo, time_machine):
    time_machine.move_to(handoff.assessment_asked_at + timedelta(minutes=7), tick=False)

    asked = assessment.ask_again(handoff.pk, by=bo)

    assert assessment.state_now(asked) == ("pending", "")
    assert jobs_for(handoff) == 2


def test_what_is_ready_is_not_made_anew(handoff, bo):
    ready = make(handoff)

    asked = assessment.ask_again(handoff.pk, by=bo)

    assert (asked.assessment_state, asked.assessment) == ("ready", ready.assessment)
    assert jobs_for(handoff) == 1


@pytest.mark.parametrize(("who", "error"), [("vic", "not_allowed"), ("eve", "not_found")])
def test_who_may_not_ask_again(failed, request, who, error):
    before = jobs_for(failed)

    assert assessment.ask_again(failed.pk, by=request.getfixturevalue(who)).error == error
    assert jobs_for(failed) == before


def test_an_inactive_person_is_refused_as_inactive(failed, bo):
    type(bo).objects.filter(pk=bo.pk).update(is_active=False)

    assert assessment.ask_again(failed.pk, by=bo).error == "inactive"


def test_a_parked_one_is_not_there_for_who_may_not_read_the_session(session, ana, bo):
    """For everybody who may not read a parked session it is 404."""
    parked = park(session.pk, by=ana).handoff

    refused = assessment.ask_again(parked.pk, by=bo)

    assert getattr(refused, "error", refused) == "not_found"


# --- who made it --------------------------------------------------------------------------------------------------


class Away:
    """A model whose provider is down: what it cannot make, offline does."""

    name = "some-model"

    def assess(self, case):
        raise Unavailable(Fault.TIMED_OUT)


class Model(Offline):
    name = "some-model"


def test_who_made_it_is_kept(handoff, thinks_with):
    thinks_with(Model())

    ready = make(handoff)

    assert (ready.assessment_state, ready.assessment_by, ready.assessment_reason) == ("ready", "some-model", "")


def test_a_providers_fault_gives_ready_made_offline_with_the_reason(handoff, thinks_with, bo, signed_in):
    thinks_with(Away())

    ready = make(handoff)

    assert (ready.assessment_state, ready.assessment_by) == ("ready", "offline")
    assert ready.assessment_reason == "The model did not answer in time."
    page = BeautifulSoup(signed_in(bo).get(f"/handoffs/{handoff.pk}/").content, "html.parser")
    assert "Written from FlowPilot’s playbooks: The model did not answer in time." in page.select_one(".since").text


def test_the_reason_goes_when_the_model_makes_the_next_one(handoff, thinks_with):
    thinks_with(Away())
    first = make(handoff)
    for n in range(4):
        sessions.post(handoff.session_id, by=handoff.author, text=f"News {n}", kind="note", reply=False)
    thinks_with(Model())

    second = make(handoff, at=first.assessed_at + timedelta(minutes=3))

    assert (second.assessment_by, second.assessment_reason) == ("some-model", "")
