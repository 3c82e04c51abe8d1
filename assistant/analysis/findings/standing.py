"""The state of a case at its last step: solved and by what, or still open."""

import re
from dataclasses import dataclass

from assistant.analysis.findings.advice import Suggestion
from assistant.analysis.findings.attempt import Attempt
from assistant.analysis.language import lexicon
from assistant.analysis.reading.document import Reading, Sentence

# "... but I cannot ssh to it": fails now, while "but could not" is about the past.
_STILL_WRONG = re.compile(
    r"\b(?:but|however)\b.*\b(?:cannot|can'?t|does ?n[o']t|do ?n[o']t|won'?t|still|fails?|i get|is not|isn'?t)\b", re.IGNORECASE
)
# "With --disable-gpu it stays open", "without the dock it has not crashed": a comparison or a workaround, not a solution.
_UNDER_CONDITION = re.compile(
    r"^\W*(?:but |and |also |so )?(?:with(?:out)?|in|on|via|through|from|as) (?:the |a |an |my |another |--|\w+ mode|safe|"
    r"other|\w+\b)(?!.*\b(?:now|again)\b)"
    r"(?!.*\bas well\b)[^,]{0,50}\b(?:it|they|he|she|i|everything|the \w+) ",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Standing:
    # The reporter's sentence that confirms the solution.
    confirmed: Sentence | None = None
    # What was done just before it.
    cured_by: Attempt | None = None
    # The latest thing that did not help.
    last_failure: Attempt | None = None
    # Advice without a reported result.
    unreported: list[Suggestion] | None = None

    @property
    def solved(self) -> bool:
        return self.confirmed is not None


def standing(reading: Reading, done: list[Attempt], offered: list[Suggestion]) -> Standing:
    confirmed = _confirmation(reading, done)
    result = Standing(confirmed=confirmed)
    failures = [a for a in done if a.worked is False]
    result.last_failure = failures[-1] if failures else None
    if confirmed:
        cures = [a for a in done if a.worked and a.result and a.result.step == confirmed.step]
        result.cured_by = (
            cures[-1] if cures else next((a for a in reversed(done) if a.step == confirmed.step and a.worked is not False), None)
        )
        last = done[-1] if done else None
        if result.cured_by is None and last and last.worked and last.step < confirmed.step:
            # Its result was reported before; this confirms it.
            result.cured_by = last
    last_report = confirmed.step if confirmed else 0
    followed = {id(a.suggestion) for a in done if a.suggestion}
    result.unreported = [s for s in offered if id(s) not in followed and s.step > last_report]
    return result


def _confirmation(reading: Reading, done: list[Attempt]) -> Sentence | None:
    confirmed: Sentence | None = None
    reports = [s for s in reading.reporter() if not s.has("injection")]
    first_step = reports[0].step if reports else 0
    for step in dict.fromkeys(s.step for s in reports):
        said = [s for s in reports if s.step == step]
        good = [s for s in said if s.succeeded and not _about_a_check(s, done) and not _UNDER_CONDITION.match(s.text)]
        if good and any(s.order > good[0].order and s.done and _STILL_WRONG.search(s.text) and not s.succeeded for s in said):
            good = []
        bad = [s for s in said if s.failed and not s.has("another_matter", "not_success")]
        new = [s for s in said if s.has("another_matter") and s.has("symptom") and not s.succeeded]
        if good and step != first_step and not any(b.order > good[0].order and not b.has("partial") for b in bad):
            confirmed = max(good, key=lambda s: (len(lexicon.content(s.text)) > 0, not s.has("partial"), -s.order))
        elif (bad or new) and confirmed and not _only_side_matter(said):
            confirmed = None
    return confirmed


def _about_a_check(sentence: Sentence, done: list[Attempt]) -> bool:
    """ "that worked" about `ssh localhost` is the result of a check, not a solution."""
    told = [a for a in done if a.result is sentence or sentence in a.actions]
    return bool(told) and all(a.suggestion is not None and a.suggestion.is_check for a in told) and sentence.has("leaning_done")


def _only_side_matter(said: list[Sentence]) -> bool:
    return any(s.has("another_matter") for s in said) and not any(s.has("failure") and not s.has("another_matter") for s in said)
