"""Handing a session off: the only way to create an open handoff, in one transaction. `leaving.py` uses its parts."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.db.models import FilteredRelation, Q
from django.utils import timezone

from accounts.events import NewEvent, record
from accounts.models import User
from accounts.people import Person, read_person
from accounts.verbs import Refuse, Refused, verb
from flowpilot import holders, steps
from flowpilot.event_steps import Event, event_step
from flowpilot.fixes import write_outcome
from flowpilot.guards import worker, writable_rows
from flowpilot.models import AISession, Fix
from flowpilot.steps import NewStep
from flowpilot.vault.redact import redact
from handoffs import jobs, packaging
from handoffs.events import HandoffOpened, HandoffSuperseded
from handoffs.models import SessionHandoff
from handoffs.refusals import conflict_error
from redaction.invisible import strip

State = SessionHandoff.State
Status = AISession.Status

NEEDS_REQUIRED = "Write what you need: one question that a colleague can answer."
INVALID_OUTCOME = "Choose a valid outcome."


@dataclass(frozen=True, slots=True)
class Opened:
    """`created` is False where the author pressed again and the handoff existed already."""

    handoff: SessionHandoff
    created: bool


def open_handoff(
    session_id: uuid.UUID,
    *,
    by: User,
    needs: str,
    priority: int | None = None,
    target: User | None = None,
    fix_outcome: str = "",
    at: datetime | None = None,
) -> Opened | Refused:
    """Escalates, or hands over if `by` had claimed it. A second request at the same time waits for the first and returns its
    handoff, without a second row."""
    opened = _open(session_id, by=by, needs=needs, priority=priority, target=target, fix_outcome=fix_outcome, at=at)
    if isinstance(opened, Refused) and opened.error == "session_changed":
        theirs = SessionHandoff.objects.waiting().filter(session_id=session_id, author_id=by.pk).first()
        if theirs is not None:
            return Opened(theirs, created=False)
    return opened


@verb
def _open(
    session_id: uuid.UUID,
    *,
    by: User,
    needs: str,
    priority: int | None,
    target: User | None,
    fix_outcome: str,
    at: datetime | None,
) -> Opened:
    """Raises `Refuse` for what docs/contract.md does not allow; nothing is written then."""
    at = at or timezone.now()
    person = worker(by)
    needs = steps.clean(strip(needs))
    if not needs:
        raise Refuse("invalid", "Write what you need.", fields={"reason": [NEEDS_REQUIRED]})
    if fix_outcome and fix_outcome not in Fix.SETTLING:
        raise Refuse("invalid", INVALID_OUTCOME, fields={"fix_outcome": [INVALID_OUTCOME]})
    live = FilteredRelation("handoffs", condition=Q(handoffs__state__in=SessionHandoff.LIVE))
    found = writable_rows(session_id, person).annotate(live=live).values_list("live__state").first()
    if found is None:
        raise Refuse("not_found", "This session doesn't exist, or you can't escalate it.")
    _check_target(target, person)
    (state,) = found
    if state == State.OPEN:
        theirs = SessionHandoff.objects.waiting().filter(session_id=session_id, author_id=person.id).first()
        if theirs is None:
            raise conflict_error()
        return Opened(theirs, created=False)

    handoff_id = uuid.uuid4()
    former = (State.CLAIMED, State.PARKED)
    superseded = supersede(session_id, person.account_id, former, by_id=person.id, by_handoff=handoff_id, at=at) if state else []
    # Not earlier: rows are locked in the order handoff, session.
    needs = redact(session_id, needs, by_id=person.id, at=at)
    handed_over = any(event.from_state == State.CLAIMED for event in superseded)
    addition = f" for {target.get_short_name()}" if target else ""
    line = event_step(Event.HANDED_OVER if handed_over else Event.ESCALATED, person, addition=addition, note=needs)
    _leave(session_id, person, line, needs=needs, at=at)
    # The outcome is recorded before the old handoff ends, so that it counts as an action of the claimer.
    events: list[NewEvent] = [*_settle_fix(session_id, person, fix_outcome, at=at), *superseded]
    handoff, opened = queue(
        session_id, handoff_id, author_id=person.id, by_id=person.id, needs=needs, priority=priority, target=target, at=at
    )
    record(*events, opened)
    handoff.author = by
    return Opened(handoff, created=True)


def queue(
    session_id: uuid.UUID,
    handoff_id: uuid.UUID,
    *,
    author_id: int,
    by_id: int,
    needs: str,
    priority: int | None = None,
    target: User | None = None,
    at: datetime,
) -> tuple[SessionHandoff, HandoffOpened]:
    """Freezes a session that waits from now on, and puts its handoff into the queue. The caller has moved the session and ended the time of
    its holder, and records the event that this returns as its last write."""
    session = AISession.objects.get(pk=session_id)
    session.priority = priority or session.priority
    snapshot, _ = packaging.freeze(session, needs=needs)
    AISession.objects.filter(pk=session.pk).update(
        escalation_package=packaging.package(handoff_id, intent=SessionHandoff.Intent.ESCALATE, needs=needs, snapshot=snapshot),
        priority=session.priority,
    )
    handoff = insert(
        id=handoff_id,
        account_id=session.account_id,
        session_id=session.pk,
        author_id=author_id,
        needs=needs,
        target=target,
        priority=session.priority,
        snapshot=snapshot,
        created_at=at,
        assessment_asked_at=at,
    )
    jobs.request_assessment(handoff_id)
    return handoff, HandoffOpened(
        account_id=session.account_id,
        by_id=by_id,
        session=session.pk,
        handoff=handoff_id,
        to_state=State.OPEN,
        priority=handoff.priority_slug,
        target=target.pk if target else None,
        at=at,
    )


def _check_target(target: User | None, person: Person) -> None:
    """Raises `Refuse` if `target` can't claim what `person` hands off."""
    if target is None:
        return
    colleague = read_person(target)
    if colleague is None or colleague.account_id != person.account_id:
        raise Refuse("invalid", "This person is not in your account.", fields={"target": ["Choose a person in your account."]})
    if colleague.id == person.id:
        raise Refuse("invalid", "You can't assign it to yourself.", fields={"target": ["Choose a colleague, not yourself."]})
    if not colleague.may_work:
        text = f"{colleague.name} can't claim: viewers and inactive people can't."
        raise Refuse("invalid", f"{colleague.name} can't claim.", fields={"target": [text]})


