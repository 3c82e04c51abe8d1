"""Renewing the assessment while it waits: when enough was added, not too often, one at a time; late or outdated results never win."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import Event
from assistant.offline.assistant import Offline
from flowpilot import lane, sessions
from flowpilot.models import AISession
from handoffs import assessment, renewing
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.releasing import release
from handoffs.withdrawing import withdraw
from tests.factories import hand_off, make_session


class Assistant(Offline):
    """Offline, which first lets something happen `meanwhile` (once), and says which of its answers each one is."""

    def __init__(self, *meanwhile):
        self.meanwhile = list(meanwhile)
        self.asked = 0

    def assess(self, case):
        self.asked += 1
        mine = self.asked
        if self.meanwhile:
            self.meanwhile.pop(0)()
        made = super().assess(case)
        return made.model_copy(update={"open_questions": [f"Answer {mine}"]})


@pytest.fixture
def thinks_with(monkeypatch):
    def use(assistant):
        monkeypatch.setattr("assistant.ask.assistant_named", lambda name, caller=None: assistant)
        return assistant

    return use


@pytest.fixture
def ready(handoff):
    """Assessed a few seconds after the hand-off."""
    assessment.make(handoff.pk, at=handoff.created_at + timedelta(seconds=4))
    return fresh(handoff)


def fresh(handoff):
    return SessionHandoff.objects.get(pk=handoff.pk)


def say(handoff, by, *texts, kind="note", at=None):
    for text in texts:
        sessions.post(handoff.session_id, by=by, text=text, kind=kind, reply=False, at=at)


def four(handoff, by, **more):
    say(handoff, by, "One thing", "Another", "A third", "The fourth", **more)


def jobs(handoff, name="handoffs.assess_anew"):
    return list(ProcrastinateJob.objects.filter(task_name=name, args__handoff_id=str(handoff.pk)).order_by("id"))


def later(handoff, minutes=10):
    return fresh(handoff).assessed_at + timedelta(minutes=minutes)


# --- when -----------------------------------------------------------------------------------------------------------


def test_three_notes_are_not_enough_and_the_fourth_is(ready, ana):
    say(ready, ana, "One", "Two", "Three")
    before = jobs(ready)

    say(ready, ana, "Four")

    assert before == []
    assert len(jobs(ready)) == 1


def test_a_check_that_came_back_is_enough_by_itself(ready, ana):
    lane.settle(ready.session_id, 2, by=ana, state="done", answer="Two entries")
    before = jobs(ready)

    lane.send(ready.session_id, by=ana)

    assert before == []
    assert len(jobs(ready)) == 1


def test_what_flowpilot_says_is_not_news(ready):
    from assistant.results import Reply
    from flowpilot import replies

    for n in range(5):
        replies.write_scripted(ready.session_id, Reply(text=f"Reply {n}", confidence=0.3), at=ready.created_at)

    assert jobs(ready) == []


def test_a_burst_is_one_job_and_it_waits_for_the_writer(ready, ana, time_machine):
    now = ready.assessed_at + timedelta(minutes=5)
    time_machine.move_to(now, tick=False)

    four(ready, ana)
    four(ready, ana)

    (job,) = jobs(ready)
    assert job.scheduled_at == now + renewing.SETTLING


def test_it_is_not_renewed_more_often_than_every_two_minutes(ready, ana, time_machine):
    time_machine.move_to(ready.assessed_at + timedelta(seconds=5), tick=False)

    four(ready, ana)

    (job,) = jobs(ready)
    assert job.scheduled_at == ready.assessed_at + timedelta(minutes=2)
    assessment.make(ready.pk, at=ready.assessed_at + timedelta(seconds=119))
    assert fresh(ready).assessed_generation == 1
    assessment.make(ready.pk, at=ready.assessed_at + timedelta(seconds=120))
    assert fresh(ready).assessed_generation == 2


def test_the_job_exists_exactly_if_the_steps_do(ready, ana):
    from django.db import transaction

    class Undone(Exception):
        pass

    with pytest.raises(Undone), transaction.atomic():
        four(ready, ana)
        raise Undone

    assert jobs(ready) == []


def test_after_the_claim_it_stays_what_the_claimer_was_told_and_nobody_is_asked(ready, ana, bo, thinks_with):
    assistant = thinks_with(Assistant())
    four(ready, ana)
    claim(ready.pk, by=bo)
    four(ready, bo)

    assessment.make(ready.pk, at=later(ready))

    assert len(jobs(ready)) == 1
    assert (assistant.asked, fresh(ready).assessment) == (0, ready.assessment)


def test_released_it_is_renewed_with_what_the_claimer_found(ready, ana, bo):
    claim(ready.pk, by=bo)
    four(ready, bo)
    release(ready.pk, by=bo)
    say(ready, ana, "And one more")

    assert len(jobs(ready)) == 1
    assessment.make(ready.pk, at=later(ready))
    assert fresh(ready).renewed_after == 5


@pytest.mark.parametrize("end", ["withdraw", "resolve after a claim"])
def test_what_is_over_is_not_assessed_anew(ready, ana, bo, end):
    four(ready, ana)
    if end == "withdraw":
        withdraw(ready.pk, by=ana)
    else:
        claim(ready.pk, by=bo)
        sessions.resolve(ready.session_id, by=bo)

    assessment.make(ready.pk, at=later(ready))

    assert fresh(ready).assessed_generation == 1


def test_a_session_that_nobody_waits_for_costs_no_job(session, ana):
    for n in range(5):
        sessions.post(session.pk, by=ana, text=f"Note {n}", kind="note", reply=False)

    assert not ProcrastinateJob.objects.filter(task_name="handoffs.assess_anew").exists()


def test_another_sessions_steps_are_no_news(ready, ana):
    other = make_session(ana)
    for n in range(5):
        sessions.post(other.pk, by=ana, text=f"Elsewhere {n}", kind="note", reply=False)

    assert jobs(ready) == []


# --- what it leaves -------------------------------------------------------------------------------------------------


def test_renewed_it_has_read_the_new_steps_and_says_after_how_many(ready, ana, bo, signed_in):
    four(ready, ana)
    at = later(ready)

    assessment.make(ready.pk, at=at)

    renewed = fresh(ready)
    assert (renewed.assessed_generation, renewed.assessed_at, renewed.renewed_after) == (2, at, 4)
    assert renewed.assessed_upto == AISession.objects.get(pk=ready.session_id).step_count > ready.assessed_upto
    told = Event.objects.filter(kind="assessment_ready", handoff=ready.pk).order_by("number")
    assert [event.details for event in told] == [{"generation": 1, "new_steps": 0}, {"generation": 2, "new_steps": 4}]
    page = BeautifulSoup(signed_in(bo).get(f"/handoffs/{ready.pk}/").content, "html.parser")
    assert "updated after 4 new steps" in page.select_one(".since").text


def test_the_package_holds_the_newest(ready, ana):
    four(ready, ana)
    assessment.make(ready.pk, at=later(ready))

    package = AISession.objects.get(pk=ready.session_id).escalation_package
    assert package["handoff_id"] == str(ready.pk)
    assert package["assessment"] == fresh(ready).assessment
    assert package["snapshot"] == ready.snapshot


def test_a_late_answer_does_not_enter_the_package_of_a_newer_handoff(handoff, bo, dana):
    claim(handoff.pk, by=bo)
    newer = hand_off(handoff.session, bo)

    assessment.make(handoff.pk, at=handoff.created_at)

    package = AISession.objects.get(pk=handoff.session_id).escalation_package
    assert (package["handoff_id"], "assessment" in package) == (str(newer.pk), False)


def test_what_was_written_while_it_was_made_calls_for_the_next(ready, ana, thinks_with):
    four(ready, ana)
    ProcrastinateJob.objects.all().delete()
    thinks_with(Assistant(lambda: four(ready, ana)))

    assessment.make(ready.pk, at=later(ready))

    # The four that came meanwhile were not read: they wait for a renewal of their own.
    assert fresh(ready).renewed_after == 4
    assert len(jobs(ready)) == 1


def test_a_renewal_that_fails_leaves_what_is_there(ready, ana, thinks_with):
    class Broken:
        name = "broken"

        def assess(self, case):
            raise ConnectionError

    four(ready, ana)
    thinks_with(Broken())

    assessment.make(ready.pk, at=later(ready))

    after = fresh(ready)
    assert (after.assessment_state, after.assessment, after.assessment_reason) == ("ready", ready.assessment, "")
    assert after.assessment_running_until is None
    assert not Event.objects.filter(kind="assessment_unavailable").exists()


# --- one at a time ----------------------------------------------------------------------------------------------------


def test_while_one_is_being_made_a_doubled_job_asks_nobody(handoff, thinks_with):
    at = handoff.created_at
    assistant = thinks_with(Assistant(lambda: assessment.make(handoff.pk, at=at + timedelta(seconds=30))))

    assessment.make(handoff.pk, at=at)

    assert assistant.asked == 1
    assert fresh(handoff).assessed_generation == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_jobs_at_once_one_asks(handoff, thinks_with, second_waits_for_first):
    assistant = thinks_with(Assistant())

    second_waits_for_first(
        lambda: assessment.make(handoff.pk, at=handoff.created_at), lambda: assessment.make(handoff.pk, at=handoff.created_at)
    )

    assert assistant.asked == 1


def test_a_retried_job_takes_over_the_generation_that_it_left(handoff, thinks_with):
    """Its worker died: the row still says that a generation is running, and nobody else is making it."""
    at = handoff.created_at
    assert assessment._begin(handoff, at=at) == 1
    assistant = thinks_with(Assistant())

    assessment.make(handoff.pk, at=at + timedelta(seconds=50))
    first_run = assistant.asked
    assessment.make(handoff.pk, at=at + timedelta(seconds=50), retried=True)

    assert (first_run, assistant.asked) == (0, 1)
    assert (fresh(handoff).assessment_state, fresh(handoff).assessed_generation) == ("ready", 2)


def test_a_retried_job_leaves_alone_what_is_ready(ready, thinks_with):
    assistant = thinks_with(Assistant())

    assessment.make(ready.pk, at=ready.created_at + timedelta(minutes=6), retried=True)

    assert assistant.asked == 0


def test_jobs_of_one_handoff_have_the_same_lock(handoff, ready):
    four(ready, ready.author)

    (first,) = jobs(handoff, "handoffs.assess")
    (renewal,) = jobs(ready, "handoffs.assess_anew")
    assert first.lock == f"assessment of {handoff.pk}"
    assert renewal.lock == f"assessment of {ready.pk}"


def test_a_database_that_goes_away_does_not_hold_the_next_try_up(handoff, thinks_with):
    from django.db import OperationalError

    def gone():
        raise OperationalError("the connection is gone")

    assistant = thinks_with(Assistant(gone))

    with pytest.raises(OperationalError):
        assessment.make(handoff.pk, at=handoff.created_at)
    assessment.make(handoff.pk, at=handoff.created_at + timedelta(seconds=1))

    assert assistant.asked == 2
    assert fresh(handoff).assessment_state == "ready"


# --- late and outdated ------------------------------------------------------------------------------------------------


def test_an_answer_that_has_read_less_never_replaces_one_that_has_read_more(handoff, ana, thinks_with):
    """The first is slow; when its time is up a second begins, reads more, and is kept. Then the first comes."""
    at = handoff.created_at

    def overtaken():
        four(handoff, ana)
        assessment.make(handoff.pk, at=at + timedelta(minutes=6))

    thinks_with(Assistant(overtaken))

    assessment.make(handoff.pk, at=at)

    kept = fresh(handoff)
    assert kept.assessment["open_questions"] == ["Answer 2"]
    assert (kept.assessed_generation, kept.assessed_at) == (2, at + timedelta(minutes=6))
    assert Event.objects.filter(kind="assessment_ready").count() == 1


def test_an_older_generation_never_replaces_a_later_one_that_has_read_the_same(handoff, thinks_with):
    at = handoff.created_at
    thinks_with(Assistant(lambda: assessment.make(handoff.pk, at=at + timedelta(minutes=6))))

    assessment.make(handoff.pk, at=at)

    assert fresh(handoff).assessment["open_questions"] == ["Answer 2"]


def test_the_later_generation_wins_where_the_older_one_came_first_and_nobody_has_claimed(handoff, thinks_with):
    """Both run; the older comes in time after all, then the later one, which has read as much."""
    at = handoff.created_at
    thinks_with(Assistant())
    first = assessment._begin(handoff, at=at)
    second = assessment._begin(fresh(handoff), at=at + timedelta(minutes=6))

    keep(handoff, first, "first", upto=4)
    keep(handoff, second, "second", upto=4)

    assert fresh(handoff).assessment["summary_prose"] == "second"


def keep(handoff, generation, text, *, upto):
    from assistant.ask import Answer
    from assistant.results import Assessment

    made = Assessment(summary_prose=text, confidence="low", what_we_know=[], tried=[], suggested_steps=[], open_questions=[])
    assessment._store(fresh(handoff), generation, Answer(made, "offline"), upto=upto, at=handoff.created_at)


@pytest.mark.parametrize(("generation", "upto", "kept"), [(3, 20, True), (3, 12, False), (2, 20, False), (1, 30, False), (3, 30, True)])
def test_newer_and_no_less_read_or_not_at_all(handoff, generation, upto, kept):
    keep(handoff, 2, "stands", upto=20)

    keep(handoff, generation, "comes", upto=upto)

    assert fresh(handoff).assessment["summary_prose"] == ("comes" if kept else "stands")


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_the_one_that_has_read_more_stays(handoff, second_waits_for_first):
    second_waits_for_first(lambda: keep(handoff, 2, "more", upto=20), lambda: keep(handoff, 1, "less", upto=12))

    assert fresh(handoff).assessment["summary_prose"] == "more"


@pytest.mark.django_db(transaction=True)
def test_a_renewal_that_meets_the_claim_does_not_change_what_was_claimed(ready, ana, bo, second_waits_for_first):
    second_waits_for_first(lambda: claim(ready.pk, by=bo), lambda: keep(ready, 5, "newer", upto=99))

    assert fresh(ready).assessment == ready.assessment


@pytest.mark.parametrize("first", [True, False])
def test_an_answer_for_what_was_withdrawn_is_kept_only_as_the_first(handoff, ana, first):
    if not first:
        keep(handoff, 1, "stands", upto=4)
    withdraw(handoff.pk, by=ana)

    keep(handoff, 2, "comes", upto=9)

    assert fresh(handoff).assessment["summary_prose"] == ("comes" if first else "stands")


def test_an_older_failure_says_nothing_about_a_newer_try(handoff):
    first = assessment._begin(handoff, at=handoff.created_at)
    assessment._begin(fresh(handoff), at=handoff.created_at + timedelta(minutes=6))

    assessment._fail(handoff, first, "It did not work", at=handoff.created_at)

    assert fresh(handoff).assessment_state == "pending"
    assert fresh(handoff).assessment_running_until is not None
