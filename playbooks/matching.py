"""Finds weighted phrases in free text, and the playbook that matches it best."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from playbooks.schema import Playbook
from playbooks.words import Vocabulary, Word, clip, phrase_stems, words

# A match below this score is ignored.
FITS = 0.35
# How many other words may come between two words of a phrase.
GAP = 2

_TROUBLE = set(phrase_stems("problem issue error trouble difficulty fault"))
_DENIES = {"no", "not", "without", "never", "none", "zero", "0", "cannot", "nothing"}
_WELL = {"fine", "ok", "okay", "correct", "correctly", "normal", "normally", "perfectly", "unaffected"}
_ILL = {"not", "cannot", "stopped", "never", "no", "hardly", "longer"}


@dataclass(frozen=True, slots=True)
class Text:
    """A text, parsed once and searched many times. `source` is the part that was parsed; `stems` matches `words` one to one."""

    source: str
    words: list[Word]
    stems: list[str]


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase found in a text: its owner, weight and position; `denied` if the text says the opposite."""

    owner: str
    phrase: str
    weight: int
    start: int
    end: int
    denied: bool


@dataclass(frozen=True, slots=True)
class Match:
    """`score` is 0 to 1; `raw` is the sum it is computed from; `words` are the phrases that matched."""

    playbook: Playbook
    score: float
    raw: float
    words: tuple[str, ...]


def score_of(raw: float) -> float:
    """One decisive phrase (5) scores 0.63, a hint (1) scores 0.18."""
    return 1 - math.exp(-max(raw, 0.0) / 5)


class Finder:
    """Finds many weighted phrases of many owners in one pass over a text."""

    def __init__(self, phrases: Iterable[tuple[str, Mapping[str, int], int]], *, topics: bool = False) -> None:
        """`phrases` are owner, phrases and sign (+1 or -1). `topics`: "no X" denies a finding, but "does not X" still names a topic."""
        self._topics = topics
        self._by_first: dict[str, list[tuple[tuple[str, ...], str, str, int]]] = defaultdict(list)
        for owner, weighted, sign in phrases:
            for phrase, weight in weighted.items():
                stems = phrase_stems(phrase)
                if stems:
                    self._by_first[stems[0]].append((stems, owner, phrase, weight * sign))

    def find(self, text: Text) -> list[Hit]:
        """Each phrase once where the text says it, plus every place before that where the text denies it."""
        read, stems = text.words, text.stems
        hits: list[Hit] = []
        found: set[tuple[str, str]] = set()
        for at, stem in enumerate(stems):
            for wanted, owner, phrase, weight in self._by_first.get(stem, ()):
                last = None if (owner, phrase) in found else self._follow(wanted, at, stems, read)
                if last is not None:
                    denied = self._denied(wanted, at, last, stems, read)
                    hits.append(Hit(owner, phrase, weight, read[at].start, read[last].end, denied))
                    if not denied:
                        found.add((owner, phrase))
        return hits

    @staticmethod
    def _follow(wanted: tuple[str, ...], at: int, stems: list[str], read: list[Word]) -> int | None:
        for stem in wanted[1:]:
            for next_at in range(at + 1, min(at + 2 + GAP, len(stems))):
                if read[next_at].clause != read[at].clause:
                    return None
                if stems[next_at] == stem:
                    at = next_at
                    break
            else:
                return None
        return at

    def _denied(self, wanted: tuple[str, ...], first: int, last: int, stems: list[str], read: list[Word]) -> bool:
        """ "VPN works fine", "no packet loss", "not a printer problem". A negative phrase ("no internet") is taken literally."""
        if _DENIES & set(wanted):
            return False
        clause = read[first].clause
        before = [at for at in range(max(0, first - 3), first) if read[at].clause == clause]
        after = [at for at in range(last + 1, min(last + 5, len(read))) if read[at].clause == clause]
        ahead = [read[at].plain for at in after]
        ill = _ILL & {*ahead, *(read[at].plain for at in before)}
        if not ill and (_WELL & set(ahead) or "works" in ahead[:2] or {"still", "working"} <= set(ahead[:2])):
            return True
        if self._topics:
            said = [stems[at] for at in before]
            return bool(said) and (
                said[-1] == "without" or ("no" in said and bool(_TROUBLE & set(said))) or (said[-1] == "not" and _article(read, first))
            )
        return any(read[at].plain in _DENIES for at in before) or (bool(ahead) and ahead[0] in {"false", "none", "no", "0"})


def _article(read: list[Word], at: int) -> bool:
    """Whether a filler word was skipped just before: "not the printer" denies it, "not print" does not."""
    return at > 0 and read[at].start - read[at - 1].end > 1


class Matcher:
    """Searches a set of playbooks."""

    def __init__(self, known: tuple[Playbook, ...]) -> None:
        self.by_slug = {playbook.slug: playbook for playbook in known}
        self.vocabulary = Vocabulary(stem for playbook in known for phrase in _phrases(playbook) for stem in phrase_stems(phrase))
        self.topics = Finder(
            [part for book in known for part in ((book.slug, book.signs, 1), (book.slug, book.not_signs, -1))], topics=True
        )
        self.causes = {
            book.slug: Finder([part for cause in book.causes for part in ((cause.id, cause.signs, 1), (cause.id, cause.against, -1))])
            for book in known
        }

    def text(self, source: str) -> Text:
        source = clip(source)
        found = words(source)
        return Text(source, found, [self.vocabulary.nearest(word.stem) for word in found])

    @staticmethod
    def has_any(texts: Iterable[Text], phrases: Iterable[str]) -> bool:
        finder = Finder([("", dict.fromkeys(phrases, 1), 1)])
        return any(not hit.denied for text in texts for hit in finder.find(text))

    def match(self, texts: Iterable[tuple[Text, float]]) -> list[Match]:
        """Every playbook with a positive score, best first. Each text has a weight; a phrase counts once, where it weighs most."""
        best: dict[str, dict[str, float]] = defaultdict(dict)
        for text, importance in texts:
            for hit in self.topics.find(text):
                value = hit.weight * importance
                earlier = best[hit.owner].get(hit.phrase, 0.0)
                if not hit.denied and abs(value) > abs(earlier):
                    best[hit.owner][hit.phrase] = value
        found = []
        for slug, values in best.items():
            raw = _sum(values.values())
            if raw > 0:
                matched = sorted((phrase for phrase, value in values.items() if value > 0), key=lambda phrase: (-values[phrase], phrase))
                found.append(Match(self.by_slug[slug], score_of(raw), raw, tuple(matched)))
        return sorted(found, key=lambda match: (-match.raw, match.playbook.slug))


def _sum(values: Iterable[float]) -> float:
    """Each further phrase counts a little less, so many weak hints do not outweigh the actual topic."""
    ordered = sorted(values, reverse=True)
    return sum(value * 0.85**place if value > 0 else value for place, value in enumerate(ordered))


def _phrases(playbook: Playbook) -> Iterable[str]:
    yield from playbook.signs
    yield from playbook.not_signs
    for cause in playbook.causes:
        yield from cause.signs
        yield from cause.against
