"""Secrets announced by a keyword: "pw is ...", "password: ...", "the temp password I set is ...", PSK, PIN, seeds, codes."""

# ruff: noqa: E501  (a pattern is read best in one line)
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cached_property

from redaction.false_alarms import UNITS, ends_of, has_digit, is_elsewhere, is_mixed, is_plain, is_reference, is_word
from redaction.kinds import CODE, COMMUNITY, KEY, LICENCE, PASSWORD, PIN, RECOVERY_CODE, RECOVERY_KEY, TOKEN, Found
from redaction.words import ABOUT, HINT, KEYWORD, kind_of

_PERSON = r"(?:i|we|he|she|they|you|it|user|client|[A-Z][a-z]+)"
# What may stand between a keyword and its verb: brackets, "for ...", "that I set ...".
_TAIL = re.compile(
    r"[\"'`*_\]]{0,3}(?:\s*\([^()\n]{1,60}\))?"
    r"(?:\s+(?:for|of|on|to|from|at|in|there|now)(?:\s+[^\s:=,;!?]{1,40}){0,6}?"
    rf"|\s+(?:that\s+|which\s+)?{_PERSON}(?:'ve|'d|’ve|’d|\s+have|\s+had)?(?:\s+just)?\s+"
    r"(?:set|sets|use[sd]?|gave|made|chose|have|has|got|created|typed|entered|assigned|wrote|picked|configured|tried|put)(?:\s+[^\s:=,;!?]{1,40}){0,5}?)?",
    re.IGNORECASE,
)
_ASSIGNS = re.compile(r"[ \t]{0,60}(?:=>|->|→|:=|={1,2}|:(?!\\|//))[ \t]{0,60}")
_IS = re.compile(
    r"(?:\s+(?:is|was|are|were|will be|would be|should be|has been|had been|ist|isn't it)|[’']s)"
    r"(?:\s+(?:now|still|just|currently|simply|only|probably|actually|literally|(?:re)?set|changed|updated|back|temporarily|it[’']?s|to|as|called))*\s*(?::|->|=)?[ \t]+",
    re.IGNORECASE,
)
_BECOMES = re.compile(r"\s+(?:back\s+)?(?:was\s+)?(?:(?:re)?set\s+(?:back\s+)?|changed\s+|updated\s+)?to\s*:?\s+", re.IGNORECASE)
_SETS = re.compile(r"\b(?:re)?set|chang|updat|\bput\b|switch|rotat|roll|\bmade\b", re.IGNORECASE)
_APART = re.compile(r"\s+[-–—]\s+|\s+|\s*[,|]\s*")
_ENDS = re.compile(
    r"\s*(?:$|[\n\r,;.)\]|!]|\s{2,}|\t|(?:and|but|so|then|for|on|user|username|which|please|thanks|with|if|or|also|it|he|she|i|we|you|when)\b|[-–—(])",
    re.IGNORECASE,
)
_STOPS = re.compile(r"\s*(?:$|[\n\r,;.)\]!]|(?:and|for)\b)", re.IGNORECASE)
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "«": "»", "*": "*", "„": "“"}
_BASE32 = re.compile(r"(?:[A-Za-z2-7]{4}[ -]){3,15}[A-Za-z2-7]{2,4}(?![A-Za-z0-9])")
_CODE = re.compile(r"\d{3}[ -]\d{3,4}(?!\d)|[A-Z]{0,3}-?\d{4,10}(?![\w.:/-])|(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z0-9]{5,10}(?![\w.:/-])")
_PIN = re.compile(r"\d{4,12}#?(?![\w.:/-])")
_PHRASE = re.compile(r"[a-z]{2,14}(?:[ -][a-z]{2,14}){2,23}(?=\s*(?:$|[.,;\n\"'”]))")
_GLUE = re.compile(r"\b(?:is|the|not|was|it|to|a|in|on|and|for|again|with|of|that|this|from|at|by|no|are|as)\b")
_LIST_ITEM = re.compile(
    r"[\s,;|•*-]*(?:\d{1,2}[.)]\s+)?(?P<value>[A-Za-z0-9]{4,8}(?:-[A-Za-z0-9]{4,8}){1,3}|\d{4} \d{4}|\d{6,10}|(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{8,12})(?![\w-])"
)
_PAIR = re.compile(
    r"\b(?:(?:creds?|credentials?|log-?ins?|logon|user(?:name)?\s*(?:/|and|&)\s*pass(?:word)?|u/?p|un/pw)(?:\s+(?:for|on|to)(?:\s+\S+){1,4}?)?\s*(?:is|are|:|=|-)|"
    r"(?:log(?:ged|s)?[ -]?(?:in|on)|sign(?:ed)?[ -]in|connect(?:ed)?|authenticate)\s+(?:with|as|using)|(?:use|using|try)(?:\s+the)?(?:\s+local)?)\s*"
    r"(?P<user>[\w.@\\-]{2,40})(?P<gap>\s*[/|]\s*|:)(?P<value>[^\s/]{4,64})",
    re.IGNORECASE,
)
_NOUN = r"(?:pass(?:word|wd|code|phrase)?|pw|pwd|pin|psk|wi-?fi key|secret)"
# The value before the word, and forms that have hardly a word: "use Spring2025 as her password", "U: bob P: x", "SSID: Guest / Key: x".
_TURNED = (
    re.compile(
        rf"\b(?:use[sd]?|using|with|set|try|tried|type[d]?|enter(?:ed)?|put|gave\s+\w+)\s+[\"'`]?(?P<value>[^\s\"'`]{{4,64}})[\"'`]?\s+(?:as|for)\s+"
        rf"(?:(?:the|her|his|their|its|a|your|my|our|new|temp|temporary)\s+){{0,3}}(?:\w+\s+)?{_NOUN}\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?<![^\s\"'`])(?P<value>[^\s\"'`]{{4,256}})[\"'`]?\s+is\s+(?:(?:the|her|his|their|its|your|my|our|new|temp|temporary|current)\s+){{1,3}}(?:\w+\s+)?{_NOUN}\b",
        re.IGNORECASE,
    ),
    re.compile(r"\bU(?:ser|sr|N|sername)?\s*[:=]\s*\S{1,60}?[\s,;/|]+P(?:W|WD|ass)?\s*[:=]\s*(?P<value>\S{3,64})"),
    re.compile(r"\bSSID\b[^\n]{1,60}?\b(?:key|pass\w*|pw)\s*[:=]\s*(?P<value>\S{8,63})", re.IGNORECASE),
)
_TEXTED = re.compile(
    r"(?<!error )\bcodes?\s+(?:from|in|by|on|via|that|she|he|they|i|was|sent|it)\b[^\n.\d]{0,60}?\b(?:text|texted|sms|app|authenticator|phone|e-?mail|message)\b"
    r"[^\n.\d]{0,30}(?P<value>\d{3}[ -]?\d{3,5})(?![\w.])",
    re.IGNORECASE,
)
_TAGGED = re.compile(
    r"<(?P<tag>[\w:.-]{0,40}(?:password|passwd|pwd|passphrase|secret|apikey|token|keymaterial|sharedkey)\w{0,20})(?:\s[^<>]{0,80})?>\s{0,40}(?:<value>)?"
    r"(?P<value>[^<>\s][^<>\n]{0,200}?)\s{0,40}</",
    re.IGNORECASE,
)
_PROMPT = re.compile(r"[\w.-]+@[\w.-]+[:~#$%>].*|.*[>#$:]", re.DOTALL)
_HOST = re.compile(r"[A-Z]{2}[A-Z0-9]*+(?:-[A-Z0-9]+)+|[a-z]+[._][a-z]+\d*")


