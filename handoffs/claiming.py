"""The claim: one filtered UPDATE, whose row count is the answer; the session's change is in the same transaction."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.events import News, record
from accounts.models import User
from accounts.people import Person
from accounts.verbs import Refuse, verb
from flowpilot import steps
from flowpilot import tasks as flowpilot_tasks
from flowpilot.models import AISession
from flowpilot.steps import NewStep
from handoffs import briefing, models
from handoffs.rows import gone, hide_parked, look_up, member, moved_on, pass_hands, taken

if TYPE_CHECKING:
    from handoffs.models import SessionHandoff

BEGINS = ("continue", "analysis", "own")

_LINE = {
    "continue": "{who} claimed it and carried on where {author} left off",
    "analysis": "{who} claimed it and asked FlowPilot for an analysis",
    "own": "{who} claimed it",
}


@dataclass(frozen=True, slots=True)
class Claimed:
    """`again` is True where the same person had claimed it before (a double click, a retry): nothing was changed."""

    handoff: "SessionHandoff"
    again: bool = False


@verb
def claim(pk: uuid.UUID, *, by: User, begin: str, at: datetime | None) -> Claimed:
    """See docs/contract.md. Judged in this order: 404, role, author, gone, same claimer, other claimer."""
    at = at or timezone.now()
    person = member(by)
    if begin not in BEGINS:
        raise Refuse("invalid", "Choose how to begin: continue, analysis or own.", fields={"begin": ["continue, analysis or own"]})
    won = (
        models.SessionHandoff.objects.filter(pk=pk, account_id=person.account_id, state="open", claimed_by=None)
        .exclude(author_id=person.id)
        .update(state="claimed", claimed_by_id=person.id, claimed_at=at)
        if person.may_work
        else 0
    )
    handoff = look_up(pk, person)
    if not won:
        return _lost(handoff, person)
    if begin == "continue" and not handoff.has_lane:
        begin = "own"
    models.SessionHandoff.objects.filter(pk=pk).update(begin=begin)
    handoff.begin = begin
    _take_session(handoff, person, at=at)
    return Claimed(handoff)


def _lost(handoff: "SessionHandoff", person: Person) -> Claimed:
    """Why the update met no row; read after it, so every answer was true at some moment of the request."""
    hide_parked(handoff, person)
    if not person.is_active:
        raise Refuse("inactive", "You are not active in this account any more.")
    if not person.may_work:
        raise Refuse("not_allowed", "Viewers follow along; engineers, admins and owners claim.")
    if handoff.author_id == person.id:
        raise Refuse("own_handoff", "You handed this off yourself. You may withdraw it while nobody has claimed it.")
    if handoff.state in models.SessionHandoff.ENDED:
        raise gone(handoff)
    if handoff.state == "claimed" and handoff.claimed_by_id == person.id:
        return Claimed(handoff, again=True)
    if handoff.state == "claimed":
        raise taken(handoff)
    # Open again by now (released while we looked), or parked: pressing once more tells.
    raise moved_on()


def _take_session(handoff: "SessionHandoff", person: Person, *, at: datetime) -> None:
    line = _LINE[handoff.begin].format(who=person.short_name, author=handoff.author.get_short_name())
    new = [NewStep("system", line, author_kind="system", author_id=person.id)]
    if handoff.begin == "analysis":
        new.append(NewStep("briefing", briefing.compose(handoff), author_kind="system", author_id=person.id))
    moved = AISession.objects.filter(pk=handoff.session_id, status="requesting_escalation").update(
        status="active", handler_id=person.id, updated_at=at, reply_due=None, reply_due_since=None, **steps.numbers(new)
    )
    if not moved:
        raise moved_on()
    written = steps.write_numbered(handoff.session_id, new, at=at)
    pass_hands(handoff.session_id, person.id, at=at)
    if handoff.begin == "analysis":
        flowpilot_tasks.owe_reply(handoff.session_id, written[-1].number, at=at)
    record(
        News(
            "handoff_claimed",
            handoff.account_id,
            person.id,
            session=handoff.session_id,
            handoff=handoff.pk,
            from_state="open",
            to_state="claimed",
            details={"begin": handoff.begin},
            at=at,
        )
    )
