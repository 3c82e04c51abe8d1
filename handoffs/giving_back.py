"""Letting go of a handoff: release it to the queue, return it to the opener, withdraw it."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from accounts.events import News, record
from accounts.models import Event, User
from accounts.people import Person, as_now
from accounts.verbs import Refuse, verb
from flowpilot import steps
from flowpilot.models import AISession
from flowpilot.secrets.keeping import hide
from flowpilot.steps import NewStep
from handoffs import models
from handoffs.rows import gone, hide_parked, look_up, member, moved_on, pass_hands, taken

if TYPE_CHECKING:
    from handoffs.models import SessionHandoff


def _active(by: User, pk: uuid.UUID, *, staff: bool = False) -> tuple[Person, "SessionHandoff"]:
    person = member(by)
    handoff = look_up(pk, person, staff=staff)
    if not person.is_active:
        raise Refuse("inactive", "You are not active in this account any more.")
    hide_parked(handoff, person)
    return person, handoff


def _move(handoff: "SessionHandoff", guard: dict[str, Any], changes: dict[str, Any]) -> None:
    """The guarded update of the handoff's own row. A rival who was quicker shows in the count."""
    if not models.SessionHandoff.objects.filter(pk=handoff.pk, account_id=handoff.account_id, **guard).update(**changes):
        handoff.refresh_from_db()
        raise gone(handoff) if handoff.state in models.SessionHandoff.ENDED else moved_on()


def _move_session(handoff: "SessionHandoff", *, leaves: str, person: Person, line: str, at: datetime, **changes: Any) -> None:
    moved = AISession.objects.filter(pk=handoff.session_id, status=leaves).update(
        updated_at=at, reply_due=None, reply_due_since=None, **changes
    )
    if not moved:
        raise moved_on()
    steps.write(handoff.session_id, [NewStep("system", line, author_kind="system", author_id=person.id)], at=at)


def _tell(kind: str, handoff: "SessionHandoff", person: Person, *, was: str, to: str, note: str, at: datetime) -> "SessionHandoff":
    record(
        News(
            kind,
            handoff.account_id,
            person.id,
            session=handoff.session_id,
            handoff=handoff.pk,
            from_state=was,
            to_state=to,
            details={"noted": bool(note)},
            at=at,
        )
    )
    handoff.refresh_from_db()
    return handoff


def _with(note: str) -> str:
    return f": {note}" if note else ""


def _released_last(handoff: "SessionHandoff", person: Person) -> bool:
    """Whether it is this person's own release that put it back: their second press is the same success."""
    released = Event.objects.filter(handoff=handoff.pk, kind="handoff_released").order_by("-number").values_list("by_id", flat=True)
    return released.first() == person.id


@verb
def release(pk: uuid.UUID, *, by: User, note: str, at: datetime | None) -> "SessionHandoff":
    """claimed -> open: the claimer, an admin or owner, or staff. The queue's age counts from the first hand-off."""
    at = at or timezone.now()
    note = steps.clean(note)
    person, handoff = _active(by, pk, staff=True)
    if handoff.state == "open" and _released_last(handoff, person):
        return handoff
    if not (handoff.claimed_by_id == person.id or person.leads or person.is_staff_for(handoff.account_id)):
        raise Refuse("not_allowed", "Whoever claimed it releases it; so may an admin, an owner or staff.")
    if person.role == "viewer" and not person.is_staff_for(handoff.account_id):
        raise Refuse("not_allowed", "Viewers follow along.")
    if handoff.state in models.SessionHandoff.ENDED:
        raise gone(handoff)
    if handoff.state == "open":
        return handoff
    _move(
        handoff,
        {"state": "claimed", "claimed_by_id": handoff.claimed_by_id},
        {"state": "open", "claimed_by": None, "claimed_at": None, "begin": ""},
    )
    note = hide(handoff.session_id, note, by_id=person.id, at=at)
    line = f"{person.short_name} released it to the queue{_with(note)}"
    _move_session(handoff, leaves="active", person=person, line=line, at=at, status="requesting_escalation", handler_id=handoff.author_id)
    pass_hands(handoff.session_id, None, at=at)
    return _tell("handoff_released", handoff, person, was="claimed", to="open", note=note, at=at)


