"""Looks up phrases of the lexicon: does a sentence have a certain meaning?"""

import re
from functools import cache, lru_cache
from pathlib import Path

import snowballstemmer
import yaml
from rapidfuzz import fuzz

_FILE = Path(__file__).with_name("lexicon.yaml")
_WORD = re.compile(r"[a-z0-9][a-z0-9'.:/\\_-]*[a-z0-9]|[a-z0-9]")
_STEMMER = snowballstemmer.stemmer("english")
_NOT_PHRASES = {
    "topics",
    "actions",
    "weak_actions",
    "daily",
    "goes_with_to",
    "puts_right",
    "things",
    "names_nothing",
    "note_openers",
    "irregular_past",
    "not_deeds",
    "adjectives",
    "objects",
    "particles",
    "with_have",
    "abbreviations",
    "asking_verbs",
    "fillers",
    "subjects",
    "imperatives",
    "answers_yes",
    "answers_no",
    "stopwords",
}


def words(text: str) -> list[str]:
    """Lower-case words, with one kind of apostrophe; paths, versions and host names stay whole."""
    return _WORD.findall(text.replace("’", "'").lower())


def _pattern(phrase: str) -> re.Pattern[str]:
    pieces = []
    for part in phrase.split():
        if part == "*":
            pieces.append(r"(?:\S+\s+){0,3}?")
        else:
            # "we'll" keeps its apostrophe: "well" is another word.
            apostrophe = "['’]" if part == "we'll" else "['’;]?"
            pieces.append(re.escape(part).replace("'", apostrophe) + r"\s+")
    body = "".join(pieces).removesuffix(r"\s+")
    return re.compile(rf"(?<![\w'’]){body}(?![\w'’])", re.IGNORECASE)


def _key(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())


@cache
def _raw() -> dict:
    # BaseLoader: "no", "on" and "yes" are words here, not booleans.
    return yaml.load(_FILE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506


@cache
def phrases() -> dict[str, dict[str, list[re.Pattern[str]]]]:
    """Per meaning: the first word of each phrase, and the patterns that begin with it."""
    index: dict[str, dict[str, list[re.Pattern[str]]]] = {}
    for name, entries in _raw().items():
        if name in _NOT_PHRASES:
            continue
        for phrase in entries:
            index.setdefault(name, {}).setdefault(_key(phrase.split()[0]), []).append(_pattern(phrase))
    return index


def word_set(name: str) -> frozenset[str]:
    """A plain list of the lexicon: subjects, fillers, stopwords and the like."""
    return _word_sets()[name]


@cache
def _word_sets() -> dict[str, frozenset[str]]:
    return {name: frozenset(entries) for name, entries in _raw().items() if name in _NOT_PHRASES and isinstance(entries, list)}


@cache
def topics() -> dict[str, list[re.Pattern[str]]]:
    return {name: [_pattern(value) for value in values] for name, values in _raw()["topics"].items()}


@cache
def past_forms() -> frozenset[str]:
    """Every past form of what people do to computers: "restarted", "ran"."""
    return frozenset(form for entry in _raw()["actions"] for form in entry.split()[1:])


@cache
def base_forms() -> frozenset[str]:
    return frozenset(entry.split()[0] for entry in _raw()["actions"])


def first_words(text: str) -> set[str]:
    return {_key(part) for part in re.split(r"[\s,.;:!?()\"“”/–—-]+", text.replace("’", "'"))} | {_key(part) for part in text.split()}


@lru_cache(maxsize=2048)
def meanings(text: str) -> frozenset[str]:
    """Names of all the phrase lists that the text matches."""
    present = first_words(text)
    found = set()
    for name, by_word in phrases().items():
        if any(pattern.search(text) for key in by_word.keys() & present for pattern in by_word[key]):
            found.add(name)
    return frozenset(found)


def find(name: str, text: str) -> re.Match[str] | None:
    """The first match of one list in the text, by position."""
    by_word = phrases()[name]
    hits = [hit for key in by_word.keys() & first_words(text) for pattern in by_word[key] if (hit := pattern.search(text))]
    return min(hits, key=lambda hit: (hit.start(), -hit.end())) if hits else None


@cache
def stem(word: str) -> str:
    return _STEMMER.stemWord(word)


@lru_cache(maxsize=4096)
def content(text: str) -> frozenset[str]:
    """Stems of the content words, without function words."""
    stop = word_set("stopwords")
    return frozenset(stem(word) for word in words(text) if word.replace("'", "") not in stop and word not in stop and len(word) > 1)


def closeness(left: str, right: str) -> float:
    """How much two texts are about the same thing, 0 to 100; 0 if they share no content word."""
    return overlap(content(left), content(right))


def overlap(a: frozenset[str], b: frozenset[str]) -> float:
    """The same for the content words of two texts."""
    shared = a & b
    if not shared:
        return 0.0
    share = 100 * len(shared) / min(len(a), len(b))
    # One short shared word means little, a path or version a lot.
    weight = min(1.0, sum(1.0 if any(c.isdigit() for c in word) or len(word) > 5 else 0.5 for word in shared) / 1.5)
    return share * weight


def alike(left: str, right: str) -> float:
    """How similar two sentences are in wording, 0 to 100."""
    return fuzz.token_sort_ratio(" ".join(words(left)), " ".join(words(right)))


def find_at_start(name: str, text: str) -> bool:
    """Whether the text begins with one of the phrases (after punctuation and small words of address)."""
    hit = find(name, text)
    return hit is not None and bool(re.fullmatch(r"\W*(?:(?:and|but|so|or|ok|hm+)\W+)?", text[: hit.start()], re.IGNORECASE))
