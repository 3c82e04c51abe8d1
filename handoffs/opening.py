"""One path creates a handoff, whatever button or command led there, in one transaction."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.events import News, record
from accounts.models import User
from accounts.people import Person, as_now
from accounts.verbs import Refuse, Refused, verb
from flowpilot import steps
from flowpilot.fixes import write_outcome
from flowpilot.models import AISession, Fix
from flowpilot.secrets.keeping import hide
from flowpilot.sessions import worker, writable_rows
from flowpilot.steps import NewStep
from handoffs import models, packaging, tasks
from handoffs.rows import moved_on, pass_hands

if TYPE_CHECKING:
    from handoffs.models import SessionHandoff

FIX_OUTCOMES = ("worked", "partial", "failed", "dismissed")


@dataclass(frozen=True, slots=True)
class Opened:
    """`created` is False where the author pressed again and the handoff stood already."""

    handoff: "SessionHandoff"
    created: bool


def open_handoff(
    session_id: uuid.UUID,
    *,
    by: User,
    needs: str,
    priority: int | None,
    target: User | None,
    fix_outcome: str,
    at: datetime | None,
) -> Opened | Refused:
    """Escalate. Pressed twice at once, the second press waits for the first and finds its handoff: the same answer, no second row."""
    opened = _open(session_id, by=by, needs=needs, priority=priority, target=target, fix_outcome=fix_outcome, at=at)
    if isinstance(opened, Refused) and opened.error == "session_changed":
        theirs = models.SessionHandoff.objects.filter(session_id=session_id, state="open", author_id=by.pk).first()
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
    """Raises `Refuse` inside its transaction for what docs/contract.md does not allow; nothing is written then."""
    at = at or timezone.now()
    person = worker(by)
    needs = steps.clean(needs)
    if not needs:
        raise Refuse("invalid", "Say what you need.", fields={"reason": ["Say what you need: one question that a colleague can answer."]})
    if fix_outcome and fix_outcome not in FIX_OUTCOMES:
        raise Refuse("invalid", "That is no outcome of a fix.", fields={"fix_outcome": ["That is no outcome of a fix."]})
    session = writable_rows(session_id, person).select_related("handler").first()
    if session is None:
        raise Refuse("not_found", "There is nothing here, or it is not yours to hand off.")
    _fitting(target, person)
    again = models.SessionHandoff.objects.filter(session_id=session_id, state="open").first()
    if again is not None:
        if again.author_id == person.id:
            return Opened(again, created=False)
        raise moved_on()

    handoff_id = uuid.uuid4()
    news = supersede(session, person, ("claimed", "parked"), by_handoff=handoff_id, at=at)
    # Not before: rows are taken in the order handoff, session.
    needs = hide(session_id, needs, by_id=person.id, at=at)
    _leave(session_id, person, needs=needs, at=at)
    settled = _settle_fix(session_id, person, fix_outcome, at=at)
    # The outcome is told before the old handoff ends: it is the claimer's own act, and counts as one.
    news = settled + news
    word = f"{person.short_name} handed it off" + (f", for {target.get_short_name()}" if target else "")
    steps.write(session_id, [NewStep("system", f"{word}: {needs}", author_kind="system", author_id=person.id)], at=at)
    session.refresh_from_db()
    session.priority = priority or session.priority
    snapshot, _ = packaging.freeze(session, needs=needs)
    AISession.objects.filter(pk=session_id).update(
        escalation_package=packaging.package(handoff_id, intent="escalate", needs=needs, snapshot=snapshot),
        priority=session.priority,
    )
    handoff = _insert(
        id=handoff_id,
        account_id=session.account_id,
        session_id=session_id,
        author_id=person.id,
        needs=needs,
        target=target,
        priority=session.priority,
        snapshot=snapshot,
        created_at=at,
        assessment_asked_at=at,
    )
    pass_hands(session_id, None, at=at)
    tasks.assess.defer(handoff_id=str(handoff_id))
    record(
        *news,
        News(
            "handoff_opened",
            session.account_id,
            person.id,
            session=session_id,
            handoff=handoff_id,
            to_state="open",
            details={"priority": handoff.priority_slug, "target": target.pk if target else None},
            at=at,
        ),
    )
    return Opened(handoff, created=True)


def _fitting(target: User | None, person: Person) -> None:
    if target is None:
        return
    now = as_now(target)
    if now is None or now.account_id != person.account_id:
        raise Refuse("invalid", "That person is not of your account.", fields={"target": ["Choose somebody of your account."]})
    if now.id == person.id:
        raise Refuse("invalid", "You cannot hand it to yourself.", fields={"target": ["Choose a colleague, not yourself."]})
    if not now.may_work:
        raise Refuse(
            "invalid", f"{now.name} cannot claim.", fields={"target": [f"{now.name} cannot claim: viewers and inactive people do not."]}
        )


def supersede(session: AISession, person: Person, states: tuple[str, ...], *, by_handoff: uuid.UUID | None, at: datetime) -> list[News]:
    """Ends the live handoff that a newer act replaces, and returns the news. A rival who was quicker shows in the count."""
    live = models.SessionHandoff.objects.filter(session_id=session.pk, state__in=states)
    old = live.values_list("pk", "state").first()
    if old is None:
        return []
    pk, state = old
    if not models.SessionHandoff.objects.filter(pk=pk, state=state).update(state="superseded", ended_at=at):
        raise moved_on()
    details = {"by": str(by_handoff) if by_handoff else None}
    return [
        News(
            "handoff_superseded",
            session.account_id,
            person.id,
            session=session.pk,
            handoff=pk,
            from_state=state,
            to_state="superseded",
            details=details,
            at=at,
        )
    ]


def _leave(session_id: uuid.UUID, person: Person, *, needs: str, at: datetime) -> None:
    """active | paused -> requesting_escalation; the handler, while it waits, is whoever handed off."""
    left = (
        writable_rows(session_id, person)
        .filter(status__in=("active", "paused"))
        .update(status="requesting_escalation", status_reason=needs, handler_id=person.id, updated_at=at)
    )
    if not left:
        raise moved_on()


def _settle_fix(session_id: uuid.UUID, person: Person, outcome: str, *, at: datetime) -> list[News]:
    if not outcome:
        return []
    fix = Fix.objects.filter(session_id=session_id, current=True, outcome__in=Fix.UNSETTLED).first()
    return [write_outcome(session_id, person, fix, outcome, note="", at=at)] if fix else []


def _insert(**columns: object) -> "SessionHandoff":
    """Inserts the row; the partial unique index has the last word where two hand off at once."""
    try:
        with transaction.atomic():
            return models.SessionHandoff.objects.create(**columns)
    except IntegrityError as error:
        raise moved_on() from error
