"""Writes notifications and seen cards when a handoff changes, in the same transaction."""

from typing import Any

from django.dispatch import receiver

from accounts.events import NewEvent, event_recorded
from accounts.models import User
from escalations import bell, seeing
from flowpilot.events import SessionReassigned, SessionTakenOver
from handoffs.events import HandoffClaimed, HandoffOpened, HandoffReturned
from handoffs.models import SessionHandoff
from handoffs.signals import handoff_opened_by


@receiver(event_recorded, dispatch_uid="escalations.event_recorded")
def _on_event(sender: Any, event: NewEvent, **kwargs: Any) -> None:
    match event:
        case HandoffOpened() | HandoffReturned():
            bell.notify(event)
        case SessionTakenOver() | SessionReassigned():
            bell.notify_of_change_of_hands(event)
        case HandoffClaimed():
            seeing.claimed(event)


@receiver(handoff_opened_by, dispatch_uid="escalations.handoff_opened_by")
def _screen_opened(sender: Any, handoff: SessionHandoff, user: User, **kwargs: Any) -> None:
    seeing.opened(handoff, user)
