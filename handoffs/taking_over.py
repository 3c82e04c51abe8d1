"""Taking over: an admin or owner becomes the handler of a session that somebody else handles."""

import uuid
from datetime import datetime

from django.utils import timezone

from accounts.events import record
from accounts.models import User
from accounts.verbs import Refuse, verb
from flowpilot import steps
from flowpilot.access import TAKEN_OVER_FROM, may_read, may_take_over
from flowpilot.event_steps import Event, event_step
from flowpilot.events import SessionTakenOver
from flowpilot.guards import NOT_FOUND, WHY_NOT, worker
from flowpilot.holders import record_holder_change
from flowpilot.models import AISession
from flowpilot.vault.redact import redact
from handoffs.models import SessionHandoff
from handoffs.opening import supersede
from handoffs.refusals import conflict_error

State = SessionHandoff.State
Status = AISession.Status

REASON_REQUIRED = "Write why you take it over."


@verb
def take_over(session_id: uuid.UUID, *, by: User, reason: str, at: datetime | None = None) -> AISession:
    """active | paused -> active, with the admin or owner as its handler. Its claimed or parked handoff ends. What waits for a colleague is
    claimed or withdrawn instead, so that there is one way out of the queue."""
    at = at or timezone.now()
    reason = steps.clean(reason)
    person = worker(by, holds=True)
    session = AISession.objects.select_related("handler").filter(pk=session_id, account_id=person.account_id).first()
    if session is None or not may_read(person, session_id):
        raise Refuse("not_found", NOT_FOUND)
    if not may_take_over(person, session):
        raise Refuse("not_allowed", "Only admins and owners can take over a session.")
    if session.handler_id == person.id and session.status == Status.ACTIVE:
        return session
    if not reason:
        raise Refuse("invalid", REASON_REQUIRED, fields={"reason": [REASON_REQUIRED]})
    if session.status == Status.REQUESTING:
        raise Refuse("session_changed", "It is waiting for a colleague. Claim or withdraw the escalation instead.", status=session.status)
    if session.status not in TAKEN_OVER_FROM:
        raise Refuse("session_changed", f"Nothing was changed. {WHY_NOT[Status(session.status)]}", status=session.status)
    superseded = supersede(session_id, session.account_id, (State.CLAIMED, State.PARKED), by_id=person.id, by_handoff=None, at=at)
    reason = redact(session_id, reason, by_id=person.id, at=at)
    rows = AISession.objects.filter(pk=session_id, account_id=person.account_id, status=session.status, handler_id=session.handler_id)
    if not rows.update(status=Status.ACTIVE, status_reason="", handler_id=person.id, updated_at=at):
        raise conflict_error()
    steps.write(session_id, [event_step(Event.TAKEN_OVER, person, other=session.handler.get_short_name(), note=reason)], at=at)
    record_holder_change(session_id, person.id, at=at)
    taken = SessionTakenOver(
        account_id=session.account_id,
        by_id=person.id,
        session=session_id,
        from_state=session.status,
        to_state=Status.ACTIVE,
        former=session.handler_id,
        at=at,
    )
    record(*superseded, taken)
    session.refresh_from_db()
    return session
