"""Causes that nobody states outright: a finding whose repair worked, something that was fixed, a finding that explains the problem."""

import re
from dataclasses import dataclass

from assistant.analysis.findings.attempt import Attempt, clause, plain
from assistant.analysis.language import lexicon
from assistant.analysis.language.sentences import shorten
from assistant.analysis.reading import errors
from assistant.analysis.reading.document import Reading, Sentence
from assistant.results import Confidence

# "I don't know what of it has helped".
_NOBODY_KNOWS = re.compile(
    r"\b(?:do ?n['’]?o?t|no|cannot|can['’]?t|could ?n['’]?t|not|can not) (?:know|idea|sure|clue|say|tell)\b|"
    r"\b(?:which|what) (?:one |of (?:it|them|these|the two) )|\bsomehow\b|\bno clue\b",
    re.IGNORECASE,
)
_CAME_UPON = re.compile(r"\b(?:found|discovered|noticed|spotted|came across|there (?:is|was|were|are))\b", re.IGNORECASE)
_EXPLAINS_IT = re.compile(
    r"\bthat (?:would )?explains? (?:it|that|why|the|everything)\b|^\W*(?:ah|oh|ok|well)?\W*there(?:'?s| is| you have) (?:your|the|it)\b|"
    r"\bthat(?:'?s| is) (?:it|your (?:problem|cause|issue|culprit)|the (?:problem|cause|issue|culprit|reason))\b",
    re.IGNORECASE,
)


# How a cause begins that is only what was fixed last. The summary leaves it out.
SOLVED_WHEN = "Solved when this was fixed:"


@dataclass(slots=True)
class Cause:
    text: str
    # The sentences it is based on.
    based_on: list[Sentence]
    points: float
    # The helper's sentence that names it, if any.
    diagnosis: Sentence | None = None

    @property
    def confidence(self) -> Confidence:
        return "high" if self.points >= 4 else "medium" if self.points >= 2 else "low"


def match_of(report: str, diagnosis: str) -> float:
    """How closely a diagnosis matches a report. Naming the same module, path or code is decisive."""
    return max(lexicon.closeness(report, diagnosis), 45.0 if _names(report) & _names(diagnosis) else 0.0)


def _names(text: str) -> set[str]:
    return {word for word in lexicon.content(text) if len(word) > 4 and any(c.isdigit() or c in "./\\_" for c in word)}


def mended(reading: Reading, done: list[Attempt]) -> Cause | None:
    """Someone found something wrong, and fixing exactly that worked: the finding is the cause."""
    for attempt in reversed(done):
        deed, told = attempt.actions[0], " ".join(clause(s) for s in attempt.actions)
        if not attempt.worked or attempt.result is None or attempt.result.has("partial"):
            continue
        if attempt.wording or not set(lexicon.words(told)) & lexicon.word_set("puts_right") or _nobody_knows(reading, attempt.result):
            continue
        found = [s for s in reading.sentences if deed.step - 3 <= s.step and s.order < deed.order and _is_finding(s, reading)]
        best = max(found, key=lambda s: (match_of(s.text, told), s.order), default=None)
        if best and match_of(best.text, told) >= 40:
            who = "The client" if best.part == "client" else "The technician"
            text = f"{who} found “{shorten(best.said, 180)}”; fixing it worked: “{shorten(plain(deed), 110)}”"
            return Cause(text=text, based_on=[best, deed, attempt.result], points=2.5)
    return None


def _nobody_knows(reading: Reading, at: Sentence) -> bool:
    return any(s.step == at.step and _NOBODY_KNOWS.search(s.text) for s in reading.reporter())


def _is_finding(sentence: Sentence, reading: Reading) -> bool:
    if sentence.step == reading.steps[0].number or not sentence.is_firm or sentence.part == "assistant" or reading.is_peer(sentence.step):
        return False
    told = sentence.has("symptom", "observation", "diagnosis") or bool(_CAME_UPON.search(sentence.text))
    return told and not sentence.has("conclusion", "suggestion", "intention", "success")


