"""One format for every output to compare, from an assistant or a baseline: entries with quotes, turns counted from 0."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from assistant.results import Assessment
from evaluation.places import words_of

Kind = Literal["known", "tried", "corrected", "cause", "next", "summary"]
# The turn of a quotation that names no turn.
ANYWHERE = -1
_QUOTED = re.compile(r"“([^“”]{3,})”")


@dataclass(frozen=True, slots=True)
class Entry:
    """`quotes` is the evidence, `against` the evidence for a correction. `outcome` is None if nobody reported back."""

    kind: Kind
    text: str
    quotes: list[tuple[int, str]]
    against: list[tuple[int, str]] = field(default_factory=list)
    outcome: str | None = None

    @property
    def read(self) -> str:
        """The text a colleague reads."""
        return f"{self.text} {self.outcome or ''}".strip()

    @property
    def all_quotes(self) -> list[tuple[int, str]]:
        return [*self.quotes, *self.against]


@dataclass(frozen=True, slots=True)
class Report:
    entries: list[Entry]
    confidence: str = ""
    # Word count of everything shown, and the whole output as one text.
    words: int = 0
    output: str = ""

    def of(self, *kinds: Kind) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind in kinds]

    @property
    def is_assessment(self) -> bool:
        """Made by an assistant, so tried, cause and confidence can be scored. A baseline only has what is known."""
        return bool(self.confidence)

    @property
    def entry_words(self) -> int:
        return sum(words_of(entry.read) for entry in self.claims)

    @property
    def cause(self) -> Entry | None:
        return next(iter(self.of("cause")), None)

    @property
    def claims(self) -> list[Entry]:
        """Entries shown as known, tried or corrected. Baselines get as many."""
        return self.of("known", "tried", "corrected")


def report_of(made: Assessment) -> Report:
    """The report of an assessment. Steps count from 1, turns from 0."""
    entries = [Entry("known", known.text, _quotes(known)) for known in made.what_we_know]
    entries += [Entry("tried", tried.action, _quotes(tried), outcome=tried.outcome) for tried in made.tried]
    entries += [
        Entry("corrected", f"{said.text} {said.now}", _quotes(said), [(cited.step - 1, cited.quote) for cited in said.corrected_by])
        for said in made.corrected
    ]
    entries += [Entry("next", f"{step.text} {step.why}".strip(), _quotes(step)) for step in made.suggested_steps]
    if made.likely_cause:
        entries.append(Entry("cause", made.likely_cause, [(cited.step - 1, cited.quote) for cited in made.cause_evidence]))
    read = [made.summary_prose, *(entry.read for entry in entries), *made.open_questions, *made.not_shown]
    entries += _of_prose(made.summary_prose)
    return Report(entries, made.confidence, sum(words_of(text) for text in read), json.dumps(made.model_dump(), ensure_ascii=False))


def report_of_sentences(sentences: list[tuple[int, str]]) -> Report:
    """The report of a baseline: each sentence is a known entry with itself as evidence."""
    entries = [Entry("known", text, [(turn, text)]) for turn, text in sentences]
    return Report(entries, "", sum(words_of(text) for _, text in sentences), "\n".join(text for _, text in sentences))


def _of_prose(prose: str) -> list[Entry]:
    """Each quotation in the summary, with the words before it in its sentence, which show how it is meant. Prose names no turn."""
    return [
        Entry("summary", f"{_lead(prose[: found.start()])}{found.group()}", [(ANYWHERE, quote)])
        for found in _QUOTED.finditer(prose)
        if (quote := found.group(1).removesuffix("…").strip())
    ]


def _lead(before: str) -> str:
    """The sentence so far, without the text of other quotations."""
    return re.split(r"(?<=[.!?])\s+", _QUOTED.sub("“”", before))[-1]


def quoted_in(text: str) -> list[str]:
    """The quotations in a statement."""
    return [found.group(1).removesuffix("…").strip() for found in _QUOTED.finditer(text)]


def _quotes(entry: Any) -> list[tuple[int, str]]:
    return [(cited.step - 1, cited.quote) for cited in entry.evidence]
