"""A reply that is half written: redacted, and gone with its request."""

import pytest

from accounts.verbs import Refused
from flowpilot import drafts, sessions
from flowpilot.models import AISession, Proposal, Repeat, ReplyDraft, Secret
from handoffs.claiming import claim
from handoffs.parking import park
from handoffs.releasing import release
from handoffs.returning import return_to_opener
from handoffs.withdrawing import withdraw
from tests.factories import hand_off


def asked(session, by):
    """A message, and what FlowPilot has written so far of its reply."""
    step = sessions.post(session.pk, by=by, text="And now?").number
    drafts.save(session.pk, step, "Look at the sign-in log")
    assert ReplyDraft.objects.filter(session=session, step=step).exists()
    return step


@pytest.mark.parametrize("end", [sessions.resolve, sessions.abandon, park])
def test_a_draft_ends_with_the_session(session, ana, end):
    step = asked(session, ana)

    end(session.pk, by=ana)
    drafts.save(session.pk, step, "Look at the sign-in log first.")

    assert not ReplyDraft.objects.exists()


@pytest.mark.parametrize("way", ["release", "return", "withdraw", "claim"])
def test_a_draft_ends_with_its_request_when_the_session_changes_hands(session, ana, bo, way):
    handoff = hand_off(session, ana)
    if way in ("release", "return"):
        claim(handoff.pk, by=bo)
    step = asked(session, ana)
    match way:
        case "release":
            done = release(handoff.pk, by=bo)
        case "return":
            done = return_to_opener(handoff.pk, by=bo, note="Delete them.")
        case "withdraw":
            done = withdraw(handoff.pk, by=ana)
        case _:
            done = claim(handoff.pk, by=bo)
    drafts.save(session.pk, step, "Look at the sign-in log first.")

    assert not isinstance(done, Refused)
    assert not ReplyDraft.objects.exists()


def test_a_draft_ends_when_a_newer_message_replaces_the_request(session, ana):
    step = asked(session, ana)

    sessions.post(session.pk, by=ana, text="One more thing.")
    drafts.save(session.pk, step, "Look at the sign-in log first.")

    assert not ReplyDraft.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_draft_that_begins_while_the_session_is_being_resolved_is_not_written(session, ana, second_waits_for_first):
    step = sessions.post(session.pk, by=ana, text="And now?").number

    second_waits_for_first(lambda: sessions.resolve(session.pk, by=ana), lambda: drafts.save(session.pk, step, "Look"))

    assert not ReplyDraft.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_resolving_while_a_draft_begins_waits_and_discards_it(session, ana, second_waits_for_first):
    step = sessions.post(session.pk, by=ana, text="And now?").number

    second_waits_for_first(lambda: drafts.save(session.pk, step, "Look"), lambda: sessions.resolve(session.pk, by=ana))

    assert not ReplyDraft.objects.exists()


def test_a_draft_is_redacted_while_it_lives_and_stores_no_half_secrets(session, ana):
    sessions.post(session.pk, by=ana, text="The password is Sommer2024!x", reply=False)
    step = sessions.post(session.pk, by=ana, text="And now?").number

    for text in ("Use pw: Wint", "Use pw: Winter2025!y and", "Use pw: Winter2025!y and not Sommer2024!x"):
        drafts.save(session.pk, step, text)

    assert ReplyDraft.objects.get().text == "Use pw: [hidden password] and not [hidden password 1]"
    assert Secret.objects.count() == 1


@pytest.mark.parametrize("end", [sessions.resolve, sessions.abandon])
def test_what_flowpilot_offered_and_nobody_took_up_ends_with_the_session(session, ana, end):
    step = session.steps.last()
    for state in Proposal.State:
        Proposal.objects.create(session=session, kind="fact", text=f"{state} fact", state=state, source=step)
    Proposal.objects.create(session=session, kind="outcome", outcome="worked", card=3, text="It works", source=step)
    Repeat.objects.create(session=session, title="List the stored credentials", reply=step, done_in=step)

    end(session.pk, by=ana)

    assert sorted(Proposal.objects.values_list("text", flat=True)) == ["accepted fact", "dismissed fact"]
    assert not Repeat.objects.exists()


def test_what_flowpilot_offered_stays_while_the_session_is_parked(session, ana):
    Proposal.objects.create(session=session, kind="fact", text="An open fact")

    park(session.pk, by=ana)

    assert AISession.objects.get(pk=session.pk).status == "paused"
    assert Proposal.objects.filter(state="open").exists()
