"""Exact error messages in what somebody reports."""

import re

from assistant.analysis.language import lexicon
from assistant.analysis.reading.document import Sentence

_QUOTED = re.compile(r"[\"“”«]([^\"“”«»]{6,220})[\"“”»]|(?<!\w)'([^']{8,200})'(?!\w)|`([^`]{6,200})`")
_LED_IN = re.compile(
    r"\b(?:error|message|warning|popup|pop[- ]up|says?|said|receive|got|get|getting|gives?|states? that|response|returned|"
    r"reads|shows?|displays?|with|incident)\b"
    r"[^\"“”':]{0,40}[:=]?\s*$",
    re.IGNORECASE,
)
_AFTER_COLON = re.compile(
    r"\b(?:errors?|message|warning|receive|says|displays|got|response)\b(?: \w+){0,3}?\s*(?::|-{1,2}>|=)\s+(?P<text>[A-Z0-9\[<].{7,200})$|"
    r"\b(?:it|that|which|now it|now|and) says? (?:that )?(?P<said>\S.{7,200})$|"
    r"\berror (?:reported |message )?(?:is|was) (?P<is>\S.{7,160})$|"
    r"\b(?:i get|i got|we get|getting|got)\b.{0,20}?\b(?:response|error|message)\s+(?P<got>[a-z][\w.]+: .{6,200})$|"
    r"(?P<program>\b[a-z][\w.-]{2,20}(?:\.\w+)?: (?:[A-Za-z(/'].{0,40})?(?:unable|cannot|can't|failed|refused|denied|"
    r"not found|no such|unrecognized|incorrect|invalid|unknown|"
    r"busy|timed out|error|unreachable).{0,140})$",
    re.IGNORECASE,
)
_TELLS = re.compile(
    r"\b(?:errors?|messages?|popup|warning|says?|said|gets?|getting|got|receive|prompts?|fail\w*|response|alert|box)\b", re.IGNORECASE
)
_CODE = re.compile(
    r"\b0x[0-9a-f]{4,8}\b|\b(?:error|code|event id|stop code|status|http)[ :#]*\d{3,5}\b|\bERR_[A-Z_]+\b|"
    r"\b[A-Z]{3,}(?:_[A-Z]+){2,}\b|\b5\d\d \d\.\d\.\d\b|\bAADSTS\d+\b",
    re.IGNORECASE,
)


# "Last error: No error": a state, not an error.
_NONE = re.compile(r"\b(?:no|0|zero|without) errors?\b|\bsuccess\b", re.IGNORECASE)


def says_none(text: str) -> bool:
    """Whether it says that there was no error."""
    return bool(_NONE.search(text))


def texts(sentence: Sentence) -> list[str]:
    """The error messages in a sentence, verbatim."""
    return [text for text in _all(sentence) if not says_none(text)]


def _all(sentence: Sentence) -> list[str]:
    if sentence.terminal and sentence.has("symptom"):
        return [sentence.text]
    found = [
        text
        for match in _QUOTED.finditer(sentence.text)
        if (text := next(filter(None, match.groups())).strip()) and _is_error(sentence, match, text)
    ]
    if not found and sentence.has("symptom") and not sentence.is_question and (match := _AFTER_COLON.search(sentence.text)):
        text = re.split(r",?\s+but\s", next(filter(None, match.groups())))[0].strip(" .\"'")
        if "symptom" in lexicon.meanings(text):
            found.append(text)
    return found


def codes(sentence: Sentence) -> list[str]:
    """Codes such as 0x80070005, "Event ID 4625" or ERR_TIMED_OUT."""
    return [match.group(0) for match in _CODE.finditer(sentence.text)]


def is_bare(sentence: Sentence) -> bool:
    """A reply that is nothing but an error: "Device or resource busy."."""
    parts = lexicon.words(sentence.text)
    return (
        sentence.has("symptom")
        and 2 <= len(parts) <= 12
        and not sentence.is_question
        and not (set(parts) & {"i", "we", "my", "it", "still", "that", "this", "you"})
    )


def _is_error(sentence: Sentence, match: re.Match[str], text: str) -> bool:
    meanings = lexicon.meanings(text)
    wrong = (
        "symptom" in meanings
        or "failure" in meanings
        or bool(_CODE.search(text))
        or " not " in f" {text} "
        or "already exists" in text.lower()
    )
    led_in = bool(_LED_IN.search(sentence.text[: match.start()]))
    return (wrong and (led_in or bool(_TELLS.search(sentence.text)))) or (led_in and sentence.has("symptom") and len(text.split()) >= 3)
