"""The verbs of a session. Each transition is one filtered UPDATE that names the states it may leave; only who changed one row goes on."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models as db
from django.db.models import Q
from django.utils import timezone

from accounts.events import News, record
from accounts.models import User
from accounts.people import Person, as_now
from accounts.verbs import Refuse, verb
from flowpilot import models, steps, tasks
from flowpilot.secrets.keeping import hide_all, next_number
from flowpilot.secrets.kinds import PLACEHOLDER, cut
from flowpilot.signals import session_ending
from flowpilot.steps import NewStep

if TYPE_CHECKING:
    from flowpilot.models import AISession, SessionStep

# What somebody may add to while they work on it, or while it waits for a colleague.
OPEN_FOR_WRITING = ("active", "requesting_escalation")

_WHY_NOT = {
    "paused": "It is parked. Resume it first.",
    "resolved": "It is resolved. Reopen it first.",
    "abandoned": "It was given up.",
    "requesting_escalation": "It is waiting for a colleague.",
    "active": "It is active already.",
}


class SessionQuerySet(db.QuerySet["AISession"]):
    def open(
        self,
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
    ) -> "AISession | Any":
        """Opens a session at intake; FlowPilot's first reply is deferred in the same transaction."""
        return _open(by=by, text=text, title=title, log=log, client=client, ticket=ticket, priority=priority, at=at, reply=reply)

    def say(
        self, pk: uuid.UUID, *, by: User, text: str, kind: str = "message", at: datetime | None = None, reply: bool = True
    ) -> "SessionStep | Any":
        """Adds a message (FlowPilot replies to it) or a note (it does not) by the opener or the handler."""
        return _say(pk, by=by, text=text, kind=kind, at=at, reply=reply)

    def resolve(self, pk: uuid.UUID, *, by: User, at: datetime | None = None) -> "AISession | Any":
        """active -> resolved, at once. An unsettled fix is settled as worked; the ticket notes are written afterwards, by a job."""
        return _resolve(pk, by=by, at=at)

    def abandon(self, pk: uuid.UUID, *, by: User, at: datetime | None = None) -> "AISession | Any":
        """active | paused -> abandoned."""
        return _abandon(pk, by=by, at=at)

    def reopen(self, pk: uuid.UUID, *, by: User, at: datetime | None = None) -> "AISession | Any":
        """resolved -> active."""
        return _reopen(pk, by=by, at=at)


def worker(by: User | int) -> Person:
    """Who is about to work, as the database has them now. Raises `Refuse` for the inactive and for viewers."""
    person = as_now(by)
    if person is None or not person.is_active:
        raise Refuse("inactive", "This person is not active any more.")
    if not person.may_work:
        raise Refuse("not_allowed", "Viewers follow along; engineers, admins and owners work on sessions.")
    return person


def writable_rows(pk: uuid.UUID, person: Person) -> "db.QuerySet[AISession]":
    """The session's row, if `person` may write it: own columns only, so that the filter holds in an UPDATE under a race."""
    return models.AISession.objects.filter(Q(user_id=person.id) | Q(handler_id=person.id), pk=pk, account_id=person.account_id)


def hold_for_writing(pk: uuid.UUID, person: Person, *, at: datetime, **changes: Any) -> None:
    """Takes the session's row for the rest of the transaction. Raises `Refuse` where it cannot be written any more."""
    if not writable_rows(pk, person).filter(status__in=OPEN_FOR_WRITING).update(updated_at=at, **changes):
        raise why_not(pk, person)


def why_not(pk: uuid.UUID, person: Person) -> Refuse:
    """Why a guarded update of a session met no row."""
    status = writable_rows(pk, person).values_list("status", flat=True).first()
    if status is None:
        return Refuse("not_found", "There is nothing here, or it is not yours to write.")
    return Refuse("session_changed", f"Nothing was changed: the session has moved on. {_WHY_NOT[status]}", status=status)


def _title_from(text: str) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if len(first) <= 120:
        return first
    short = cut(first, 117)
    whole = any(hidden.end() == len(short) for hidden in PLACEHOLDER.finditer(short))
    return (short if whole else short.rsplit(" ", 1)[0]) + " …"


