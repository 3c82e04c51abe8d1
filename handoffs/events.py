"""What happens to handoffs and their assessments."""

import uuid
from typing import ClassVar

from accounts.events import NewEvent


class HandoffOpened(NewEvent):
    """A session was handed off to colleagues. `target` is a person's id."""

    KIND: ClassVar[str] = "handoff_opened"

    priority: str
    target: int | None


class HandoffParked(NewEvent):
    """A session was parked with its package."""

    KIND: ClassVar[str] = "handoff_parked"


class HandoffClaimed(NewEvent):
    """A handoff was claimed. `begin` is how: continue, analysis or own."""

    KIND: ClassVar[str] = "handoff_claimed"

    begin: str


class NotedEvent(NewEvent):
    """`noted`: whether there is a note. The note itself is on the handoff."""

    noted: bool


class HandoffReleased(NotedEvent):
    """The claimer, an admin or owner, or staff put it back into the queue."""

    KIND: ClassVar[str] = "handoff_released"


class HandoffWithdrawn(NotedEvent):
    """Its author, or an admin or owner, took it back before anybody had claimed it."""

    KIND: ClassVar[str] = "handoff_withdrawn"


class HandoffReturned(NotedEvent):
    """Its claimer returned the session to its opener, with instructions."""

    KIND: ClassVar[str] = "handoff_returned"


class HandoffSuperseded(NewEvent):
    """A newer handoff (`by`), a resume or the session's end replaced it."""

    KIND: ClassVar[str] = "handoff_superseded"

    by: uuid.UUID | None


class AssessmentReady(NewEvent):
    """The assessment of a handoff was written or renewed; `new_steps` is how many more steps it has read than the one before."""

    KIND: ClassVar[str] = "assessment_ready"

    generation: int
    new_steps: int


class AssessmentUnavailable(NewEvent):
    """The assessment of a handoff could not be made."""

    KIND: ClassVar[str] = "assessment_unavailable"

    reason: str


class AssessmentJudged(NewEvent):
    """The claimer said that an entry of the assessment was right or wrong, or (`part` is "missing") that something was missing."""

    KIND: ClassVar[str] = "assessment_judged"

    part: str
    entry: int | None = None
    verdict: str = ""
