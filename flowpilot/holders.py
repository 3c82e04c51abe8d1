"""Who has handled a session, and for how long nobody did."""

import uuid
from datetime import datetime
from itertools import pairwise

from accounts.templatetags.words import span
from flowpilot.models import AISession, SessionHolder


def record_holder_change(session_id: uuid.UUID, to: int | None, *, at: datetime) -> None:
    """Ends the time of the current holder and begins that of the next (None: it waits in the queue)."""
    SessionHolder.objects.filter(session_id=session_id, until=None).update(until=at)
    if to is not None:
        SessionHolder.objects.create(session_id=session_id, user_id=to, since=at)


def holders_of(session: AISession) -> list[SessionHolder]:
    """The holders in order; each has `waited`, how long nobody had the session before ("" for none)."""
    holders = list(session.holders.select_related("user"))
    for before, holder in pairwise(holders):
        idle = holder.since - (before.until or holder.since)
        holder.waited = span(idle) if idle.total_seconds() >= 1 else ""  # type: ignore[attr-defined]
    return holders
