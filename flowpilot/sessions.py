"""The verbs of a session. Each transition is one UPDATE, filtered by the states it may leave, and continues only if it changed a row."""

import uuid
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.events import NewEvent, record
from accounts.models import User
from accounts.people import Person, hold_person
from accounts.verbs import Refuse, verb
from flowpilot import drafts, jobs, steps
from flowpilot.event_steps import Event, event_step
from flowpilot.events import BegunBy, FixSettled, SessionAbandoned, SessionOpened, SessionReopened, SessionResolved
from flowpilot.guards import lock_for_writing, why_not, worker, writable_rows
from flowpilot.holders import record_holder_change
from flowpilot.models import AISession, Fix, SessionHolder, SessionStep
from flowpilot.signals import session_ending
from flowpilot.steps import NewStep
from flowpilot.vault.redact import next_number, redact_all
from redaction.invisible import one_line
from redaction.kinds import PLACEHOLDER, cut

Status = AISession.Status
Kind = SessionStep.Kind


def _title_from(text: str) -> str:
    first = next((line for line in map(one_line, text.splitlines()) if line), "")
    if len(first) <= 120:
        return first
    short = cut(first, 117)
    whole = any(hidden.end() == len(short) for hidden in PLACEHOLDER.finditer(short))
    return (short if whole else short.rsplit(" ", 1)[0]) + " …"


@verb
def open_session(
    *,
    by: User,
    text: str,
    title: str = "",
    log: str = "",
    client: str = "",
    ticket: str = "",
    priority: int = 2,
    at: datetime | None = None,
    reply: bool = True,
) -> AISession:
    """Opens a session at intake; FlowPilot's first reply is deferred in the same transaction."""
    at = at or timezone.now()
    person = worker(by, holds=True)
    if not person.account_id:
        raise Refuse("not_allowed", "Staff without an account can't open sessions.")
    text, log = steps.clean(text), steps.clean(log)
    if not text and not log:
        raise Refuse("invalid", "Describe the problem.")
    pk = uuid.uuid4()
    typed = [text, log, one_line(title), one_line(client), one_line(ticket).lstrip("# ")]
    text, log, title, client, ticket = redact_all(pk, typed, by_id=person.id, at=at)
    session = AISession.objects.create(
        id=pk,
        account_id=person.account_id,
        user_id=person.id,
        handler_id=person.id,
        title=cut(title, 200) or _title_from(text or log) or "Untitled",
        problem_summary=cut(text or log, 2000),
        client=cut(client, 120),
        ticket=cut(ticket, 60),
        priority=priority,
        secret_count=next_number(pk) if typed != [text, log, title, client, ticket] else 0,
        created_at=at,
        updated_at=at,
    )
    SessionHolder.objects.create(session=session, user_id=person.id, since=at)
    new = [NewStep(Kind.MESSAGE, part, author_id=person.id) for part in (text, f"Pasted log:\n{log}" if log else "") if part]
    written = steps.write(session.pk, new, at=at)
    if reply:
        jobs.request_reply(session.pk, written[-1].number, at=at)
    record(
        SessionOpened(account_id=person.account_id, by_id=person.id, session=session.pk, to_state=Status.ACTIVE, at=at),
        steps.steps_added(person.account_id, session.pk, written, by_id=person.id, at=at, begun_by=BegunBy.PERSON),
    )
    session.refresh_from_db()
    return session


@verb
def post(pk: uuid.UUID, *, by: User, text: str, kind: str = Kind.MESSAGE, at: datetime | None = None, reply: bool = True) -> SessionStep:
    """Adds a message (FlowPilot replies to it) or a note (it does not) by the opener or the handler."""
    at = at or timezone.now()
    person = worker(by)
    text = steps.clean(text)
    if not text:
        raise Refuse("invalid", "Write something first.")
    lock_for_writing(pk, person, at=at)
    written = steps.write(pk, [NewStep(kind, text, author_id=person.id)], at=at)
    if reply and kind == Kind.MESSAGE:
        jobs.request_reply(pk, written[-1].number, at=at)
    record(steps.steps_added(person.account_id, pk, written, by_id=person.id, at=at, begun_by=BegunBy.PERSON))
    return written[0]