def supersede(
    session_id: uuid.UUID,
    account_id: int,
    states: tuple[SessionHandoff.State, ...],
    *,
    by_id: int,
    by_handoff: uuid.UUID | None,
    at: datetime,
) -> list[HandoffSuperseded]:
    """Ends the live handoff that a newer action replaces, and returns the event. Raises `Refuse` where somebody else was faster."""
    live = SessionHandoff.objects.filter(session_id=session_id, state__in=states)
    old = live.values_list("pk", "state").first()
    if old is None:
        return []
    pk, state = old
    if not SessionHandoff.objects.filter(pk=pk, state=state).update(state=State.SUPERSEDED, ended_at=at):
        raise conflict_error()
    return [
        HandoffSuperseded(
            account_id=account_id,
            by_id=by_id,
            session=session_id,
            handoff=pk,
            from_state=state,
            to_state=State.SUPERSEDED,
            by=by_handoff,
            at=at,
        )
    ]


def _leave(session_id: uuid.UUID, person: Person, line: NewStep, *, needs: str, at: datetime) -> None:
    """active | paused -> requesting_escalation, and the line on the timeline; while it waits, its author is the handler."""
    left = (
        writable_rows(session_id, person)
        .filter(status__in=(Status.ACTIVE, Status.PAUSED))
        .update(status=Status.REQUESTING, status_reason=needs, handler_id=person.id, updated_at=at, **steps.numbers([line]))
    )
    if not left:
        raise conflict_error()
    steps.write_numbered(session_id, [line], at=at, also=[holders.END])


def _settle_fix(session_id: uuid.UUID, person: Person, outcome: str, *, at: datetime) -> list[NewEvent]:
    if not outcome:
        return []
    fix = Fix.objects.filter(session_id=session_id, current=True, outcome__in=Fix.UNSETTLED).first()
    return [write_outcome(session_id, person, fix, outcome, note="", at=at)] if fix else []


def insert(*, snapshot: dict[str, Any], **columns: object) -> SessionHandoff:
    """Inserts the row. Of two people at the same time, the partial unique index lets one through; raises `Refuse` for the other, whose
    transaction the database has given up by then."""
    try:
        return SessionHandoff.objects.create(snapshot=snapshot, tried=packaging.tried_in(snapshot), **columns)
    except IntegrityError as error:
        raise conflict_error() from error
