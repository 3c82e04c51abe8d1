"""What becomes of the sessions of somebody who can no longer work, in the transaction that says so.

Every open session has a handler who can work, or stands in the queue (decision 39).
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from accounts.events import NewEvent
from accounts.models import Role, User
from accounts.people import Person, read_person
from accounts.permissions import LEADS
from accounts.signals import Leaving
from accounts.verbs import Refuse
from flowpilot import holders, steps
from flowpilot.event_steps import Event, event_step
from flowpilot.events import SessionReassigned
from flowpilot.holders import record_holder_change
from flowpilot.models import AISession
from handoffs.events import HandoffReleased
from handoffs.models import SessionHandoff
from handoffs.opening import queue, supersede
from handoffs.refusals import conflict_error
from handoffs.transitions import event_of, put_back

State = SessionHandoff.State
Status = AISession.Status

# How often a session that others are changing at the moment is tried again.
_TRIES = 5

_WHY = {
    Leaving.DEACTIVATED: "{name} was deactivated.",
    Leaving.VIEWER: "{name} is a viewer now.",
    Leaving.MOVED: "{name} is no longer in this account.",
}


def heir_of(account_id: int, *, leaver_id: int, by: Person) -> Person | None:
    """Who gets the parked sessions: the admin or owner who changes the person; where that is staff, the owner who has been there longest,
    else the admin who has. None where the account has nobody else who manages it."""
    if by.is_lead and by.account_id == account_id and by.id != leaver_id:
        return by
    leads = User.objects.filter(account_id=account_id, is_active=True, role__in=LEADS).exclude(pk=leaver_id)
    first = min(leads, key=lambda lead: (lead.role != Role.OWNER, lead.date_joined, lead.pk), default=None)
    return read_person(first) if first else None


def reassign(person: Person, *, by: Person, why: Leaving, at: datetime) -> Sequence[NewEvent]:
    """Reassigns what `person` handles: active sessions go to the queue, parked ones to an admin or owner. What waits, waits on.

    Their row has changed already, and verbs that make somebody the handler hold that person's row: no session can become theirs meanwhile.
    """
    note = _WHY[why].format(name=person.name)
    heir = heir_of(person.account_id, leaver_id=person.id, by=by)
    events: list[NewEvent] = []
    for pk in _held(person).order_by("created_at", "pk").values_list("pk", flat=True):
        events += _reassign_one(pk, person, by=by, heir=heir, note=note, at=at)
    return events


def _held(person: Person) -> QuerySet[AISession]:
    return AISession.objects.filter(account_id=person.account_id, handler_id=person.id, status__in=(Status.ACTIVE, Status.PAUSED))


def _reassign_one(pk: uuid.UUID, person: Person, *, by: Person, heir: Person | None, note: str, at: datetime) -> Sequence[NewEvent]:
    """Somebody else may be changing the session at the same time: then it is read again, and is perhaps no longer theirs."""
    for _ in range(_TRIES):
        session = _held(person).filter(pk=pk).first()
        if session is None:
            return []
        try:
            with transaction.atomic():
                if session.status == Status.PAUSED and heir is not None:
                    return [_give(session, person, heir, by=by, note=note, at=at)]
                return _put_into_queue(session, person, by=by, note=note, at=at)
        except Refuse:
            continue
    raise Refuse("person_changed", f"{person.name}'s sessions are being changed right now. Try again.")


def _give(session: AISession, person: Person, heir: Person, *, by: Person, note: str, at: datetime) -> SessionReassigned:
    """It stays parked, with another handler, who can resume it."""
    rows = AISession.objects.filter(pk=session.pk, handler_id=person.id, status=Status.PAUSED)
    if not rows.update(handler_id=heir.id, updated_at=at):
        raise conflict_error()
    steps.write(session.pk, [event_step(Event.REASSIGNED, by, other=heir.short_name, note=note)], at=at)
    record_holder_change(session.pk, heir.id, at=at)
    return SessionReassigned(
        account_id=session.account_id,
        by_id=by.id,
        session=session.pk,
        from_state=Status.PAUSED,
        to_state=Status.PAUSED,
        former=person.id,
        to=heir.id,
        at=at,
    )


def _put_into_queue(session: AISession, person: Person, *, by: Person, note: str, at: datetime) -> Sequence[NewEvent]:
    """What they had claimed is released. For anything else a handoff is opened, whose author they are: everybody who stays may claim it."""
    claimed = SessionHandoff.objects.filter(session_id=session.pk, state=State.CLAIMED, claimed_by_id=person.id).first()
    if claimed is not None:
        put_back(claimed, by, note=note, at=at)
        return [event_of(HandoffReleased, claimed, by, was=State.CLAIMED, to=State.OPEN, note=note, at=at)]
    handoff_id = uuid.uuid4()
    superseded = supersede(session.pk, session.account_id, (State.CLAIMED, State.PARKED), by_id=by.id, by_handoff=handoff_id, at=at)
    needs = f"{note} Please carry on with this session."
    rows = AISession.objects.filter(pk=session.pk, handler_id=person.id, status=session.status)
    if not rows.update(status=Status.REQUESTING, status_reason=needs, updated_at=at):
        raise conflict_error()
    steps.write(session.pk, [event_step(Event.RELEASED, by, note=note)], at=at, also=[holders.END])
    _, opened = queue(session.pk, handoff_id, author_id=person.id, by_id=by.id, needs=needs, at=at)
    return [*superseded, opened]
