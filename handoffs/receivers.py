"""What handoffs do when a session changes, in the same transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.dispatch import receiver
from django.utils import timezone

from accounts.events import NewEvent, event_recorded
from accounts.people import Person
from accounts.signals import Leaving, work_ending
from flowpilot.events import BegunBy, FixSettled, SessionStepped
from flowpilot.signals import session_ending
from handoffs.leaving import reassign
from handoffs.models import SessionHandoff
from handoffs.parking import end_parked
from handoffs.renewing import request_if_due


@receiver(session_ending, dispatch_uid="handoffs.end_parked")
def _session_ends(sender: Any, session_id: UUID, by_id: int, at: datetime, **kwargs: Any) -> list[NewEvent]:
    return end_parked(session_id, by_id=by_id, at=at)


@receiver(work_ending, dispatch_uid="handoffs.reassign")
def _somebody_leaves(sender: Any, person: Person, by: Person, why: Leaving, at: datetime, **kwargs: Any) -> Sequence[NewEvent]:
    return reassign(person, by=by, why=why, at=at)


@receiver(event_recorded, dispatch_uid="handoffs.renew_assessment")
def _steps_were_added(sender: Any, event: NewEvent, **kwargs: Any) -> None:
    """If the session has an open handoff, its assessment may need to be renewed."""
    if not isinstance(event, SessionStepped | FixSettled) or event.begun_by == BegunBy.ASSISTANT:
        return
    handoff = SessionHandoff.objects.waiting().filter(session_id=event.session).first()
    if handoff is not None:
        request_if_due(handoff, at=event.at or timezone.now())
