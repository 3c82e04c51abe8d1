"""Where a quote stands, and whether it covers a passage. Nothing here is shared with the code that writes or verifies assessments."""

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from evaluation.expectations import Anchor

# Only the beginning of a quote points at something: who quotes a page points at nothing.
MAX_WORDS_OF_A_QUOTE, MAX_WORDS_OF_AN_ENTRY = 60, 120
# At least half of a passage's content words have to be covered, and never more than this many.
ENOUGH_WORDS = 8

_WORD = re.compile(r"\w+")
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a about all also am an and any are as at be been but by can could did do does for from had has have he her here him his how i if
        in into is it its just me my no not of on or our out she so some than that the their them then there they this to too up was we were
        what when where which who why will with would you your""",
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    turn: int
    start: int
    end: int


def words_of(text: str) -> int:
    return len(text.split())


def find(quote: str, texts: list[str], turn: int) -> list[Place]:
    """Every place in the turn where the quote stands: verbatim, white space folded, invisible characters left aside."""
    if not 0 <= turn < len(texts):
        return []
    wanted = _folded(quote)[0]
    if not wanted:
        return []
    found: list[Place] = []
    text, offsets = _folded(texts[turn])
    at = text.find(wanted)
    while at >= 0:
        found.append(Place(turn, offsets[at], offsets[at + len(wanted) - 1] + 1))
        at = text.find(wanted, at + 1)
    return found


def pointed_at(quotes: Iterable[tuple[int, str]], texts: list[str]) -> list[Place]:
    """What an entry's quotes point at: at most 60 words of each, 120 in all."""
    left = MAX_WORDS_OF_AN_ENTRY
    places: list[Place] = []
    for turn, quote in quotes:
        words = quote.split()[: min(MAX_WORDS_OF_A_QUOTE, left)]
        if words and (found := find(" ".join(words), texts, turn)):
            places += found
            left -= len(words)
    return places


def covers(places: Iterable[Place], anchor: Anchor, texts: list[str]) -> bool:
    """Whether the places hold at least half of the passage's content words (at least eight, where it has more than sixteen)."""
    here = [place for place in places if place.turn == anchor.turn]
    if not here:
        return False
    spans = _content(texts[anchor.turn], anchor)
    if not spans:
        return any(place.start < anchor.end and anchor.start < place.end for place in here)
    held = sum(any(place.start <= start and end <= place.end for place in here) for start, end in spans)
    return held >= min(math.ceil(len(spans) / 2), ENOUGH_WORDS)


def covers_any(places: Iterable[Place], anchors: Iterable[Anchor], texts: list[str]) -> bool:
    here = list(places)
    return any(covers(here, anchor, texts) for anchor in anchors)


def _content(text: str, anchor: Anchor) -> list[tuple[int, int]]:
    spans = [
        (anchor.start + found.start(), anchor.start + found.end(), found.group().casefold())
        for found in _WORD.finditer(text[anchor.start : anchor.end])
    ]
    content = [(start, end) for start, end, word in spans if word not in _FUNCTION_WORDS and (len(word) > 1 or word.isdigit())]
    return content or [(start, end) for start, end, _ in spans]


@lru_cache(maxsize=8192)
def _folded(text: str) -> tuple[str, tuple[int, ...]]:
    """The text with white space folded and invisible characters gone, and where each character stood."""
    chars: list[str] = []
    offsets: list[int] = []
    for offset, char in enumerate(text):
        if char.isspace():
            if chars and chars[-1] != " ":
                chars.append(" ")
                offsets.append(offset)
        elif unicodedata.category(char) not in {"Cc", "Cf", "Co", "Cs", "Cn"}:
            chars.append(char)
            offsets.append(offset)
    while chars and chars[-1] == " ":
        chars.pop()
        offsets.pop()
    return "".join(chars), tuple(offsets)
