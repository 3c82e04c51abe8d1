"""FlowPilot's replies: made from the session as it is, written once, with cards for the lane."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from accounts.events import record
from accounts.verbs import Refuse, Refused, verb
from assistant import ask
from assistant.results import NewFact, NewOutcome, NewTask, Reply
from assistant.usage import Caller
from flowpilot import drafts, repeats, steps
from flowpilot.casefile import case_of
from flowpilot.event_steps import Event, event_step
from flowpilot.events import BegunBy
from flowpilot.guards import OPEN_FOR_WRITING
from flowpilot.lane import activate_next
from flowpilot.models import AISession, Fix, Proposal, Repeat, SessionStep, Task
from flowpilot.steps import NewStep
from flowpilot.vault.redact import redact_within
from redaction.invisible import one_line, strip

log = structlog.get_logger("flowpilot")


def reply_to(session_id: uuid.UUID, step: int, *, at: datetime | None = None) -> AISession | Refused | None:
    """Replies to `step`, unless that was done or a newer message replaced the request. A failure of the assistant is shown on the timeline.

    The reply is of the moment in which it is written, or of `at`. Returns None where no reply was requested.
    """
    session = AISession.objects.filter(pk=session_id, reply_requested_for=step).first()
    if session is None:
        return None
    try:
        caller = Caller(session.account_id, session.pk)
        answer = ask.reply(case_of(session), caller, on_text=partial(drafts.save, session_id, step))
        remark = f"Playbooks answered. {answer.reason}" if answer.reason else ""
        return _write(session_id, step, answer.result, remark=remark, at=at or timezone.now())
    except (OperationalError, InterfaceError):
        # This is the database, not the assistant: the job is retried.
        raise
    except Exception as error:
        log.exception("failed to reply", session=str(session_id), error=type(error).__name__)
        return _report_failure(session_id, step, at=at or timezone.now())


def _complete_request(session_id: uuid.UUID, step: int, at: datetime, **changes: float) -> AISession:
    """Clears the request that this reply answers. Raises `Refuse` where a newer one has replaced it, or the session has ended."""
    requested = AISession.objects.filter(pk=session_id, reply_requested_for=step, status__in=OPEN_FOR_WRITING)
    if not requested.update(reply_requested_for=None, reply_requested_at=None, updated_at=at, **changes):
        raise Refuse("session_changed", "A newer message replaced this one, or the session has ended.")
    drafts.discard(session_id)
    return AISession.objects.get(pk=session_id)


@verb
def _write(session_id: uuid.UUID, step: int, made: Reply, *, remark: str = "", at: datetime) -> AISession:
    if not steps.clean(made.text):
        raise ValueError("the reply is empty")
    session = _complete_request(session_id, step, at, confidence=made.confidence)
    made = _visible(made)
    # Secrets are redacted in cards, fix and proposals here, and in the text as a step.
    made = Reply.model_validate(redact_within(session_id, made.model_dump(), by_id=None, at=at, grows=False))
    if made.playbook:
        changes = {"playbook": made.playbook}
        if made.domain:
            changes["domain"] = made.domain
        AISession.objects.filter(pk=session_id).update(**changes)
    # Read again with the session's row locked: something may have been done while the assistant was working.
    new, done = repeats.split(made.tasks, case_of(session)) if made.tasks else ([], [])
    written = steps.write(
        session_id, [NewStep(SessionStep.Kind.REPLY, made.text, author_kind=SessionStep.AuthorKind.ASSISTANT, remark=remark)], at=at
    )
    _add_cards(session, new, at=at)
    _link_repeats(session, written[0], done, at=at)
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
    _add_proposals(session, made.facts, made.outcome, at=at)
    record(steps.steps_added(session.account_id, session_id, written, by_id=None, at=at, begun_by=BegunBy.ASSISTANT))
    return session


def _visible(made: Reply) -> Reply:
    """The reply without hidden characters in its cards, which are copied and listed. Its text is a step, and steps keep them."""
    tasks = [
        task.model_copy(update={"title": one_line(task.title), "why": strip(task.why), "command": strip(task.command)})
        for task in made.tasks
        if one_line(task.title)
    ]
    fix = made.fix
    if fix is not None:
        texts = {"title": one_line(fix.title), "detail": strip(fix.detail), "verify": strip(fix.verify)}
        fix = fix.model_copy(update=texts) if texts["title"] else None
    return made.model_copy(update={"tasks": tasks, "fix": fix})


def _add_cards(session: AISession, wanted: Sequence[NewTask], *, at: datetime) -> None:
    """Adds cards to the lane, except those with a title that it has already."""
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
    activate_next(session.pk)


def _add_proposals(session: AISession, facts: Sequence[NewFact], outcome: NewOutcome | None, *, at: datetime) -> None:
    """Adds proposals to the lane, inside the caller's transaction (which has locked the session's row). What the lane has already, or
    somebody dismissed, is not proposed again. Outcomes are proposed only for the current, unsettled fix."""
    known = {text.casefold() for text in session.facts.values_list("text", flat=True)}
    known |= {text.casefold() for text in session.proposals.filter(kind=Proposal.Kind.FACT).values_list("text", flat=True)}
    steps = dict(SessionStep.objects.filter(session=session).values_list("number", "pk")) if facts or outcome else {}
    for fact in facts:
        source = steps.get(fact.because.step)
        if source is not None and fact.text.casefold() not in known:
            known.add(fact.text.casefold())
            Proposal.objects.create(session=session, kind=Proposal.Kind.FACT, text=fact.text, source_id=source, created_at=at)
    fix = Fix.objects.filter(session=session, current=True, outcome__in=Fix.UNSETTLED).first()
    if outcome is None or fix is None or steps.get(outcome.because.step) is None:
        return
    if session.proposals.filter(
        kind=Proposal.Kind.OUTCOME, card=fix.number, outcome=outcome.outcome, state=Proposal.State.DISMISSED
    ).exists():
        return
    Proposal.objects.filter(session=session, kind=Proposal.Kind.OUTCOME, state=Proposal.State.OPEN).update(
        state=Proposal.State.DISMISSED, decided_at=at
    )
    Proposal.objects.create(
        session=session,
        kind=Proposal.Kind.OUTCOME,
        text=outcome.because.quote,
        outcome=outcome.outcome,
        card=fix.number,
        source_id=steps[outcome.because.step],
        created_at=at,
    )


def _link_repeats(session: AISession, reply: SessionStep, done: Sequence[tuple[NewTask, int]], *, at: datetime) -> None:
    """Links what was done already to the step with its result. Kept for the latest reply only."""
    Repeat.objects.filter(session=session).delete()
    at_step = dict(SessionStep.objects.filter(session=session, number__in=[n for _, n in done]).values_list("number", "pk"))
    Repeat.objects.bulk_create(
        Repeat(session=session, title=task.title[:300], reply=reply, done_in_id=at_step[number], created_at=at)
        for task, number in done
        if number in at_step
    )


def write_scripted(session_id: uuid.UUID, made: Reply, *, at: datetime) -> AISession | Refused:
    """Writes a given reply, its cards and its fix as a job would, whether or not one was requested. For the demo's stories."""
    with transaction.atomic():
        AISession.objects.filter(pk=session_id).update(reply_requested_for=0, reply_requested_at=at)
        return _write(session_id, 0, made, at=at)


@verb
def _report_failure(session_id: uuid.UUID, step: int, *, at: datetime) -> AISession:
    session = _complete_request(session_id, step, at)
    written = steps.write(session_id, [event_step(Event.REPLY_FAILED)], at=at)
    record(steps.steps_added(session.account_id, session_id, written, by_id=None, at=at, begun_by=BegunBy.ASSISTANT))
    return session
