"""The times of each claim, as the trigger of the event log keeps them."""

import pytest
from django.db import transaction

from accounts.events import record
from accounts.models import Event
from escalations.models import ClaimTimes
from escalations.tests.recount import counted_again, kept
from flowpilot import sessions
from flowpilot.events import SessionStepped
from flowpilot.models import AISession
from handoffs.claiming import claim
from handoffs.releasing import release
from handoffs.returning import return_to_opener
from tests.factories import hand_off


def times(handoff):
    return list(ClaimTimes.objects.filter(handoff=handoff.pk).order_by("number"))


def event(handoff, kind):
    return Event.objects.filter(session=handoff.session_id, kind=kind).order_by("-number").first()


def test_a_claim_keeps_since_when_it_was_queued_and_when_it_was_claimed(session, ana, bo):
    handoff = hand_off(session, ana)

    claim(handoff.pk, by=bo)

    (row,) = times(handoff)
    assert (row.account_id, row.by_id, row.session) == (ana.account_id, bo.pk, session.pk)
    assert (row.queued_at, row.claimed_at) == (event(handoff, "handoff_opened").at, event(handoff, "handoff_claimed").at)
    assert (row.acted_at, row.ended) == (None, None)


def test_a_release_ends_it_and_the_next_claim_counts_from_there(session, ana, bo, dana):
    handoff = hand_off(session, ana)
    claim(handoff.pk, by=bo)
    release(handoff.pk, by=bo)
    released = event(handoff, "handoff_released")

    claim(handoff.pk, by=dana)

    first, second = times(handoff)
    assert (first.by_id, first.ended) == (bo.pk, released.number)
    assert (second.by_id, second.queued_at, second.ended) == (dana.pk, released.at, None)


def test_the_first_action_counts_and_none_after_the_end(session, ana, bo):
    handoff = hand_off(session, ana)
    claim(handoff.pk, by=bo)
    sessions.post(session.pk, by=ana, text="Not the claimer", kind="note")
    sessions.post(session.pk, by=bo, text="First", kind="note")
    acted = event(handoff, "session_stepped").at
    sessions.post(session.pk, by=bo, text="Second", kind="note")
    return_to_opener(handoff.pk, by=bo, note="Delete them.")
    AISession.objects.filter(pk=session.pk).update(handler=bo)

    sessions.post(session.pk, by=bo, text="After it", kind="note")

    (row,) = times(handoff)
    assert (row.acted_at, row.ended) == (acted, event(handoff, "handoff_returned").number)


def acts(handoff, by):
    """An action that waits for nothing but its number."""
    with transaction.atomic():
        record(
            SessionStepped(account_id=by.account_id, by_id=by.pk, session=handoff.session_id, first=9, last=9, kinds=[], begun_by="person")
        )


@pytest.mark.django_db(transaction=True)
def test_an_action_that_waits_for_the_claim_is_seen_with_it(session, ana, bo, second_waits_for_first):
    """Its statement began before the claim was committed, and its number comes after the claim's."""
    handoff = hand_off(session, ana)

    second_waits_for_first(lambda: claim(handoff.pk, by=bo), lambda: acts(handoff, bo))

    assert times(handoff)[0].acted_at == event(handoff, "session_stepped").at
    assert kept() == counted_again()


@pytest.mark.django_db(transaction=True)
def test_an_action_that_waits_for_the_release_does_not_count(session, ana, bo, second_waits_for_first):
    handoff = hand_off(session, ana)
    claim(handoff.pk, by=bo)

    second_waits_for_first(lambda: release(handoff.pk, by=bo), lambda: acts(handoff, bo))

    assert times(handoff)[0].acted_at is None
    assert kept() == counted_again()
