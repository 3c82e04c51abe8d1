"""What FlowPilot proposes and only a technician decides: facts to keep, and what became of the current fix."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from accounts.events import News, record
from accounts.models import User
from accounts.verbs import Refuse, Refused, verb
from flowpilot import fixes, lane
from flowpilot.assistant.results import NewFact, NewOutcome
from flowpilot.models import AISession, Fix, Proposal, SessionStep
from flowpilot.sessions import hold_for_writing, worker


def offer(session: AISession, facts: Sequence[NewFact], outcome: NewOutcome | None, *, at: datetime) -> None:
    """Puts proposals beside the lane, inside the caller's transaction (which holds the session's row). What the lane holds already, or
    somebody has turned down, is not proposed again; an outcome only for the current, unsettled fix."""
    known = {text.casefold() for text in session.facts.values_list("text", flat=True)}
    known |= {text.casefold() for text in session.proposals.filter(kind="fact").values_list("text", flat=True)}
    steps = dict(SessionStep.objects.filter(session=session).values_list("number", "pk")) if facts or outcome else {}
    for fact in facts:
        source = steps.get(fact.because.step)
        if source is not None and fact.text.casefold() not in known:
            known.add(fact.text.casefold())
            Proposal.objects.create(session=session, kind="fact", text=fact.text, source_id=source, created_at=at)
    fix = Fix.objects.filter(session=session, current=True, outcome__in=Fix.UNSETTLED).first()
    if outcome is None or fix is None or steps.get(outcome.because.step) is None:
        return
    if session.proposals.filter(kind="outcome", card=fix.number, outcome=outcome.outcome, state="dismissed").exists():
        return
    Proposal.objects.filter(session=session, kind="outcome", state="open").update(state="dismissed", decided_at=at)
    Proposal.objects.create(
        session=session,
        kind="outcome",
        text=outcome.because.quote,
        outcome=outcome.outcome,
        card=fix.number,
        source_id=steps[outcome.because.step],
        created_at=at,
    )


@verb
def accept(session_id: uuid.UUID, pk: uuid.UUID, *, by: User, text: str = "", reply: bool = True, at: datetime | None = None) -> Proposal:
    """Keeps a proposed fact (in the technician's words, where they changed it), or settles the fix with the proposed outcome."""
    at = at or timezone.now()
    person = worker(by)
    hold_for_writing(session_id, person, at=at)
    proposal = _decide(session_id, pk, "accepted", person.id, at)
    if proposal.kind == Proposal.Kind.FACT:
        source = proposal.source.number if proposal.source else None
        _or_leave(lane.add_fact(session_id, by=by, text=text or proposal.text, step=source, at=at))
    else:
        note = f"As told in step {proposal.source.number}." if proposal.source else ""
        _or_leave(fixes.tell(session_id, proposal.card or 0, by=by, outcome=proposal.outcome, note=note, at=at, reply=reply))
    return proposal


@verb
def dismiss(session_id: uuid.UUID, pk: uuid.UUID, *, by: User, at: datetime | None = None) -> Proposal:
    """Turns a proposal down. It is not made again."""
    at = at or timezone.now()
    person = worker(by)
    hold_for_writing(session_id, person, at=at)
    proposal = _decide(session_id, pk, "dismissed", person.id, at)
    record(News("lane_changed", person.account_id, person.id, session=session_id, details={"proposal": "dismissed"}, at=at))
    return proposal


def _decide(session_id: uuid.UUID, pk: uuid.UUID, state: str, by_id: int, at: datetime) -> Proposal:
    rows = Proposal.objects.filter(pk=pk, session_id=session_id)
    if rows.filter(state="open").update(state=state, by_id=by_id, decided_at=at):
        return rows.select_related("source").get()
    if rows.filter(state=state).exists():
        raise Refuse("session_changed", "That was decided already.")
    raise Refuse("not_found", "FlowPilot does not propose that any more.")


def _or_leave(answer: object) -> None:
    """A verb inside this one that did not happen takes this one back, too."""
    if isinstance(answer, Refused):
        raise Refuse(answer.error, answer.detail, **answer.extra)
