"""What happens to sessions."""

from enum import StrEnum
from typing import ClassVar

from accounts.events import NewEvent


class BegunBy(StrEnum):
    """Who started it. Only `PERSON` counts as somebody's own action in the figures."""

    PERSON = "person"
    ASSISTANT = "assistant"
    IMPORT = "import"
    # The outcome that resolving a session implies.
    RESOLVE = "resolve"


class SessionOpened(NewEvent):
    """A session was opened at intake, or imported."""

    KIND: ClassVar[str] = "session_opened"

    imported: bool = False


class SessionStepped(NewEvent):
    """Steps were added: numbers `first` to `last`, of these kinds."""

    KIND: ClassVar[str] = "session_stepped"

    first: int
    last: int
    kinds: list[str]
    begun_by: BegunBy


class SessionPaused(NewEvent):
    """A session was parked."""

    KIND: ClassVar[str] = "session_paused"


class SessionResumed(NewEvent):
    """A parked session is active again."""

    KIND: ClassVar[str] = "session_resumed"


class SessionTakenOver(NewEvent):
    """An admin or owner took a session over from the person who handled it (`former`, their id). The reason is on the timeline."""

    KIND: ClassVar[str] = "session_taken_over"

    former: int


class SessionReassigned(NewEvent):
    """A parked session went from somebody who can no longer work (`former`) to an admin or owner (`to`); both are ids of people."""

    KIND: ClassVar[str] = "session_reassigned"

    former: int
    to: int


class SessionResolved(NewEvent):
    """A session was resolved."""

    KIND: ClassVar[str] = "session_resolved"


class SessionAbandoned(NewEvent):
    """A session was closed unresolved."""

    KIND: ClassVar[str] = "session_abandoned"


class SessionReopened(NewEvent):
    """A resolved session is active again."""

    KIND: ClassVar[str] = "session_reopened"


class SecretEvent(NewEvent):
    """`secret` is its number in the session, `step` the event step on the timeline; the value is never part of it."""

    secret: int
    kind: str
    step: int


class SecretRevealed(SecretEvent):
    """Somebody looked at a secret of a session."""

    KIND: ClassVar[str] = "secret_revealed"


class SecretRemoved(SecretEvent):
    """Somebody removed a secret of a session for good."""

    KIND: ClassVar[str] = "secret_removed"


class FixSettled(NewEvent):
    """Somebody reported the outcome of a suggested fix. `step` is the step that says so; none where resolving implied it."""

    KIND: ClassVar[str] = "fix_settled"

    card: int
    outcome: str
    begun_by: BegunBy
    step: int | None = None


class LaneChanged(NewEvent):
    """Something beside the conversation changed: a card (`to_state` is its state), the ticket notes, or a proposal."""

    KIND: ClassVar[str] = "lane_changed"

    card: int | None = None
    notes: bool = False
    proposal: str = ""
