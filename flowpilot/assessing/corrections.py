"""Statements that were taken back or overtaken later: they must not be shown as known."""

import re
from dataclasses import dataclass

from flowpilot.assessing import cues
from flowpilot.assessing.reading import Reading, Sentence

_NOT_BUT = re.compile(
    r"\b(?P<new>[\w.+/-]+)[, ]+(?:and )?not (?:an? |the |on |in )?(?P<old>[\w.+/-]+)|\bnot (?:an? |the |on |"
    r"in )?(?P<old2>[\w.+/-]+)[,;]? (?:but|it'?s) (?P<new2>[\w.+/-]+)",
    re.IGNORECASE,
)
_DENIES = re.compile(r"\b(?:not|isn't|isnt|wasn't) (?:an? |the |on |in |my )?(?P<what>[\w.+/-]+(?: [\w.+/-]*\d[\w.+/-]*)?)", re.IGNORECASE)
_NEGATED = re.compile(
    r"\b(?:not|no|never|none|nothing|neither|nor|without|\w+n't|dont|doesnt|isnt|wasnt|cant|wont|didnt|hasnt|havent)\b", re.IGNORECASE
)
_FIGURE = re.compile(r"\b\d+(?:[.:]\d+)*\b")
_SOFT = {"sorry", "i mean", "actually", "turns out", "i said"}


@dataclass(slots=True)
class Correction:
    """`first` was said, `later` takes it back or tells the newer state."""

    first: Sentence
    later: Sentence


def corrections(reading: Reading) -> list[Correction]:
    found: list[Correction] = []
    taken: set[int] = set()
    for later in reading.sentences:
        if later.is_question or later.part == "assistant" or later.has("injection"):
            continue
        earlier = [
            s
            for s in reading.sentences
            if s.order < later.order and s.author == later.author and not s.is_question and s.order not in taken
        ]
        first = _taken_back(later, earlier[-120:], reading.case.title)
        if first is not None:
            taken.add(first.order)
            found.append(Correction(first=first, later=later))
    return found


def _taken_back(later: Sentence, earlier: list[Sentence], title: str) -> Sentence | None:
    if not earlier:
        return None
    contrast = _NOT_BUT.search(later.text)
    marked = later.has("correction")
    if contrast and not _bare(contrast) and (marked or later.step != earlier[0].step):
        old, new = ((contrast[name] or contrast[f"{name}2"]).lower().strip(".") for name in ("old", "new"))
        held = [s for s in earlier if old in cues.words(s.text) and new not in cues.words(s.text) and s.is_firm]
        if held and (marked or _same_topic(old, new)):
            return max(held, key=lambda s: (cues.closeness(s.text, later.text) + cues.closeness(s.text, title), -s.order))
    if not marked:
        return _now_otherwise(later, earlier)
    if denied := _denied(later, earlier):
        return denied
    # "sorry" also stands in apologies: it corrects only what it nearly repeats.
    similar = max(earlier[-25:], key=lambda s: (cues.alike(s.text, later.text), s.order))
    if earlier[-1].step == later.step and cues.alike(_core(earlier[-1].text), _core(later.text)) >= 70 and len(later.text) < 120:
        return earlier[-1]
    if _only_soft(later) and not _starts_soft(later):
        return None
    if other := _other_value(later, earlier):
        return other
    if cues.alike(similar.text, later.text) >= 60 and _opposed(similar, later):
        return similar
    return _reversed(later, earlier)


def _bare(contrast: re.Match[str]) -> bool:
    """ "it's not X" names nothing in place of X."""
    return not cues.content(contrast["new"] or contrast["new2"]) or bool(
        re.search(r"\b(?:it|that|he|she|they)'?$", contrast.string[: contrast.start()])
    )


def _denied(later: Sentence, earlier: list[Sentence]) -> Sentence | None:
    """What "it's not Outlook 2406" takes back: the sentence that said so."""
    found = _DENIES.search(later.text)
    phrase = cues.content(found["what"]) if found else frozenset()
    if not phrase or not any(any(c.isdigit() for c in word) or len(word) > 4 for word in phrase):
        return None
    held = [s for s in earlier if s.is_firm and phrase <= cues.content(s.text) and not _DENIES.search(s.text)]
    return held[-1] if held else None


def _core(text: str) -> str:
    quoted = re.findall(r"\"([^\"]{4,})\"", text)
    return quoted[0] if quoted else re.sub(r"\b(?:sorry|actually|correction|i mean)\b", "", text, flags=re.IGNORECASE)


def _only_soft(sentence: Sentence) -> bool:
    hit = cues.find("correction", sentence.text)
    return hit is not None and hit.group(0).lower() in _SOFT


def _starts_soft(sentence: Sentence) -> bool:
    hit = cues.find("correction", sentence.text)
    return hit is not None and hit.start() <= 12


def _same_topic(old: str, new: str) -> bool:
    return any(sum(any(value.fullmatch(word) for value in values) for word in (old, new)) == 2 for values in cues.topics().values())


def _other_value(later: Sentence, earlier: list[Sentence]) -> Sentence | None:
    """An earlier sentence that names another value of the same property (another protocol, scope, version)."""
    for values in cues.topics().values():
        now = {value.pattern for value in values if value.search(later.text)}
        if not now:
            continue
        held = [
            s for s in earlier if (then := {v.pattern for v in values if v.search(s.text)}) and not then & now and s.is_firm and not s.done
        ]
        if held:
            return max(held, key=lambda s: (cues.closeness(s.text, later.text), s.order))
    figures = set(_FIGURE.findall(later.text))
    about = [
        s
        for s in earlier
        if figures and (old := set(_FIGURE.findall(s.text))) and not old & figures and cues.closeness(s.text, later.text) >= 40
    ]
    return max(about, key=lambda s: cues.closeness(s.text, later.text)) if about else None


def _opposed(first: Sentence, later: Sentence) -> bool:
    return bool(_NEGATED.search(first.text)) != bool(_NEGATED.search(later.text)) or set(_FIGURE.findall(first.text)) != set(
        _FIGURE.findall(later.text)
    )


def _reversed(later: Sentence, earlier: list[Sentence]) -> Sentence | None:
    """The same matter with and without a "not"."""
    held = [
        s
        for s in earlier
        if s.is_firm and bool(_NEGATED.search(s.text)) != bool(_NEGATED.search(later.text)) and cues.closeness(s.text, later.text) >= 60
    ]
    return max(held, key=lambda s: cues.closeness(s.text, later.text)) if held else None


def _now_otherwise(later: Sentence, earlier: list[Sentence]) -> Sentence | None:
    """ "now it says connection refused" overtakes "telnet works" said before in another step."""
    if not re.search(r"\bnow\b|\bno longer\b|\banymore\b|\bstopped working again\b", later.text, re.IGNORECASE) or not later.has(
        "failure", "symptom"
    ):
        return None
    held = [
        s
        for s in earlier
        if s.step != later.step
        and s.has("works", "success")
        and not s.has("symptom", "failure", "hypothetical")
        and cues.closeness(s.text, later.text) >= 40
    ]
    return held[-1] if held else None
