"""FlowPilot's background work, as it runs. `jobs.py` defers it."""

import uuid

import structlog
from procrastinate.contrib.django import app

from accounts.jobs import RETRY
from flowpilot import jobs, replies, revealing, ticketnotes

log = structlog.get_logger("flowpilot")


# Somebody waits for a reply at the screen: it runs before any backlog of assessments (an import of thousands, say).
@app.task(name=jobs.REPLY, queue="replies", retry=RETRY, priority=20)
def reply(session_id: str, step: int) -> None:
    replies.reply_to(uuid.UUID(session_id), step)


@app.task(name=jobs.WRITE_NOTES, queue="replies", retry=RETRY, priority=10)
def write_notes(session_id: str) -> None:
    ticketnotes.write(uuid.UUID(session_id))


# Every hour, at a minute when nothing else starts.
@app.periodic(cron="17 * * * *")
@app.task(name="flowpilot.shred_secrets", queue="housekeeping", queueing_lock="flowpilot.shred_secrets")
def shred_secrets(timestamp: int) -> None:
    """Erases the secrets of sessions that ended more than `SECRETS_KEPT_DAYS` ago."""
    if count := revealing.shred():
        log.info("secrets shredded", count=count)
