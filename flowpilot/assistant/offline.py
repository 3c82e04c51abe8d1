"""The offline assistant: playbooks and what stands in the session; no network, the same answer to the same case."""

from collections.abc import Callable
from typing import ClassVar

from flowpilot.assessing import assess
from flowpilot.assessing.notes import notes
from flowpilot.assessing.update import update
from flowpilot.assistant.case import Case
from flowpilot.assistant.offline_reply import reply
from flowpilot.assistant.results import Assessment, Notes, Reply, Update


class Offline:
    name: ClassVar[str] = "offline"

    def reply(self, case: Case, *, on_text: Callable[[str], None] | None = None) -> Reply:
        return reply(case)

    def assess(self, case: Case) -> Assessment:
        return assess(case)

    def notes(self, case: Case) -> Notes:
        return notes(case)

    def update(self, case: Case, *, context: str, audience: str, length: str, prose: str = "") -> Update:
        return update(case, context=context, audience=audience, length=length, prose=prose)
