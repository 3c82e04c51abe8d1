"""The claim: one filtered UPDATE, whose row count decides; the session changes in the same transaction."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.events import record
from accounts.models import User
from accounts.people import Person
from accounts.verbs import Refuse, verb
from flowpilot import drafts, jobs, steps
from flowpilot.event_steps import Event, event_step
from flowpilot.holders import record_holder_change
from flowpilot.models import AISession, SessionStep
from flowpilot.steps import NewStep
from handoffs import briefing
from handoffs.events import HandoffClaimed
from handoffs.lookup import INACTIVE, hide_parked, look_up, member
from handoffs.models import SessionHandoff
from handoffs.refusals import already_claimed_error, conflict_error, ended_error

State = SessionHandoff.State
Begin = SessionHandoff.Begin

_HOW = {
    Begin.CONTINUE: " and continued where {author} left off",
    Begin.ANALYSIS: " and asked FlowPilot for an analysis",
    Begin.OWN: "",
}


@dataclass(frozen=True, slots=True)
class Claimed:
    """`again` is True where the same person had already claimed it (a double click, a retry): nothing was changed."""

    handoff: SessionHandoff
    again: bool = False


@verb
def claim(pk: uuid.UUID, *, by: User, begin: str = Begin.OWN, at: datetime | None = None) -> Claimed:
    """Claims an open handoff for `by`: exactly one person can. Refusals are checked in this order (docs/contract.md): 404, role, author,
    ended, same claimer, other claimer."""
    at = at or timezone.now()
    person = member(by, holds=True)
    if begin not in Begin.values:
        raise Refuse("invalid", "Choose how to begin: continue, analysis or own.", fields={"begin": ["continue, analysis or own"]})
    won = (
        SessionHandoff.objects.filter(pk=pk, account_id=person.account_id, state=State.OPEN, claimed_by=None)
        .exclude(author_id=person.id)
        .update(state=State.CLAIMED, claimed_by_id=person.id, claimed_at=at, begin=begin)
        if person.may_work
        else 0
    )
    handoff = look_up(pk, person)
    if not won:
        return _lost(handoff, person)
    if begin == Begin.CONTINUE and not handoff.has_lane:
        SessionHandoff.objects.filter(pk=pk).update(begin=Begin.OWN)
        handoff.begin = Begin.OWN
    _take_session(handoff, person, at=at)
    return Claimed(handoff)


def _lost(handoff: SessionHandoff, person: Person) -> Claimed:
    """Why the update changed no row. Read after it, so each answer was true at some point during the request."""
    hide_parked(handoff, person)
    if not person.is_active:
        raise Refuse("inactive", INACTIVE)
    if not person.may_work:
        raise Refuse("not_allowed", "Viewers can't claim escalations.")
    if handoff.author_id == person.id:
        raise Refuse("own_handoff", "You can't claim your own escalation. You can withdraw it while nobody has claimed it.")
    if handoff.has_ended:
        raise ended_error(handoff)
    if handoff.state == State.CLAIMED and handoff.claimed_by_id == person.id:
        return Claimed(handoff, again=True)
    if handoff.state == State.CLAIMED:
        raise already_claimed_error(handoff)
    # It has just been released, or it is parked: claiming again will tell.
    raise conflict_error()


def _take_session(handoff: SessionHandoff, person: Person, *, at: datetime) -> None:
    how = _HOW[Begin(handoff.begin)].format(author=handoff.author.get_short_name())
    new = [event_step(Event.CLAIMED, person, addition=how)]
    if handoff.begin == Begin.ANALYSIS:
        text = briefing.compose(handoff)
        new.append(NewStep(SessionStep.Kind.BRIEFING, text, author_kind=SessionStep.AuthorKind.SYSTEM, author_id=person.id))
    moved = AISession.objects.filter(pk=handoff.session_id, status=AISession.Status.REQUESTING).update(
        status=AISession.Status.ACTIVE,
        handler_id=person.id,
        updated_at=at,
        reply_requested_for=None,
        reply_requested_at=None,
        **steps.numbers(new),
    )
    if not moved:
        raise conflict_error()
    drafts.discard(handoff.session_id)
    written = steps.write_numbered(handoff.session_id, new, at=at)
    record_holder_change(handoff.session_id, person.id, at=at)
    if handoff.begin == Begin.ANALYSIS:
        jobs.request_reply(handoff.session_id, written[-1].number, at=at)
    record(
        HandoffClaimed(
            account_id=handoff.account_id,
            by_id=person.id,
            session=handoff.session_id,
            handoff=handoff.pk,
            from_state=State.OPEN,
            to_state=State.CLAIMED,
            begin=handoff.begin,
            at=at,
        )
    )