def _move(pk: uuid.UUID, person: Person, *, leaves: Status, to: Status, event: Event, at: datetime, **changes: Any) -> AISession:
    """What the transitions below share: the guarded update, and the event step. One status is left, so that what the event says was left
    is what the update met."""
    rows = writable_rows(pk, person).filter(status=leaves)
    if not rows.update(status=to, updated_at=at, reply_requested_for=None, reply_requested_at=None, **changes):
        raise why_not(pk, person)
    drafts.discard(pk)
    if to in (Status.RESOLVED, Status.ABANDONED):
        drafts.discard_undecided(pk)
    steps.write(pk, [event_step(event, person)], at=at)
    return AISession.objects.get(pk=pk)


@verb
def resolve(pk: uuid.UUID, *, by: User, at: datetime | None = None) -> AISession:
    """active -> resolved. An unsettled fix is settled as worked; a job writes the ticket notes afterwards."""
    at = at or timezone.now()
    person = worker(by)
    session = _move(
        pk,
        person,
        leaves=Status.ACTIVE,
        to=Status.RESOLVED,
        event=Event.RESOLVED,
        at=at,
        resolved_at=at,
        ticket_notes="",
        status_reason="",
    )
    events: list[NewEvent] = []
    fix = Fix.objects.filter(session_id=pk, current=True, outcome__in=Fix.UNSETTLED)
    card = fix.values_list("number", flat=True).first()
    if card is not None:
        fix.update(outcome=Fix.Outcome.WORKED, by_id=person.id, updated_at=at)
        events.append(
            FixSettled(
                account_id=session.account_id,
                by_id=person.id,
                session=pk,
                card=card,
                outcome=Fix.Outcome.WORKED,
                begun_by=BegunBy.RESOLVE,
                at=at,
            )
        )
    jobs.request_notes(pk)
    resolved = SessionResolved(
        account_id=session.account_id, by_id=person.id, session=pk, from_state=Status.ACTIVE, to_state=Status.RESOLVED, at=at
    )
    record(*events, resolved)
    return session


@verb
def abandon(pk: uuid.UUID, *, by: User, at: datetime | None = None) -> AISession:
    """Closes a session unresolved: active | paused -> abandoned. Apps above end what belongs to it, in the same transaction.

    The status is read before they are asked, and the update leaves only that one: closing a session that is parked or resumed in between is
    refused. Otherwise its parked handoff would outlive it.
    """
    at = at or timezone.now()
    person = worker(by)
    before = writable_rows(pk, person).values_list("status", flat=True).first()
    if before not in (Status.ACTIVE, Status.PAUSED):
        raise why_not(pk, person)
    answers: list[tuple[Any, Any]] = session_ending.send(sender=None, session_id=pk, by_id=person.id, at=at)
    above: list[NewEvent] = [event for _, events in answers for event in events or ()]
    session = _move(pk, person, leaves=Status(before), to=Status.ABANDONED, event=Event.CLOSED, at=at)
    closed = SessionAbandoned(
        account_id=session.account_id, by_id=person.id, session=pk, from_state=before, to_state=Status.ABANDONED, at=at
    )
    record(*above, closed)
    return session


@verb
def reopen(pk: uuid.UUID, *, by: User, at: datetime | None = None) -> AISession:
    """resolved -> active. Who handled it goes on, or whoever reopens it, if that person can't work any more."""
    at = at or timezone.now()
    person = worker(by, holds=True)
    former = writable_rows(pk, person).values_list("handler_id", flat=True).first()
    handler = person if former in (None, person.id) else hold_person(former)
    goes_on = handler is not None and handler.may_work and handler.account_id == person.account_id
    changes = {} if goes_on else {"handler_id": person.id}
    session = _move(pk, person, leaves=Status.RESOLVED, to=Status.ACTIVE, event=Event.REOPENED, at=at, resolved_at=None, **changes)
    if changes:
        record_holder_change(pk, person.id, at=at)
    record(
        SessionReopened(
            account_id=session.account_id, by_id=person.id, session=pk, from_state=Status.RESOLVED, to_state=Status.ACTIVE, at=at
        )
    )
    return session
