"""When a card counts as seen: opened or claimed, never hovered."""

from django.utils import timezone

from accounts.models import User
from escalations.models import Notification, Seen
from escalations.queue import mark_seen
from handoffs.events import HandoffClaimed
from handoffs.models import SessionHandoff


def opened(handoff: SessionHandoff, user: User) -> None:
    """Opening the context screen clears its dot and its notifications, however the person got there."""
    if handoff.state == SessionHandoff.State.OPEN:
        mark_seen(user, handoff)
    Notification.objects.filter(user=user, handoff=handoff, read_at=None).update(read_at=timezone.now())


def claimed(event: HandoffClaimed) -> None:
    """Claiming does the same, in the transaction of the claim."""
    if event.by_id and event.handoff:
        Seen.objects.bulk_create([Seen(user_id=event.by_id, handoff_id=event.handoff)], ignore_conflicts=True)
        Notification.objects.filter(user_id=event.by_id, handoff_id=event.handoff, read_at=None).update(read_at=timezone.now())
