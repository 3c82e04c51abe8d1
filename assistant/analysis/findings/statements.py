"""Plain statements: firm, about the matter, of somebody who saw it, though no phrase of the lexicon marks them.

They fill what the marked ones leave free, the most telling first.
"""

# ruff: noqa: E501  (a pattern is read best in one line)
import re

from assistant.analysis.language import lexicon
from assistant.analysis.reading.document import Reading, Sentence

# A value or a name: figures, units, capitals inside a word, a path.
_VALUE = re.compile(r"\d|\b[A-Z]{2,}\d*\b|\b[a-z]+[A-Z]\w+|[/\\]\w")
# Says something about a thing: it is, has, does, went; or "label: value".
_TELLS = re.compile(
    r"\b(?:is|are|was|were|isn['’]?t|aren['’]?t|wasn['’]?t|has|have|had|hasn['’]?t|does|doesn['’]?t|did|didn['’]?t|goes|went|comes|came|says|said|shows?|showed|turns?|turned|gives?|gave|"
    r"gets?|got|runs?|ran|stops?|stopped|prints?|needs?|requires?|sends?|sent|stays?|moved|swapped|changed|there['’]?s|it['’]?s|that['’]?s|they['’]?re|he['’]?s|she['’]?s|theres|its|thats|been|only|"
    r"no|none|nobody|every|all|half|never|always|still)\b|\w+ed\b|^\W*[\w ./-]{2,30}: \S|\w+['’]s \w+ing\b",
    re.IGNORECASE,
)
_ADDRESSES = re.compile(r"\b(?:you|your|u|ur|let me|let us|lemme|please|pls|thank|sorry|hi|hello|cheers)\b", re.IGNORECASE)
_ABOUT_ONESELF = re.compile(
    r"\b(?:lunch|dinner|bed|meeting|holiday|leave|coffee|sleep|asleep|weekend plans|off home|brb|1 sec|one sec)\b", re.IGNORECASE
)
# Greetings and signatures.
_NAME_ONLY = re.compile(r"^\W*(?:[A-Z][\w.'’-]*\W*){1,4}$")
# A change made by others, which matters to the next colleague.
_CHANGED = re.compile(
    r"\b(?:swapped|changed|replaced|moved|removed|installed|reinstalled|upgraded|updated itself|migrated|switched|were (?:here|in|on site)|was (?:here|on site))\b",
    re.IGNORECASE,
)
LEAST = 1.2


def points_of(sentence: Sentence, reading: Reading) -> float:
    """How informative a plain statement is; 0 if it is not one."""
    if not _is_plain(sentence, reading):
        return 0.0
    words = lexicon.words(sentence.text)
    points = 0.9
    points += 0.5 if _VALUE.search(sentence.text) else 0
    points += 0.5 if lexicon.content(sentence.text) & reading.topics else 0
    points += 0.4 if len(lexicon.content(sentence.text)) >= 4 else 0
    points += 0.4 if sentence.step >= reading.steps[-1].number - max(1, len(reading.steps) // 5) else 0
    points += 0.4 if sentence.step == reading.steps[0].number else 0
    points += 0.3 if sentence.has("works", "symptom", "observation", "onset", "scope", "environment") else 0
    points += 0.8 if _CHANGED.search(sentence.text) and not re.search(r"\bi\b", sentence.text, re.IGNORECASE) else 0
    points -= 0.6 if len(words) < 5 else 0
    points -= 0.5 if len(words) > 40 else 0
    return points


def _is_plain(sentence: Sentence, reading: Reading) -> bool:
    if sentence.is_question or sentence.is_noise or not sentence.is_firm or sentence.terminal or sentence.part == "assistant":
        return False
    if sentence.has(
        "hypothetical",
        "hedge",
        "intention",
        "goal",
        "opinion",
        "not_in_record",
        "injection",
        "conclusion",
        "manners",
        "correction",
        "not_done",
    ):
        return False
    if len(lexicon.content(sentence.text)) < 2 or _NAME_ONLY.match(sentence.text) or _ABOUT_ONESELF.search(sentence.text):
        return False
    if not _TELLS.search(sentence.text):
        return False
    if sentence.is_reporter:
        return not re.search(r"\b(?:please|pls|thank|sorry)\b", sentence.text, re.IGNORECASE)
    return (
        witnessed(sentence, reading)
        and not _ADDRESSES.search(sentence.text)
        and not sentence.has("suggestion", "request", "elsewhere", "peer")
    )


def witnessed(sentence: Sentence, reading: Reading) -> bool:
    """Whether a helper talks about this case from experience: they have access, or they are on site and give no advice."""
    return sentence.part == "technician" or sentence.author in reading.with_access or sentence.author in reading.on_site