@verb
def give_back(pk: uuid.UUID, *, by: User, note: str, at: datetime | None) -> "SessionHandoff":
    """claimed -> returned, by the claimer: the opener handles it again, and the instructions become a step."""
    at = at or timezone.now()
    note = steps.clean(note)
    person, handoff = _active(by, pk)
    if not person.may_work:
        raise Refuse("not_allowed", "Viewers follow along.")
    if handoff.state in models.SessionHandoff.ENDED:
        if handoff.state == "returned" and handoff.claimed_by_id == person.id:
            return handoff
        raise gone(handoff)
    if handoff.claimed_by_id != person.id:
        if handoff.state == "claimed":
            raise taken(handoff)
        raise Refuse("not_allowed", "Only whoever claimed it returns it.")
    if not note:
        raise Refuse("invalid", "Say what the opener should do.", fields={"note": ["Say what the opener should do."]})
    opener = as_now(handoff.session.user_id)
    assert opener is not None
    if opener.id == person.id:
        raise Refuse("session_changed", "You opened this session yourself: there is nobody to return it to.")
    if not opener.may_work:
        raise Refuse("session_changed", f"{opener.name} is not active any more. Release it, or hand it on.")
    _move(handoff, {"state": "claimed", "claimed_by_id": person.id}, {"state": "returned", "ended_at": at})
    note = _noted(handoff, note, person, at=at)
    line = f"{person.short_name} returned it to {opener.short_name}"
    _move_session(handoff, leaves="active", person=person, line=line, at=at, handler_id=opener.id)
    steps.write(handoff.session_id, [NewStep("note", note, author_id=person.id)], at=at)
    pass_hands(handoff.session_id, opener.id, at=at)
    return _tell("handoff_returned", handoff, person, was="claimed", to="returned", note=note, at=at)


@verb
def withdraw(pk: uuid.UUID, *, by: User, note: str, at: datetime | None) -> "SessionHandoff":
    """open -> withdrawn, by its author, an admin or owner; the session goes on with whoever handed it off."""
    at = at or timezone.now()
    note = steps.clean(note)
    person, handoff = _active(by, pk)
    if not person.may_work or not (handoff.author_id == person.id or person.leads):
        raise Refuse("not_allowed", "Whoever handed it off withdraws it; so may an admin or owner.")
    if handoff.state == "withdrawn":
        return handoff
    if handoff.state in models.SessionHandoff.ENDED:
        raise gone(handoff)
    if handoff.state == "claimed":
        raise taken(handoff)
    if not _withdraw_row(handoff, at=at):
        return handoff
    note = _noted(handoff, note, person, at=at)
    line = f"{person.short_name} withdrew it{_with(note)}"
    _move_session(handoff, leaves="requesting_escalation", person=person, line=line, at=at, status="active", status_reason="")
    pass_hands(handoff.session_id, handoff.author_id, at=at)
    return _tell("handoff_withdrawn", handoff, person, was="open", to="withdrawn", note=note, at=at)


def _noted(handoff: "SessionHandoff", note: str, person: Person, *, at: datetime) -> str:
    """Keeps the note on the handoff that has just ended. Only now is it hidden what is secret in it: the handoff's row comes first."""
    note = hide(handoff.session_id, note, by_id=person.id, at=at)
    if note:
        models.SessionHandoff.objects.filter(pk=handoff.pk).update(ended_note=note)
    return note


def _withdraw_row(handoff: "SessionHandoff", *, at: datetime) -> bool:
    """The guarded update; False where another press has just withdrawn it: the same success."""
    rows = models.SessionHandoff.objects.filter(pk=handoff.pk, account_id=handoff.account_id, state="open", claimed_by=None)
    if not rows.update(state="withdrawn", ended_at=at):
        handoff.refresh_from_db()
        if handoff.state == "withdrawn":
            return False
        if handoff.state == "claimed":
            raise taken(handoff)
        raise gone(handoff) if handoff.state in models.SessionHandoff.ENDED else moved_on()
    return True
