"""Asks the configured assistant and falls back to `offline`, so there is always an answer, and it says who made it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from assistant.case import Case
from assistant.faults import Unavailable
from assistant.interface import Assistant
from assistant.offline.assistant import Offline
from assistant.results import Assessment, Notes, Reply, Update
from assistant.usage import Caller

# By name, as Django names its own backends: the client of the models takes a second to import, and without a model nothing uses it.
LLM = "assistant.llm.assistant.Llm"


@dataclass(frozen=True, slots=True)
class Answer[Result]:
    """`made_by` is "offline" or a model's name. `reason` is a sentence on why the configured assistant did not answer, else ""."""

    result: Result
    made_by: str
    reason: str = ""


def assistant_named(name: str, caller: Caller | None = None) -> Assistant:
    """One assistant, without fallback: `offline` needs no key and no network; `llm` is the configured model. Raises
    `ImproperlyConfigured` if no model is configured."""
    if name != "llm":
        return Offline()
    llm: Assistant = import_string(LLM).configured(caller or Caller())
    return llm


def reply(case: Case, caller: Caller, *, on_text: Callable[[str], None] | None = None) -> Answer[Reply]:
    """The next reply. `on_text` gets the text so far, several times a second, if the assistant streams."""
    return _ask(caller, lambda assistant: assistant.reply(case, on_text=on_text))


def assess(case: Case, caller: Caller) -> Answer[Assessment]:
    """The assessment of a handoff, verified against the case."""
    return _ask(caller, lambda assistant: assistant.assess(case))


def notes(case: Case, caller: Caller) -> Answer[Notes]:
    """Ticket notes for a resolved session."""
    return _ask(caller, lambda assistant: assistant.notes(case))


def update(case: Case, caller: Caller, *, context: str, audience: str, length: str, prose: str = "") -> Answer[Update]:
    """A status update for an audience."""
    return _ask(caller, lambda assistant: assistant.update(case, context=context, audience=audience, length=length, prose=prose))


def _ask[Result](caller: Caller, work: Callable[[Assistant], Result]) -> Answer[Result]:
    assistant = assistant_named(settings.ASSISTANT, caller)
    try:
        return Answer(work(assistant), assistant.name)
    except Unavailable as error:
        return Answer(work(Offline()), Offline.name, error.sentence)
