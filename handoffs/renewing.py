"""When the assessment of an open handoff is renewed: people have added enough since, and the last one is not too recent."""

from datetime import datetime, timedelta

from flowpilot.models import SessionStep
from handoffs import jobs
from handoffs.models import SessionHandoff

Kind = SessionStep.Kind
AuthorKind = SessionStep.AuthorKind

# This many new steps by people are enough; so is a single check, answer or outcome.
ENOUGH = 4
DECISIVE = frozenset({Kind.CHECK, Kind.ANSWER, Kind.OUTCOME})
# At most one renewal in `PAUSE`; `SETTLING` is a delay in case people are still writing, so that a burst of steps causes one renewal.
PAUSE = timedelta(minutes=2)
SETTLING = timedelta(seconds=10)

_PEOPLE = (AuthorKind.PERSON, AuthorKind.CLIENT, AuthorKind.IMPORTED)
_SPOKEN = (Kind.MESSAGE, Kind.ANSWER, Kind.CHECK, Kind.NOTE, Kind.OUTCOME)


def kinds_since(handoff: SessionHandoff, *, upto: int | None = None) -> list[str]:
    """The kinds of the steps that people have added since the assessment (or since the handoff, if there is none yet)."""
    since = handoff.assessed_upto if handoff.assessed_upto is not None else handoff.snapshot.get("step_count", 0)
    steps = SessionStep.objects.filter(session_id=handoff.session_id, number__gt=since, author_kind__in=_PEOPLE, kind__in=_SPOKEN)
    if upto is not None:
        steps = steps.filter(number__lte=upto)
    return list(steps.values_list("kind", flat=True))


def is_enough(kinds: list[str]) -> bool:
    return len(kinds) >= ENOUGH or not DECISIVE.isdisjoint(kinds)


def may_be_renewed(handoff: SessionHandoff) -> bool:
    """While the handoff is open and nobody has judged it. After the claim, the screen stays as the claimer saw it."""
    return (
        handoff.state == SessionHandoff.State.OPEN
        and handoff.intent == SessionHandoff.Intent.ESCALATE
        and handoff.assessment_state == SessionHandoff.Assessed.READY
        and handoff.assessment_judged_at is None
    )


def due(handoff: SessionHandoff, *, at: datetime) -> bool:
    """Whether it is to be renewed now."""
    rested = handoff.assessed_at is None or at >= handoff.assessed_at + PAUSE
    return may_be_renewed(handoff) and rested and is_enough(kinds_since(handoff))


def request_if_due(handoff: SessionHandoff, *, at: datetime) -> None:
    """Defers a renewal if enough was added. Locks no row, because the caller may have locked the session's already."""
    if may_be_renewed(handoff) and is_enough(kinds_since(handoff)):
        earliest = at + SETTLING
        jobs.request_renewal(handoff.pk, at=max(earliest, handoff.assessed_at + PAUSE) if handoff.assessed_at else earliest)
