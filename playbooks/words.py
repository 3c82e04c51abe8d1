"""Turns free text into comparable words: one spelling, stemmed, split into clauses, with typos corrected."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer
from rapidfuzz.distance import OSA, Indel

# What matters in a pasted log is usually at its beginning or end.
HEAD, TAIL = 8_000, 4_000

_TOKEN = re.compile(r"(?P<word>\d+(?:\.\d+)+|[^\W_]+(?:['’`][^\W_]+)?)|(?P<stop>[.,;!?()](?=\s|$)|\n)")
_CLAUSE_WORDS = {"but", "however", "although", "though", "while", "whereas", "except", "yet"}
_FILLER = frozenset(
    re.findall(
        r"\w+",
        """the a an my our her his their your its any to is are was were be been being has have had of it this that these those i we she
        he they you us me him them some just also very please hi hello dear thanks thank do does did am as so there for""",
    )
)
_NOT = "dont doesnt didnt wont isnt arent wasnt werent hasnt havent hadnt wouldnt shouldnt"
_SAME = {
    **dict.fromkeys(_NOT.split(), "not"),
    **dict.fromkeys(["cant", "couldnt", "unable"], "cannot"),
    **dict.fromkeys(["mail", "mails", "emails"], "email"),
    **dict.fromkeys(["logon", "signin", "signon", "logins", "logons"], "login"),
    **dict.fromkeys(["wireless", "wlan"], "wifi"),
    **dict.fromkeys(["pc", "pcs", "laptop", "laptops", "machine", "machines", "workstation", "notebook"], "computer"),
    **dict.fromkeys(["o365", "office365", "microsoft365"], "m365"),
    **dict.fromkeys(["2fa", "tfa"], "mfa"),
    **dict.fromkeys(["pwd", "pw", "passwords"], "password"),
    **dict.fromkeys(["timeouts", "timedout"], "timeout"),
    "passwort": "password",
    "lockouts": "lockout",
}
_PAIRS = {
    ("wi", "fi"): "wifi",
    ("e", "mail"): "email",
    ("e", "mails"): "email",
    ("can", "not"): "cannot",
    ("set", "up"): "setup",
    ("web", "mail"): "webmail",
    ("hot", "spot"): "hotspot",
    ("back", "up"): "backup",
    ("back", "ups"): "backup",
    ("multi", "factor"): "mfa",
    ("two", "factor"): "mfa",
    ("one", "drive"): "onedrive",
    ("share", "point"): "sharepoint",
    ("any", "connect"): "anyconnect",
    ("m", "365"): "m365",
    ("office", "365"): "m365",
    ("microsoft", "365"): "m365",
    ("pass", "word"): "password",
    **{(verb + ending, "in"): "login" for verb in ("log", "sign") for ending in ("", "s", "ging", "ged", "ing", "ed")},
    **{(verb + ending, "on"): "login" for verb in ("log", "sign") for ending in ("", "s", "ging", "ged", "ing", "ed")},
    **{(verb + ending, "into"): "login" for verb in ("log", "sign") for ending in ("", "s", "ging", "ged", "ing", "ed")},
    **{(verb, "out"): "timeout" for verb in ("time", "times", "timed", "timing")},
    **{(verb, "out"): "lockout" for verb in ("lock", "locks", "locked", "locking")},
}
# Words that must not be stemmed.
_WHOLE = {"windows", "teams", "wireless", "access", "bitlocker", "always", "pages", "during", "ping", "string", "nothing", "something"}
_STEMMER = snowballstemmer.stemmer("english")


@dataclass(frozen=True, slots=True)
class Word:
    """`stem` is compared; `start` and `end` are its position in the original text; `clause` is the number of its clause."""

    stem: str
    plain: str
    start: int
    end: int
    clause: int


@lru_cache(maxsize=32_768)
def _plain(token: str) -> str:
    """Lower case, no accents, contractions resolved, one spelling: CAN'T becomes cannot."""
    folded = unicodedata.normalize("NFKD", token).lower()
    folded = "".join(letter for letter in folded if not unicodedata.combining(letter))
    bare = re.sub(r"['’`]", "", folded)
    if bare not in _SAME and bare != folded:
        bare = re.split(r"['’`]", folded)[0]
    return _SAME.get(bare, bare)


