"""The assessment of a handoff: made in the background, one generation at a time; what is pending too long is shown as unavailable."""

import uuid
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.events import News, record
from accounts.models import User
from accounts.verbs import Refuse, verb
from flowpilot.assessing.verify import verify
from flowpilot.assistant import asking
from flowpilot.assistant.asking import Answer
from flowpilot.assistant.results import Assessment
from flowpilot.assistant.usage import Asker
from flowpilot.casefile import case_of
from handoffs import packaging, reassessing, tasks
from handoffs.models import SessionHandoff
from handoffs.rows import hide_parked, look_up, member

log = structlog.get_logger("handoffs")

# After this the screen says "unavailable", whoever is dead; a late result still replaces it.
PATIENCE = timedelta(minutes=6)
# A generation has this long in all; after it another may take its place.
DEADLINE = timedelta(minutes=5)

_WANTING = (SessionHandoff.Assessed.PENDING, SessionHandoff.Assessed.UNAVAILABLE)


def state_now(handoff: SessionHandoff) -> tuple[str, str]:
    """The state as it is to be shown, and the reason where there is one."""
    if handoff.assessment_state == SessionHandoff.Assessed.PENDING and timezone.now() - handoff.assessment_asked_at > PATIENCE:
        return "unavailable", "The assistant did not answer in time."
    return handoff.assessment_state, handoff.assessment_reason


def make(handoff_id: uuid.UUID, *, at: datetime) -> None:
    """Makes and keeps the assessment of an escalated handoff, where one is due: the first, or a newer one (`reassessing`).

    The set assistant's fault gives one by `offline`, with the reason; where that fails too, the state is `unavailable`.
    """
    handoff = SessionHandoff.objects.select_related("session").filter(pk=handoff_id, intent="escalate").first()
    if handoff is None or not (handoff.assessment_state in _WANTING or reassessing.due(handoff, at=at)):
        return
    generation = _begin(handoff, at=at)
    if generation is None:
        _watch(handoff_id, at=at)
        return
    try:
        case = case_of(handoff.session, needs=handoff.needs)
        answer = asking.assess(case, Asker(handoff.account_id, handoff.session_id))
        # Once more and whoever made it: nothing is kept that its session does not show.
        made = verify(answer.result, case)
    except (OperationalError, InterfaceError):
        # The database, not the assistant: the job is tried again, and is not to wait for itself.
        with suppress(DatabaseError, InterfaceError):
            _let_go(handoff_id, generation)
        raise
    except Exception as error:
        log.exception("assessment failed", handoff=str(handoff_id), error=type(error).__name__)
        _fail(handoff, generation, "The assistant could not read this session.", at=at)
        return
    _keep(handoff, generation, replace(answer, result=made), upto=case.steps[-1].number if case.steps else 0, at=at)


def _begin(handoff: SessionHandoff, *, at: datetime) -> int | None:
    """The number of the generation that begins now; None where one runs already, or has begun since the handoff was read."""
    free = Q(assessment_running_until=None) | Q(assessment_running_until__lte=at)
    number = handoff.assessment_generation + 1
    with transaction.atomic():
        begun = SessionHandoff.objects.filter(free, pk=handoff.pk, assessment_generation=handoff.assessment_generation).update(
            assessment_generation=number, assessment_running_until=at + DEADLINE
        )
        if begun:
            _watch(handoff.pk, at=at)
    return number if begun else None


def _watch(pk: uuid.UUID, *, at: datetime) -> None:
    """Has somebody look when the time of the generation that runs is up, where all still wait for it: a worker that dies takes no
    assessment with it. A renewal that is lost needs nobody: the next steps bring another."""
    rows = SessionHandoff.objects.filter(pk=pk, assessment_state="pending", assessment_running_until__gt=at)
    until = rows.values_list("assessment_running_until", flat=True).first()
    if until is not None:
        tasks.later(tasks.assess_lost, pk, until)


