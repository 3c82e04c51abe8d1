"""Statements that somebody explicitly withdraws: "scrap that", "I told you rubbish", "it is not the filter after all", "that's wrong".

These words show *that* something is withdrawn. *What* it was is found by shared content words or, if there are none, is the latest
supposition.
"""

# ruff: noqa: E501  (a pattern is read best in one line)
import re

from rapidfuzz import fuzz

from assistant.analysis.findings.contradictions import matter
from assistant.analysis.language import lexicon
from assistant.analysis.reading.document import Reading, Sentence

# Said of one's own words.
_MINE = re.compile(
    r"\b(?:scrap|scratch|strike|forget|ignore|disregard) (?:that|this|it|me|what i (?:said|wrote))\b|\bwithdraw what i\b|\btold you (?:rubbish|nonsense|porkies|wrong|"
    r"the wrong)\b|\bbark(?:ed|ing) up the wrong\b|\bi have to correct\b|\bmust correct\b|\bcorrect myself\b|\bgot (?:that|it) wrong\b|\bi was wrong\b|\bwas mistaken\b|"
    r"\bmy (?:bad|mistake|fault|doing|error)\b|\b(?:it['’]?s|it was|that was) me\b|\bwas wrong\b|\bwere wrong\b|\bred herring\b|\bspoke too soon\b|\btoo soon\b|"
    r"\b(?:oh|no|ah|hang on|hold on)[ ,]+(?:wait|hang on|hold on)\b|^\W*(?:hang on|wait|oh wait|no hang on|hm+, i do|oops)\b|\bon second thoughts?\b|"
    r"\bi said (?:nobody|nothing|no|it|that|i)\b|\bi mixed\b|\bmisread\b|\bmisheard\b|\bwrong about\b|\bi stand corrected\b|\bchanged (?:his|her|their|my) mind\b|\bnot (?:true|right) what i\b",
    re.IGNORECASE,
)
# Said of somebody else's words, or of what all had supposed.
_THEIRS = re.compile(
    r"\b(?:that|this|it|which)(?:['’]s| is| was) (?:wrong|not (?:right|true|correct)|incorrect|outdated|out of date|a mistake)\b|\bis off the table\b|\bis ruled out\b|"
    r"\b(?:notes?|docs?|documentation|ticket) (?:is|are|was|were) (?:wrong|outdated)\b|\bin (?:\w+['’]s|the|our|your) (?:notes?|docs|documentation|mail) (?:is|was) wrong\b|"
    r"\bis what['’]?s in (?:our|the) docs\b|\bturns out\b|\bturned out\b|\bso (?:it['’]?s|it is|that['’]?s) not (?:just )?\b|\bthen it (?:isn['’]?t|is not)\b|"
    r"\b(?:theory|guess|bet|idea|suspicion|hunch) was (?:wrong|rubbish|nonsense|not)\b|\bnot the \w+ (?:then|after all)\b|\bnever (?:gone|deleted|lost|missing|removed)\b|\bis the wrong\b|\bwent to the wrong\b",
    re.IGNORECASE,
)
_BARE = re.compile(r"^\W*(?:scrap|scratch|strike|forget|ignore) (?:that|this|it|me)\W*$", re.IGNORECASE)
# "not the disk then", "it isn't the PSU": what is named here was what had been supposed.
_NOT_IT = re.compile(
    r"\b(?:is|['’]s|was|it) not (?:just )?(?:the |a |an |at )?(?P<a>[\w.-]+(?: [\w.-]+)?)|\bisn['’]?t (?:just )?(?:the |a |an )?(?P<b>[\w.-]+(?: [\w.-]+)?)|"
    r"\bnot (?:just )?(?:the |an? )?(?P<c>[\w.-]+)(?: thing| then| after all|,|\W*$)|\b(?P<d>[\w.-]+)(?: theory)? is (?:off the table|ruled out|out)\b|"
    r"\b(?P<e>[\w.-]+) (?:theory|guess|bet|idea|suspicion|hunch) was (?:wrong|rubbish|nonsense|not)\b",
    re.IGNORECASE,
)
_SAID_SO = re.compile(r"\bi (?:said|told you)\b", re.IGNORECASE)
NEAR, FAR = 6, 24


def withdrawn(reading: Reading, later: Sentence, taken: set[int], advised: set[int]) -> Sentence | None:
    """The earlier statement that this sentence withdraws; None if it withdraws nothing, or it is unclear what."""
    mine, theirs = _MINE.search(later.text), _THEIRS.search(later.text)
    named = _named(later)
    if slip := _slip(reading, later, taken):
        return slip
    if not (mine or theirs) or later.is_question or (later.has("hypothetical", "intention") and not mine):
        return None
    claims = [
        s
        for s in reading.sentences[max(0, later.order - 120) : later.order]
        if s.order not in taken
        and s.order not in advised
        and not s.is_question
        and s.part != "assistant"
        and not s.has("thanks", "manners", "injection")
    ]
    if mine and not theirs:
        claims = [s for s in claims if s.author == later.author]
    elif theirs and not mine:
        claims = [s for s in claims if s.step != later.step]
    # "I said nobody had": the same sentence says what it was.
    reach = 0 if _SAID_SO.search(later.text) else 2
    scope = [s for s in reading.of(later.step) if later.order <= s.order <= later.order + reach and not s.is_question]
    if named and (held := [s for s in claims if named & matter(s.text) and _supposes(s) and s.step >= later.step - FAR]):
        return held[-1]
    if theirs and (addressed := _addressed(reading, later)):
        held = [s for s in claims if s.author == addressed and matter(s.text) & matter(later.text) and s.step >= later.step - NEAR]
        if held:
            return held[-1]
    if _CATCHES.match(later.text) and (just := _just_said(later, claims)):
        return just
    if _BARE.match(later.text):
        held = [s for s in claims if _supposes(s) and s.step >= later.step - NEAR]
        return held[-1] if held else None
    return _nearest(claims, scope, later)


