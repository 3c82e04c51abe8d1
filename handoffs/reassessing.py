"""When a handoff that waits is assessed anew: enough has been said since, and not a moment ago."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.events import News, happening
from flowpilot.models import SessionStep
from handoffs import tasks
from handoffs.models import SessionHandoff

# So many new steps of people are enough; a check, an answer or an outcome is enough by itself.
ENOUGH = 4
DECISIVE = frozenset({"check", "answer", "outcome"})
# At most one renewal in this time, and a moment for whoever is still writing: a burst of steps gives one.
PAUSE = timedelta(minutes=2)
SETTLING = timedelta(seconds=10)

_PEOPLE = ("person", "client", "imported")
_SAID = ("message", "answer", "check", "note", "outcome")


def said_since(handoff: SessionHandoff, *, upto: int | None = None) -> list[str]:
    """The kinds of the steps in which people have said something since the assessment (or the hand-off, where there is none yet)."""
    since = handoff.assessed_upto if handoff.assessed_upto is not None else handoff.snapshot.get("step_count", 0)
    steps = SessionStep.objects.filter(session_id=handoff.session_id, number__gt=since, author_kind__in=_PEOPLE, kind__in=_SAID)
    if upto is not None:
        steps = steps.filter(number__lte=upto)
    return list(steps.values_list("kind", flat=True))


def is_enough(kinds: list[str]) -> bool:
    return len(kinds) >= ENOUGH or not DECISIVE.isdisjoint(kinds)


def may_be_renewed(handoff: SessionHandoff) -> bool:
    """While it waits for a colleague and nobody has judged it. After the claim the screen stays what the claimer was told."""
    return (
        handoff.state == SessionHandoff.State.OPEN
        and handoff.intent == SessionHandoff.Intent.ESCALATE
        and handoff.assessment_state == SessionHandoff.Assessed.READY
        and handoff.assessment_judged_at is None
    )


def due(handoff: SessionHandoff, *, at: datetime) -> bool:
    """Whether it is to be assessed anew now."""
    rested = handoff.assessed_at is None or at >= handoff.assessed_at + PAUSE
    return may_be_renewed(handoff) and rested and is_enough(said_since(handoff))


def call_for(handoff: SessionHandoff, *, at: datetime) -> None:
    """Defers a renewal where enough has been said. Takes no row: the caller may hold the session's, which comes after the handoff's."""
    if may_be_renewed(handoff) and is_enough(said_since(handoff)):
        earliest = at + SETTLING
        tasks.later(tasks.assess_anew, handoff.pk, max(earliest, handoff.assessed_at + PAUSE) if handoff.assessed_at else earliest)


def _on_news(sender: Any, news: News, **kwargs: Any) -> None:
    """Steps were written in a session: does a handoff of it wait?"""
    if news.kind not in ("session_stepped", "fix_settled") or news.details.get("begun_by") == "assistant":
        return
    handoff = SessionHandoff.objects.filter(session_id=news.session, state="open").first()
    if handoff is not None:
        call_for(handoff, at=news.at or timezone.now())


def listen() -> None:
    happening.connect(_on_news, dispatch_uid="handoffs.reassessing")
