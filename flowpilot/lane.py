"""The task lane: settling, reopening and sending tasks, and facts.

Every write locks the session's row first, so that a snapshot contains all of a change or nothing.
"""

import uuid
from datetime import datetime

from django.utils import timezone

from accounts.events import record
from accounts.models import User
from accounts.people import Person
from accounts.verbs import Refuse, verb
from flowpilot import jobs, steps
from flowpilot.events import BegunBy, LaneChanged
from flowpilot.guards import lock_for_writing, worker
from flowpilot.models import Fact, SessionStep, Task
from flowpilot.steps import NewStep
from flowpilot.vault.redact import redact
from redaction.detect import might_answer

State = Task.State
Kind = SessionStep.Kind

# One or two sentences; logs stay in their step.
LONGEST_FACT = 600
NO_CARD = "That card is not in this session's lane."


def _changed(person: Person, session_id: uuid.UUID, card: int, state: str, at: datetime) -> None:
    record(LaneChanged(account_id=person.account_id, by_id=person.id, session=session_id, to_state=state, card=card, at=at))


@verb
def settle(session_id: uuid.UUID, card: int, *, by: User, state: str, answer: str = "", at: datetime | None = None) -> Task:
    """Marks a card done (with what was found) or skipped (with the reason, if given). It is not sent yet."""
    at = at or timezone.now()
    person = worker(by)
    lock_for_writing(session_id, person, at=at)
    answer = steps.clean(answer)
    if state not in Task.SETTLED:
        raise Refuse("invalid", "Choose done or skipped.")
    if state == State.DONE and not answer:
        raise Refuse("invalid", "Enter what you found, or skip it.")
    rows = Task.objects.filter(session_id=session_id, number=card)
    asked = rows.values_list("title", flat=True).first() or "" if might_answer(answer) else ""
    answer = redact(session_id, answer, by_id=person.id, at=at, asked=asked)
    if rows.filter(state=state, answer=answer, sent_as__isnull=False).exists():
        # An outdated page repeats an answer that was sent: don't send it twice.
        return rows.get()
    if not rows.update(state=state, answer=answer, by_id=person.id, sent_as=None, updated_at=at):
        raise Refuse("not_found", NO_CARD)
    activate_next(session_id)
    _changed(person, session_id, card, state, at)
    return rows.get()


@verb
def reopen(session_id: uuid.UUID, card: int, *, by: User, at: datetime | None = None) -> Task:
    """A done or skipped card becomes active again, with its answer to be edited. What was sent stays on the timeline."""
    at = at or timezone.now()
    person = worker(by)
    lock_for_writing(session_id, person, at=at)
    rows = Task.objects.filter(session_id=session_id, number=card)
    if not rows.filter(state__in=(*Task.SETTLED, State.PENDING)).update(state=State.ACTIVE, sent_as=None, updated_at=at):
        task = rows.first()
        if task is None:
            raise Refuse("not_found", NO_CARD)
        return task
    _changed(person, session_id, card, State.ACTIVE, at)
    return rows.get()


def activate_next(session_id: uuid.UUID) -> None:
    """Makes the first open card the active one, where none is."""
    open_tasks = Task.objects.filter(session_id=session_id)
    if open_tasks.filter(state=State.ACTIVE).exists():
        return
    following = open_tasks.filter(state=State.PENDING).order_by("number").values_list("pk", flat=True).first()
    if following is not None:
        Task.objects.filter(pk=following, state=State.PENDING).update(state=State.ACTIVE)


def as_step(task: Task, author_id: int) -> NewStep:
    """The step that sending this card writes: an answer, a check result, or that it was skipped."""
    kind = Kind.ANSWER if task.kind == Task.Kind.QUESTION else Kind.CHECK
    text = task.answer if task.state == Task.State.DONE else f"Skipped: {task.title}" + (f" ({task.answer})" if task.answer else "")
    return NewStep(kind, text, author_id=author_id, card=task.number, asked=task.title, command=task.command)


def preview(sendable: list[Task]) -> str:
    """Exactly what pressing Send will send."""
    parts = []
    for task in sendable:
        if task.state == Task.State.SKIPPED:
            parts.append(f"Skipped: {task.title}" + (f" ({task.answer})" if task.answer else ""))
        else:
            parts.append(f"{task.title}\n{task.answer}")
    return "\n\n".join(parts)


@verb
def send(session_id: uuid.UUID, *, by: User, at: datetime | None = None, reply: bool = True) -> list[SessionStep]:
    """Sends every done or skipped card that was not sent yet, each as a step; the others stay. FlowPilot replies to all of them at once."""
    at = at or timezone.now()
    person = worker(by)
    lock_for_writing(session_id, person, at=at)
    sendable = list(Task.objects.filter(session_id=session_id, state__in=Task.SETTLED, sent_as=None).order_by("number"))
    if not sendable:
        raise Refuse("invalid", "Nothing to send yet. Answer or skip a card first.")
    written = steps.write(session_id, [as_step(task, person.id) for task in sendable], at=at)
    for task, step in zip(sendable, written, strict=True):
        Task.objects.filter(pk=task.pk).update(sent_as=step, updated_at=at)
    if reply:
        jobs.request_reply(session_id, written[-1].number, at=at)
    record(steps.steps_added(person.account_id, session_id, written, by_id=person.id, at=at, begun_by=BegunBy.PERSON))
    return written


@verb
def add_fact(session_id: uuid.UUID, *, by: User, text: str, step: int | None = None, at: datetime | None = None) -> Fact:
    """Adds a fact, with the step that it came from (none: the technician knows it)."""
    at = at or timezone.now()
    person = worker(by)
    text = steps.clean(text)
    if not text:
        raise Refuse("invalid", "Write the fact first.")
    if len(text) > LONGEST_FACT:
        raise Refuse("invalid", f"A fact can have at most {LONGEST_FACT} characters. Keep what matters; the step has the rest.")
    lock_for_writing(session_id, person, at=at)
    text = redact(session_id, text, by_id=person.id, at=at)
    source = SessionStep.objects.filter(session_id=session_id, number=step).first() if step is not None else None
    if step is not None and source is None:
        raise Refuse("not_found", "That step is not in this session.")
    (number,) = steps.take_cards(session_id, 1)
    fact = Fact.objects.create(session_id=session_id, number=number, text=text, source=source, by_id=person.id, created_at=at)
    _changed(person, session_id, number, "fact", at)
    return fact


@verb
def drop_fact(session_id: uuid.UUID, card: int, *, by: User, at: datetime | None = None) -> int:
    """Removes a fact from the lane. Its number is never used again."""
    at = at or timezone.now()
    person = worker(by)
    lock_for_writing(session_id, person, at=at)
    if not Fact.objects.filter(session_id=session_id, number=card).delete()[0]:
        raise Refuse("not_found", NO_CARD)
    _changed(person, session_id, card, "dropped", at)
    return card
