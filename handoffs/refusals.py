"""Refusals that several verbs of handoffs raise."""

from accounts.templatetags.words import ago
from accounts.verbs import Refuse
from handoffs.models import SessionHandoff

State = SessionHandoff.State

_ENDED = {
    State.WITHDRAWN: "{author} withdrew it.",
    State.RETURNED: "It was returned to {opener}.",
    State.SUPERSEDED: "A newer handoff replaced it.",
}


def ended_error(handoff: SessionHandoff) -> Refuse:
    """410 with the reason."""
    text = _ENDED[State(handoff.state)].format(author=handoff.author, opener=handoff.session.user)
    return Refuse(handoff.state, text, ended_at=handoff.ended_at.isoformat() if handoff.ended_at else None)


def already_claimed_error(handoff: SessionHandoff) -> Refuse:
    """409 with the claimer's name and when."""
    claimer, when = handoff.claimed_by, handoff.claimed_at
    assert claimer is not None and when is not None
    return Refuse(
        "already_claimed",
        f"Already claimed by {claimer} {ago(when)}",
        claimed_by={"id": claimer.pk, "name": str(claimer)},
        claimed_at=when.isoformat(),
    )


def conflict_error() -> Refuse:
    """409: somebody else has just changed the session."""
    return Refuse("session_changed", "Nothing was changed: someone else has just changed the session. Open it to see its current state.")
