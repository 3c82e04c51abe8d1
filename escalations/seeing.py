"""When a card counts as seen: opened or claimed, never hovered."""

from django.db import connection
from django.utils import timezone

from accounts.models import User
from escalations.models import Notification
from escalations.queue import mark_seen
from handoffs.events import HandoffClaimed
from handoffs.models import SessionHandoff


def opened(handoff: SessionHandoff, user: User) -> None:
    """Opening the context screen clears its dot and its notifications, however the person got there."""
    if handoff.state == SessionHandoff.State.OPEN:
        mark_seen(user, handoff)
    Notification.objects.filter(user=user, handoff=handoff, read_at=None).update(read_at=timezone.now())


_CLAIMED = """
WITH read AS (
    UPDATE escalations_notification SET read_at = %(now)s WHERE user_id = %(user)s AND handoff_id = %(handoff)s AND read_at IS NULL
)
INSERT INTO escalations_seen (user_id, handoff_id, at) VALUES (%(user)s, %(handoff)s, %(now)s) ON CONFLICT DO NOTHING
"""


def claimed(event: HandoffClaimed) -> None:
    """Claiming does the same, in the transaction of the claim."""
    if event.by_id and event.handoff:
        with connection.cursor() as cursor:
            cursor.execute(_CLAIMED, {"user": event.by_id, "handoff": event.handoff, "now": timezone.now()})