def put_right(reading: Reading, cure: Attempt, confirmed: Sentence) -> Cause | None:
    """One particular thing was fixed without advice, and the problem was solved: that thing is named, nothing more.

    Advice that worked, another program, or several actions at once explain nothing: they count as tried, without a cause.
    """
    deeds = set(lexicon.words(" ".join(clause(s) for s in cure.actions)))
    if cure.suggestion or cure.wording or _nobody_knows(reading, confirmed) or not deeds & lexicon.word_set("puts_right"):
        return None
    about = _pointed_at(reading, cure, confirmed)
    if about is None and (len(lexicon.content(clause(cure.actions[0]))) < 2 or len(cure.actions) > 1):
        return None
    text = f"{SOLVED_WHEN} “{shorten(plain(cure.actions[0]), 160)}”"
    if about:
        text += f", about “{shorten(about.said, 140)}”"
    based = [*([about] if about else []), *cure.actions[:1], confirmed]
    return Cause(text=text, based_on=based, diagnosis=about, points=2)


def _pointed_at(reading: Reading, cure: Attempt, confirmed: Sentence) -> Sentence | None:
    """What "this line" refers to: what was found right before, or the most specific words of the helper before it."""
    own = [s for s in reading.of(cure.step) if s.order < cure.actions[0].order and _CAME_UPON.search(s.text) and not s.is_question]
    if own:
        return own[-1]
    points_back = re.search(r"\b(?:this|that|these|those|it|them)\b", cure.actions[0].text, re.IGNORECASE)
    if not points_back or len(lexicon.content(cure.action)) > 4:
        return None
    before = [s for s in reading.helpers() if s.step < confirmed.step]
    last = [s for s in before if s.step == before[-1].step and not s.is_noise] if before else []
    return max(
        last, key=lambda s: (bool(re.search(r"[\d/\\^$_]", s.text)) and "://" not in s.text, len(lexicon.content(s.text))), default=None
    )


# How a technician sums up a solved case.
_SUMS_UP = re.compile(
    r"^\W*(?:so|for the (?:file|record|ticket|notes?)|root cause|cause|reason|explanation|what happened(?: was)?|in short|"
    r"to sum (?:it )?up|long story short|"
    r"the story(?: was)?|lesson(?: learned)?)\s*:(?:\s*(?P<same>\S.{15,}))?$",
    re.IGNORECASE,
)


def summed_up(reading: Reading, confirmed: Sentence | None) -> Cause | None:
    """ "So: the new router gave it another address": said by someone who worked on it, together with the confirmation or right after it."""
    if confirmed is None:
        return None
    for sentence in reading.sentences:
        if sentence.step < confirmed.step or sentence.step > confirmed.step + 2:
            continue
        by_hand = sentence.author in reading.with_access or sentence.part == "technician" or not reading.has_client
        found = _SUMS_UP.match(sentence.text) if by_hand and not sentence.is_question else None
        if not found:
            continue
        after = [s for s in reading.of(sentence.step) if s.order == sentence.order + 1]
        told = sentence if found["same"] else after[0] if after else None
        if told and told.is_firm and not told.has("intention", "suggestion", "injection") and len(lexicon.content(told.text)) >= 3:
            text = f"The technician sums up: “{shorten(told.said, 240)}”"
            return Cause(text=text, based_on=[told, confirmed], points=3)
    return None


def explained(reading: Reading) -> Cause | None:
    """A finding of the reporter about which a helper says "that explains it"."""
    for sentence in reversed(reading.helpers()):
        if not _EXPLAINS_IT.search(sentence.text) or sentence.is_question or sentence.has("hedge", "hypothetical"):
            continue
        reports = [s for s in reading.reporter() if s.step < sentence.step and not s.is_question and not s.is_noise]
        telling = [s for s in reports if s.step == reports[-1].step and s.is_firm and len(lexicon.content(s.text)) >= 3]
        if telling:
            best = max(telling, key=lambda s: (bool(errors.texts(s)), s.has("symptom", "observation"), len(lexicon.content(s.text))))
            text = f"The {reading.reporter_name} found “{shorten(best.said, 200)}”; the technician says: “{shorten(sentence.said, 80)}”"
            return Cause(text=text, based_on=[best, sentence], points=2)
    return None
