"""Deciding what FlowPilot proposes: facts, and the outcome of the current fix. `replies.py` writes the proposals."""

import uuid
from datetime import datetime

from django.utils import timezone

from accounts.events import record
from accounts.models import User
from accounts.verbs import Refuse, Refused, verb
from flowpilot import fixes, lane
from flowpilot.events import LaneChanged
from flowpilot.guards import lock_for_writing, worker
from flowpilot.models import Proposal

State = Proposal.State


@verb
def accept(session_id: uuid.UUID, pk: uuid.UUID, *, by: User, text: str = "", reply: bool = True, at: datetime | None = None) -> Proposal:
    """Adds a proposed fact (with the technician's text, where they changed it), or settles the fix with the proposed outcome."""
    at = at or timezone.now()
    person = worker(by)
    lock_for_writing(session_id, person, at=at)
    proposal = _decide(session_id, pk, State.ACCEPTED, person.id, at)
    if proposal.kind == Proposal.Kind.FACT:
        source = proposal.source.number if proposal.source else None
        _or_refuse(lane.add_fact(session_id, by=by, text=text or proposal.text, step=source, at=at))
    else:
        note = f"As reported in step {proposal.source.number}." if proposal.source else ""
        _or_refuse(fixes.report_outcome(session_id, proposal.card or 0, by=by, outcome=proposal.outcome, note=note, at=at, reply=reply))
    return proposal


@verb
def dismiss(session_id: uuid.UUID, pk: uuid.UUID, *, by: User, at: datetime | None = None) -> Proposal:
    """Dismisses a proposal. It is not made again."""
    at = at or timezone.now()
    person = worker(by)
    lock_for_writing(session_id, person, at=at)
    proposal = _decide(session_id, pk, State.DISMISSED, person.id, at)
    record(LaneChanged(account_id=person.account_id, by_id=person.id, session=session_id, proposal=State.DISMISSED, at=at))
    return proposal


def _decide(session_id: uuid.UUID, pk: uuid.UUID, state: Proposal.State, by_id: int, at: datetime) -> Proposal:
    rows = Proposal.objects.filter(pk=pk, session_id=session_id)
    if rows.filter(state=State.OPEN).update(state=state, by_id=by_id, decided_at=at):
        return rows.select_related("source").get()
    if rows.filter(state=state).exists():
        raise Refuse("session_changed", "This was already decided.")
    raise Refuse("not_found", "FlowPilot no longer proposes this.")


def _or_refuse(answer: object) -> None:
    """Refuses this verb where a verb inside it was refused."""
    if isinstance(answer, Refused):
        raise Refuse(answer.error, answer.detail, **answer.extra)
