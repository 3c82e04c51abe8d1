"""What releasing, returning and withdrawing share: the two guarded updates, the note, the event. Rows are locked in the order handoff,
session, counter."""

from datetime import datetime
from typing import Any

from accounts.events import record
from accounts.people import Person
from accounts.verbs import Refuse
from flowpilot import drafts, steps
from flowpilot.event_steps import Event, event_step
from flowpilot.holders import record_holder_change
from flowpilot.models import AISession
from flowpilot.steps import NewStep
from flowpilot.vault.redact import redact
from handoffs.events import NotedEvent
from handoffs.models import SessionHandoff
from handoffs.refusals import conflict_error, ended_error


def move_handoff(handoff: SessionHandoff, guard: dict[str, Any], changes: dict[str, Any]) -> None:
    """The guarded update of the handoff's own row. Raises `Refuse` where somebody else was faster."""
    if not SessionHandoff.objects.filter(pk=handoff.pk, account_id=handoff.account_id, **guard).update(**changes):
        handoff.refresh_from_db()
        raise ended_error(handoff) if handoff.has_ended else conflict_error()


def move_session(handoff: SessionHandoff, line: NewStep, *, leaves: AISession.Status, at: datetime, **changes: Any) -> None:
    """The guarded update of the session's row, and the line on its timeline. Raises `Refuse` where the session has left that status."""
    moved = AISession.objects.filter(pk=handoff.session_id, status=leaves).update(
        updated_at=at, reply_requested_for=None, reply_requested_at=None, **steps.numbers([line]), **changes
    )
    if not moved:
        raise conflict_error()
    steps.write_numbered(handoff.session_id, [line], at=at, also=[drafts.DISCARD])


def save_ending_note(handoff: SessionHandoff, note: str, person: Person, *, at: datetime) -> str:
    """Stores the note on the handoff that has just ended, and returns it as stored. Secrets are redacted only now, because redacting locks
    the session's row, and the handoff's comes first."""
    note = redact(handoff.session_id, note, by_id=person.id, at=at)
    if note:
        SessionHandoff.objects.filter(pk=handoff.pk).update(ended_note=note)
    return note


def publish(
    event: type[NotedEvent], handoff: SessionHandoff, person: Person, *, was: str, to: str, note: str, at: datetime
) -> SessionHandoff:
    """Records the event and returns the handoff as it is now."""
    record(event_of(event, handoff, person, was=was, to=to, note=note, at=at))
    handoff.refresh_from_db()
    return handoff


def event_of[E: NotedEvent](event: type[E], handoff: SessionHandoff, person: Person, *, was: str, to: str, note: str, at: datetime) -> E:
    return event(
        account_id=handoff.account_id,
        by_id=person.id,
        session=handoff.session_id,
        handoff=handoff.pk,
        from_state=was,
        to_state=to,
        noted=bool(note),
        at=at,
    )


def put_back(handoff: SessionHandoff, person: Person, *, note: str, at: datetime) -> str:
    """claimed -> open, and the session waits again. Returns the note as stored. The caller records the event."""
    move_handoff(
        handoff,
        {"state": SessionHandoff.State.CLAIMED, "claimed_by_id": handoff.claimed_by_id},
        {"state": SessionHandoff.State.OPEN, "claimed_by": None, "claimed_at": None, "begin": ""},
    )
    note = redact(handoff.session_id, note, by_id=person.id, at=at)
    move_session(
        handoff,
        event_step(Event.RELEASED, person, note=note),
        leaves=AISession.Status.ACTIVE,
        at=at,
        status=AISession.Status.REQUESTING,
        handler_id=handoff.author_id,
    )
    record_holder_change(handoff.session_id, None, at=at)
    return note


def refuse_viewers() -> Refuse:
    return Refuse("not_allowed", "Viewers can't change escalations.")
