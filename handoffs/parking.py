"""Pausing is parking: the same package, told to nobody. Resuming takes it up again."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from accounts.events import News, record
from accounts.models import User
from accounts.people import as_now
from accounts.verbs import Refuse, verb
from flowpilot import steps
from flowpilot.access import may_read
from flowpilot.models import AISession
from flowpilot.secrets.keeping import hide
from flowpilot.sessions import worker, writable_rows
from flowpilot.signals import session_ending
from flowpilot.steps import NewStep
from handoffs import models, packaging
from handoffs.opening import Opened, _insert, supersede
from handoffs.rows import NOTHING_HERE, moved_on, pass_hands

if TYPE_CHECKING:
    from handoffs.models import SessionHandoff


@verb
def park(session_id: uuid.UUID, *, by: User, needs: str, at: datetime | None) -> Opened:
    """active -> paused, with a parked handoff. Whoever parks holds it."""
    at = at or timezone.now()
    person = worker(by)
    needs = steps.clean(needs)
    session = writable_rows(session_id, person).first()
    if session is None:
        raise Refuse("not_found", "There is nothing here, or it is not yours to park.")
    handoff_id = uuid.uuid4()
    news = supersede(session, person, ("claimed",), by_handoff=handoff_id, at=at)
    needs = hide(session_id, needs, by_id=person.id, at=at)
    parked = (
        writable_rows(session_id, person)
        .filter(status="active")
        .update(status="paused", status_reason=needs, handler_id=person.id, updated_at=at, reply_due=None, reply_due_since=None)
    )
    if not parked:
        raise moved_on()
    steps.write(
        session_id,
        [NewStep("system", f"{person.short_name} parked it" + (f": {needs}" if needs else ""), author_kind="system", author_id=person.id)],
        at=at,
    )
    session.refresh_from_db()
    snapshot, _ = packaging.freeze(session, needs=needs)
    AISession.objects.filter(pk=session_id).update(
        escalation_package=packaging.package(handoff_id, intent="park", needs=needs, snapshot=snapshot)
    )
    handoff = _insert(
        id=handoff_id,
        account_id=session.account_id,
        session_id=session_id,
        author_id=person.id,
        intent="park",
        state="parked",
        needs=needs,
        priority=session.priority,
        snapshot=snapshot,
        created_at=at,
        assessment_state="none",
    )
    pass_hands(session_id, person.id, at=at)
    record(
        *news,
        News("handoff_parked", session.account_id, person.id, session=session_id, handoff=handoff_id, to_state="parked", at=at),
        News("session_paused", session.account_id, person.id, session=session_id, from_state="active", to_state="paused", at=at),
    )
    return Opened(handoff, created=True)


@verb
def resume(session_id: uuid.UUID, *, by: User, at: datetime | None) -> "SessionHandoff":
    """paused -> active, by whoever parked it, an admin or owner; they handle it from now on."""
    at = at or timezone.now()
    person = worker(by)
    parked = models.SessionHandoff.objects.filter(session_id=session_id, account_id=person.account_id, state="parked").first()
    if parked is None:
        if not may_read(person, session_id):
            raise Refuse("not_found", NOTHING_HERE)
        raise Refuse("session_changed", "Nothing was changed: it is not parked any more.")
    if parked.author_id != person.id and not person.leads:
        if not may_read(person, session_id):
            raise Refuse("not_found", NOTHING_HERE)
        raise Refuse("not_allowed", "Whoever parked it resumes it; so may an admin or owner.")
    if not models.SessionHandoff.objects.filter(pk=parked.pk, state="parked").update(state="superseded", ended_at=at):
        raise moved_on()
    moved = AISession.objects.filter(pk=session_id, status="paused").update(
        status="active", status_reason="", handler_id=person.id, updated_at=at
    )
    if not moved:
        raise moved_on()
    steps.write(session_id, [NewStep("system", f"{person.short_name} resumed it", author_kind="system", author_id=person.id)], at=at)
    pass_hands(session_id, person.id, at=at)
    record(
        News(
            "handoff_superseded",
            parked.account_id,
            person.id,
            session=session_id,
            handoff=parked.pk,
            from_state="parked",
            to_state="superseded",
            details={"by": None},
            at=at,
        ),
        News("session_resumed", parked.account_id, person.id, session=session_id, from_state="paused", to_state="active", at=at),
    )
    parked.refresh_from_db()
    return parked


def _end_parked(sender: Any, session_id: uuid.UUID, by_id: int, at: datetime, **kwargs: Any) -> list[News]:
    """Giving a session up supersedes its parked handoff, in the same transaction, before the session's row is taken. The news is
    recorded by whoever asked, at the end: the counter comes last."""
    session = AISession.objects.filter(pk=session_id).first()
    person = as_now(by_id)
    if session is None:
        return []
    assert person is not None
    parked = models.SessionHandoff.objects.filter(session_id=session_id, state="parked")
    if person.id in (session.user_id, session.handler_id) and parked.exists():
        return supersede(session, person, ("parked",), by_handoff=None, at=at)
    return []


def listen() -> None:
    session_ending.connect(_end_parked, dispatch_uid="handoffs.parking")
