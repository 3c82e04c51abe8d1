"""The claim: exactly one can."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Event
from accounts.verbs import Refused
from flowpilot import steps
from flowpilot.models import AISession
from flowpilot.steps import NewStep
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.withdrawing import withdraw


def test_a_colleague_claims_and_handles_the_session(handoff, bo):
    claimed = claim(handoff.pk, by=bo, begin="continue")

    assert claimed.handoff.state == "claimed"
    assert claimed.handoff.claimed_by == bo
    session = AISession.objects.get(pk=handoff.session_id)
    assert (session.status, session.handler) == ("active", bo)
    assert Event.objects.filter(handoff=handoff.pk, kind="handoff_claimed", by=bo).count() == 1


def test_the_same_person_again_changes_nothing(handoff, bo):
    first = claim(handoff.pk, by=bo, begin="own")
    events = Event.objects.count()

    again = claim(handoff.pk, by=bo, begin="analysis")

    assert again.again
    assert (again.handoff.claimed_at, again.handoff.begin) == (first.handoff.claimed_at, "own")
    assert Event.objects.count() == events


def test_somebody_else_after_them_reads_who_has_it(handoff, bo, dana):
    claim(handoff.pk, by=bo)

    lost = claim(handoff.pk, by=dana)

    assert isinstance(lost, Refused)
    assert (lost.error, lost.status) == ("already_claimed", 409)
    assert lost.extra["claimed_by"] == {"id": bo.pk, "name": "Bo Lindqvist"}
    assert AISession.objects.get(pk=handoff.session_id).handler == bo


@pytest.mark.parametrize(("who", "error"), [("ana", "own_handoff"), ("vic", "not_allowed"), ("eve", "not_found")])
def test_who_may_not_claim_is_told_why(handoff, request, who, error):
    refused = claim(handoff.pk, by=request.getfixturevalue(who))

    assert refused.error == error
    assert SessionHandoff.objects.get(pk=handoff.pk).state == "open"


def test_an_inactive_person_cannot_claim_even_while_their_request_still_says_so(handoff, bo):
    type(bo).objects.filter(pk=bo.pk).update(is_active=False)

    assert claim(handoff.pk, by=bo).error == "inactive"


def test_the_role_is_read_at_the_write_not_from_the_request(handoff, bo):
    type(bo).objects.filter(pk=bo.pk).update(role="viewer")

    assert claim(handoff.pk, by=bo).error == "not_allowed"


def test_a_withdrawn_handoff_is_gone(handoff, ana, bo):
    withdraw(handoff.pk, by=ana)

    gone = claim(handoff.pk, by=bo)

    assert (gone.error, gone.status, gone.detail) == ("withdrawn", 410, "Ana Reyes withdrew it.")


def test_the_author_reads_that_it_is_theirs_before_that_it_is_gone(handoff, ana):
    withdraw(handoff.pk, by=ana)

    assert claim(handoff.pk, by=ana).error == "own_handoff"


def test_continue_without_a_lane_is_own(ana, bo):
    from tests.factories import hand_off, make_session

    bare = hand_off(make_session(ana, lane=False), ana)

    assert claim(bare.pk, by=bo, begin="continue").handoff.begin == "own"


def test_a_word_that_is_no_way_to_begin_is_refused(handoff, bo):
    assert claim(handoff.pk, by=bo, begin="steal").status == 422


def test_analysis_sends_the_briefing_once(handoff, bo, transactional_db):
    from procrastinate.contrib.django.models import ProcrastinateJob

    claim(handoff.pk, by=bo, begin="analysis")
    claim(handoff.pk, by=bo, begin="analysis")

    steps = handoff.session.steps.filter(kind="briefing")
    assert steps.count() == 1
    assert handoff.needs in steps.get().text
    assert ProcrastinateJob.objects.filter(task_name="flowpilot.reply", args__session_id=str(handoff.session_id)).count() == 1


def test_the_claim_is_one_plain_update(handoff, bo):
    with CaptureQueriesContext(connection) as captured:
        claim(handoff.pk, by=bo)

    (update,) = [q["sql"] for q in captured if q["sql"].startswith('UPDATE "handoffs_sessionhandoff"') and "claimed_by_id" in q["sql"]]
    assert "JOIN" not in update
    assert "SELECT" not in update
    where = update.split("WHERE")[1]
    assert '"claimed_by_id" IS NULL' in where
    assert '"state" =' in where
    assert '"account_id" =' in where
    assert not [q for q in captured if "FOR UPDATE" in q["sql"]]


@pytest.mark.parametrize(("begin", "most"), [("own", 9), ("continue", 9), ("analysis", 12)])
def test_a_claim_takes_few_statements_that_begin_and_commit_included(handoff, bo, begin, most, transactional_db):
    with CaptureQueriesContext(connection) as captured:
        claimed = claim(handoff.pk, by=bo, begin=begin)

    assert claimed.handoff.begin == begin
    assert len(captured) <= most, "\n".join(q["sql"] for q in captured)


def test_what_a_claim_returns_is_what_the_database_has(handoff, ana, bo, django_assert_num_queries):
    claimed = claim(handoff.pk, by=bo, begin="continue").handoff

    with django_assert_num_queries(0):
        returned = (claimed.author, str(claimed.author), claimed.claimed_by, claimed.session_id, claimed.claimed_at, claimed.begin)
    stored = SessionHandoff.objects.get(pk=handoff.pk)
    assert returned == (ana, str(ana), bo, stored.session_id, stored.claimed_at, stored.begin)
    # What the claim has no use for is there all the same.
    assert (claimed.needs, claimed.snapshot) == (stored.needs, stored.snapshot)


@pytest.mark.django_db(transaction=True)
def test_the_second_of_two_claims_waits_and_loses(handoff, bo, dana, second_waits_for_first):
    won, lost = second_waits_for_first(lambda: claim(handoff.pk, by=bo), lambda: claim(handoff.pk, by=dana))

    assert won.handoff.claimed_by == bo
    assert (lost.error, lost.extra["claimed_by"]["name"]) == ("already_claimed", "Bo Lindqvist")
    assert Event.objects.filter(kind="handoff_claimed").count() == 1
    assert AISession.objects.get(pk=handoff.session_id).handler == bo


@pytest.mark.django_db(transaction=True)
def test_a_claim_that_meets_a_withdrawal_reads_that_it_is_gone(handoff, ana, bo, second_waits_for_first):
    withdrawn, lost = second_waits_for_first(lambda: withdraw(handoff.pk, by=ana), lambda: claim(handoff.pk, by=bo))

    assert withdrawn.state == "withdrawn"
    assert lost.error == "withdrawn"


def test_a_claim_whose_session_has_moved_on_changes_nothing(handoff, bo):
    AISession.objects.filter(pk=handoff.session_id).update(status="resolved")

    refused = claim(handoff.pk, by=bo)

    assert (refused.error, refused.status) == ("session_changed", 409)
    assert SessionHandoff.objects.get(pk=handoff.pk).claimed_by is None


@pytest.mark.django_db(transaction=True)
def test_the_step_of_a_claim_is_not_older_than_one_that_it_waited_for(handoff, ana, bo, second_waits_for_first):
    before = timezone.now()

    def write_late() -> None:
        with transaction.atomic():
            steps.write(handoff.session_id, [NewStep("message", "One more thing.", author_id=ana.pk)], at=before + timedelta(seconds=5))

    _, won = second_waits_for_first(write_late, lambda: claim(handoff.pk, by=bo, at=before))

    written = list(handoff.session.steps.order_by("number"))
    assert not isinstance(won, Refused)
    assert [step.number for step in written] == list(range(1, len(written) + 1))
    assert (written[-1].event, written[-1].at) == ("claimed", before + timedelta(seconds=5))