@verb
def _open(
    *, by: User, text: str, title: str, log: str, client: str, ticket: str, priority: int, at: datetime | None, reply: bool
) -> "AISession":
    at = at or timezone.now()
    person = worker(by)
    if not person.account_id:
        raise Refuse("not_allowed", "Staff of no account have no sessions.")
    text, log = steps.clean(text), steps.clean(log)
    if not text and not log:
        raise Refuse("invalid", "Say what the problem is.")
    pk = uuid.uuid4()
    typed = [text, log, steps.clean(title), steps.clean(client), steps.clean(ticket).lstrip("#")]
    text, log, title, client, ticket = hide_all(pk, typed, by_id=person.id, at=at)
    session = models.AISession.objects.create(
        id=pk,
        account_id=person.account_id,
        user_id=person.id,
        handler_id=person.id,
        title=cut(title, 200) or _title_from(text or log),
        problem_summary=cut(text or log, 2000),
        client=cut(client, 120),
        ticket=cut(ticket, 60),
        priority=priority,
        secret_count=next_number(pk) if typed != [text, log, title, client, ticket] else 0,
        created_at=at,
        updated_at=at,
    )
    models.SessionHand.objects.create(session=session, user_id=person.id, since=at)
    new = [NewStep("message", part, author_id=person.id) for part in (text, f"Pasted log:\n{log}" if log else "") if part]
    written = steps.write(session.pk, new, at=at)
    if reply:
        tasks.owe_reply(session.pk, written[-1].number, at=at)
    record(
        News("session_opened", person.account_id, person.id, session=session.pk, to_state="active", at=at),
        steps.stepped(person.account_id, session.pk, written, by_id=person.id, at=at, begun_by="person"),
    )
    session.refresh_from_db()
    return session


@verb
def _say(pk: uuid.UUID, *, by: User, text: str, kind: str, at: datetime | None, reply: bool) -> "SessionStep":
    at = at or timezone.now()
    person = worker(by)
    text = steps.clean(text)
    if not text:
        raise Refuse("invalid", "There is nothing to send yet.")
    hold_for_writing(pk, person, at=at)
    written = steps.write(pk, [NewStep(kind, text, author_id=person.id)], at=at)
    if reply and kind == "message":
        tasks.owe_reply(pk, written[-1].number, at=at)
    record(steps.stepped(person.account_id, pk, written, by_id=person.id, at=at, begun_by="person"))
    return written[0]


def _end(
    pk: uuid.UUID, person: Person, *, leaves: tuple[str, ...], to: str, line: str, at: datetime, **changes: Any
) -> "tuple[AISession, str]":
    """What the transitions below share: the guarded update, one line on the timeline. Returns the session and the state it left."""
    before = writable_rows(pk, person).values_list("status", flat=True).first()
    if (
        not writable_rows(pk, person)
        .filter(status__in=leaves)
        .update(status=to, updated_at=at, reply_due=None, reply_due_since=None, **changes)
    ):
        raise why_not(pk, person)
    steps.write(pk, [NewStep("system", line, author_kind="system", author_id=person.id)], at=at)
    return models.AISession.objects.get(pk=pk), before or ""


@verb
def _resolve(pk: uuid.UUID, *, by: User, at: datetime | None) -> "AISession":
    at = at or timezone.now()
    person = worker(by)
    session, before = _end(
        pk,
        person,
        leaves=("active",),
        to="resolved",
        line=f"{person.short_name} resolved it",
        at=at,
        resolved_at=at,
        ticket_notes="",
        status_reason="",
    )
    fix = models.Fix.objects.filter(session_id=pk, current=True, outcome__in=models.Fix.UNSETTLED)
    news = []
    card = fix.values_list("number", flat=True).first()
    if card is not None:
        fix.update(outcome="worked", by_id=person.id, updated_at=at)
        news.append(
            News(
                "fix_settled",
                session.account_id,
                person.id,
                session=pk,
                details={"card": card, "outcome": "worked", "begun_by": "resolve"},
                at=at,
            )
        )
    tasks.write_notes.defer(session_id=str(pk))
    record(*news, News("session_resolved", session.account_id, person.id, session=pk, from_state=before, to_state="resolved", at=at))
    return session


@verb
def _abandon(pk: uuid.UUID, *, by: User, at: datetime | None) -> "AISession":
    at = at or timezone.now()
    person = worker(by)
    answers: list[tuple[Any, Any]] = session_ending.send(sender=None, session_id=pk, by_id=person.id, at=at)
    above: list[News] = [news for _, told in answers for news in told or ()]
    session, before = _end(pk, person, leaves=("active", "paused"), to="abandoned", line=f"{person.short_name} gave it up", at=at)
    record(*above, News("session_abandoned", session.account_id, person.id, session=pk, from_state=before, to_state="abandoned", at=at))
    return session


@verb
def _reopen(pk: uuid.UUID, *, by: User, at: datetime | None) -> "AISession":
    at = at or timezone.now()
    person = worker(by)
    session, before = _end(pk, person, leaves=("resolved",), to="active", line=f"{person.short_name} reopened it", at=at, resolved_at=None)
    record(News("session_reopened", session.account_id, person.id, session=pk, from_state=before, to_state="active", at=at))
    return session
