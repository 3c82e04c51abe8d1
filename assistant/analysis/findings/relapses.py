"""Successes that did not last: "works!", and two reports later "spoke too soon"."""

from assistant.analysis.findings.attempt import Attempt
from assistant.analysis.language import lexicon
from assistant.analysis.reading.document import Reading, Sentence

# After this many steps a problem counts as new, unless it is reported as the old one coming back.
_SOON = 6


def did_not_last(reading: Reading, found: list[Attempt]) -> None:
    """Marks attempts after which the problem came back before anything else was tried; `relapse` is that report."""
    for index, attempt in enumerate(found):
        if not attempt.worked or attempt.result is None:
            continue
        ended = found[index + 1].step if index + 1 < len(found) else None
        for sentence in reading.sentences:
            if sentence.order <= attempt.result.order or sentence.part == "assistant":
                continue
            if ended is not None and (sentence.step > ended or sentence.order >= found[index + 1].actions[0].order):
                break
            if sentence.step > attempt.result.step + _SOON:
                break
            if _is_back(sentence, reading) and not (sentence.step == attempt.result.step and sentence.has("another_matter")):
                attempt.worked, attempt.relapse = False, sentence
                break
            if sentence.is_reporter and sentence.succeeded:
                break


def _is_back(sentence: Sentence, reading: Reading) -> bool:
    """Reported as the old problem coming back, by someone who has it or works on it."""
    if sentence.is_question or sentence.has("hypothetical", "intention", "another_matter", "suggestion", "injection"):
        return False
    if not sentence.is_reporter and sentence.author not in reading.with_access:
        return False
    return sentence.has("relapse") and (not sentence.has("hedge") or len(lexicon.words(sentence.text)) < 12)
