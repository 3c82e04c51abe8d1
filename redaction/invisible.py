"""Invisible characters: steps keep them and pages show them; prompts, and texts of one line, leave them out.

Zero-width characters, bidirectional overrides, tag characters and the like can hide instructions to a model in a harmless line, reorder
text, or make two passwords differ that look the same. Legitimate uses stay: emoji sequences, joiners in scripts that need them, and
direction marks in right-to-left lines.
"""

import re
import unicodedata
from collections.abc import Iterator

ZWNJ, ZWJ, SHY = "\u200c", "\u200d", "\u00ad"
_MARKS = "\u200e\u200f\u061c"
_FLAG, _CANCEL = "\U0001f3f4", "\U000e007f"
# The three flags that Unicode recommends as tag sequences: England, Scotland, Wales.
_FLAGS = ("gbeng", "gbsct", "gbwls")

# Whatever could be meant: controls, formats, variation selectors, and letters or symbols that draw nothing.
_SUSPECT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Signs of writing that is only formally a format character: visible, and no way to hide anything.
_VISIBLE = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f") | {chr(code) for code in range(0x13430, 0x13440)}
_EMOJI = re.compile("[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff#*0-9]")
# Where a joiner changes the shape of what is read: Arabic and Syriac, the scripts of India and their neighbours, Khmer, Mongolian.
_JOINED = re.compile("[\u0600-\u08ff\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u18af\ua840-\ua8df\ufb50-\ufdff\ufe70-\ufeff]")
_IDEOGRAPH = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def _in_flag(text: str, index: int) -> bool:
    """Whether the tag character at `index` belongs to a flag."""
    start = text.rfind(_FLAG, max(0, index - 7), index)
    if start < 0:
        return False
    return any(text.startswith("".join(chr(0xE0000 + ord(c)) for c in flag) + _CANCEL, start + 1) for flag in _FLAGS)


class _Lines:
    """Which lines of a text are written from right to left: found once a line, however many marks it has."""

    def __init__(self, text: str) -> None:
        self.text, self.end, self.right_to_left = text, -1, False

    def is_right_to_left(self, index: int) -> bool:
        """Whether the line around `index` has right-to-left letters in its first 2,000 characters. Asked for in ascending order."""
        if index > self.end:
            start, end = self.text.rfind("\n", 0, index) + 1, self.text.find("\n", index)
            self.end = end if end >= 0 else len(self.text)
            self.right_to_left = any(unicodedata.bidirectional(c) in ("R", "AL") for c in self.text[start : min(self.end, start + 2000)])
        return self.right_to_left


def _is_hidden(text: str, index: int, lines: _Lines) -> bool:
    char = text[index]
    before, after = text[index - 1 : index] if index else "", text[index + 1 : index + 2]
    if char in _VISIBLE:
        return False
    if char == ZWJ:
        if _EMOJI.match(after) and (_EMOJI.match(before) or before == "\ufe0f"):
            return False
        return not (_JOINED.match(before) or _JOINED.match(after))
    if char == ZWNJ:
        return not (_JOINED.match(before) and _JOINED.match(after))
    if "\ufe00" <= char <= "\ufe0f":
        return not (_EMOJI.match(before) or _IDEOGRAPH.match(before))
    if "\U000e0100" <= char <= "\U000e01ef":
        return not _IDEOGRAPH.match(before)
    if "\U000e0020" <= char <= _CANCEL:
        return not _in_flag(text, index)
    if char in _MARKS:
        return not lines.is_right_to_left(index)
    if "\u180b" <= char <= "\u180f":
        return not _JOINED.match(before)
    if char == "\u2800":
        # A blank cell between cells of Braille is a space.
        return not ("\u2801" <= before <= "\u28ff" or "\u2801" <= after <= "\u28ff")
    return True


def runs(text: str) -> Iterator[tuple[int, int]]:
    """The spans of consecutive hidden characters."""
    start = end = -1
    lines = _Lines(text)
    for match in _SUSPECT.finditer(text):
        index = match.start()
        if not _is_hidden(text, index, lines):
            continue
        if index == end:
            end = index + 1
            continue
        if start >= 0:
            yield start, end
        start, end = index, index + 1
    if start >= 0:
        yield start, end


def strip(text: str) -> str:
    """The text without hidden characters. Line separators become line breaks."""
    if not _SUSPECT.search(text):
        return text
    kept, last = [], 0
    for start, end in runs(text):
        kept.append(text[last:start])
        if "\u2028" in text[start:end] or "\u2029" in text[start:end]:
            kept.append("\n")
        last = end
    return "".join([*kept, text[last:]])


def one_line(text: str) -> str:
    """What a title, a name or another text of one line is stored as: no hidden characters, single spaces.

    It goes where nothing could mark them: the browser's tab, a notification, a list to choose from.
    """
    return " ".join(strip(text).split())


def name(run: str) -> str:
    """What a page shows instead of a run: the code point and count, or how many different ones."""
    first = f"U+{ord(run[0]):04X}"
    if len(run) == 1:
        return first
    return f"{len(run)} × {first}" if len(set(run)) == 1 else f"{len(run)} hidden characters from {first}"


def parts(text: str) -> list[tuple[str, bool]]:
    """The text in pieces: as it is (False), or the name of hidden characters (True)."""
    if not _SUSPECT.search(text):
        return [(text, False)]
    found: list[tuple[str, bool]] = []
    last = 0
    for start, end in runs(text):
        if start > last:
            found.append((text[last:start], False))
        found.append((name(text[start:end]), True))
        last = end
    if last < len(text):
        found.append((text[last:], False))
    return found
