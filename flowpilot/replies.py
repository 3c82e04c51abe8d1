"""FlowPilot's reply: made from the session as it stands, written once, filling the lane."""

import uuid
from datetime import datetime
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction

from accounts.events import record
from accounts.verbs import Refuse, verb
from flowpilot import steps
from flowpilot.assistant import assistant
from flowpilot.assistant.results import Reply
from flowpilot.casefile import case_of
from flowpilot.models import AISession, Fix, Task
from flowpilot.steps import NewStep

log = structlog.get_logger("flowpilot")


def reply_to(session_id: uuid.UUID, step: int, *, at: datetime) -> Any:
    """Replies to `step`, unless that debt is settled or a newer message took its place. A fault of the assistant is told, never silent."""
    session = AISession.objects.filter(pk=session_id, reply_due=step).first()
    if session is None:
        return None
    try:
        made = assistant().reply(case_of(session))
        return _write(session_id, step, made, at=at)
    except (OperationalError, InterfaceError):
        # The database, not the assistant: the job is tried again.
        raise
    except Exception as error:
        log.exception("reply failed", session=str(session_id), error=type(error).__name__)
        return _give_up(session_id, step, at=at)


def _settle_debt(session_id: uuid.UUID, step: int, at: datetime, **changes: Any) -> AISession:
    owed = AISession.objects.filter(pk=session_id, reply_due=step, status__in=("active", "requesting_escalation"))
    if not owed.update(reply_due=None, reply_due_since=None, updated_at=at, **changes):
        raise Refuse("session_changed", "Somebody wrote since, or the session has ended: a newer reply answers this.")
    return AISession.objects.get(pk=session_id)


@verb
def _write(session_id: uuid.UUID, step: int, made: Reply, *, at: datetime) -> AISession:
    if not steps.clean(made.text):
        raise ValueError("a reply without words")
    session = _settle_debt(session_id, step, at, confidence=made.confidence)
    if made.playbook:
        changes = {"playbook": made.playbook}
        if made.domain:
            changes["domain"] = made.domain
        AISession.objects.filter(pk=session_id).update(**changes)
    written = steps.write(session_id, [NewStep("reply", made.text, author_kind="assistant")], at=at)
    known = {title.casefold() for title in session.tasks.values_list("title", flat=True)}
    new = []
    for task in made.tasks:
        if task.title.casefold() not in known:
            known.add(task.title.casefold())
            new.append(task)
    if new:
        Task.objects.bulk_create(
            Task(
                session=session,
                number=number,
                kind=task.kind,
                title=task.title,
                why=task.why,
                command=task.command,
                created_at=at,
                updated_at=at,
            )
            for number, task in zip(steps.take_cards(session_id, len(new)), new, strict=True)
        )
        _first_open_is_active(session)
    if made.fix and not session.fixes.filter(title=made.fix.title).exists():
        Fix.objects.filter(session=session, current=True).update(current=False, updated_at=at)
        (number,) = steps.take_cards(session_id, 1)
        Fix.objects.create(
            session=session,
            number=number,
            title=made.fix.title,
            detail=made.fix.detail,
            verify=made.fix.verify,
            proposed_in=written[0],
            created_at=at,
            updated_at=at,
        )
    record(steps.stepped(session.account_id, session_id, written, by_id=None, at=at, begun_by="assistant"))
    return session


def write_scripted(session_id: uuid.UUID, made: Reply, *, at: datetime) -> AISession | Any:
    """Writes a given reply, its cards and its fix exactly as a job would, whatever FlowPilot owes. For stories that are told, not made."""
    with transaction.atomic():
        AISession.objects.filter(pk=session_id).update(reply_due=0, reply_due_since=at)
        return _write(session_id, 0, made, at=at)


def _first_open_is_active(session: AISession) -> None:
    if session.tasks.filter(state="active").exists():
        return
    first = session.tasks.filter(state="pending").order_by("number").values_list("pk", flat=True).first()
    if first is not None:
        Task.objects.filter(pk=first, state="pending").update(state="active")


@verb
def _give_up(session_id: uuid.UUID, step: int, *, at: datetime) -> AISession:
    session = _settle_debt(session_id, step, at)
    text = "FlowPilot could not reply. What you wrote is kept; go on, or write again."
    written = steps.write(session_id, [NewStep("system", text, author_kind="system")], at=at)
    record(steps.stepped(session.account_id, session_id, written, by_id=None, at=at, begun_by="assistant"))
    return session
