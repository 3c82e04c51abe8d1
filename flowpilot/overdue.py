"""What FlowPilot should have written by now, and asking for it again: its job may have failed for good."""

import uuid
from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from accounts.verbs import verb
from flowpilot import jobs
from flowpilot.guards import why_not, worker, writable_rows
from flowpilot.models import AISession

# After this, the page says that nothing came, and offers to try again. Until then, a job is probably being retried.
PATIENCE = timedelta(minutes=1)


def reply_is_overdue(session: AISession) -> bool:
    return session.reply_requested_at is not None and timezone.now() - session.reply_requested_at > PATIENCE


def notes_are_overdue(session: AISession) -> bool:
    missing = session.status == AISession.Status.RESOLVED and not session.ticket_notes
    return missing and session.resolved_at is not None and timezone.now() - session.resolved_at > PATIENCE


@verb
def try_again(pk: uuid.UUID, *, by: User) -> AISession:
    """Requests an overdue reply or overdue notes once more. Where nothing is overdue, it does nothing."""
    person = worker(by)
    rows = writable_rows(pk, person)
    session = rows.first()
    if session is None:
        raise why_not(pk, person)
    if reply_is_overdue(session):
        # The time just read goes into the WHERE, so that of two requests at once one counts.
        waiting = rows.filter(reply_requested_for=session.reply_requested_for, reply_requested_at=session.reply_requested_at)
        now = timezone.now()
        if session.reply_requested_for is not None and waiting.update(reply_requested_at=now):
            jobs.request_reply(pk, session.reply_requested_for, at=now)
    if notes_are_overdue(session):
        jobs.request_notes_once(pk)
    return rows.get()
