"""Formats text for a list that is read in ten seconds: whole sentences, the most informative line of an output, one full stop."""

import re

from assistant.analysis.lane.layout import pieces
from assistant.analysis.language import lexicon
from assistant.analysis.language.sentences import cut, fold, shorten, split
from assistant.case import CaseStep

_WRONG = re.compile(
    r"\b(?:errors?|fail\w*|denied|refus\w*|reject\w*|not|no|expired|down|stopped|full|timed? ?out|unable|cannot|blocked|lost|loss|missing|"
    r"disabled|corrupt\w*|unreachable|drops?|warning|100 ?%)\b",
    re.IGNORECASE,
)
_LEFT = re.compile(r"\b(?:not|cannot|still|but|other|others|offline)\b", re.IGNORECASE)
_CODE = re.compile(r"\b0x[0-9a-f]{1,8}\b|\b[A-Z]{3,}_[A-Z_]+\b|\b\d{3,6}\b")
_HEADER = re.compile(r"^(?:HKEY_\S+|Source DSA\b.*|-{3,}.*|[A-Za-z ]+:\s*)$")
_SMALL = frozenset(
    [
        "none",
        "nobody",
        "nothing",
        "everybody",
        "everyone",
        "people",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "thirty",
        "third",
        "every",
        "profile",
        "someone",
        "both",
        "somebody",
        "from",
        "several",
        "since",
    ]
)
LONGEST_RESULT, LONGEST_ANSWER = 120, 180


def ended(text: str) -> str:
    """With a full stop, unless it already ends with punctuation, also inside a quotation."""
    text = text.strip()
    return text if re.search(r"[.!?…][\"”')]*$", text) else f"{text.rstrip(' ,;:-')}."


def bare(text: str) -> str:
    """Without the full stop, for use inside a sentence."""
    return text.strip().rstrip(" .;,")


def capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text[:1].islower() and not re.match(r"\S*[\d./\\@_]|\S+[A-Z]", text) else text


def lowered(text: str) -> str:
    """For use after a colon: a common word loses its capital, a name keeps it."""
    first = (lexicon.words(text)[:1] or [""])[0]
    small = first in lexicon.word_set("stopwords") or first in _SMALL
    return text[:1].lower() + text[1:] if small and text[:2] not in {"I ", "I'"} and not text[1:2].isupper() else text


def first_sentences(text: str, limit: int) -> str:
    """As many whole sentences as fit, or the first one cut at a word."""
    kept = ""
    for sentence, _ in split(text):
        longer = f"{kept} {sentence}".strip()
        if len(longer) > limit:
            break
        kept = longer
    return kept or shorten(fold(text), limit - 2)


def what_is_left(note: str) -> str:
    """What is left to fix, from the note of a fix that worked in part."""
    parts = [part for part in re.split(r"(?<=[.;])\s+", note) if part]
    bad = [p for p in parts if lexicon.meanings(p) & {"symptom", "failure"} or _LEFT.search(p)]
    return re.sub(r"^But ", "", bare(" ".join(bad))) if bad else bare(note)


def telling_line(step: CaseStep, about: str) -> str:
    """The most informative line of an output: an error or a code rather than a heading or a path."""
    lines = pieces(step)
    if not lines:
        return ""
    whole = [fold(line) for line in step.text.splitlines() if line.strip()]
    if len(whole) == 1 and len(whole[0]) <= LONGEST_RESULT:
        return whole[0] if whole[0] in lines else ""
    if len(whole) == 1:
        best = max(lines, key=lambda line: _weight(line, about))
        return best if len(best) <= LONGEST_RESULT else shorten(best, LONGEST_RESULT - 2)
    if len(joined := "; ".join(bare(line) for line in whole)) <= LONGEST_RESULT and all(line in lines for line in whole):
        return joined
    best = max((line for line in lines if line in whole), key=lambda line: _weight(line, about), default="")
    return best if len(best) <= LONGEST_RESULT else cut(best, LONGEST_RESULT - 2) + " …"


def _weight(line: str, about: str) -> float:
    points = 2.0 if _WRONG.search(line) else 0.0
    points += 1.5 if _CODE.search(line) else 0.0
    points += lexicon.closeness(line, about) / 40
    points -= 4.0 if _HEADER.match(line) else 0.0
    points -= 1.0 if len(line) > LONGEST_RESULT or len(line) < 8 else 0.0
    return points
