"""The assessment of a handoff: made in the background, one generation at a time. What is pending too long is shown as unavailable."""

import uuid
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.models import Q
from django.utils import timezone

from accounts.events import record
from accounts.models import User
from accounts.verbs import verb
from assistant import ask
from assistant.analysis.verify import verify
from assistant.ask import Answer
from assistant.results import Assessment
from assistant.usage import Caller
from flowpilot.casefile import case_of
from handoffs import jobs, packaging, renewing
from handoffs.events import AssessmentReady, AssessmentUnavailable
from handoffs.lookup import look_up_active
from handoffs.models import SessionHandoff
from handoffs.transitions import refuse_viewers

log = structlog.get_logger("handoffs")

# After this the screen says "unavailable", whatever has died; a late result still replaces it.
PATIENCE = timedelta(minutes=6)
# A generation has this long in all; after it another may take its place.
DEADLINE = timedelta(minutes=5)

Assessed = SessionHandoff.Assessed
_MISSING = (Assessed.PENDING, Assessed.UNAVAILABLE)


def state_now(handoff: SessionHandoff) -> tuple[str, str]:
    """The state to be shown, and the reason where there is one."""
    if handoff.assessment_state == Assessed.PENDING and timezone.now() - handoff.assessment_asked_at > PATIENCE:
        return Assessed.UNAVAILABLE, "The assistant did not answer in time."
    return handoff.assessment_state, handoff.assessment_reason


def make(handoff_id: uuid.UUID, *, at: datetime | None = None, retried: bool = False) -> None:
    """Makes and stores the assessment of an escalation, where one is due: the first, or a newer one (`renewing`).

    Where the configured assistant fails, `offline` makes it, with the reason; where that fails too, the state is `unavailable`. The result
    carries the moment in which it is stored, or `at`. `retried`: the job ran before and did not finish. Jobs of one handoff run one at a
    time, so the generation that it left is no longer running.
    """
    handoff = SessionHandoff.objects.select_related("session").filter(pk=handoff_id, intent=SessionHandoff.Intent.ESCALATE).first()
    begun_at = at or timezone.now()
    if handoff is None or not (handoff.assessment_state in _MISSING or renewing.due(handoff, at=begun_at)):
        return
    generation = _begin(handoff, at=begun_at, take_over=retried)
    if generation is None:
        return
    try:
        case = case_of(handoff.session, needs=handoff.needs)
        answer = ask.assess(case, Caller(handoff.account_id, handoff.session_id))
        # Again, whoever made it: nothing is stored that the session does not show.
        made = verify(answer.result, case)
    except (OperationalError, InterfaceError):
        # The database failed, not the assistant: the job is tried again, and must not wait for itself.
        with suppress(DatabaseError, InterfaceError):
            _free(handoff_id, generation)
        raise
    except Exception as error:
        log.exception("assessment failed", handoff=str(handoff_id), error=type(error).__name__)
        _fail(handoff, generation, "The assistant could not read this session.", at=at or timezone.now())
        return
    upto = case.steps[-1].number if case.steps else 0
    _store(handoff, generation, replace(answer, result=made), upto=upto, at=at or timezone.now())


def _begin(handoff: SessionHandoff, *, at: datetime, take_over: bool = False) -> int | None:
    """The number of the generation that begins now; None where one is running, or has begun since the handoff was read."""
    free = Q() if take_over else Q(assessment_running_until=None) | Q(assessment_running_until__lte=at)
    number = handoff.assessment_generation + 1
    begun = SessionHandoff.objects.filter(free, pk=handoff.pk, assessment_generation=handoff.assessment_generation).update(
        assessment_generation=number, assessment_running_until=at + DEADLINE
    )
    return number if begun else None


def _free(pk: uuid.UUID, generation: int) -> None:
    SessionHandoff.objects.filter(pk=pk, assessment_generation=generation).update(assessment_running_until=None)


@verb
def _store(handoff: SessionHandoff, generation: int, answer: Answer[Assessment], *, upto: int, at: datetime) -> None:
    """Stores an answer, unless the stored one is newer, has read more, was judged, or is what a claimer has been shown."""
    assessment = answer.result.model_dump(mode="json")
    first_or_waiting = Q(assessment_state__in=_MISSING) | Q(state=SessionHandoff.State.OPEN)
    no_less_read = Q(assessed_upto=None) | Q(assessed_upto__lte=upto)
    renewed_after = 0 if handoff.assessed_upto is None else len(renewing.kinds_since(handoff, upto=upto))
    kept = SessionHandoff.objects.filter(
        first_or_waiting, no_less_read, pk=handoff.pk, assessed_generation__lt=generation, assessment_judged_at=None
    ).update(
        assessment_state=Assessed.READY,
        assessment=assessment,
        assessment_by=answer.made_by[:120],
        assessment_reason=answer.reason[:300],
        assessed_generation=generation,
        assessed_upto=upto,
        assessed_at=at,
        renewed_after=renewed_after,
    )
    _free(handoff.pk, generation)
    if not kept:
        return
    packaging.put_assessment(handoff.session_id, handoff.pk, assessment)
    handoff.refresh_from_db()
    # What was written while it was being made.
    renewing.request_if_due(handoff, at=at)
    record(
        AssessmentReady(
            account_id=handoff.account_id,
            by_id=None,
            session=handoff.session_id,
            handoff=handoff.pk,
            to_state=Assessed.READY,
            generation=generation,
            new_steps=renewed_after,
            at=at,
        )
    )


@verb
def _fail(handoff: SessionHandoff, generation: int, reason: str, *, at: datetime) -> None:
    """A failed renewal leaves what is ready as it is, and the failure of an older one says nothing about a newer one."""
    failed = SessionHandoff.objects.filter(pk=handoff.pk, assessment_state=Assessed.PENDING, assessment_generation=generation).update(
        assessment_state=Assessed.UNAVAILABLE, assessment_reason=reason
    )
    _free(handoff.pk, generation)
    if failed:
        record(
            AssessmentUnavailable(
                account_id=handoff.account_id,
                by_id=None,
                session=handoff.session_id,
                handoff=handoff.pk,
                to_state=Assessed.UNAVAILABLE,
                reason="assistant_failed",
                at=at,
            )
        )


@verb
def ask_again(pk: uuid.UUID, *, by: User) -> SessionHandoff:
    """Requests the assessment again, where it is unavailable (or has been pending too long)."""
    person, handoff = look_up_active(pk, by)
    if not person.may_work:
        raise refuse_viewers()
    state, _ = state_now(handoff)
    if state == Assessed.UNAVAILABLE:
        # The time just read goes into the WHERE, so that of two requests at once one counts.
        asked = SessionHandoff.objects.filter(pk=pk, assessment_state__in=_MISSING, assessment_asked_at=handoff.assessment_asked_at).update(
            assessment_state=Assessed.PENDING, assessment_reason="", assessment_asked_at=timezone.now()
        )
        if asked:
            jobs.request_assessment(pk)
    handoff.refresh_from_db()
    return handoff
