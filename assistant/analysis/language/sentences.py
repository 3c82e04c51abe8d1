"""From the text of a step to its sentences: each one verbatim, white space folded.

Left out: quoted passages, signatures, greetings by name, echoes of what somebody else wrote.
"""

import re
import unicodedata

import nupunkt

from assistant.analysis.language.lexicon import word_set
from assistant.analysis.language.lists import apart

_SAID = re.compile(r"^\s*(?:on .{5,80} )?\S.{0,60}\b(?:said|wrote|schrieb)\s*:?\s*$", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[-*•·–]\s+|\(?\d{1,2}[.)]\s+)")
_LAST_LINE = re.compile(r"^\s*(?:--\s*|sent from my .{2,30}|get outlook for .{2,20}|_{5,}|-{5,})\s*$", re.IGNORECASE)
_TERMINAL = re.compile(
    r"^\s*(?:[\w.-]+@[\w.-]+:\S*[#$]|PS [A-Z]:\\|[A-Z]:\\[^ ]*>|\$ |# |PING |Reply from|Request timed out|Chain |E: |W: |bash: |sh: |"
    r"[a-z][\w.-]{1,24}(?:\(\d+\))?: [a-z(/].*|Microsoft Windows \[|Pinging )"
)
_LOOSE_STOP = re.compile(
    r"\s\.{2,}(?=\s)|(?<=[\w)\"'])\.{2,}(?=\s+\S)|(?<=[.!?][\"')])\s{2,}|(?<=[.!?])\s{2,}|(?<=[a-z]{2}[.!?])(?=[A-Z][a-z]+\s)"
)
_SMILEY = re.compile(r"^\s*(?:(?:[:;=]'?-?[)(DPpOo|/]|[xX]D)(?:\s+|$))+")
# What ticket systems and people put before a note: "[Mon 09:05, note]", "2024-03-01 09:12 -", "Note:", "Update 2:".
_STAMP = re.compile(
    r"^\s*(?:[\[(](?=[^\])]{0,40}(?:\d{1,2}[:.]\d{2}|\d{4}|note|mail|phone|portal))[^\])]{3,40}[\])][\s:-]*|"
    r"(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})(?:[ T,]+\d{1,2}[:.]\d{2}(?:[:.]\d{2})?)?\s*(?:[-–:|]+\s*)?(?=[A-Z])|"
    r"\d{1,2}[:.]\d{2}(?: ?[ap]m)?\s+(?:[-–:|]+\s*)?(?=[A-Z])|"
    r"(?:internal |work |private |public )?(?:notes?|updates?|edit|ps|p\.s\.)(?: \d{1,2})?\s*:\s+)+",
    re.IGNORECASE,
)
_URL_ONLY = re.compile(r"^\W*(?:https?://|www\.)\S+\W*$", re.IGNORECASE)
# Where the tokenizer leaves two sentences together: a word and a stop, and the next begins, in chats often without a capital.
_PLAIN_STOP = re.compile(r"\b([A-Za-z]{2,}|\d+|(?<=\d )[a-z])[.!?][\"']*\s+(?=[\"'(]?[A-Za-z])")
MAX_QUOTE = 200
MAX_SENTENCE = 900
MAX_TEXT_OF_STEP = 12_000


def fold(text: str) -> str:
    """White space folded to single spaces."""
    return " ".join(text.split())


def is_invisible(char: str) -> bool:
    """Control and formatting characters: NULs, bidirectional overrides, zero-width marks. White space is not among them."""
    return not char.isspace() and unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs", "Cn"}


def visible_parts(text: str) -> list[str]:
    """The stretches without invisible characters: a quote of one is both verbatim and harmless."""
    if text.isascii() and text.isprintable():
        return [text]
    pieces = "".join("\0" if is_invisible(char) else char for char in text).split("\0")
    return [piece.strip() for piece in pieces if len(piece.strip()) >= 12] or [max(pieces, key=len).strip()]


