"""Who works on the case themselves, as opposed to only giving advice, and what they did."""

# ruff: noqa: E501  (a pattern is read best in one line)
import re
from collections import Counter

from assistant.analysis.language import lexicon
from assistant.analysis.language.deeds import LEADING_NOISE, is_open_past, strong_past
from assistant.analysis.language.marking import PUT_AND
from assistant.analysis.reading.document import Reading, Sentence

_TO_SOMETHING = re.compile(
    r"\b(?:i|we)(?:['’]ve| have|'d)?\s+(?:also |just |now |already )*\w+ (?:up |off |on |out |in |at |back |to |into )?(?:the|your|her|his|their|"
    r"this|that|both|them|it|an? |\d)|\b(?:i|we)(?:['’]ve| have) (?:also |just |now |already )*(?:\w+ed|taken|given|put|set|brought|let|made|sent|reset) \S|\bthen (?:i|we) \w+ \S",
    re.IGNORECASE,
)
# "I've taken it out, otherwise you'd have it again": was done anyway.
_OTHERWISE = re.compile(r",? (?:otherwise|or else|so that)\b", re.IGNORECASE)
_DID = re.compile(r"^\W*did (?:an? |the )?(?!that|it|this|not|so|you|they|he|she|the same)[\w-]{3,}", re.IGNORECASE)
# "At Brenner's we capped it": another client's.
_AT_OTHERS = re.compile(
    r"\b[Aa]t [A-Z]\w+['’]s\b|\b(?:at|for|with) (?:another|a different|two other|some other|one of our) (?:clients?|customers?|sites?)",
    re.ASCII,
)
# Only someone with access says this.
_HAS_ACCESS = re.compile(
    r"\b(?:from (?:here|my side|our side)|remot\w+|on our side|in your \w+ admin|your (?:pc|laptop|account|mailbox|firewall|server|floor|tenant|password|profile)|"
    r"the password on|on the (?:server|firewall|switch|router)|through its web)\b",
    re.IGNORECASE,
)


def with_access(reading: Reading) -> set[str]:
    """Helpers who change something on the client's side."""
    # Someone who talks about their own machine has the same problem rather than access, unless they report more actions on the
    # client's side.
    peers = Counter(s.author for s in reading.helpers() if s.part == "other" and (s.has("peer") or (s.done and s.has("elsewhere"))))
    deeds = Counter(s.author for s in reading.helpers() if s.part in {"technician", "other"} and own_deed(s))
    access = {s.author for s in reading.helpers() if own_deed(s) and _HAS_ACCESS.search(s.text)}
    return {author for author, count in deeds.items() if not peers[author] or (author in access and count > peers[author])}


def own_deed(sentence: Sentence) -> bool:
    """The helper did this for the client, not once on a machine of their own."""
    if (
        not sentence.done
        or sentence.has("elsewhere", "manners", "peer")
        or (sentence.has("hypothetical") and "hypothetical" in lexicon.meanings(_OTHERWISE.split(sentence.text)[0]))
        or _AT_OTHERS.search(sentence.text)
        or (sentence.has("hedge") and "“" not in sentence.text)
    ):
        return False
    first = (lexicon.words(LEADING_NOISE.sub("", sentence.text)) or [""])[0]
    noted = first in (strong_past() - lexicon.base_forms()) | lexicon.word_set("note_openers") or is_open_past(first)
    noted = noted or bool(_DID.match(sentence.text) or PUT_AND.match(sentence.text)) or lexicon.find_at_start("done_phrases", sentence.text)
    return sentence.part == "technician" or noted or bool(_TO_SOMETHING.search(sentence.text))


# "here", "in our office", "on mine": said by someone on site.
_IS_THERE = re.compile(
    r"\b(?:here|jumping in|butting in|on copy|in our (?:office|house|place)|were here|at our place|on my (?:pc|machine|desk) too|for \w+ (?:today|here))\b",
    re.IGNORECASE,
)


def on_site(reading: Reading) -> set[str]:
    """Helpers who turn out to be the client's colleagues: they say that they are there and give no advice."""
    there, advise = set(), set()
    for s in reading.helpers():
        if s.part != "other":
            continue
        if _IS_THERE.search(s.text) and not s.has("peer", "elsewhere") and not s.is_question:
            there.add(s.author)
        if s.has("suggestion", "peer", "elsewhere") or (s.has("request") and not s.is_question):
            advise.add(s.author)
    return there - advise
