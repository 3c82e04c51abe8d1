"""Statements that somebody else's words, a report or a cure contradict later. What one person withdraws is in `corrections.py`.

Three things make a contradiction, never likeness alone: a flat denial right after a claim, the same matter said once with and once without
a "not", or a supposition whose own test came out against it.
"""

import re
from functools import lru_cache

from assistant.analysis.language import lexicon
from assistant.analysis.reading.document import Sentence

_NEGATIVE = re.compile(
    r"\b(?:non(?=-)|not|no(?! (?:longer )?problem)|never|none|nothing(?! but)|nobody|neither|nor|without|cannot|off|"
    r"disabled|inactive|removed|uninstalled|gone|empty|wrong|unable|"
    r"\w+n['’;]t|dont|doesnt|isnt|wasnt|cant|wont|didnt|hasnt|havent|arent)\b",
    re.IGNORECASE,
)
# "It isn't.", "oh it can", "No it's not": says nothing but yes or no to what was said just before.
_FLAT = re.compile(
    r"^\W*(?:(?:oh|ah|no|nope|yes|well|actually|but|hm+|sorry)\W+)*(?:it|they|that|there|he|she|this)(?:['’;]?s|['’;]?re)?\s*"
    r"(?:is|are|does|do|can|could|will|has|have|was|were|did|not)?\s*(?:n['’;]?o?t|not)?[\s.!:;)(]*$",
    re.IGNORECASE,
)
# Another helper says so: "[tech-1] is mistaken there", "that is not right".
_CONTRADICTS = re.compile(
    r"\b(?:is|are|was) (?:mistaken|wrong|incorrect|not (?:right|true|correct))\b|\b(?:isn['’]?t|wasn['’]?t) (?:right|true|"
    r"correct)\b|\bdisagree\b",
    re.IGNORECASE,
)
_PROMISES = re.compile(r"\bfix(?:es|ed)?\b|\bcure[sd]?\b|\bsolve[sd]?\b|\brelease", re.IGNORECASE)
_UNAWARE = re.compile(
    r"\b(?:did ?n['’]?o?t|was ?n['’]?o?t|had ?n['’]?o?t|do ?n['’]?o?t|did not|was not|had not) (?:know|realis\w+|realiz\w+|"
    r"notice\w*|aware)",
    re.IGNORECASE,
)
_ONLY_IF = re.compile(r"\bonly\b.{2,40}\b(?:if|when)\b", re.IGNORECASE)
_SIGNED = re.compile(r"\b(?:can|do|does|is|are|will|has|have|was|did)(?=\b|n['’;]?t\b|not\b)", re.IGNORECASE)
NEAR, FAR = 4, 40


def polarity(text: str) -> bool:
    """Whether the sentence denies: an odd number of negations. "I did not realise that it needs one" affirms that it needs one."""
    return len(_NEGATIVE.findall(_UNAWARE.sub("", text))) % 2 == 1


@lru_cache(maxsize=2048)
def matter(text: str) -> frozenset[str]:
    """Stems of the content words, "non-free" and "separately" as "free" and "separate"."""
    return lexicon.content(re.sub(r"\bnon-|(?<=\w{4})ly\b", "", text.replace("’", "'"), flags=re.IGNORECASE))


def refuted(later: Sentence, before: list[Sentence], there: str, advised: set[int]) -> Sentence | None:
    """Which of the sentences before it `later` refutes; None for none. `there` is all that is said in its step, `advised` is no claim."""
    if _FLAT.match(later.text) and len(lexicon.words(later.text)) <= 6 and _SIGNED.search(later.text):
        return _flatly_denied(later, before, advised)
    if later.part == "assistant" or later.has("hypothetical", "hedge", "intention") or len(lexicon.content(later.text)) < 1:
        return None
    claims = [s for s in before if s.order not in advised and not s.is_question and s.part != "assistant" and s.step != later.step]
    return _other_helper(later, claims, there) or _supposition(later, claims) or _opposite(later, claims)


