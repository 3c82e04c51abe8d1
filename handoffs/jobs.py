"""The background work of a handoff, as it is deferred: by name, in the transaction that causes it. `tasks.py` says what runs."""

import uuid
from datetime import datetime

from accounts.jobs import defer, defer_once

ASSESS = "handoffs.assess"
ASSESS_ANEW = "handoffs.assess_anew"
ASSESS_LOST = "handoffs.assess_lost"


def request_assessment(handoff_id: uuid.UUID) -> None:
    """Defers the assessment of a handoff."""
    defer(ASSESS, handoff_id=str(handoff_id))


def request_renewal(handoff_id: uuid.UUID, *, at: datetime) -> None:
    """Defers another assessment for `at`, after new steps; one waits per handoff at a time."""
    defer_once(ASSESS_ANEW, str(handoff_id), at=at, handoff_id=str(handoff_id))


def request_look(handoff_id: uuid.UUID, *, at: datetime) -> None:
    """Defers a look at `at` whether the generation that runs has ended; one waits per handoff at a time."""
    defer_once(ASSESS_LOST, str(handoff_id), at=at, handoff_id=str(handoff_id))
