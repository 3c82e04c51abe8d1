"""Returning: the claimer gives the session back to its opener, with instructions. It can't be claimed then."""

import uuid
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from accounts.people import hold_person
from accounts.verbs import Refuse, verb
from flowpilot import steps
from flowpilot.event_steps import Event, event_step
from flowpilot.holders import record_holder_change
from flowpilot.models import AISession, SessionStep
from flowpilot.steps import NewStep
from handoffs.events import HandoffReturned
from handoffs.lookup import look_up_active
from handoffs.models import SessionHandoff
from handoffs.permissions import may_return
from handoffs.refusals import already_claimed_error, ended_error
from handoffs.transitions import move_handoff, move_session, publish, refuse_viewers, save_ending_note

State = SessionHandoff.State


@verb
def return_to_opener(pk: uuid.UUID, *, by: User, note: str, at: datetime | None = None) -> SessionHandoff:
    """claimed -> returned, by the claimer: the opener handles it again, and the instructions become a step."""
    at = at or timezone.now()
    note = steps.clean(note)
    person, handoff = look_up_active(pk, by)
    if not person.may_work:
        raise refuse_viewers()
    if handoff.has_ended:
        if handoff.state == State.RETURNED and handoff.claimed_by_id == person.id:
            return handoff
        raise ended_error(handoff)
    if not may_return(person, handoff):
        if handoff.state == State.CLAIMED:
            raise already_claimed_error(handoff)
        raise Refuse("not_allowed", "Only the claimer can return it.")
    if not note:
        text = "Enter what the opener should do."
        raise Refuse("invalid", text, fields={"note": [text]})
    opener = hold_person(handoff.session.user_id)
    assert opener is not None
    if opener.id == person.id:
        raise Refuse("session_changed", "You opened this session yourself, so there is nobody to return it to.")
    if not opener.may_work:
        raise Refuse("session_changed", f"{opener.name} is no longer active. Release it, or hand it over.")
    move_handoff(handoff, {"state": State.CLAIMED, "claimed_by_id": person.id}, {"state": State.RETURNED, "ended_at": at})
    note = save_ending_note(handoff, note, person, at=at)
    line = event_step(Event.RETURNED, person, other=opener.short_name)
    move_session(handoff, line, leaves=AISession.Status.ACTIVE, at=at, handler_id=opener.id)
    steps.write(handoff.session_id, [NewStep(SessionStep.Kind.NOTE, note, author_id=person.id)], at=at)
    record_holder_change(handoff.session_id, opener.id, at=at)
    return publish(HandoffReturned, handoff, person, was=State.CLAIMED, to=State.RETURNED, note=note, at=at)
