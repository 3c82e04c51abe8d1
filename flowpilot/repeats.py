"""Keeps FlowPilot from asking for what was done already, whichever assistant wrote the reply. The lane shows how it went instead."""

import re

from rapidfuzz import fuzz

from assistant.analysis.findings.advice import suggestions
from assistant.analysis.findings.attempts import attempts
from assistant.analysis.language import lexicon
from assistant.analysis.reading.read import read
from assistant.case import Case
from assistant.results import NewTask
from flowpilot.models import Task

# Two titles with the same words in another order, or with an extra word.
SAME_TITLE = 88
# A title and a description of what was done: they share nearly all content words, and more than one.
SAME_DEED = 85
_SPACE = re.compile(r"\s+")


def split(wanted: list[NewTask], case: Case) -> tuple[list[NewTask], list[tuple[NewTask, int]]]:
    """The new tasks, and those that were done already, each with the step that has the result."""
    new: list[NewTask] = []
    done: list[tuple[NewTask, int]] = []
    reported: list[tuple[str, int]] | None = None
    for task in wanted:
        step = _in_lane(task, case)
        if step is None and task.kind == Task.Kind.CHECK:
            reported = _reported(case) if reported is None else reported
            step = next((number for text, number in reversed(reported) if _same_deed(task.title, text)), None)
        if step is None:
            new.append(task)
        else:
            done.append((task, step))
    return new, done


def _in_lane(task: NewTask, case: Case) -> int | None:
    """The step in which a card of the lane with the same title or the same command was answered."""
    for card in case.tasks:
        if card.state != Task.State.DONE or card.step is None or card.kind != task.kind:
            continue
        same_command = bool(task.command) and _bare(task.command) == _bare(card.command)
        if same_command or fuzz.token_sort_ratio(task.title.casefold(), card.title.casefold()) >= SAME_TITLE:
            return card.step
    return None


def _reported(case: Case) -> list[tuple[str, int]]:
    """What people said they had done, with the step that has the result."""
    reading = read(case)
    return [(a.action, (a.result or a.actions[0]).step) for a in attempts(reading, suggestions(reading)) if a.result is not None]


def _same_deed(title: str, reported: str) -> bool:
    shared = lexicon.content(title) & lexicon.content(reported)
    return len(shared) >= 2 and lexicon.closeness(title, reported) >= SAME_DEED and len(shared) / len(lexicon.content(title)) >= 0.75


def _bare(command: str) -> str:
    return _SPACE.sub(" ", command).strip().casefold()
