"""Statements that were later withdrawn or superseded, and must not be shown as known."""

import re
from dataclasses import dataclass

from rapidfuzz import fuzz

from assistant.analysis.findings.advice import suggestions
from assistant.analysis.findings.attempt import Attempt
from assistant.analysis.findings.attempts import attempts
from assistant.analysis.findings.contradictions import matter, polarity, promises, refuted
from assistant.analysis.findings.superseded import superseded
from assistant.analysis.findings.withdrawals import what_holds, withdrawn
from assistant.analysis.language import lexicon
from assistant.analysis.reading.document import Reading, Sentence

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
# Not apologies or figures of speech: these words withdraw something.
_OUTRIGHT = re.compile(
    r"\bcorrection\b|\bi was (?:wrong|mistaken)\b|\bmy mistake\b|\btak(?:e|ing) (?:that|it) back\b|\b(?:must|have to|need to) correct\b|"
    r"\bassumption .{0,40}\bwrong\b|\bscratch that\b|\bmisread\b|\bmixed (?:it |them )?up\b|\bstand corrected\b|"
    r"\bno,? wait\b|\bwait,? no\b|"
    r"\bmy bad\b|\bi misspoke\b|\bignore what i said\b|\blooked it up\b|\boh wait\b|\bwait, \w|\b(?:had |"
    r"i )forgot(?:ten)?\b|\b(?:is|was) (?:outdated|stale|obsolete|out of date)\b|\bmake that\b",
    re.IGNORECASE,
)
# "The provider is the same as always": what "we did switch on Friday" takes back.
_ALWAYS = re.compile(r"\b(?:same as (?:always|ever|before)|unchanged|as always|as ever|nothing new)\b", re.IGNORECASE)
_SOFT = {"sorry", "i mean", "actually", "turns out", "i said"}


@dataclass(slots=True)
class Correction:
    """`first` was said; `later` withdraws it or reports the newer state."""

    first: Sentence
    later: Sentence


def corrections(reading: Reading, done: list[Attempt] | None = None) -> list[Correction]:
    """What was withdrawn or refuted, in order. Pass `done` to avoid finding the attempts again."""
    offered = suggestions(reading)
    found: list[Correction] = []
    taken: set[int] = set()
    own: dict[str, list[Sentence]] = {}
    advised = {s.order for suggestion in offered for s in suggestion.all}
    for later in reading.sentences:
        mine = own.setdefault(later.author, [])
        earlier = [s for s in mine[-120:] if s.order not in taken]
        if not later.is_question:
            mine.append(later)
        if later.is_question or later.part == "assistant" or later.has("injection") or later.terminal:
            continue
        first = _taken_back(later, earlier, reading.case.title)
        if first is None:
            before = [s for s in reading.sentences[max(0, later.order - 60) : later.order] if s.order not in taken]
            first = refuted(later, before, " ".join(s.text for s in reading.of(later.step)), advised)
        told = later
        if first is None and (first := withdrawn(reading, later, taken, advised)) is not None:
            told = what_holds(reading, later)
        if first is not None and (first.order not in advised or promises(first.text)):
            taken.add(first.order)
            found.append(Correction(first=first, later=told))
    done = attempts(reading, offered) if done is None else done
    for attempt in done:
        if attempt.relapse and attempt.result and attempt.result.order not in taken and attempt.result.step != attempt.relapse.step:
            taken.add(attempt.result.order)
            found.append(Correction(first=attempt.result, later=attempt.relapse))
    for said, shown in superseded(reading, done):
        if said.order not in taken and said.order != shown.order:
            taken.add(said.order)
            found.append(Correction(first=said, later=shown))
    return sorted(found, key=lambda c: c.later.order)


def _taken_back(later: Sentence, earlier: list[Sentence], title: str) -> Sentence | None:
    if not earlier:
        return None
    contrast = _NOT_BUT.search(later.text)
    marked = later.has("correction")
    if contrast and not _bare(contrast) and (marked or later.step != earlier[0].step):
        old, new = ((contrast[name] or contrast[f"{name}2"]).lower().strip(".") for name in ("old", "new"))
        held = [s for s in earlier if old in lexicon.words(s.text) and new not in lexicon.words(s.text) and (marked or s.is_firm)]
        if held and (marked or _same_topic(old, new) or _alike_values(old, new)):
            return max(
                held,
                key=lambda s: (
                    s.is_firm and not s.has("symptom") and not re.search(r"\b(?:an)?other\b", s.text, re.IGNORECASE),
                    lexicon.closeness(s.text, later.text) + lexicon.closeness(s.text, title),
                    -s.order,
                ),
            )
    outright = bool(_OUTRIGHT.search(later.text))
    if not marked:
        return _now_otherwise(later, earlier) or _own_denial(later, earlier)
    meant = _meant_outright(later, earlier) if outright else None
    if meant and len(matter(meant.text) & matter(later.text)) >= 3:
        return meant
    if outright and earlier[-1].step == later.step and later.order - earlier[-1].order == 1 and len(lexicon.words(earlier[-1].text)) <= 5:
        # "ifupdown.. no wait, it's networkmanager": the few words right before it.
        return earlier[-1]
    if denied := _denied(later, earlier):
        return denied
    # "sorry" is also an apology: it only corrects what it nearly repeats.
    similar = max(earlier[-25:], key=lambda s: (lexicon.alike(s.text, later.text), s.order))
    if earlier[-1].step == later.step and lexicon.alike(_core(earlier[-1].text), _core(later.text)) >= 70 and len(later.text) < 120:
        return earlier[-1]
    if _only_soft(later) and not _starts_soft(later):
        return None
    if other := _other_value(later, earlier):
        return other
    if lexicon.alike(similar.text, later.text) >= 60 and _opposed(similar, later):
        return similar
    return _reversed(later, earlier) or meant


