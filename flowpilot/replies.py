"""FlowPilot's reply: made from the session as it stands, written once, filling the lane."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction

from accounts.events import record
from accounts.verbs import Refuse, verb
from flowpilot import drafts, proposals, repeats, steps
from flowpilot.assistant import asking
from flowpilot.assistant.results import NewTask, Reply
from flowpilot.assistant.usage import Asker
from flowpilot.casefile import case_of
from flowpilot.models import AISession, Fix, Repeat, SessionStep, Task
from flowpilot.secrets.keeping import hide_within
from flowpilot.steps import NewStep

log = structlog.get_logger("flowpilot")


def reply_to(session_id: uuid.UUID, step: int, *, at: datetime) -> Any:
    """Replies to `step`, unless that debt is settled or a newer message took its place. A fault of the assistant is told, never silent."""
    session = AISession.objects.filter(pk=session_id, reply_due=step).first()
    if session is None:
        return None
    try:
        asker = Asker(session.account_id, session.pk)
        answer = asking.reply(case_of(session), asker, on_text=partial(drafts.keep, session_id, step))
        remark = f"Playbooks answered. {answer.reason}" if answer.reason else ""
        return _write(session_id, step, answer.result, remark=remark, at=at)
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
    drafts.drop(session_id)
    return AISession.objects.get(pk=session_id)


@verb
def _write(session_id: uuid.UUID, step: int, made: Reply, *, remark: str = "", at: datetime) -> AISession:
    if not steps.clean(made.text):
        raise ValueError("a reply without words")
    session = _settle_debt(session_id, step, at, confidence=made.confidence)
    # Cards, fix and proposals pass the door like everything else; the text does so as a step.
    made = Reply.model_validate(hide_within(session_id, made.model_dump(), by_id=None, at=at, grows=False))
    if made.playbook:
        changes = {"playbook": made.playbook}
        if made.domain:
            changes["domain"] = made.domain
        AISession.objects.filter(pk=session_id).update(**changes)
    # Read under the session's row, so that what was done while the assistant was thinking counts, too.
    new, done = repeats.split(made.tasks, case_of(session)) if made.tasks else ([], [])
    written = steps.write(session_id, [NewStep("reply", made.text, author_kind="assistant", remark=remark)], at=at)
    _deal(session, new, at=at)
    _point_back(session, written[0], done, at=at)
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
    proposals.offer(session, made.facts, made.outcome, at=at)
    record(steps.stepped(session.account_id, session_id, written, by_id=None, at=at, begun_by="assistant"))
    return session


def _deal(session: AISession, wanted: Sequence[NewTask], *, at: datetime) -> None:
    """New cards for the lane; what stands there by that title is not asked twice."""
    known = {title.casefold() for title in session.tasks.values_list("title", flat=True)}
    new = []
    for task in wanted:
        if task.title.casefold() not in known:
            known.add(task.title.casefold())
            new.append(task)
    if not new:
        return
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
        for number, task in zip(steps.take_cards(session.pk, len(new)), new, strict=True)
    )
    _first_open_is_active(session)


def _point_back(session: AISession, reply: SessionStep, done: Sequence[tuple[NewTask, int]], *, at: datetime) -> None:
    """What was done is not asked again: the lane shows when, by whom and with what outcome. Of the latest reply only."""
    Repeat.objects.filter(session=session).delete()
    at_step = dict(SessionStep.objects.filter(session=session, number__in=[n for _, n in done]).values_list("number", "pk"))
    Repeat.objects.bulk_create(
        Repeat(session=session, title=task.title[:300], reply=reply, done_in_id=at_step[number], created_at=at)
        for task, number in done
        if number in at_step
    )


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