def visible_part(text: str) -> str:
    """The longest of them."""
    return max(visible_parts(text), key=len)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, ending at a word; nothing is added, so that the result stands verbatim."""
    if len(text) <= limit:
        return text
    shorter = text[: limit + 1].rsplit(" ", 1)[0]
    return (shorter if limit // 2 < len(shorter) <= limit else text[:limit]).rstrip(" ,;:-(\"'")


def shorten(text: str, limit: int) -> str:
    """Like `cut`, with an ellipsis where something is missing."""
    shorter = cut(text, limit)
    return shorter if shorter == text else shorter + " …"


def address_pattern(authors: set[str]) -> re.Pattern[str] | None:
    """What to strip at the start of a line: the name of somebody in the conversation, as chats write it."""
    names = sorted({re.escape(name) for name in authors if name and len(name) < 60}, key=len, reverse=True)
    if not names:
        return None
    any_name = "|".join(names)
    # A bare name at the start may be an ordinary word: it needs a sign after it, a bracket or a greeting around it.
    return re.compile(
        rf"^\s*(?:(?:hi|hello|hey|dear|ok|okay)\s+@?(?:{any_name})(?!\w)\s*[:,;!.-]*\s*|@?(?:{any_name})(?:\s*[:,;!]+\s*|"
        rf"(?<=\])\s*[.-]*\s*|\s+-+\s+))",
        re.IGNORECASE,
    )


def _kept_lines(text: str) -> list[str]:
    """Lines that the author wrote here: no quotation, nothing after a signature mark."""
    lines: list[str] = []
    for line in text.splitlines():
        if _LAST_LINE.match(line) and lines:
            break
        if line.lstrip().startswith(">") or _SAID.match(line):
            continue
        lines += apart(line)
    return lines


def _paragraphs(lines: list[str]) -> list[str]:
    """Joins lines that a mail program has wrapped; chat lines and terminal output stay apart."""
    joined: list[str] = []
    # Hard-wrapped text has many lines of nearly the same length; chat lines have not.
    if sum(50 <= len(line) <= 90 for line in lines) < 3 or max((len(line) for line in lines), default=0) > 100:
        return [line for line in lines if line.strip()]
    for line in lines:
        previous = joined[-1] if joined else ""
        last = previous.rsplit("\n", 1)[-1]
        wrapped = len(last) > 50 and not re.search(r"[.!?:;]\s*$", last) and re.match(r"\s{0,3}[a-z]", line)
        if wrapped and not _TERMINAL.match(line) and not _TERMINAL.match(last) and "://" not in last:
            joined[-1] = previous + "\n" + line
        else:
            joined.append(line)
    return [part for part in joined if part.strip()]


def _parted(sentence: str) -> list[str]:
    starts = [0]
    for found in _PLAIN_STOP.finditer(sentence):
        if found.group(1).lower() not in word_set("abbreviations"):
            starts.append(found.end())
    return [sentence[start:end] for start, end in zip(starts, [*starts[1:], len(sentence)], strict=True)]


def _rejoin_quotations(pieces: list[str], source: str) -> list[str]:
    """A full stop inside a quotation ends no sentence (error texts hold several), and none stands after an arrow."""
    whole: list[str] = []
    for piece in pieces:
        joined = f"{whole[-1]} {piece}" if whole else ""
        arrow = bool(whole) and whole[-1].endswith(("->", "→"))
        if whole and (arrow or (whole[-1].count('"') % 2 == 1 and '"' in piece)) and len(joined) < 260 and joined in source:
            whole[-1] = joined
        else:
            whole.append(piece)
    return whole


def split(text: str, address: re.Pattern[str] | None = None) -> list[tuple[str, bool]]:
    """Sentences of one step, in order, each with whether it looks like the output of a terminal."""
    result: list[tuple[str, bool]] = []
    text = text[:MAX_TEXT_OF_STEP]
    source = fold(text)
    for paragraph in _paragraphs(_kept_lines(text)):
        terminal = bool(_TERMINAL.match(paragraph))
        body = address.sub("", paragraph, count=1) if address else paragraph
        body = _BULLET.sub("", body)
        if terminal:
            pieces = [body]
        else:
            loose = [part for part in _LOOSE_STOP.split(body) if part and part.strip()]
            pieces = [piece for part in loose for sentence in nupunkt.sent_tokenize(part) for piece in _parted(str(sentence))]
        for piece in _rejoin_quotations([fold(piece) for piece in pieces], source):
            for part in visible_parts(cut(piece, MAX_SENTENCE)):
                clean = address.sub("", part, count=1) if address and not terminal else part
                clean = _SMILEY.sub("", clean.strip()).lstrip(".,;:) ")
                clean = clean if terminal else _STAMP.sub("", clean, count=1) or clean
                if any(char.isalnum() for char in clean) and not _URL_ONLY.match(clean):
                    result.append((clean, terminal))
    return result
