"""Plays a story through the same verbs as real work, at the times that the story says. A refusal means a mistake in the story."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import connection, transaction

from accounts.models import Account, User
from accounts.verbs import Refused
from assistant.results import Reply
from escalations.models import Notification
from flowpilot import fixes, lane, replies, sessions, ticketnotes
from flowpilot.models import AISession, Fix, Priority, Task
from handoffs import assessment
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.opening import open_handoff
from handoffs.parking import park, resume
from handoffs.releasing import release
from handoffs.returning import return_to_opener
from handoffs.withdrawing import withdraw
from resolutionflow.demodata.stories import Step, Story

# Two runs at the same time take turns, story by story.
_LOCK = 0x5EED


class Unplayable(Exception):
    """A verb refused a step of a story. The text names story and step."""


@dataclass
class Stage:
    """The state of a story while it is played: its session, handoff, handler and cards."""

    story: Story
    people: dict[str, User]
    session: uuid.UUID
    handler: User
    handoff: uuid.UUID | None = None
    confidence: float = 0.3
    # Card numbers by the story's keys.
    cards: dict[str, int] = field(default_factory=dict)


def play(story: Story, people: dict[str, User], *, now: datetime) -> bool:
    """Plays the story in one transaction, so that it can be repeated after an error. Returns False if it was played before."""
    account = Account.objects.get(slug=story.account)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if AISession.objects.filter(account=account, import_key=story.key).exists():
            return False
        story = story.told(now)
        at = now - story.began
        stage = _open(story, people, at=at)
        AISession.objects.filter(pk=stage.session).update(import_key=story.key)
        for number, step in enumerate(story.steps, 1):
            begun, at = at, at + step.lasts
            refused = _STEPS[step.verb](stage, step, begun, at)
            if isinstance(refused, Refused):
                raise Unplayable(f"story {story.slug}, step {number} ({step.verb}): {refused.error}: {refused.detail}")
        # Writing ticket notes has set `updated_at` to the present; lists sort by when something last happened in the story.
        AISession.objects.filter(pk=stage.session).update(updated_at=at)
        _mark_old_notifications_read(stage, now=now)
    return True


def _open(story: Story, people: dict[str, User], *, at: datetime) -> Stage:
    by = people[story.by]
    session = sessions.open_session(
        by=by,
        text=story.opening,
        log=story.log,
        title=story.title,
        client=story.client,
        ticket=story.ticket,
        priority=Priority.from_slug(story.priority),
        at=at,
        reply=False,
    )
    if isinstance(session, Refused):
        raise Unplayable(f"story {story.slug}, opening: {session.error}: {session.detail}")
    return Stage(story, people, session.pk, by)


def _who(stage: Stage, step: Step) -> User:
    return stage.people[step.by] if step.by else stage.handler


def _reply(stage: Stage, step: Step, begun: datetime, at: datetime) -> Any:
    stage.confidence = stage.confidence if step.confidence is None else step.confidence
    new = step.new_tasks()
    made = Reply(
        text=step.reply,
        confidence=stage.confidence,
        playbook=stage.story.playbook,
        domain=stage.story.domain,
        tasks=[task for _, task in new],
        fix=step.fix,
    )
    written = replies.write_scripted(stage.session, made, at=at)
    numbers = dict(Task.objects.filter(session_id=stage.session).values_list("title", "number"))
    stage.cards |= {key: numbers[task.title] for key, task in new}
    return written


def _settle(stage: Stage, step: Step, cards: dict[str, str], state: str, begun: datetime, at: datetime) -> Any:
    """Settles the cards one after the other, spread over the duration of the step."""
    for index, (key, answer) in enumerate(cards.items(), 1):
        when = begun + (at - begun) * index / (len(cards) + 1)
        settled = lane.settle(stage.session, stage.cards[key], by=_who(stage, step), state=state, answer=answer, at=when)
        if isinstance(settled, Refused):
            return settled
    return None


def _answer(stage: Stage, step: Step, begun: datetime, at: datetime) -> Any:
    middle = begun + (at - begun) * 0.8
    return (
        _settle(stage, step, step.answer, "done", begun, middle)
        or _settle(stage, step, step.skip, "skipped", middle, at)
        or lane.send(stage.session, by=_who(stage, step), at=at, reply=False)
    )


def _draft(stage: Stage, step: Step, begun: datetime, at: datetime) -> Any:
    return _settle(stage, step, step.draft, "done", begun, at)


def _facts(stage: Stage, step: Step, begun: datetime, at: datetime) -> Any:
    sent = dict(Task.objects.filter(session_id=stage.session, sent_as__isnull=False).values_list("number", "sent_as__number"))
    for key, text in step.facts.items():
        source = {"opening": 1, "own": None}[key] if key in ("opening", "own") else sent[stage.cards[key]]
        kept = lane.add_fact(stage.session, by=_who(stage, step), text=text, step=source, at=at)
        if isinstance(kept, Refused):
            return kept
    return None


def _say(stage: Stage, step: Step, begun: datetime, at: datetime) -> Any:
    kind, text = ("message", step.say) if step.say else ("note", step.note)
    return sessions.post(stage.session, by=_who(stage, step), text=text, kind=kind, at=at, reply=False)


def _tell(stage: Stage, step: Step, begun: datetime, at: datetime) -> Any:
    card = Fix.objects.filter(session_id=stage.session, current=True).values_list("number", flat=True).first()
    return fixes.report_outcome(stage.session, card or 0, by=_who(stage, step), outcome=step.tell, note=step.because, at=at, reply=False)


def _escalate(stage: Stage, step: Step, begun: datetime, at: datetime) -> Any:
    target = stage.people[step.target] if step.target else None
    priority = Priority.from_slug(step.priority) if step.priority else None
    opened = open_handoff(stage.session, by=_who(stage, step), needs=step.escalate, priority=priority, target=target, at=at)
    if isinstance(opened, Refused):
        return opened
    stage.handoff, stage.handler = opened.handoff.pk, _who(stage, step)
    # Does now what the job would do, so that the assessment is ready with the demo. The job then has nothing to do.
    assessment.make(opened.handoff.pk, at=at + timedelta(seconds=3))
    return None


def _claim(stage: Stage, step: Step, begun: datetime, at: datetime) -> Any:
    if stage.handoff is None:
        return Refused("invalid", "Nothing has been handed off yet.")
    stage.handler = _who(stage, step)
    return claim(stage.handoff, by=stage.handler, begin=step.claim, at=at)


class _Verb(Protocol):
    def __call__(self, pk: uuid.UUID, *, by: User, note: str, at: datetime) -> SessionHandoff | Refused: ...


_BACK: dict[str, _Verb] = {"release": release, "return_to_opener": return_to_opener, "withdraw": withdraw}
_TURNS = {"resolve": sessions.resolve, "abandon": sessions.abandon, "reopen": sessions.reopen}


def _end_claim(stage: Stage, step: Step, begun: datetime, at: datetime) -> Any:
    """Release, return and withdraw: the session goes back to the author, or to the opener."""
    if stage.handoff is None:
        return Refused("invalid", "Nothing has been handed off yet.")
    note = getattr(step, step.verb)
    done = _BACK[step.verb](stage.handoff, by=_who(stage, step), note=note, at=at)
    if not isinstance(done, Refused):
        stage.handler = stage.people[stage.story.by] if step.return_to_opener else User.objects.get(pk=done.author_id)
    return done


def _park(stage: Stage, step: Step, begun: datetime, at: datetime) -> Any:
    return park(stage.session, by=_who(stage, step), needs=step.park, at=at)


def _resume(stage: Stage, step: Step, begun: datetime, at: datetime) -> Any:
    stage.handler = _who(stage, step)
    return resume(stage.session, by=stage.handler, at=at)


def _turn(stage: Stage, step: Step, begun: datetime, at: datetime) -> Any:
    """Resolve, abandon and reopen."""
    done = _TURNS[step.verb](stage.session, by=_who(stage, step), at=at)
    if step.resolve and not isinstance(done, Refused):
        ticketnotes.write(stage.session, at=at)
    return done


_STEPS = {
    "reply": _reply,
    "answer": _answer,
    "draft": _draft,
    "say": _say,
    "note": _say,
    "facts": _facts,
    "tell": _tell,
    "escalate": _escalate,
    "claim": _claim,
    "release": _end_claim,
    "return_to_opener": _end_claim,
    "withdraw": _end_claim,
    "park": _park,
    "resume": _resume,
    "resolve": _turn,
    "abandon": _turn,
    "reopen": _turn,
}


def _mark_old_notifications_read(stage: Stage, *, now: datetime) -> None:
    """Marks notifications as read that are older than a day or about handoffs that were claimed since; open ones stay unread."""
    waiting = SessionHandoff.objects.filter(
        session_id=stage.session, state__in=(SessionHandoff.State.OPEN, SessionHandoff.State.RETURNED)
    ).values("pk")
    rows = Notification.objects.filter(handoff__session_id=stage.session)
    fresh = rows.filter(created_at__gte=now - timedelta(days=1), handoff__in=waiting)
    for row in rows.exclude(pk__in=fresh.values("pk")):
        row.read_at = min(row.created_at + timedelta(minutes=7), now)
        row.save(update_fields=["read_at"])