def take_over(handoff_id: uuid.UUID, *, at: datetime) -> None:
    """Makes the assessment whose generation has overrun its time; for an hour, so that a session that kills workers does not do so
    for ever. After that somebody may ask again."""
    rows = SessionHandoff.objects.filter(pk=handoff_id, assessment_state="pending", assessment_asked_at__gt=at - timedelta(hours=1))
    if rows.filter(assessment_running_until__lte=at).exists():
        make(handoff_id, at=at)
    else:
        _watch(handoff_id, at=at)


def _let_go(pk: uuid.UUID, generation: int) -> None:
    SessionHandoff.objects.filter(pk=pk, assessment_generation=generation).update(assessment_running_until=None)


@verb
def _keep(handoff: SessionHandoff, generation: int, answer: Answer[Assessment], *, upto: int, at: datetime) -> None:
    """Keeps an answer, unless what stands there is newer, has read more, was judged, or is what a claimer was told."""
    assessment = answer.result.model_dump(mode="json")
    first_or_waiting = Q(assessment_state__in=_WANTING) | Q(state="open")
    no_less_read = Q(assessed_upto=None) | Q(assessed_upto__lte=upto)
    renewed_after = 0 if handoff.assessed_upto is None else len(reassessing.said_since(handoff, upto=upto))
    kept = SessionHandoff.objects.filter(
        first_or_waiting, no_less_read, pk=handoff.pk, assessed_generation__lt=generation, assessment_judged_at=None
    ).update(
        assessment_state="ready",
        assessment=assessment,
        assessment_by=answer.made_by[:120],
        assessment_reason=answer.reason[:300],
        assessed_generation=generation,
        assessed_upto=upto,
        assessed_at=at,
        renewed_after=renewed_after,
    )
    _let_go(handoff.pk, generation)
    if not kept:
        return
    packaging.put_assessment(handoff.session_id, handoff.pk, assessment)
    handoff.refresh_from_db()
    # What was written while it was being made.
    reassessing.call_for(handoff, at=at)
    record(
        News(
            "assessment_ready",
            handoff.account_id,
            None,
            session=handoff.session_id,
            handoff=handoff.pk,
            to_state="ready",
            details={"generation": generation, "new_steps": renewed_after},
            at=at,
        )
    )


@verb
def _fail(handoff: SessionHandoff, generation: int, reason: str, *, at: datetime) -> None:
    """A failed renewal leaves what is ready as it is; and an older one's failure says nothing about a newer one."""
    failed = SessionHandoff.objects.filter(pk=handoff.pk, assessment_state="pending", assessment_generation=generation).update(
        assessment_state="unavailable", assessment_reason=reason
    )
    _let_go(handoff.pk, generation)
    if failed:
        record(
            News(
                "assessment_unavailable",
                handoff.account_id,
                None,
                session=handoff.session_id,
                handoff=handoff.pk,
                to_state="unavailable",
                at=at,
            )
        )


@verb
def ask_again(pk: uuid.UUID, *, by: User) -> SessionHandoff:
    """Asks for the assessment once more, where it is unavailable (or pending beyond patience)."""
    person = member(by)
    handoff = look_up(pk, person)
    hide_parked(handoff, person)
    if not person.is_active:
        raise Refuse("inactive", "You are not active in this account any more.")
    if not person.may_work:
        raise Refuse("not_allowed", "Viewers follow along.")
    state, _ = state_now(handoff)
    if state == "unavailable":
        # The time just read goes into the WHERE: of two who ask at once, one does.
        asked = SessionHandoff.objects.filter(
            pk=pk, assessment_state__in=("pending", "unavailable"), assessment_asked_at=handoff.assessment_asked_at
        ).update(assessment_state="pending", assessment_reason="", assessment_asked_at=timezone.now())
        if asked:
            tasks.assess.defer(handoff_id=str(pk))
    handoff.refresh_from_db()
    return handoff
