"""What the summary of every case begins with: its title, and the sentence that says best what is wrong."""

import re

from assistant.analysis.language import lexicon
from assistant.analysis.language.sentences import fold, visible_part
from assistant.analysis.reading import errors
from assistant.analysis.reading.document import Reading, Sentence

PLAIN_TROUBLE = re.compile(
    r"\b(?:can'?t|cannot|could ?n[o']t|unable|neither|error|fail\w*|stopp?\w*|won'?t|lost|crash\w*|timed? ?out|blank|only|"
    r"issue is|problem is|do ?n[o']t show|too old)\b",
    re.IGNORECASE,
)
_TITLE_MARK = re.compile(r"^\W*\[?(?:solved|resolved|closed|fixed)\]?\W+", re.IGNORECASE)


def without_mark(title: str) -> str:
    """A title without "[solved]" before it and without invisible characters."""
    return _TITLE_MARK.sub("", visible_part(fold(title)))


def main_symptom(reading: Reading, withdrawn: set[int] | frozenset[int] = frozenset(), only: set[int] | None = None) -> Sentence | None:
    """The sentence of the first reports (or of the steps `only`) that says best what is wrong."""
    reports = [s for s in reading.reporter() if not s.is_noise and s.order not in withdrawn and not s.terminal]
    if only is not None:
        reports = [s for s in reports if s.step in only]
    if not reports:
        return None
    early = [s for s in reports if s.step <= reports[0].step + 2][:25]
    title = reading.case.title

    def weight(s: Sentence) -> float:
        points = 3.0 if s.has("symptom") else 0.0
        points += 1.0 if s.has("onset") else 0.0
        points += 1.0 if errors.texts(s) else 0.0
        points += lexicon.closeness(s.text, title) / 25 * min(1.0, 160 / len(s.text))
        points -= 2.0 if s.has("works", "not_in_record") else 0.0
        points -= 4.0 if s.text.lower().startswith("no error") else 0.0
        points -= 0.5 * (s.step - reports[0].step)
        points += 1.5 if s.has("goal") else 0.0
        points -= 1.5 if s.text.lower() in title.lower() else 0.0
        points += 1.0 if PLAIN_TROUBLE.search(s.text) else 0.0
        points -= 1.0 if s.has("hedge") else 0.0
        points -= 2.0 if s.has("hypothetical", "opinion", "conclusion") else 0.0
        points -= 1.0 if len(s.text) > 260 or len(s.text) < 20 else 0.0
        return points - 0.08 * (s.order - early[0].order) - (2.0 if s.done else 0.0)

    return max(early, key=weight)
