"""How the timeline draws what happened."""

import pytest

from flowpilot.models import AISession
from flowpilot.templatetags.timeline import event_icon
from handoffs.models import SessionHandoff


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
    parked = SessionHandoff.objects.park(session.pk, by=ana, needs="Waiting")
    assert SessionHandoff.objects.resume(session.pk, by=ana)
    handed = SessionHandoff.objects.open(session.pk, by=ana, needs="Help", priority=2)
    SessionHandoff.objects.withdraw(handed.handoff.pk, by=ana, note="")
    again = SessionHandoff.objects.open(session.pk, by=ana, needs="Help after all", priority=2)
    SessionHandoff.objects.claim(again.handoff.pk, by=bo, begin="own")
    SessionHandoff.objects.release(again.handoff.pk, by=bo, note="")
    SessionHandoff.objects.claim(again.handoff.pk, by=bo, begin="own")
    SessionHandoff.objects.give_back(again.handoff.pk, by=bo, note="Look at the token.")
    AISession.objects.resolve(session.pk, by=ana)
    AISession.objects.reopen(session.pk, by=ana)

    lines = list(session.steps.filter(kind="system").order_by("number").values_list("text", flat=True))
    assert parked and len(lines) >= 9
    assert "right" not in [event_icon(line) for line in lines], lines
