"""Ticket notes after resolve: problem, what was confirmed, root cause, resolution. A job writes them; people can edit them."""

import uuid
from datetime import datetime

import structlog
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from accounts.events import record
from accounts.models import User
from accounts.verbs import Refuse, verb
from assistant import ask
from assistant.results import Notes
from assistant.usage import Caller
from flowpilot.casefile import case_of
from flowpilot.events import LaneChanged
from flowpilot.guards import worker, writable_rows
from flowpilot.models import AISession
from flowpilot.vault.redact import redact

log = structlog.get_logger("flowpilot")


def as_text(notes: Notes) -> str:
    confirmed = "\n".join(f"- {line}" for line in notes.confirmed) or "- Nothing was confirmed in the session."
    return (
        f"Problem\n{notes.problem}\n\nWhat was confirmed\n{confirmed}\n\n"
        f"Root cause\n{notes.root_cause or 'Not established.'}\n\nResolution\n{notes.resolution or 'Not stated.'}"
    )


def write(session_id: uuid.UUID, *, at: datetime | None = None) -> None:
    """Writes the notes of a resolved session, unless somebody has written some since."""
    session = AISession.objects.filter(pk=session_id, status=AISession.Status.RESOLVED, ticket_notes="").first()
    if session is None:
        return
    try:
        text = as_text(ask.notes(case_of(session), Caller(session.account_id, session.pk)).result)
    except (OperationalError, InterfaceError):
        # The database, not the assistant: the job is tried again.
        raise
    except Exception as error:
        log.exception("failed to write ticket notes", session=str(session_id), error=type(error).__name__)
        text = "FlowPilot couldn't write the notes. Write them here; every step is in the session."
    _save(session, text, at=at or timezone.now())


@verb
def _save(session: AISession, text: str, *, at: datetime) -> None:
    text = redact(session.pk, text, by_id=None, at=at)
    if AISession.objects.filter(pk=session.pk, status=AISession.Status.RESOLVED, ticket_notes="").update(ticket_notes=text, updated_at=at):
        record(LaneChanged(account_id=session.account_id, by_id=None, session=session.pk, notes=True, at=at))


@verb
def edit(session_id: uuid.UUID, *, by: User, text: str, at: datetime | None = None) -> AISession:
    """Saves the notes as somebody edited them."""
    at = at or timezone.now()
    person = worker(by)
    rows = writable_rows(session_id, person).filter(status=AISession.Status.RESOLVED)
    if not rows.update(updated_at=at):
        raise Refuse("session_changed", "Nothing was changed: the session was reopened. Notes are written again when it is resolved.")
    rows.update(ticket_notes=redact(session_id, text, by_id=person.id, at=at))
    return AISession.objects.get(pk=session_id)
