"""The background work of a handoff, as it is deferred: by name, in the transaction that causes it. `tasks.py` says what runs."""

import uuid
from datetime import datetime

from accounts.jobs import defer, defer_once

ASSESS = "handoffs.assess"
ASSESS_ANEW = "handoffs.assess_anew"


def _lock(handoff_id: uuid.UUID) -> str:
    """Jobs of one handoff run one at a time."""
    return f"assessment of {handoff_id}"


def request_assessment(handoff_id: uuid.UUID) -> None:
    """Defers the assessment of a handoff."""
    defer(ASSESS, lock=_lock(handoff_id), handoff_id=str(handoff_id))


def request_renewal(handoff_id: uuid.UUID, *, at: datetime) -> None:
    """Defers another assessment for `at`, after new steps; one waits per handoff at a time."""
    defer_once(ASSESS_ANEW, str(handoff_id), at=at, lock=_lock(handoff_id), handoff_id=str(handoff_id))
