"""How the timeline draws what happened."""

import pytest

from flowpilot import sessions
from flowpilot.event_steps import event_step
from flowpilot.models import SessionStep
from flowpilot.templatetags.timeline import ICONS, event_icon
from handoffs.claiming import claim
from handoffs.opening import open_handoff
from handoffs.parking import park, resume
from handoffs.releasing import release
from handoffs.returning import return_to_opener
from handoffs.withdrawing import withdraw

Event = SessionStep.Event


def test_every_event_has_a_drawing():
    assert set(ICONS) == set(Event)


@pytest.mark.parametrize("event", ["", "claimed it", "unknown"])
def test_what_is_not_an_event_gets_the_plain_arrow(event):
    assert event_icon(event) == "right"


def test_every_event_has_a_sentence_and_the_note_comes_after_it(ana):
    from accounts.people import read_person

    person = read_person(ana)
    for event in Event:
        line = event_step(event, person, note="the printer; Bo claimed this yesterday", other="Bo", thing="password in step 3")
        assert line.event == event
        assert line.text.endswith(": the printer; Bo claimed this yesterday")
        assert line.text.startswith(("Ana ", "FlowPilot "))
        assert "{" not in line.text


def test_what_the_verbs_write_says_what_happened(session, ana, bo):
    park(session.pk, by=ana, needs="Waiting")
    resume(session.pk, by=ana)
    handed = open_handoff(session.pk, by=ana, needs="Help", priority=2)
    withdraw(handed.handoff.pk, by=ana, note="")
    again = open_handoff(session.pk, by=ana, needs="Help after all", priority=2)
    claim(again.handoff.pk, by=bo, begin="own")
    release(again.handoff.pk, by=bo, note="")
    claim(again.handoff.pk, by=bo, begin="own")
    return_to_opener(again.handoff.pk, by=bo, note="Look at the token.")
    last = open_handoff(session.pk, by=ana, needs="Help once again", priority=2)
    claim(last.handoff.pk, by=bo, begin="own")
    open_handoff(session.pk, by=bo, needs="Somebody else, please", priority=2)
    withdraw(session.handoffs.get(state="open").pk, by=bo)
    sessions.resolve(session.pk, by=ana)
    sessions.reopen(session.pk, by=ana)
    sessions.abandon(session.pk, by=ana)

    events = list(session.steps.filter(kind="system").order_by("number").values_list("event", flat=True))
    assert events == [
        *["parked", "resumed", "escalated", "withdrawn", "escalated", "claimed", "released", "claimed", "returned"],
        *["escalated", "claimed", "handed_over", "withdrawn", "resolved", "reopened", "closed"],
    ]
