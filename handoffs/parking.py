"""Parking pauses a session with its package, without notifying anybody. Resuming continues it."""

import uuid
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.events import NewEvent, record
from accounts.models import User
from accounts.people import read_person
from accounts.verbs import Refuse, verb
from flowpilot import drafts, steps
from flowpilot.access import may_read
from flowpilot.event_steps import Event, event_step
from flowpilot.events import SessionPaused, SessionResumed
from flowpilot.guards import NOT_FOUND, worker, writable_rows
from flowpilot.holders import record_holder_change
from flowpilot.models import AISession
from flowpilot.vault.redact import redact
from handoffs import packaging
from handoffs.events import HandoffParked, HandoffSuperseded
from handoffs.models import SessionHandoff
from handoffs.opening import Opened, insert, supersede
from handoffs.permissions import may_resume
from handoffs.refusals import conflict_error
from redaction.invisible import strip

State = SessionHandoff.State
Status = AISession.Status


@verb
def park(session_id: uuid.UUID, *, by: User, needs: str = "", at: datetime | None = None) -> Opened:
    """active -> paused, with a parked handoff. The person who parks it is its handler."""
    at = at or timezone.now()
    person = worker(by, holds=True)
    needs = steps.clean(strip(needs))
    session = writable_rows(session_id, person).first()
    if session is None:
        raise Refuse("not_found", "This session doesn't exist, or you can't park it.")
    handoff_id = uuid.uuid4()
    superseded = supersede(session_id, session.account_id, (State.CLAIMED,), by_id=person.id, by_handoff=handoff_id, at=at)
    needs = redact(session_id, needs, by_id=person.id, at=at)
    parked = (
        writable_rows(session_id, person)
        .filter(status=Status.ACTIVE)
        .update(
            status=Status.PAUSED,
            status_reason=needs,
            handler_id=person.id,
            updated_at=at,
            reply_requested_for=None,
            reply_requested_at=None,
        )
    )
    if not parked:
        raise conflict_error()
    drafts.discard(session_id)
    steps.write(session_id, [event_step(Event.PARKED, person, note=needs)], at=at)
    session.refresh_from_db()
    snapshot, _ = packaging.freeze(session, needs=needs)
    AISession.objects.filter(pk=session_id).update(
        escalation_package=packaging.package(handoff_id, intent=SessionHandoff.Intent.PARK, needs=needs, snapshot=snapshot)
    )
    handoff = insert(
        id=handoff_id,
        account_id=session.account_id,
        session_id=session_id,
        author_id=person.id,
        intent=SessionHandoff.Intent.PARK,
        state=State.PARKED,
        needs=needs,
        priority=session.priority,
        snapshot=snapshot,
        created_at=at,
        assessment_state=SessionHandoff.Assessed.NONE,
    )
    record_holder_change(session_id, person.id, at=at)
    whose: dict[str, Any] = {"account_id": session.account_id, "by_id": person.id, "session": session_id, "at": at}
    record(
        *superseded,
        HandoffParked(**whose, handoff=handoff_id, to_state=State.PARKED),
        SessionPaused(**whose, from_state=Status.ACTIVE, to_state=Status.PAUSED),
    )
    return Opened(handoff, created=True)


@verb
def resume(session_id: uuid.UUID, *, by: User, at: datetime | None = None) -> SessionHandoff:
    """paused -> active, by its handler (who parked it, as a rule), an admin or owner, who becomes the handler."""
    at = at or timezone.now()
    person = worker(by, holds=True)
    live = SessionHandoff.objects.select_related("session")
    parked = live.filter(session_id=session_id, account_id=person.account_id, state=State.PARKED).first()
    if parked is None:
        if not may_read(person, session_id):
            raise Refuse("not_found", NOT_FOUND)
        raise Refuse("session_changed", "Nothing was changed: it is no longer parked.")
    if not may_resume(person, parked):
        if not may_read(person, session_id):
            raise Refuse("not_found", NOT_FOUND)
        raise Refuse("not_allowed", "Only the person who handles it, an admin or owner can resume it.")
    if not SessionHandoff.objects.filter(pk=parked.pk, state=State.PARKED).update(state=State.SUPERSEDED, ended_at=at):
        raise conflict_error()
    moved = AISession.objects.filter(pk=session_id, status=Status.PAUSED).update(
        status=Status.ACTIVE, status_reason="", handler_id=person.id, updated_at=at
    )
    if not moved:
        raise conflict_error()
    steps.write(session_id, [event_step(Event.RESUMED, person)], at=at)
    record_holder_change(session_id, person.id, at=at)
    whose: dict[str, Any] = {"account_id": parked.account_id, "by_id": person.id, "session": session_id, "at": at}
    record(
        HandoffSuperseded(**whose, handoff=parked.pk, from_state=State.PARKED, to_state=State.SUPERSEDED, by=None),
        SessionResumed(**whose, from_state=Status.PAUSED, to_state=Status.ACTIVE),
    )
    parked.refresh_from_db()
    return parked


def end_parked(session_id: uuid.UUID, *, by_id: int, at: datetime) -> list[NewEvent]:
    """Closing a session unresolved supersedes its parked handoff, in the same transaction, before the session's row is locked. The caller
    records the event at the end, because the counter comes last."""
    session = AISession.objects.filter(pk=session_id).first()
    person = read_person(by_id)
    if session is None:
        return []
    assert person is not None
    parked = SessionHandoff.objects.filter(session_id=session_id, state=State.PARKED)
    if person.id in (session.user_id, session.handler_id) and parked.exists():
        return [*supersede(session_id, session.account_id, (State.PARKED,), by_id=by_id, by_handoff=None, at=at)]
    return []
