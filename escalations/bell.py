"""Notifications, written in the same transaction as the event they are about."""

from accounts.events import NewEvent
from accounts.models import User
from accounts.people import who_may_claim
from escalations.models import Notification
from flowpilot.events import SessionReassigned, SessionTakenOver
from flowpilot.models import AISession
from handoffs.events import HandoffOpened
from handoffs.models import SessionHandoff


def title_of(session: AISession, actor: str) -> str:
    """ "{who} · #{ticket}: {problem, 70 characters}"; the ticket only where there is one."""
    problem = session.title if len(session.title) <= 70 else session.title[:69].rstrip() + "…"
    return f"{actor} · #{session.ticket}: {problem}" if session.ticket else f"{actor} · {problem}"


def notify(event: NewEvent) -> None:
    """Writes the notifications for a handoff that was opened or returned, inside the transaction of that event. Nobody is told what they
    did themselves: whoever deactivates a colleague puts that colleague's sessions into the queue."""
    handoff = SessionHandoff.objects.select_related("session__user", "author", "claimed_by").get(pk=event.handoff or "")
    if isinstance(event, HandoffOpened):
        themselves = [pk for pk in (handoff.author_id, event.by_id) if pk is not None]
        people = list(who_may_claim(handoff.account_id).exclude(pk__in=themselves).values_list("pk", flat=True))
        title = title_of(handoff.session, str(handoff.author))
    else:
        people = [handoff.session.user_id]
        title = title_of(handoff.session, f"{handoff.claimed_by} returned it")
    Notification.objects.bulk_create(
        Notification(
            account_id=handoff.account_id,
            user_id=pk,
            handoff=handoff,
            kind=event.KIND,
            title=title,
            **({"created_at": event.at} if event.at else {}),
        )
        for pk in people
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
