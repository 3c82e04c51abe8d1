"""Notifications, written in the same transaction as the event they are about."""

from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.permissions import MAY_CLAIM
from escalations.models import Notification
from flowpilot.events import SessionReassigned, SessionTakenOver
from flowpilot.models import AISession
from handoffs.events import HandoffOpened, HandoffReturned
from handoffs.models import SessionHandoff


def title_of(session: AISession, actor: str) -> str:
    """ "{who} · #{ticket}: {problem, 70 characters}"; the ticket only where there is one."""
    problem = session.title if len(session.title) <= 70 else session.title[:69].rstrip() + "…"
    return f"{actor} · #{session.ticket}: {problem}" if session.ticket else f"{actor} · {problem}"


# One row for each of the account's people who may claim, in one statement, however many they are.
_NOTIFY_CLAIMERS = """
INSERT INTO escalations_notification (account_id, user_id, handoff_id, kind, title, created_at)
SELECT %(account)s, id, %(handoff)s, %(kind)s, %(title)s, %(at)s
  FROM accounts_user
 WHERE account_id = %(account)s AND is_active AND role = ANY(%(roles)s) AND NOT id = ANY(%(themselves)s)
"""


def notify(event: HandoffOpened | HandoffReturned) -> None:
    """Writes the notifications for a handoff that was opened or returned, inside the transaction of that event. Nobody is told what they
    did themselves: whoever deactivates a colleague puts that colleague's sessions into the queue."""
    rows = SessionHandoff.objects.select_related("session__user", "author", "claimed_by")
    handoff = rows.get(pk=event.handoff or "")
    if isinstance(event, HandoffReturned):
        Notification.objects.create(
            account_id=handoff.account_id,
            user_id=handoff.session.user_id,
            handoff=handoff,
            kind=event.KIND,
            title=title_of(handoff.session, f"{handoff.claimed_by} returned it"),
            created_at=event.at or timezone.now(),
        )
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTIFY_CLAIMERS,
            {
                "account": handoff.account_id,
                "handoff": handoff.pk,
                "kind": event.KIND,
                "title": title_of(handoff.session, str(handoff.author)),
                "at": event.at or timezone.now(),
                "roles": [str(role) for role in MAY_CLAIM],
                "themselves": [pk for pk in (handoff.author_id, event.by_id) if pk is not None],
            },
        )


def notify_of_change_of_hands(event: SessionTakenOver | SessionReassigned) -> None:
    """Tells whoever lost a session to an admin or owner, or was given a parked one, unless they did it themselves or are inactive."""
    whom, did = (event.former, "took it over") if isinstance(event, SessionTakenOver) else (event.to, "gave it to you")
    if whom == event.by_id or not User.objects.filter(pk=whom, is_active=True, account_id=event.account_id).exists():
        return
    session = AISession.objects.get(pk=event.session or "")
    actor = User.objects.get(pk=event.by_id or 0)
    Notification.objects.create(
        account_id=event.account_id,
        user_id=whom,
        session=session,
        kind=event.KIND,
        title=title_of(session, f"{actor} {did}"),
        **({"created_at": event.at} if event.at else {}),
    )
