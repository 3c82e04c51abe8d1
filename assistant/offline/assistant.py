"""The offline assistant: playbooks and the session's own text. No network; the same case always gets the same answer."""

from collections.abc import Callable
from typing import ClassVar

from assistant.analysis.assess import assess
from assistant.analysis.notes import notes
from assistant.analysis.update import update
from assistant.case import Case
from assistant.offline.reply import reply
from assistant.results import Assessment, Notes, Reply, Update


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
