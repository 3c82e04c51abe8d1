"""Ticket notes after resolve: problem, what was confirmed, root cause, resolution. Written by a job, kept as somebody edits them."""

import uuid
from datetime import datetime

import structlog
from django.utils import timezone

from accounts.events import News, record
from accounts.models import User
from accounts.verbs import Refuse, verb
from flowpilot.assistant import asking
from flowpilot.assistant.results import Notes
from flowpilot.assistant.usage import Asker
from flowpilot.casefile import case_of
from flowpilot.models import AISession
from flowpilot.secrets.keeping import hide
from flowpilot.sessions import worker, writable_rows

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
        text = as_text(asking.notes(case_of(session), Asker(session.account_id, session.pk)).result)
    except Exception as error:
        log.exception("notes failed", session=str(session_id), error=type(error).__name__)
        text = "FlowPilot could not write the notes. The session holds every step; write here what the ticket needs."
    _keep(session, text, at=at or timezone.now())


@verb
def _keep(session: AISession, text: str, *, at: datetime) -> None:
    text = hide(session.pk, text, by_id=None, at=at)
    if AISession.objects.filter(pk=session.pk, status="resolved", ticket_notes="").update(ticket_notes=text, updated_at=at):
        record(News("lane_changed", session.account_id, None, session=session.pk, details={"notes": True}, at=at))


@verb
def edit(session_id: uuid.UUID, *, by: User, text: str, at: datetime | None = None) -> AISession:
    """Keeps the notes as somebody edited them."""
    at = at or timezone.now()
    person = worker(by)
    rows = writable_rows(session_id, person).filter(status="resolved")
    if not rows.update(updated_at=at):
        raise Refuse("session_changed", "Nothing was changed: the session was reopened. Its notes are written when it is resolved again.")
    rows.update(ticket_notes=hide(session_id, text, by_id=person.id, at=at))
    return AISession.objects.get(pk=session_id)
