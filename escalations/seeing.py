"""When a card counts as seen: opened or claimed, never hovered."""

from typing import Any

from django.utils import timezone

from accounts.events import News, happening
from accounts.models import User
from escalations.models import Notification, Seen
from escalations.queue import mark_seen
from handoffs.models import SessionHandoff
from handoffs.signals import handoff_opened_by


def _opened(sender: Any, handoff: SessionHandoff, user: User, **kwargs: Any) -> None:
    """Opening the screen clears the dot and the bell rows that lead to it, whichever way one came."""
    if handoff.state == SessionHandoff.State.OPEN:
        mark_seen(user, handoff)
    Notification.objects.filter(user=user, handoff=handoff, read_at=None).update(read_at=timezone.now())


def _claimed(sender: Any, news: News, **kwargs: Any) -> None:
    if news.kind == "handoff_claimed" and news.by_id and news.handoff:
        Seen.objects.bulk_create([Seen(user_id=news.by_id, handoff_id=news.handoff)], ignore_conflicts=True)
        Notification.objects.filter(user_id=news.by_id, handoff_id=news.handoff, read_at=None).update(read_at=timezone.now())


def listen() -> None:
    handoff_opened_by.connect(_opened, dispatch_uid="escalations.seeing.opened")
    happening.connect(_claimed, dispatch_uid="escalations.seeing.claimed")
