"""Answers matched to their questions by position: "1. ... 2. ..." under "1. ... 2. ...", or under the quoted line ("> ...")."""

import re

from assistant.analysis.language.lists import items
from assistant.analysis.language.sentences import fold
from assistant.analysis.reading.document import Reading, Sentence

# How many turns later numbered answers still refer to the questions.
_LATE = 3


def paired(reading: Reading) -> list[tuple[Sentence, list[Sentence]]]:
    """Questions (or advice) with the sentences that answer them, in order."""
    found: list[tuple[Sentence, list[Sentence]]] = []
    asked: dict[str, list[Sentence]] = {}
    at = 0
    for step in reading.steps:
        said = reading.of(step.number)
        if not said:
            continue
        if said[0].is_reporter:
            found += _by_quotation(reading, step.number, step.text)
            if asked and step.number - at <= _LATE:
                # "1. yes" alone answers the first of several questions.
                for number, start, end in items(step.text) or _one(step.text):
                    told = _within(said, step.text[start:end])
                    if told and number in asked:
                        found += [(question, told) for question in asked[number][-1:]]
        elif listed := items(step.text):
            asked = {number: within for number, start, end in listed if (within := _within(said, step.text[start:end]))}
            at = step.number
    return found


def _one(text: str) -> list[tuple[str, int, int]]:
    first = re.match(r"\s*(?P<number>[1-9])[.)]\s+", text)
    return [(first["number"], first.end(), len(text))] if first else []


def _within(said: "list[Sentence]", text: str) -> "list[Sentence]":
    """The sentences of a step in this part of it, up to its first empty line."""
    part = fold(re.split(r"\n\s*\n", text, maxsplit=1)[0])
    return [sentence for sentence in said if sentence.text in part]


def _by_quotation(reading: Reading, number: int, text: str) -> list[tuple[Sentence, list[Sentence]]]:
    said = reading.of(number)
    found: list[tuple[Sentence, list[Sentence]]] = []
    quoted, answered = "", ""
    for line in [*text.splitlines(), ">"]:
        if not line.lstrip().startswith(">"):
            answered += f"\n{line}"
            continue
        if quoted and answered.strip():
            question = _quoted(reading, number, quoted)
            told = _within(said, answered.lstrip("\n"))
            if question is not None and told:
                found.append((question, told))
        if answered.strip():
            quoted, answered = "", ""
        quoted += " " + line.lstrip("> \t")
    return found


def _quoted(reading: Reading, number: int, quoted: str) -> "Sentence | None":
    """The quoted sentence of somebody else; the last one of several."""
    here = fold(quoted)
    held = [s for s in reading.sentences if s.step < number and not s.is_reporter and len(s.text) >= 8 and s.text in here]
    return held[-1] if held else None
