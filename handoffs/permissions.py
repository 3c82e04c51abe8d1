"""Who may do what with a handoff: pure functions over a person and a handoff.

Verbs, screens, templates and sockets all use these. The functions named `may_...` look only at the person, so that a verb can tell
"you can't" from "not now"; `actions` adds the state, for screens that show what is possible now.
"""

from enum import StrEnum

from accounts.permissions import Actor, is_lead, is_staff_for, may_work
from flowpilot.models import AISession
from handoffs.models import SessionHandoff

State = SessionHandoff.State


class Action(StrEnum):
    CLAIM = "claim"
    RELEASE = "release"
    RETURN = "return"
    WITHDRAW = "withdraw"


def may_claim(actor: Actor, handoff: SessionHandoff) -> bool:
    """Engineers, admins and owners of the account, except its author."""
    return may_work(actor) and actor.account_id == handoff.account_id and actor.id != handoff.author_id


def may_release(actor: Actor, handoff: SessionHandoff) -> bool:
    """The claimer, an admin or owner, and staff. Viewers can't, even if they claimed it as an engineer."""
    if is_staff_for(actor, handoff.account_id):
        return True
    return may_work(actor) and actor.account_id == handoff.account_id and (handoff.claimed_by_id == actor.id or is_lead(actor))


def may_return(actor: Actor, handoff: SessionHandoff) -> bool:
    """The claimer."""
    return may_work(actor) and handoff.claimed_by_id == actor.id


def may_withdraw(actor: Actor, handoff: SessionHandoff) -> bool:
    """The author, an admin or owner."""
    return may_work(actor) and actor.account_id == handoff.account_id and (handoff.author_id == actor.id or is_lead(actor))


def may_resume(actor: Actor, handoff: SessionHandoff) -> bool:
    """The session's handler, an admin or owner. The handler is who parked it, or who was given it when they left."""
    same = may_work(actor) and actor.account_id == handoff.account_id
    return same and (handoff.session.handler_id == actor.id or is_lead(actor))


def may_judge(actor: Actor, handoff: SessionHandoff, *, has_claimed: bool) -> bool:
    """Anyone who claimed it, even if they have released or returned it since (`has_claimed`, from the event log)."""
    return may_claim(actor, handoff) and (handoff.claimed_by_id == actor.id or has_claimed)


def actions(actor: Actor, handoff: SessionHandoff) -> set[Action]:
    """What somebody can do with a handoff as it is now. Reads the handoff's session."""
    found: set[Action] = set()
    if handoff.state == State.OPEN:
        if may_claim(actor, handoff):
            found.add(Action.CLAIM)
        if may_withdraw(actor, handoff):
            found.add(Action.WITHDRAW)
    if handoff.state == State.CLAIMED and handoff.session.status == AISession.Status.ACTIVE:
        if may_release(actor, handoff):
            found.add(Action.RELEASE)
        if may_return(actor, handoff) and handoff.session.user_id != actor.id:
            found.add(Action.RETURN)
    return found
