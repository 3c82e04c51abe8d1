"""Statements that an attempt superseded: a suspicion whose test did not help, or "nothing wrong there" about what was then fixed."""

import re

from assistant.analysis.findings.attempt import Attempt
from assistant.analysis.findings.contradictions import matter
from assistant.analysis.reading.document import Reading, Sentence

_CALLS_RIGHT = re.compile(
    r"\b(?:settings?|configuration|config|ports?|passwords?|credentials|everything|records?|values?|servers?|"
    r"account)\b.{0,40}\b(?:is|are|were|was|be) "
    r"(?:all |both |set )?(?:correct|right|fine|ok|okay|good)\b|\b(?:correct|right|current) (?:\w+ and )?(?:settings?|"
    r"ports?|values?|configuration)\b",
    re.IGNORECASE,
)
_OF_SETTINGS = re.compile(r"\b(?:settings?|configuration|config|ports?|values?)\b", re.IGNORECASE)
_SETS_A_VALUE = re.compile(r"\b(?:chang|switch|set|correct|replac)\w* .{2,60}\b(?:to|with|into) \S", re.IGNORECASE)


def superseded(reading: Reading, done: list[Attempt]) -> list[tuple[Sentence, Sentence]]:
    """Pairs of a statement and the attempt that superseded it."""
    return [*_tested(reading, done), *_not_fine_after_all(reading, done)]


def _tested(reading: Reading, done: list[Attempt]) -> list[tuple[Sentence, Sentence]]:
    """A helper's suspicion about something that was then removed or changed without success."""
    found = []
    for attempt in done:
        if attempt.worked is not False or attempt.result is None:
            continue
        deed = matter(f"{attempt.action} {attempt.actions[0].text}")
        for said in reading.helpers():
            suspects = said.has("hedge") and said.has("diagnosis") and not said.is_question and not said.has("suggestion", "elsewhere")
            if suspects and 0 < attempt.step - said.step <= 6 and any(len(word) > 4 for word in deed & matter(said.text)):
                found.append((said, attempt.result))
                break
    return found


def _not_fine_after_all(reading: Reading, done: list[Attempt]) -> list[tuple[Sentence, Sentence]]:
    """ "The settings are correct", "so nothing wrong with the account": and then changing exactly that fixed it."""
    cures = [a for a in done if a.worked and a.result and not a.result.has("partial")]
    if not cures:
        return []
    cure = cures[-1]
    there = matter(" ".join(s.text for s in [*cure.actions, *([cure.suggestion.head] if cure.suggestion else [])]))
    sets_value = any(_SETS_A_VALUE.search(s.text) for s in [*cure.actions, *([cure.suggestion.head] if cure.suggestion else [])])
    found = []
    for claim in reading.reporter():
        if claim.step >= cure.step or claim.is_question:
            continue
        if claim.has("conclusion"):
            wrong = any(len(word) > 4 for word in matter(claim.text) & there)
        else:
            wrong = bool(_CALLS_RIGHT.search(claim.text) and _OF_SETTINGS.search(claim.text)) and sets_value and not claim.has("hedge")
        if wrong:
            found.append((claim, cure.actions[0]))
    return found[:3]
