"""Ticket notes after resolve: problem, what was confirmed, root cause, resolution. Written by a job, kept as somebody edits them."""

import uuid
from datetime import datetime

import structlog
from django.utils import timezone

from accounts.events import News, record
from accounts.verbs import verb
from flowpilot.assistant import assistant
from flowpilot.assistant.results import Notes
from flowpilot.casefile import case_of
from flowpilot.models import AISession

log = structlog.get_logger("flowpilot")


def as_text(notes: Notes) -> str:
    confirmed = "\n".join(f"- {line}" for line in notes.confirmed) or "- Nothing was confirmed in the session."
    return (
        f"Problem\n{notes.problem}\n\nWhat was confirmed\n{confirmed}\n\n"
        f"Root cause\n{notes.root_cause or 'Not established.'}\n\nResolution\n{notes.resolution or 'Not stated.'}"
    )


def write(session_id: uuid.UUID, *, at: datetime | None = None) -> None:
    """Writes the notes of a resolved session, unless somebody has written their own since."""
    session = AISession.objects.filter(pk=session_id, status="resolved", ticket_notes="").first()
    if session is None:
        return
    try:
        text = as_text(assistant().notes(case_of(session)))
    except Exception as error:
        log.exception("notes failed", session=str(session_id), error=type(error).__name__)
        text = "FlowPilot could not write the notes. The session holds every step; write here what the ticket needs."
    _keep(session, text, at=at or timezone.now())


@verb
def _keep(session: AISession, text: str, *, at: datetime) -> None:
    if AISession.objects.filter(pk=session.pk, status="resolved", ticket_notes="").update(ticket_notes=text, updated_at=at):
        record(News("lane_changed", session.account_id, None, session=session.pk, details={"notes": True}, at=at))
