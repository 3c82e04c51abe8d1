"""Who has handled a session, and for how long nobody did."""

import uuid
from datetime import datetime
from itertools import pairwise

from django.db import connection

from accounts.templatetags.words import span
from flowpilot.models import AISession, SessionHolder

# Ends the time of the current holder, and begins that of `to`; also for a statement that writes more (`steps.write_numbered`).
END = "UPDATE flowpilot_sessionholder SET until = %(at)s WHERE session_id = %(session)s AND until IS NULL"
BEGIN = "INSERT INTO flowpilot_sessionholder (session_id, user_id, since) VALUES (%(session)s, %(to)s, %(at)s)"


def record_holder_change(session_id: uuid.UUID, to: int | None, *, at: datetime) -> None:
    """Ends the time of the current holder and begins that of the next (None: it waits in the queue)."""
    with connection.cursor() as cursor:
        cursor.execute(END if to is None else f"WITH ended AS ({END}) {BEGIN}", {"session": session_id, "to": to, "at": at})


def holders_of(session: AISession) -> list[SessionHolder]:
    """The holders in order; each has `waited`, how long nobody had the session before ("" for none)."""
    holders = list(session.holders.select_related("user"))
    for before, holder in pairwise(holders):
        idle = holder.since - (before.until or holder.since)
        holder.waited = span(idle) if idle.total_seconds() >= 1 else ""  # type: ignore[attr-defined]
    return holders
