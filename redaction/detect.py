"""Finds credentials in text. Everything that redacts, masks or leaves out secrets uses this detector.

A text is searched for known shapes (`by_shape.py`, with the library `detect-secrets`), for keywords such as "password" (`by_keyword.py`)
and for commands and configuration (`by_command.py`). `false_alarms.py` excludes what only looks like a secret. A word with capitals, small
letters, digits and symbols is a password anywhere. `answers()` judges short answers to a question for a password.
"""

import re
from functools import lru_cache

from redaction.by_command import by_command
from redaction.by_keyword import by_name
from redaction.by_shape import by_shape
from redaction.false_alarms import is_elsewhere, is_mixed, is_plain, is_reference, is_word, stands_alone
from redaction.kinds import CODE, KEY, PASSWORD, PIN, PLACEHOLDER, RECOVERY_CODE, RECOVERY_KEY, TOKEN, Found
from redaction.words import ABOUT, HINT, KEYWORD, kind_of

_WORD = re.compile(r"\S{8,80}")
_WANTS = re.compile(
    r"\b(?:what|which|send|give|tell|share|read|text|type|need|know|have|has|got|get|remind|provide|confirm|say|spell|dm|message|drop|paste|post)\b",
    re.IGNORECASE,
)
_BARE_CODE = re.compile(r"(?<!error )(?<!exit )(?<!stop )(?<!event )(?<!status )(?<!post )(?<!zip )(?<!product )\bcodes?\b", re.IGNORECASE)
_OPEN_END = re.compile(r"(?:[:=]|->|\bis|\bto)\s*[\"'“]?$", re.IGNORECASE)
_NO = re.compile(
    r"(?:i'?m|no|not|yes|yep|yeah|sure|one|let|hang|wait|hold|it'?ll|will|can'?t|don'?t|dunno|sorry|ok|okay|done|thanks)\b", re.IGNORECASE
)


def find(text: str, *, asked: str = "") -> list[Found]:
    """The credentials in a text, in order and without overlaps. `asked` is the text right before it: after a question
    for a password, an answer counts as a secret that alone would not. Placeholders are never found again."""
    if len(text) < 3:
        return []
    # Placeholders must not be found again, nor announce a secret.
    text = PLACEHOLDER.sub(lambda match: f"[{'_' * (len(match[0]) - 2)}]", text)
    found = [*by_shape(text), *by_command(text), *by_name(text), *_alone(text)]
    found = [each for each in found if "[__" not in text[each.start : each.end]]
    if asked and not found and (kind := announced(asked)):
        found += answers(text, kind)
    return _merged(found) if found else []


def _alone(text: str) -> list[Found]:
    found = []
    for match in _WORD.finditer(text):
        word = match[0].strip("\"'`“”(),;:.")
        word = word[:-1] if word.endswith("?") and stands_alone(word[:-1]) else word
        if stands_alone(word):
            start = match.start() + match[0].index(word)
            found.append(Found(start, start + len(word), PASSWORD))
    return found


def _merged(found: list[Found]) -> list[Found]:
    """Merges overlapping finds. The first detector's kind wins, because shapes are the most reliable."""
    ordered = sorted((f.start, index, f) for index, f in enumerate(found) if f.end > f.start)
    merged: list[tuple[int, int, int, str]] = []
    for start, rank, each in ordered:
        if merged and start < merged[-1][1]:
            begin, end, first, kind = merged[-1]
            merged[-1] = (begin, max(end, each.end), min(first, rank), each.kind if rank < first else kind)
        else:
            merged.append((start, each.end, rank, each.kind))
    return [Found(start, end, kind) for start, end, _, kind in merged]


def announced(text: str) -> str:
    """The kind of secret that follows: after "the password is:" at the end of a text, or a question for one. "" for none."""
    return _announced(text[-2000:].strip())


@lru_cache(maxsize=512)
def _announced(text: str) -> str:
    if not HINT.search(text):
        return ""
    last = re.split(r"(?<=[.!?])\s+|\n", text)
    for sentence in reversed(last[-3:]):
        wants = bool(_WANTS.search(sentence))
        for match in KEYWORD.finditer(sentence):
            if ABOUT.match(sentence, match.end(), match.end() + 30):
                continue
            rest = sentence[match.end() :]
            asks = wants and ("?" in rest or not re.search(r"[.!]", rest[:-1]))
            if asks or (sentence is last[-1] and len(rest) < 40 and _OPEN_END.search(rest)):
                return kind_of(match)
        if (
            _BARE_CODE.search(sentence)
            and re.search(r"\b(?:read|text|send|sent|give|tell|got|get)\b", sentence, re.IGNORECASE)
            and "?" in sentence
        ):
            return CODE
    return ""


def might_answer(text: str) -> bool:
    """Whether the text would be a secret if somebody had asked for one. Cheap test before looking up what was asked."""
    return len(text) <= 200 and bool(answers(text, PASSWORD) or answers(text, CODE))


def answers(text: str, kind: str) -> list[Found]:
    """The secret in a short answer to a question for one: "bluehorse", "it's Winter2024 with a capital W", "482 913"."""
    words = [(match.start(), match[0]) for match in re.finditer(r"\S+", text)]
    if not words or len(words) > 14:
        return []
    if kind in (CODE, PIN, RECOVERY_CODE, RECOVERY_KEY):
        digits = re.search(r"(?<![\w.:])\d{3}[ -]?\d{3,5}(?![\w.:])|(?<![\w.:])\d{4,10}(?![\w.:])", text)
        return [Found(*digits.span(), kind)] if digits else []
    found = []
    for start, word in words:
        bare = word.strip("\"'`“”‘’(),;:").rstrip(".")
        bare = bare[:-1] if bare.endswith("?") else bare
        if not bare or is_elsewhere(bare) or is_word(bare) or is_reference(bare, loose=len(words) < 3):
            continue
        plain = len(words) == 1 and is_plain(bare) and len(bare) >= 5 and not _NO.match(bare)
        if (
            plain
            or (is_mixed(bare, length=4) and not (kind in (KEY, TOKEN) and len(bare) < 8))
            or (bare.isdigit() and len(bare) >= 4 and len(words) < 3)
        ):
            begin = start + word.index(bare)
            found.append(Found(begin, begin + len(bare), kind))
    return found
