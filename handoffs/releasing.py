"""Releasing: a claimed handoff goes back into the queue, the same row."""

import uuid
from datetime import datetime

from django.utils import timezone

from accounts.models import Event as EventRow
from accounts.models import User
from accounts.people import Person
from accounts.verbs import Refuse, verb
from flowpilot import steps
from handoffs.events import HandoffReleased
from handoffs.lookup import look_up_active
from handoffs.models import SessionHandoff
from handoffs.permissions import may_release
from handoffs.refusals import ended_error
from handoffs.transitions import publish, put_back

State = SessionHandoff.State


@verb
def release(pk: uuid.UUID, *, by: User, note: str = "", at: datetime | None = None) -> SessionHandoff:
    """claimed -> open: the claimer, an admin or owner, or staff. Its age in the queue still counts from the handoff."""
    at = at or timezone.now()
    note = steps.clean(note)
    person, handoff = look_up_active(pk, by, staff=True)
    if handoff.state == State.OPEN and _released_last(handoff, person):
        return handoff
    if not may_release(person, handoff):
        raise Refuse("not_allowed", "Only the claimer, an admin or owner, or staff can release it.")
    if handoff.has_ended:
        raise ended_error(handoff)
    if handoff.state == State.OPEN:
        return handoff
    note = put_back(handoff, person, note=note, at=at)
    return publish(HandoffReleased, handoff, person, was=State.CLAIMED, to=State.OPEN, note=note, at=at)


def _released_last(handoff: SessionHandoff, person: Person) -> bool:
    """Whether this person released it last: doing it again succeeds, too."""
    released = EventRow.objects.filter(handoff=handoff.pk, kind=HandoffReleased.KIND).order_by("-number").values_list("by_id", flat=True)
    return released.first() == person.id
