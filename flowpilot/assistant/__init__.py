"""The one seam to whatever thinks: a Protocol with a few typed verbs. What comes back is untrusted until it has passed its checks."""

from typing import Protocol

from flowpilot.assistant.case import Case
from flowpilot.assistant.results import Assessment, Notes, Reply, Update


class Assistant(Protocol):
    """Deterministic or not, near or far; never able to change state."""

    name: str

    def reply(self, case: Case) -> Reply:
        """The next reply to the technician, with cards for the lane."""

    def assess(self, case: Case) -> Assessment:
        """One structured generation for a handoff."""

    def notes(self, case: Case) -> Notes:
        """Ticket notes for a resolved session."""

    def update(self, case: Case, *, context: str, audience: str, length: str, prose: str = "") -> Update:
        """A status update for an audience."""


def assistant() -> Assistant:
    """The assistant that this installation is set to. Offline needs no key and no network."""
    from flowpilot.assistant.offline import Offline

    return Offline()