@lru_cache(maxsize=32_768)
def _stem(word: str) -> str:
    if len(word) <= 3 or word in _WHOLE or not word.isascii() or any(letter.isdigit() for letter in word):
        return word
    return _STEMMER.stemWord(word)


def clip(text: str) -> str:
    """The part of a text that is read: all of it, or the beginning and end of a very long one."""
    if len(text) <= HEAD + TAIL:
        return text
    return text[:HEAD] + "\n" + text[-TAIL + 1 :]


def words(text: str) -> list[Word]:
    found: list[Word] = []
    clause = 0
    previous: tuple[str, int, int, int] | None = None
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "stop":
            clause += 1
            continue
        raw = _plain(token.group())
        start, end = token.span()
        if previous and previous[3] == clause and (merged := _PAIRS.get((previous[0], raw))):
            if found and found[-1].start == previous[1]:
                found.pop()
            raw, start = merged, previous[1]
        previous = (raw, start, end, clause)
        if raw in _CLAUSE_WORDS:
            clause += 1
        elif raw not in _FILLER:
            found.append(Word(_stem(raw), raw, start, end, clause))
    return found


def phrase_stems(phrase: str) -> tuple[str, ...]:
    return tuple(word.stem for word in words(phrase))


def unusable(phrase: str) -> str:
    """Why a playbook's phrase could never match a text as intended; empty if it can."""
    splits = _CLAUSE_WORDS & {_plain(token) for token in re.findall(r"[^\W_]+", phrase)}
    if splits:
        return f"contains a word that begins a new clause ({', '.join(sorted(splits))}), so it never matches"
    if not phrase_stems(phrase):
        return "contains only filler words, which are ignored"
    return ""


class Vocabulary:
    """The words that playbooks use, and the nearest one to a misspelled word."""

    def __init__(self, stems: Iterable[str]) -> None:
        self.stems = frozenset(stems)
        self._by_start: dict[str, list[str]] = defaultdict(list)
        for stem in sorted(self.stems):
            if len(stem) >= 5 and stem.isalpha():
                self._by_start[stem[0]].append(stem)
        self._known: dict[str, str] = {}

    def nearest(self, stem: str) -> str:
        if stem in self.stems or len(stem) < 5 or len(stem) > 20 or not stem.isalpha() or stem in _ENGLISH:
            return stem
        if stem not in self._known:
            if len(self._known) > 50_000:
                self._known.clear()
            self._known[stem] = self._search(stem)
        return self._known[stem]

    def _search(self, stem: str) -> str:
        for candidate in self._by_start[stem[0]]:
            allowed = 2 if min(len(stem), len(candidate)) >= 9 else 1
            if abs(len(stem) - len(candidate)) > allowed:
                continue
            if OSA.distance(stem, candidate, score_cutoff=allowed) > allowed:
                continue
            # In short words a replaced letter makes a different word (quote, quota); a dropped or swapped one is a typo.
            if min(len(stem), len(candidate)) < 6 and len(stem) == len(candidate) and sorted(stem) != sorted(candidate):
                continue
            if Indel.normalized_similarity(stem, candidate) >= 0.7:
                return candidate
        return stem


# Stems of everyday words that are one letter away from a technical term.
_ENGLISH = frozenset(
    re.findall(
        r"\w+",
        """longer respons specific specify reception random context translation condition expert expansion webcal stream produc unreadabl
        multiply shrunk pocket lightn string count county counter contract sever several stare point quot paint lease breach reach teach
        mouse house hours coach cough could would should these those where there their which while whose begin being below bring""",
    )
)
