"""The assessment of a handoff: made in the background, verified, written once; what is pending too long is shown as unavailable."""

import uuid
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from accounts.events import News, record
from accounts.models import User
from accounts.verbs import Refuse, verb
from flowpilot.assessing.verify import verify
from flowpilot.assistant import assistant
from flowpilot.assistant.case import Case
from flowpilot.assistant.results import Assessment
from flowpilot.casefile import case_of
from handoffs import tasks
from handoffs.models import SessionHandoff
from handoffs.rows import hide_parked, look_up, member

log = structlog.get_logger("handoffs")

# After this the screen says "unavailable", whoever is dead; a late result still replaces it.
PATIENCE = timedelta(minutes=6)


def state_now(handoff: SessionHandoff) -> tuple[str, str]:
    """The state as it is to be shown, and the reason where there is one."""
    if handoff.assessment_state == SessionHandoff.Assessed.PENDING and timezone.now() - handoff.assessment_asked_at > PATIENCE:
        return "unavailable", "The assistant did not answer in time."
    return handoff.assessment_state, handoff.assessment_reason


def make(handoff_id: uuid.UUID, *, at: datetime) -> None:
    """Makes and keeps the assessment of an escalated handoff. A fault of the assistant becomes `unavailable`, with the reason."""
    handoff = SessionHandoff.objects.select_related("session").filter(pk=handoff_id, intent="escalate").first()
    if handoff is None or handoff.assessment_state == SessionHandoff.Assessed.READY:
        return
    case = case_of(handoff.session, needs=handoff.needs)
    try:
        made = verify(assistant().assess(case), case)
    except Exception as error:
        log.exception("assessment failed", handoff=str(handoff_id), error=type(error).__name__)
        _fail(handoff, "The assistant could not read this session.", at=at)
        return
    _keep(handoff, made, case, at=at)


@verb
def _keep(handoff: SessionHandoff, made: Assessment, case: Case, *, at: datetime) -> None:
    upto = case.steps[-1].number if case.steps else 0
    kept = SessionHandoff.objects.filter(pk=handoff.pk, assessment_state__in=("pending", "unavailable")).update(
        assessment_state="ready", assessment=made.model_dump(mode="json"), assessment_reason="", assessed_upto=upto, assessed_at=at
    )
    if kept:
        record(News("assessment_ready", handoff.account_id, None, session=handoff.session_id, handoff=handoff.pk, to_state="ready", at=at))


@verb
def _fail(handoff: SessionHandoff, reason: str, *, at: datetime) -> None:
    if SessionHandoff.objects.filter(pk=handoff.pk, assessment_state="pending").update(
        assessment_state="unavailable", assessment_reason=reason
    ):
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
