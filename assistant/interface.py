"""The interface every assistant implements. Its results are untrusted until they have been checked."""

from collections.abc import Callable
from typing import Protocol

from assistant.case import Case
from assistant.results import Assessment, Notes, Reply, Update


class Assistant(Protocol):
    """Deterministic or not, local or remote, but never able to change state. Raises `faults.Unavailable` if it has nothing usable."""

    @property
    def name(self) -> str:
        """ "offline", or the model's."""

    def reply(self, case: Case, *, on_text: Callable[[str], None] | None = None) -> Reply:
        """The next reply to the technician, with cards for the lane."""

    def assess(self, case: Case) -> Assessment:
        """The structured assessment for a handoff, verified against the case."""

    def notes(self, case: Case) -> Notes:
        """Ticket notes for a resolved session."""

    def update(self, case: Case, *, context: str, audience: str, length: str, prose: str = "") -> Update:
        """A status update for an audience."""
