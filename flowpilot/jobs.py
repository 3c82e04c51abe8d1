"""FlowPilot's background work, as it is deferred: by name, in the transaction that causes it. `tasks.py` says what runs."""

import uuid
from datetime import datetime

from accounts.jobs import defer, defer_once
from flowpilot import drafts
from flowpilot.models import AISession

REPLY = "flowpilot.reply"
WRITE_NOTES = "flowpilot.write_notes"


def request_reply(session_id: uuid.UUID, step: int, *, at: datetime) -> None:
    """Notes that FlowPilot is to reply to `step`, and defers it. An older request is dropped: the new reply answers both."""
    AISession.objects.filter(pk=session_id).update(reply_requested_for=step, reply_requested_at=at)
    drafts.discard(session_id)
    defer(REPLY, session_id=str(session_id), step=step)


def request_notes(session_id: uuid.UUID) -> None:
    """Defers the ticket notes of a session that was just resolved."""
    defer(WRITE_NOTES, session_id=str(session_id))


def request_notes_once(session_id: uuid.UUID) -> None:
    """Defers the ticket notes again, unless they wait already."""
    defer_once(WRITE_NOTES, str(session_id), session_id=str(session_id))
