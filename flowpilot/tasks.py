"""FlowPilot's background work. Each job is deferred in the transaction that caused it, so it exists exactly if its cause does."""

import uuid
from datetime import datetime

import structlog
from django.utils import timezone
from procrastinate.contrib.django import app

from flowpilot import models

log = structlog.get_logger("flowpilot")


def owe_reply(session_id: uuid.UUID, step: int, *, at: datetime) -> None:
    """Notes that FlowPilot owes a reply to `step`, and defers it. An older debt is forgotten: the new reply answers both."""
    models.AISession.objects.filter(pk=session_id).update(reply_due=step, reply_due_since=at)
    reply.defer(session_id=str(session_id), step=step)


# Somebody waits for a reply at the screen: it goes before any backlog of assessments (an import of thousands, say).
@app.task(name="flowpilot.reply", queue="replies", retry=2, priority=20)
def reply(session_id: str, step: int) -> None:
    from flowpilot import replies

    replies.reply_to(uuid.UUID(session_id), step, at=timezone.now())


@app.task(name="flowpilot.write_notes", queue="replies", retry=2, priority=10)
def write_notes(session_id: str) -> None:
    from flowpilot import ticketnotes

    ticketnotes.write(uuid.UUID(session_id))


# Every hour, at a minute that is nobody else's full hour.
@app.periodic(cron="17 * * * *")
@app.task(name="flowpilot.shred_secrets", queue="housekeeping", queueing_lock="flowpilot.shred_secrets")
def shred_secrets(timestamp: int) -> None:
    """Erases the secrets of sessions that ended longer ago than `SECRETS_KEPT_DAYS`."""
    from flowpilot.secrets import revealing

    if count := revealing.shred():
        log.info("secrets shredded", count=count)