def _own_denial(later: Sentence, earlier: list[Sentence]) -> Sentence | None:
    """ "it may have two" and later "it does not have two", by the same person; what only works now is not a correction."""
    if later.has("failure", "success", "works") or later.done:
        return None
    for s in reversed(earlier[-25:]):
        shared = matter(s.text) & matter(later.text)
        both = min(len(matter(s.text)), len(matter(later.text)))
        if len(shared) >= 2 and len(shared) >= 0.6 * both and s.has("hedge") and not s.done and polarity(s.text) != polarity(later.text):
            return s
    return None


def _enough(first: Sentence, later: Sentence) -> bool:
    """Whether both are about the same thing: they share two content words, or a distinctive one."""
    shared = matter(first.text) & matter(later.text)
    return (
        len(shared) > 1 or (bool(shared) and first.has("hedge")) or any(len(word) > 4 or any(c.isdigit() for c in word) for word in shared)
    )


def _meant_outright(later: Sentence, earlier: list[Sentence]) -> Sentence | None:
    """Withdrawn outright: the most similar earlier sentence, if one denies what the other says or the figures differ."""
    held = [s for s in earlier if s.step != later.step or s.order < later.order - 1]
    shared = {s.order: len(matter(s.text) & matter(later.text)) for s in held}
    held = [
        s
        for s in held
        if _enough(s, later)
        and (_opposed(s, later) or polarity(s.text) != polarity(later.text) or s.has("hedge") or _ALWAYS.search(s.text))
    ]
    return max(held, key=lambda s: (shared[s.order] / len(matter(s.text)), s.order), default=None)


def _bare(contrast: re.Match[str]) -> bool:
    """ "it's not X" names nothing in place of X."""
    return not lexicon.content(contrast["new"] or contrast["new2"]) or bool(
        re.search(r"\b(?:it|that|he|she|they)'?$", contrast.string[: contrast.start()])
    )


def _denied(later: Sentence, earlier: list[Sentence]) -> Sentence | None:
    """What "it's not Outlook 2406" takes back: the sentence that said so."""
    found = _DENIES.search(later.text)
    phrase = lexicon.content(found["what"]) if found else frozenset()
    if not phrase or not any(any(c.isdigit() for c in word) or len(word) > 4 for word in phrase):
        return None
    held = [s for s in earlier if s.is_firm and phrase <= lexicon.content(s.text) and not _DENIES.search(s.text)]
    return held[-1] if held else None


def _core(text: str) -> str:
    quoted = re.findall(r"\"([^\"]{4,})\"", text)
    return quoted[0] if quoted else re.sub(r"\b(?:sorry|actually|correction|i mean)\b", "", text, flags=re.IGNORECASE)


def _only_soft(sentence: Sentence) -> bool:
    hit = lexicon.find("correction", sentence.text)
    return hit is not None and hit.group(0).lower() in _SOFT


def _starts_soft(sentence: Sentence) -> bool:
    hit = lexicon.find("correction", sentence.text)
    return hit is not None and hit.start() <= 12


def _same_topic(old: str, new: str) -> bool:
    return any(sum(any(value.fullmatch(word) for value in values) for word in (old, new)) == 2 for values in lexicon.topics().values())


def _alike_values(old: str, new: str) -> bool:
    """ "it is 5420, not 5520": figures or names of one kind."""
    return any(c.isdigit() for c in old) and any(c.isdigit() for c in new) and fuzz.ratio(old, new) >= 50


def _other_value(later: Sentence, earlier: list[Sentence]) -> Sentence | None:
    """An earlier sentence that names another value of the same property (another protocol, scope, version)."""
    for values in lexicon.topics().values():
        now = {value.pattern for value in values if value.search(later.text)}
        if not now:
            continue
        held = [
            s for s in earlier if (then := {v.pattern for v in values if v.search(s.text)}) and not then & now and s.is_firm and not s.done
        ]
        if held:
            return max(held, key=lambda s: (lexicon.closeness(s.text, later.text), s.order))
    figures = set(_FIGURE.findall(later.text))
    about = [
        s
        for s in earlier
        if figures and (old := set(_FIGURE.findall(s.text))) and not old & figures and lexicon.closeness(s.text, later.text) >= 40
    ]
    return max(about, key=lambda s: lexicon.closeness(s.text, later.text)) if about else None


def _opposed(first: Sentence, later: Sentence) -> bool:
    return bool(_NEGATED.search(first.text)) != bool(_NEGATED.search(later.text)) or set(_FIGURE.findall(first.text)) != set(
        _FIGURE.findall(later.text)
    )


def _reversed(later: Sentence, earlier: list[Sentence]) -> Sentence | None:
    """The same statement with and without a "not"."""
    held = [
        s
        for s in earlier
        if s.is_firm and bool(_NEGATED.search(s.text)) != bool(_NEGATED.search(later.text)) and lexicon.closeness(s.text, later.text) >= 60
    ]
    return max(held, key=lambda s: lexicon.closeness(s.text, later.text)) if held else None


def _now_otherwise(later: Sentence, earlier: list[Sentence]) -> Sentence | None:
    """ "now it says connection refused" supersedes "telnet works" from an earlier step."""
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
        and lexicon.closeness(s.text, later.text) >= 40
    ]
    return held[-1] if held else None
