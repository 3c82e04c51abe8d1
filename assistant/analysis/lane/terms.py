"""What two texts have in common that matters: codes, names of hosts and products, content words."""

import re

from assistant.analysis.language import lexicon

_NAME = re.compile(r"[A-Za-z0-9][\w.\\/:-]*[A-Za-z0-9]|[A-Z]{2,}")
_COMMON = frozenset(
    lexicon.stem(word)
    for line in (
        "server servers computer computers system office people person client technician service services problem today yesterday",
        "morning night state works working check checks result results question answer another because without during since likely",
        "simply either whether itself something nothing between before behind need needs needed first second other others together",
        "same from with into that this they their there then both half last part time week year name names such until once under only",
    )
    for word in line.split()
)


class Terms:
    """The terms of the texts of one assessment. The same texts are compared again and again, so each is taken apart once."""

    def __init__(self, title: str) -> None:
        self._of: dict[str, dict[str, float]] = {}
        self._usual = self.of(title)

    def of(self, text: str) -> dict[str, float]:
        found = self._of.get(text)
        if found is None:
            found = self._of[text] = _terms(text)
        return found

    def shared(self, one: str, other: str, *, usual: bool = True) -> float:
        """The weight of the shared terms. Terms of the title count half, unless `usual` is False."""
        return self.weight(self.of(one), self.of(other), usual=usual)

    def weight(self, left: dict[str, float], right: dict[str, float], *, usual: bool = True) -> float:
        halved = self._usual if usual else {}
        return sum(min(left[term], right[term]) * (0.5 if term in halved else 1.0) for term in left.keys() & right.keys())


def _terms(text: str) -> dict[str, float]:
    """Each distinctive term with its weight: 2 for a code or a name, less for other content words."""
    text = re.sub(r"['’]s\b", "", text)
    found: dict[str, float] = {}
    for word in _NAME.findall(text):
        has_digit = any(c.isdigit() for c in word)
        if len(word) > 2 and ((has_digit and any(c.isalpha() for c in word)) or word.isupper() or (has_digit and len(word) > 3)):
            found[word.lower().removesuffix("s") if word[:-1].isupper() else word.lower()] = 2.0
    for stem in lexicon.content(text):
        if len(stem) >= 4 and stem not in found and stem not in _COMMON and not any(c.isdigit() for c in stem):
            found[stem] = 1.0 if len(stem) >= 5 else 0.6
    return found
