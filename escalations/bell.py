"""Notifications, written in the same transaction as the event they are about."""

from django.db import connection
from django.utils import timezone

from accounts.permissions import MAY_CLAIM
from flowpilot.events import SessionReassigned, SessionTakenOver
from handoffs.events import HandoffOpened, HandoffReturned

# A row for each of `people`, in one statement, however many they are: "{who}{did} · #{ticket}: {problem, 70 characters}".
_NOTIFY = """
INSERT INTO escalations_notification (account_id, user_id, handoff_id, session_id, kind, title, created_at)
SELECT session.account_id, person.id, handoff.id, CASE WHEN handoff.id IS NULL THEN session.id END, %(kind)s,
       concat(coalesce(nullif(actor.name, ''), actor.email), %(did)s, ' · ', '#' || nullif(session.ticket, '') || ': ',
              CASE WHEN length(session.title) > 70 THEN rtrim(left(session.title, 69)) || '…' ELSE session.title END),
       %(at)s
  FROM flowpilot_aisession AS session
  LEFT JOIN handoffs_sessionhandoff AS handoff ON handoff.id = %(handoff)s
  JOIN accounts_user AS actor ON actor.id = {actor}
  JOIN accounts_user AS person ON {people}
 WHERE session.id = %(session)s
"""

# People are not notified of what they did themselves, such as putting a colleague's sessions into the queue by deactivating them.
_CLAIMERS = _NOTIFY.format(
    actor="handoff.author_id",
    people="person.account_id = session.account_id AND person.is_active AND person.role = ANY(%(roles)s)"
    " AND person.id <> handoff.author_id AND person.id IS DISTINCT FROM %(by)s",
)
_OPENER = _NOTIFY.format(actor="handoff.claimed_by_id", people="person.id = session.user_id")
_COLLEAGUE = _NOTIFY.format(
    actor="%(by)s",
    people="person.id = %(whom)s AND person.account_id = session.account_id AND person.is_active AND person.id <> %(by)s",
)


def _run(
    sql: str, event: HandoffOpened | HandoffReturned | SessionTakenOver | SessionReassigned, *, did: str = "", **values: object
) -> None:
    named: dict[str, object] = {"kind": event.KIND, "session": event.session, "by": event.by_id, "at": event.at or timezone.now()}
    with connection.cursor() as cursor:
        cursor.execute(sql, {**named, "did": did, "handoff": event.handoff, **values})  # type: ignore[dict-item]


def notify(event: HandoffOpened | HandoffReturned) -> None:
    """Writes the notifications for a handoff that was opened or returned, inside the transaction of that event."""
    if isinstance(event, HandoffReturned):
        _run(_OPENER, event, did=" returned it")
    else:
        _run(_CLAIMERS, event, roles=[str(role) for role in MAY_CLAIM])


def notify_of_change_of_hands(event: SessionTakenOver | SessionReassigned) -> None:
    """Tells whoever lost a session to an admin or owner, or was given a parked one, unless they did it themselves or are inactive."""
    whom, did = (event.former, " took it over") if isinstance(event, SessionTakenOver) else (event.to, " gave it to you")
    _run(_COLLEAGUE, event, did=did, whom=whom)
