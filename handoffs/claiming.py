"""The claim: one filtered UPDATE, whose row count decides; the session changes in the same transaction."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils import timezone

from accounts.events import record
from accounts.models import User
from accounts.people import Person
from accounts.verbs import Refuse, verb
from flowpilot import drafts, holders, jobs, steps
from flowpilot.event_steps import Event, event_step
from flowpilot.models import SessionStep
from flowpilot.steps import NewStep
from handoffs import briefing
from handoffs.events import HandoffClaimed
from handoffs.lookup import INACTIVE, hide_parked, look_up, member
from handoffs.models import SessionHandoff
from handoffs.refusals import already_claimed_error, conflict_error, ended_error

State = SessionHandoff.State
Begin = SessionHandoff.Begin

# What follows a claim: the session is taken, guarded as well, which reserves the steps' numbers and drops the request for a reply.
_TAKE = """
WITH claimed AS (
    SELECT id, account_id, session_id, author_id, state, claimed_by_id, claimed_at, begin,
           snapshot @? '$.open_tasks[0]' OR snapshot @? '$.done_tasks[0]' OR snapshot @? '$.fixes[0]' AS has_lane
      FROM handoffs_sessionhandoff
     WHERE id = %(id)s
), taken AS (
    UPDATE flowpilot_aisession AS session
       SET status = 'active', handler_id = %(person)s, updated_at = %(at)s, reply_requested_for = NULL, reply_requested_at = NULL,
           step_count = step_count + %(steps)s
      FROM claimed
     WHERE session.id = claimed.session_id AND session.status = 'requesting_escalation'
    RETURNING session.id
)
SELECT claimed.*, author.email, author.name, EXISTS (SELECT FROM taken)
  FROM claimed JOIN accounts_user AS author ON author.id = claimed.author_id
"""
_TAKEN = ["id", "account_id", "session_id", "author_id", "state", "claimed_by_id", "claimed_at", "begin"]

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
    if not won:
        return _lost(look_up(pk, person), person)
    handoff = _take_session(pk, person, begin=begin, at=at)
    handoff.claimed_by = by
    _finish(handoff, person, at=at)
    return Claimed(handoff)


def _take_session(pk: uuid.UUID, person: Person, *, begin: str, at: datetime) -> SessionHandoff:
    """The claimed handoff with its author; other columns are loaded when asked for. Raises `Refuse` where the session no longer waits."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"id": pk, "person": person.id, "at": at, "steps": _steps(begin)})
        *columns, has_lane, email, name, taken = cursor.fetchone()
    if not taken:
        raise conflict_error()
    handoff = SessionHandoff.from_db(connection.alias, _TAKEN, columns)
    handoff.author = User.from_db(connection.alias, ["id", "email", "name"], [handoff.author_id, email, name])
    if begin == Begin.CONTINUE and not has_lane:
        SessionHandoff.objects.filter(pk=pk).update(begin=Begin.OWN)
        handoff.begin = Begin.OWN
    return handoff


def _steps(begin: str) -> int:
    """How many steps a claim writes: what happened, and the briefing that FlowPilot is to answer."""
    return 2 if begin == Begin.ANALYSIS else 1


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


def _finish(handoff: SessionHandoff, person: Person, *, at: datetime) -> None:
    how = _HOW[Begin(handoff.begin)].format(author=handoff.author.get_short_name())
    new = [event_step(Event.CLAIMED, person, addition=how)]
    if handoff.begin == Begin.ANALYSIS:
        handoff.refresh_from_db(fields=briefing.READS)
        text = briefing.compose(handoff)
        new.append(NewStep(SessionStep.Kind.BRIEFING, text, author_kind=SessionStep.AuthorKind.SYSTEM, author_id=person.id))
    besides = [drafts.DISCARD, holders.END, holders.BEGIN]
    written = steps.write_numbered(handoff.session_id, new, at=at, also=besides, to=person.id)
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