def _flatly_denied(later: Sentence, before: list[Sentence], advised: set[int]) -> Sentence | None:
    """The claim right before it: denied where it affirmed, affirmed where it denied. One's own ("that one cannot", "oh it can") with the
    same verb only."""
    denies = polarity(later.text)
    if before and before[-1].step == later.step:
        # "... the update that is supposed to fix it. It doesn't.": about what was said of the update before.
        return _promised(before[-1], before) if denies else None
    recent = [s for s in before if later.step - 3 <= s.step < later.step]
    if denies and recent:
        recent = [s for s in recent if s.step == recent[-1].step]
    verbs = {verb.lower() for verb in _SIGNED.findall(later.text)}
    for s in reversed(recent):
        same_verb = bool(verbs & {verb.lower() for verb in _SIGNED.findall(s.text)})
        if (
            s.is_question
            or s.order in advised
            or polarity(s.text) == denies
            or not lexicon.content(s.text)
            or s.has("thanks", "manners", "done")
        ):
            continue
        if s.is_reporter and s.has("symptom") and not later.is_reporter and not same_verb:
            continue
        if (s.author != later.author and not (s.is_reporter and s.has("symptom")) and (same_verb or denies)) or (
            s.author == later.author and same_verb
        ):
            return s
    return None


def promises(text: str) -> bool:
    """Advice that claims something as well: "wait for 8.2.1, which has a fix"."""
    return bool(_PROMISES.search(text) and re.search(r"\d+(?:\.\d+)+", text))


def _promised(update: Sentence, before: list[Sentence]) -> Sentence | None:
    figures = set(re.findall(r"\d+(?:\.\d+)+", update.text))
    if not figures or not _PROMISES.search(update.text):
        return None
    held = [s for s in before if s.step < update.step and _PROMISES.search(s.text) and figures & set(re.findall(r"\d+(?:\.\d+)+", s.text))]
    return held[-1] if held else None


def _other_helper(later: Sentence, claims: list[Sentence], there: str) -> Sentence | None:
    """ "X is mistaken there": what X said last about the same matter. "It's only normal if ...": what was called normal before."""
    near = [s for s in claims if s.author != later.author and s.step >= later.step - NEAR]
    if _CONTRADICTS.search(later.text):
        said = [s for s in near if s.author in later.text and len(matter(s.text) & matter(there)) >= 2]
        return max(said, key=lambda s: (polarity(s.text), len(matter(s.text) & matter(there))), default=None)
    if _ONLY_IF.search(later.text) and not later.is_reporter:
        said = [
            s for s in near if s.step >= later.step - 2 and not s.is_reporter and matter(s.text) & matter(_ONLY_IF.findall(later.text)[0])
        ]
        return said[-1] if said else None
    return None


def _supposition(later: Sentence, claims: list[Sentence]) -> Sentence | None:
    """What a helper supposed, and the next reports state otherwise: "probably it's not running", "says active (running)"."""
    if not later.is_reporter or later.done:
        return None
    for s in reversed(claims[-30:]):
        if s.step < later.step - NEAR:
            return None
        if s.is_reporter or not s.has("hedge") or s.has("suggestion") or re.match(r"\W*if\b", s.text, re.IGNORECASE):
            continue
        shared = matter(s.text) & matter(later.text)
        strong = {word for word in shared if len(word) > 5 or any(c.isdigit() for c in word)}
        if polarity(s.text) != polarity(later.text) and (len(shared) >= 2 or strong) and len(shared) * 3 >= len(matter(s.text)):
            return s
    return None


def _opposite(later: Sentence, claims: list[Sentence]) -> Sentence | None:
    """The same matter, claimed and denied by another person: "it needs a profile of its own", "it does not need a profile"."""
    if later.is_reporter and later.has("failure", "success", "works", "symptom"):
        # What fails now has not been false before.
        return None
    words = matter(later.text)
    for s in reversed(claims[-FAR:]):
        if s.author == later.author or s.has("hypothetical", "suggestion", "failure", "goal") or (s.done and not _UNAWARE.search(s.text)):
            continue
        shared = words & matter(s.text)
        enough = len(shared) >= 2 and len(shared) >= 0.6 * len(words) and any(len(word) > 5 for word in shared)
        if (
            enough
            and len(words) <= 9
            and polarity(s.text) != polarity(later.text)
            and not re.search(r"\byou\b|\bidea\b", s.text, re.IGNORECASE)
        ):
            return s
    return None
