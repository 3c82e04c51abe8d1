"""The one seam to whatever thinks: a Protocol with a few typed verbs. What comes back is untrusted until it has passed its checks."""

from collections.abc import Callable
from typing import Protocol

from flowpilot.assistant.case import Case
from flowpilot.assistant.results import Assessment, Notes, Reply, Update
from flowpilot.assistant.usage import Asker


class Assistant(Protocol):
    """Deterministic or not, near or far; never able to change state. Raises `faults.Unavailable` where nothing usable came."""

    @property
    def name(self) -> str:
        """ "offline", or the model's."""

    def reply(self, case: Case, *, on_text: Callable[[str], None] | None = None) -> Reply:
        """The next reply to the technician, with cards for the lane."""

    def assess(self, case: Case) -> Assessment:
        """One structured generation for a handoff, verified against the case."""

    def notes(self, case: Case) -> Notes:
        """Ticket notes for a resolved session."""

    def update(self, case: Case, *, context: str, audience: str, length: str, prose: str = "") -> Update:
        """A status update for an audience."""


def assistant_called(name: str, asker: Asker | None = None) -> Assistant:
    """The assistant of that name: `offline` needs no key and no network; `llm` is the model that the settings name, alone (`asking.py` puts
    `offline` behind it). Raises `ImproperlyConfigured` where no model is set."""
    if name == "llm":
        from flowpilot.assistant.llm import Llm

        return Llm.configured(asker or Asker())
    from flowpilot.assistant.offline import Offline

    return Offline()
