"""How the timeline draws what happened."""

import pytest

from flowpilot import sessions
from flowpilot.templatetags.timeline import event_icon
from handoffs.claiming import claim
from handoffs.opening import open_handoff
from handoffs.parking import park, resume
from handoffs.releasing import release
from handoffs.returning import return_to_opener
from handoffs.withdrawing import withdraw


@pytest.mark.parametrize(
    ("text", "drawing"),
    [
        ("Ana handed it off: the printer; Bo resolved it yesterday", "escalations"),
        ("Bo claimed it and carried on where Ana left off", "continue"),
        ("Bo returned it to Ana", "left"),
        ("Ana withdrew it: solved itself", "x"),
        ("Ana parked it: waiting for a part", "pause"),
        ("Bo resolved it", "ok"),
        ("FlowPilot could not answer", "right"),
        ("", "right"),
    ],
)
def test_the_drawing_follows_the_verb_and_not_what_somebody_wrote_after_it(text, drawing):
    assert event_icon(text) == drawing


def test_what_the_verbs_really_write_has_a_drawing_of_its_own(session, ana, bo):
    """A reworded line would fall back to the plain arrow without anybody noticing."""
    parked = park(session.pk, by=ana, needs="Waiting")
    assert resume(session.pk, by=ana)
    handed = open_handoff(session.pk, by=ana, needs="Help", priority=2)
    withdraw(handed.handoff.pk, by=ana, note="")
    again = open_handoff(session.pk, by=ana, needs="Help after all", priority=2)
    claim(again.handoff.pk, by=bo, begin="own")
    release(again.handoff.pk, by=bo, note="")
    claim(again.handoff.pk, by=bo, begin="own")
    return_to_opener(again.handoff.pk, by=bo, note="Look at the token.")
    sessions.resolve(session.pk, by=ana)
    sessions.reopen(session.pk, by=ana)

    lines = list(session.steps.filter(kind="system").order_by("number").values_list("text", flat=True))
    assert parked and len(lines) >= 9
    assert "right" not in [event_icon(line) for line in lines], lines
