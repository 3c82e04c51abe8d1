"""What several verbs of a handoff share: looking one up for a person, moving hands, and saying why a guarded update met no row."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from accounts.people import Person, as_now
from accounts.templatetags.words import ago
from accounts.verbs import Refuse
from flowpilot.access import may_read
from flowpilot.models import SessionHand
from handoffs import models

if TYPE_CHECKING:
    from accounts.models import User
    from handoffs.models import SessionHandoff

GONE = {
    "withdrawn": "{who} withdrew it.",
    "returned": "It was returned to {opener}.",
    "superseded": "A newer handoff took its place.",
}

NOTHING_HERE = "There is nothing here, or it is not yours to see."


def member(by: "User | int") -> Person:
    """Who presses, as the database has them now. Raises `Refuse` where the account has no such active person."""
    person = as_now(by)
    if person is None:
        raise Refuse("not_found", NOTHING_HERE)
    return person


def look_up(pk: uuid.UUID, person: Person, *, staff: bool = False) -> "SessionHandoff":
    """The handoff, if it belongs to the person's account (or the person is staff, where staff may act). A foreign id is a 404."""
    rows = models.SessionHandoff.objects.select_related("author", "claimed_by", "session__user")
    if not (staff and person.is_superuser):
        rows = rows.filter(account_id=person.account_id)
    handoff = rows.filter(pk=pk).first()
    if handoff is None:
        raise Refuse("not_found", NOTHING_HERE)
    return handoff


def hide_parked(handoff: "SessionHandoff", person: Person) -> None:
    """A parked handoff is a 404 to everybody who may not read its session, whatever they try."""
    if handoff.intent == "park" and not may_read(person, handoff.session_id):
        raise Refuse("not_found", NOTHING_HERE)


def gone(handoff: "SessionHandoff") -> Refuse:
    """410 with the reason."""
    text = GONE[handoff.state].format(who=handoff.author, opener=handoff.session.user)
    return Refuse(handoff.state, text, ended_at=handoff.ended_at.isoformat() if handoff.ended_at else None)


def taken(handoff: "SessionHandoff") -> Refuse:
    """409 with the winner's name and when."""
    winner, when = handoff.claimed_by, handoff.claimed_at
    assert winner is not None and when is not None
    return Refuse(
        "already_claimed",
        f"Already claimed by {winner} {ago(when)}",
        claimed_by={"id": winner.pk, "name": str(winner)},
        claimed_at=when.isoformat(),
    )


def moved_on() -> Refuse:
    return Refuse("session_changed", "Nothing was changed: the session has moved on meanwhile. Open it to see how it stands.")


def pass_hands(session_id: uuid.UUID, to: int | None, *, at: datetime) -> None:
    """Closes the hands that the session was in, and opens the next ones (None: it waits in the queue)."""
    SessionHand.objects.filter(session_id=session_id, until=None).update(until=at)
    if to is not None:
        SessionHand.objects.create(session_id=session_id, user_id=to, since=at)