_GAP = re.compile(r"\s")
# Connection strings, query strings and tags go on behind a value that is assigned.
_GOES_ON = re.compile(r"[;<]|&(?=\w+=)|[\"'],?(?=[}\])\s]|\Z)|\",")
_LONGEST = 4000


class _Places:
    """Where a text has gaps, verbs and the like. Many keywords ask about the same stretch of text, which is searched once for all."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _gaps(self) -> list[int]:
        return [match.start() for match in _GAP.finditer(self.text)]

    @cached_property
    def _delimiters(self) -> list[int]:
        return [match.start() for match in _GOES_ON.finditer(self.text)]

    @cached_property
    def _setting(self) -> tuple[list[int], list[int]]:
        spans = [match.span() for match in _SETS.finditer(self.text)]
        return [start for start, _ in spans], [end for _, end in spans]

    def word_from(self, start: int, *, assigned: bool) -> str:
        """The word that starts here, of at most 4,000 characters; only its first part if it was assigned and something goes on behind it."""
        end = min(_first_from(self._gaps, start, len(self.text)), start + _LONGEST)
        return self.text[start : _first_from(self._delimiters, start, end) if assigned else end]

    def says_set(self, start: int, end: int) -> bool:
        """Whether something is set, changed or put between the two places."""
        starts, ends = self._setting
        return bisect_left(starts, start) < bisect_right(ends, end)


def _first_from(places: list[int], start: int, most: int) -> int:
    index = bisect_left(places, start)
    return min(places[index], most) if index < len(places) else most


def by_name(text: str) -> Iterator[Found]:
    if HINT.search(text):
        places, last = _Places(text), 0
        for match in KEYWORD.finditer(text):
            # A keyword deep inside a secret announces no other one; at its end it may ("token=temp-pw is hunter22").
            if match.end() + 8 > last:
                for found in _after(places, match):
                    last = max(last, found.end)
                    yield found
        for match in _TAGGED.finditer(text):
            value = match["value"]
            if not is_elsewhere(value) and not is_word(value):
                yield Found(*match.span("value"), TOKEN if "token" in match["tag"].lower() else PASSWORD)
        for pattern in _TURNED[:2]:
            for match in pattern.finditer(text):
                yield from _turned(match)
        for match in _TEXTED.finditer(text):
            yield Found(*match.span("value"), CODE)
    for pattern in _TURNED[2:]:
        for match in pattern.finditer(text):
            yield from _turned(match, sure=True)
    for match in _PAIR.finditer(text):
        value = match["value"].rstrip(".,;)\"'")
        apart = match["gap"] != ":" or match[0].lower().startswith(("cred", "log"))
        if apart and is_mixed(value) and not is_reference(value) and not is_reference(f"{match['user']}/{value}"):
            yield Found(match.start("value"), match.start("value") + len(value), PASSWORD)


def _turned(match: re.Match[str], *, sure: bool = False) -> Iterator[Found]:
    value = match["value"].rstrip(".,;)")
    if is_elsewhere(value) or is_word(value) or is_reference(value, loose=sure):
        return
    if sure or (is_mixed(value) and any(c.isdigit() or c in "!@#$%^&*" for c in value) and "/" not in value and not _HOST.fullmatch(value)):
        yield Found(match.start("value"), match.start("value") + len(value), PASSWORD)


def _after(places: _Places, keyword: re.Match[str]) -> Iterator[Found]:
    text, kind, end = places.text, kind_of(keyword), keyword.end()
    if kind in (RECOVERY_CODE, RECOVERY_KEY) and (codes := list(_codes(text, end, kind))):
        yield from codes
        return
    if ABOUT.match(text, end, end + 30):
        return
    tail = _TAIL.match(text, end, end + 300)
    for stop in (end,) if tail is None or tail.end() == end else (tail.end(), end):
        for bridge, how in _BRIDGES if stop == end else _BRIDGES[:-1]:
            step = bridge.match(text, stop, stop + 160)
            if step is None or (how == "becomes" and not places.says_set(keyword.start() - 60, stop + 20)):
                continue
            if (found := _value(places, step.end(), kind, how, keyword[0])) is not None:
                yield found
                return
    if tail is not None:
        # The tail is lazy: "password for the server at Northgate is X" needs all of its words.
        rest = text[end : end + 200].split("\n", 1)[0]
        verb = _LATER.match(rest)
        if verb and (found := _value(places, end + verb.end(), kind, "is", keyword[0])) is not None:
            yield found
            return
    if kind in (PASSWORD, PIN, KEY) and (set_to := list(_set_to(places, keyword, kind))):
        yield from set_to
        return
    yield from _next_line(places, end, kind, keyword[0])


# "reset the password on scans@x.example to X", "the PIN for the panel got changed to 4471", "changed from X to Y", "a new one on it, X".
_PLACE = re.compile(r"(?:(?!\b(?:and|then)\s+\w+(?:ed|t)\b)[^\n;!?:=]){0,100}?\s(?P<word>to|from)\s+:?", re.IGNORECASE)
_ON_IT = re.compile(r"\s+(?:on|for|of|at|in)(?:\s+[^\s:=,;.!?]{1,40}){1,4}\s*[,:–—-]\s+", re.IGNORECASE)


def _set_to(places: _Places, keyword: re.Match[str], kind: str) -> Iterator[Found]:
    """The new value of a changed secret, and the old one, with the thing it belongs to in between."""
    text, at, least = places.text, keyword.end(), keyword.end() + 130
    if not places.says_set(keyword.start() - 60, least):
        return
    told = places.says_set(keyword.start() - 60, keyword.start())
    while (step := _PLACE.match(text, at, least)) is not None:
        if not told and not places.says_set(keyword.end(), step.end()):
            return
        found = _value(places, step.end(), kind, "apart", keyword[0])
        at = step.end()
        if found is not None:
            yield found
            at = found.end
            if step["word"].lower() == "to":
                return
    step = _ON_IT.match(text, keyword.end(), least) if told else None
    if step is not None and (found := _value(places, step.end(), kind, "apart", keyword[0])) and _STOPS.match(text, found.end):
        yield found


# The last one is only looked for right after the keyword.
_BRIDGES = ((_ASSIGNS, "assigned"), (_IS, "is"), (_BECOMES, "becomes"), (_APART, "apart"))
_LATER = re.compile(
    r"(?:\s*\([^()]{1,60}\))?(?:\s+(?:for|of|on|to|from|at|in)(?:\s+[^\s:=,;!?]{1,40}){1,6}?"
    rf"|\s+(?:that\s+|which\s+)?{_PERSON}(?:[’']ve|[’']d|\s+have|\s+had)?(?:\s+just)?\s+"
    r"(?:set|sets|use[sd]?|gave|made|chose|have|has|got|created|typed|entered|assigned|wrote|picked|configured|tried|put)(?:\s+[^\s:=,;!?]{1,40}){0,5}?)"
    r"(?:\s+(?:is|was|are)(?:\s+(?:now|still|just|set|reset|changed|to))*\s*:?\s+|\s*(?::|=|->|→)\s+)",
    re.IGNORECASE,
)


def _value(places: _Places, at: int, kind: str, how: str, keyword: str) -> Found | None:
    """The secret that starts at `at`, if any."""
    text = places.text
    if at >= len(text) or text[at] in "\r\n":
        return None
    if special := _special(text, at, kind, keyword):
        return special
    opening = text[at]
    closing = _QUOTES.get(opening)
    if closing and (stop := text.find(closing, at + 1, at + 120)) > at + 1 and "\n" not in text[at:stop]:
        start, value, quoted = at + 1, text[at + 1 : stop], True
    else:
        start = at + (1 if closing else 0)
        value, quoted = _bare(places.word_from(start, assigned=how == "assigned")), False
    if not value or not _is_one(value, kind, how, text, start + len(value), quoted=quoted):
        return None
    return Found(start, start + len(value), kind)


def _bare(value: str) -> str:
    value = value.rstrip(".,;:)]}\"'`”’*")
    return value[:-1] if value.endswith("?") and is_mixed(value[:-1]) else value


def _special(text: str, at: int, kind: str, keyword: str) -> Found | None:
    """Secrets with spaces: grouped seeds, split codes, passphrases."""
    lowered = keyword.lower()
    if kind == KEY and (match := _BASE32.match(text, at)) and (has_digit(match[0]) or match[0].replace(" ", "").isupper()):
        return Found(*match.span(), kind)
    if lowered.startswith("cv") and (match := re.compile(r"\d{3,4}(?![\w.])").match(text, at)):
        return Found(*match.span(), kind)
    if kind == CODE and (match := re.compile(r"\d{3}[ -]\d{3,4}(?!\d)").match(text, at)):
        return Found(*match.span(), kind)
    if "phrase" in lowered and (match := _PHRASE.match(text, at)) and ("seed" in lowered or not _GLUE.search(match[0])):
        return Found(*match.span(), kind)
    return None


def _is_one(value: str, kind: str, how: str, text: str, end: int, *, quoted: bool) -> bool:
    value = ends_of(value)
    if is_elsewhere(value) or is_word(value) or value.startswith("[hidden"):
        return False
    if kind == PIN:
        return bool(_PIN.fullmatch(value)) and not UNITS.match(text, end)
    if kind == CODE:
        return bool(_CODE.fullmatch(value)) and not UNITS.match(text, end)
    if kind == COMMUNITY:
        return (how != "apart" and len(value) > 2 and value.lower() not in ("public", "private")) or is_mixed(value)
    if kind in (RECOVERY_KEY, RECOVERY_CODE, LICENCE):
        return is_mixed(value, length=8) and has_digit(value) and not is_reference(value)
    if is_reference(value, guid=kind == PASSWORD, loose=how in ("assigned", "is", "becomes")):
        return False
    if kind == TOKEN or (kind == KEY and value.isalpha() and how == "apart"):
        return is_mixed(value, length=6) and has_digit(value) and (how != "apart" or len(value) >= 12)
    if how == "apart":
        if quoted:
            return is_mixed(value, length=5) or (" " not in value and not is_plain(value))
        return is_mixed(value) and has_digit(value) and not _HOST.fullmatch(value) and "/" not in value
    if value.isdigit():
        return len(value) >= 4 and not UNITS.match(text, end)
    if value[0].isdigit() and UNITS.match(value.lstrip("0123456789+")):
        return False
    if quoted:
        return len(value) >= 3 and not _is_sentence(value)
    if is_plain(value):
        least = 3 if how == "assigned" else 5
        ends = _ENDS if how != "becomes" else _STOPS
        return len(value) >= least and bool(ends.match(text, end)) and not (how == "assigned" and text[end : end + 1] == ":")
    return len(value) >= 4 and not _PROMPT.fullmatch(value)


def _is_sentence(value: str) -> bool:
    """What an error says, in quotes after the keyword: "The user name or password is incorrect"."""
    words = value.split()
    return len(words) > 1 and (bool(_GLUE.search(value.lower())) or 2 * sum(map(is_word, words)) >= len(words))


def _codes(text: str, at: int, kind: str) -> Iterator[Found]:
    """A list of recovery codes, or the digits of a recovery key, in one line or several."""
    lead = re.compile(r"[^\n\d]{0,60}?(?:\s*(?:is|are|:|=|->)\s*|\s*\n\s*|\s+)").match(text, at, at + 200)
    position = lead.end() if lead else at
    if kind == RECOVERY_KEY:
        if (match := re.compile(r"(?:\d{6}[ -]*+\n?+\s*+){5,7}\d{6}(?!\d)|\d{48}(?!\d)").search(text, at, at + 200)) is not None:
            yield Found(*match.span(), kind)
        return
    for _ in range(40):
        match = _LIST_ITEM.match(text, position)
        if match is None or not has_digit(match["value"]):
            return
        yield Found(*match.span("value"), kind)
        position = match.end()


def _next_line(places: _Places, at: int, kind: str, keyword: str) -> Iterator[Found]:
    """ "Password:" at the end of a line, and the secret alone on the next one."""
    text = places.text
    lead = re.compile(
        r"(?:[ \t]+(?:is|was|for|on)(?:[ \t]+\S{1,40}){0,4})?[ \t]*(?P<sure>:|=|\bis)?[ \t]*\r?\n(?:[ \t]*\r?\n)?[ \t]*"
    ).match(text, at, at + 160)
    if lead is None:
        return
    line = text[lead.end() : lead.end() + 200].split("\n", 1)[0].strip()
    if not line or (" " in line and not (line[0] in _QUOTES or _PHRASE.fullmatch(line) or kind in (KEY, CODE))):
        return
    if _PROMPT.fullmatch(line) and not is_mixed(line.rstrip("#$:>")):
        return
    found = _value(places, lead.end(), kind, "assigned" if lead["sure"] else "apart", keyword)
    if found is not None and len(line) - (found.end - found.start) <= 3:
        yield found
