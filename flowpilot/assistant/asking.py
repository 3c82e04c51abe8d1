"""Asking the assistant that this installation is set to, with `offline` behind it: an answer always comes, and says who made it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from flowpilot.assistant import Assistant, assistant_called
from flowpilot.assistant.case import Case
from flowpilot.assistant.faults import Unavailable
from flowpilot.assistant.offline import Offline
from flowpilot.assistant.results import Assessment, Notes, Reply, Update
from flowpilot.assistant.usage import Asker


@dataclass(frozen=True, slots=True)
class Answer[Result]:
    """`made_by` is "offline" or a model's name; `reason` says in a sentence why the set assistant did not make it, else ""."""

    result: Result
    made_by: str
    reason: str = ""


def reply(case: Case, asker: Asker, *, on_text: Callable[[str], None] | None = None) -> Answer[Reply]:
    """The next reply. `on_text` is told what stands there so far, several times a second, where the assistant writes as one watches."""
    return _ask(asker, lambda assistant: assistant.reply(case, on_text=on_text))


def assess(case: Case, asker: Asker) -> Answer[Assessment]:
    """The assessment of a handoff, verified against the case."""
    return _ask(asker, lambda assistant: assistant.assess(case))


def notes(case: Case, asker: Asker) -> Answer[Notes]:
    """Ticket notes for a resolved session."""
    return _ask(asker, lambda assistant: assistant.notes(case))


def update(case: Case, asker: Asker, *, context: str, audience: str, length: str, prose: str = "") -> Answer[Update]:
    """A status update for an audience."""
    return _ask(asker, lambda assistant: assistant.update(case, context=context, audience=audience, length=length, prose=prose))


def _ask[Result](asker: Asker, work: Callable[[Assistant], Result]) -> Answer[Result]:
    assistant = assistant_called(settings.ASSISTANT, asker)
    try:
        return Answer(work(assistant), assistant.name)
    except Unavailable as gone:
        return Answer(work(Offline()), Offline.name, gone.sentence)