# An address, a version, a number of something.
_VALUE = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){1,3}\b|\b[A-Za-z]{1,6}-?\d{2,8}\b|\b\d{3,12}\b")
_OWNS = re.compile(
    r"\b(?:sorry|mistake|typo|oops|wrong|slip|misread|mistyped|typed|specs|glasses|once more|numbers? (?:switched|swapped)|turned round)\b",
    re.IGNORECASE,
)


def _slip(reading: Reading, later: Sentence, taken: set[int]) -> Sentence | None:
    """ "sorry, 192.168.20.114" after "192.168.20.14": nearly the same value again, by the same person, with an apology."""
    here = set(_VALUE.findall(later.text))
    if not here or not any(_OWNS.search(s.text) for s in reading.of(later.step)):
        return None
    for s in reversed(reading.sentences[: later.order]):
        if s.step < later.step - FAR:
            return None
        if s.author != later.author or s.step == later.step or s.order in taken or s.is_question:
            continue
        there = set(_VALUE.findall(s.text))
        if not there & here and any(len(v) > 3 and 75 <= fuzz.ratio(v, w) < 100 for v in here for w in there):
            return s
    return None


# "oh wait. it goes through the dock": withdraws the short answer just given.
_CATCHES = re.compile(r"^\W*(?:(?:oh|no|ah|hm+)[ ,]+)?(?:wait|hang on|hold on|scratch that)\b", re.IGNORECASE)


def _just_said(later: Sentence, claims: list[Sentence]) -> Sentence | None:
    held = [s for s in claims if s.author == later.author and later.step - s.step == 1]
    return held[-1] if held and len(lexicon.words(held[-1].text)) <= 8 else None


def _addressed(reading: Reading, later: Sentence) -> str:
    """Whom the step addresses by name; "" for nobody."""
    text = next((step.text for step in reading.steps if step.number == later.step), "")
    return next(
        (s.author for s in reversed(reading.sentences[: later.order]) if s.author and s.author != later.author and s.author in text), ""
    )


def what_holds(reading: Reading, later: Sentence) -> Sentence:
    """Of "Scrap that. The files are on E:" the part that says what is true now."""
    if len(lexicon.content(later.text)) > 1 and not _BARE.match(later.text):
        return later
    after = [
        s
        for s in reading.of(later.step)
        if later.order < s.order <= later.order + 2 and not s.is_question and len(lexicon.content(s.text)) > 1
    ]
    return after[0] if after else later


def _supposes(sentence: Sentence) -> bool:
    """States or suspects what is wrong, without a negation."""
    return (
        sentence.has("hedge", "diagnosis", "stated_cause", "conclusion")
        or bool(
            re.search(
                r"\b(?:this|that|it)(?:['’]s| is|s) (?:the|a|it|just)\b|\bi(?:['’]d)? (?:think|say|guess|reckon|bet)\b|\bsmells like\b|\bmy (?:bet|guess|money)\b|\bsounds like\b|\bmost likely\b",
                sentence.text,
                re.I,
            )
        )
    ) and not re.search(r"\bnot\b|n['’]t\b", sentence.text)


def _named(later: Sentence) -> frozenset[str]:
    found = _NOT_IT.search(later.text)
    words = next((group for group in found.groups() if group), "") if found else ""
    return frozenset(word for word in lexicon.content(words) if len(word) > 2)


def _strong(words: frozenset[str]) -> int:
    return sum(1 for word in words if len(word) > 4 or any(c.isdigit() for c in word))


def _nearest(claims: list[Sentence], scope: list[Sentence], later: Sentence) -> Sentence | None:
    """The claim that shares most with the surrounding words: at least two content words, one of them distinctive."""
    about = frozenset().union(*(matter(s.text) for s in scope)) if scope else frozenset()
    best, points = None, 0.0
    for s in claims:
        if s.order >= later.order or s.step < later.step - FAR or (s.done and not s.has("success", "works")):
            continue
        shared = matter(s.text) & about
        # One word is enough if it is a rare name, or nearly the whole claim.
        telling = any(len(word) > 8 and re.search(r"[.\d]", word) for word in shared) or (
            bool(_strong(shared)) and len(matter(s.text)) <= 2
        )
        if (len(shared) < 2 and not telling) or not _strong(shared):
            continue
        score = len(shared) / max(3, min(len(matter(s.text)), 8)) + 0.2 * _strong(shared) - 0.02 * (later.step - s.step)
        if score > points:
            best, points = s, score
    # People need fewer words to refer to what they said themselves.
    return best if points >= (0.3 if _SAID_SO.search(later.text) else 0.6) else None
