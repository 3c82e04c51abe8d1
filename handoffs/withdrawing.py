"""Withdrawing: an open handoff is taken back before anybody has claimed it."""

import uuid
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from accounts.people import Person, hold_person
from accounts.verbs import Refuse, verb
from flowpilot import steps
from flowpilot.event_steps import Event, event_step
from flowpilot.holders import record_holder_change
from flowpilot.models import AISession
from handoffs.events import HandoffWithdrawn
from handoffs.lookup import look_up_active
from handoffs.models import SessionHandoff
from handoffs.permissions import may_withdraw
from handoffs.refusals import already_claimed_error, conflict_error, ended_error
from handoffs.transitions import move_session, publish, save_ending_note

State = SessionHandoff.State


@verb
def withdraw(pk: uuid.UUID, *, by: User, note: str = "", at: datetime | None = None) -> SessionHandoff:
    """open -> withdrawn, by its author, an admin or owner. The session continues with its author, or with whoever withdraws it, if the
    author can't work any more."""
    at = at or timezone.now()
    note = steps.clean(note)
    person, handoff = look_up_active(pk, by)
    if not may_withdraw(person, handoff):
        raise Refuse("not_allowed", "Only the person who escalated it, an admin or owner can withdraw it.")
    if handoff.state == State.WITHDRAWN:
        return handoff
    if handoff.has_ended:
        raise ended_error(handoff)
    if handoff.state == State.CLAIMED:
        raise already_claimed_error(handoff)
    handler = _next_handler(handoff, person)
    if not _withdraw_row(handoff, at=at):
        return handoff
    note = save_ending_note(handoff, note, person, at=at)
    move_session(
        handoff,
        event_step(Event.WITHDRAWN, person, note=note),
        leaves=AISession.Status.REQUESTING,
        at=at,
        status=AISession.Status.ACTIVE,
        status_reason="",
        handler_id=handler.id,
    )
    record_holder_change(handoff.session_id, handler.id, at=at)
    return publish(HandoffWithdrawn, handoff, person, was=State.OPEN, to=State.WITHDRAWN, note=note, at=at)


def _next_handler(handoff: SessionHandoff, person: Person) -> Person:
    """Who has the session then. They are held before the handoff's row, as everywhere: account, person, handoff, session, counter."""
    author = hold_person(handoff.author_id)
    if author is not None and author.may_work and author.account_id == handoff.account_id:
        return author
    held = hold_person(person.id)
    assert held is not None
    if not may_withdraw(held, handoff):
        raise Refuse("not_allowed", "Only the person who escalated it, an admin or owner can withdraw it.")
    return held


def _withdraw_row(handoff: SessionHandoff, *, at: datetime) -> bool:
    """The guarded update. Returns False if it has just been withdrawn, which is a success, too."""
    rows = SessionHandoff.objects.filter(pk=handoff.pk, account_id=handoff.account_id, state=State.OPEN, claimed_by=None)
    if not rows.update(state=State.WITHDRAWN, ended_at=at):
        handoff.refresh_from_db()
        if handoff.state == State.WITHDRAWN:
            return False
        if handoff.state == State.CLAIMED:
            raise already_claimed_error(handoff)
        raise ended_error(handoff) if handoff.has_ended else conflict_error()
    return True
