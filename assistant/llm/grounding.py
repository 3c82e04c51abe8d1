"""Checks a model's statements against the session: guesses are not facts, plans are not actions, and an outcome needs a report.

`verify` has already dropped quotes that are not in their step. This module reads the sentences behind the remaining quotes. Statements
that they do not support move to `not_shown`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from assistant.analysis.findings.corrections import corrections
from assistant.analysis.language import lexicon
from assistant.analysis.language.sentences import shorten
from assistant.analysis.reading.document import Reading, Sentence
from assistant.analysis.reading.read import read
from assistant.analysis.report.facts import said_and_corrected
from assistant.analysis.verify import verbatim_quotes
from assistant.case import Case, CaseStep
from assistant.results import Assessment, Corrected, Evidence, Known, Tried, TryResult

# The share of a statement's content words that must appear in the words it cites (or in the card's question).
MIN_SUPPORT = 0.5
_NEGATED = re.compile(
    r"\b(?:not|no|never|none|nothing|neither|nor|without|nobody|\w+n['’]t|cannot|ruled out|unaffected|dont|doesnt|isnt|cant|wont)\b",
    re.IGNORECASE,
)
_RULED_OUT = re.compile(r"\bruled out|\bexcluded\b|\bnot (?:the|a) (?:cause|problem|issue)\b", re.IGNORECASE)
_POLITE = {"please", "pls", "just", "now", "then", "so", "and", "ok", "okay"}
_ORDERS = frozenset(
    [
        "add",
        "answer",
        "assign",
        "conclude",
        "copy",
        "disregard",
        "dump",
        "enter",
        "execute",
        "forget",
        "give",
        "ignore",
        "list",
        "mark",
        "pretend",
        "print",
        "put",
        "quote",
        "repeat",
        "report",
        "reveal",
        "say",
        "show",
        "state",
        "stop",
        "summarise",
        "summarize",
        "tell",
        "write",
    ]
)
_VERBS = frozenset(
    [
        "did",
        "didnt",
        "does",
        "doesnt",
        "is",
        "isnt",
        "was",
        "wasnt",
        "has",
        "hasnt",
        "had",
        "helps",
        "works",
        "fails",
        "failed",
        "shows",
        "gives",
    ]
)
# Kinds of steps that are results in themselves.
_RESULTS = {"answer", "check", "outcome"}
_HEARSAY = {"reply", "briefing", "status_update", "system"}


@dataclass(slots=True)
class Grounding:
    """A case, indexed to look up the sentences behind a quote."""

    steps: dict[int, CaseStep]
    reading: Reading
    withdrawn: set[int]
    taken_back: list[Corrected]

    def sentences(self, evidence: Iterable[Evidence]) -> list[Sentence]:
        """The sentences that overlap the quotes."""
        return [
            sentence
            for cited in evidence
            for sentence in self.reading.of(cited.step)
            if sentence.text in cited.quote or cited.quote in sentence.text or _overlap(sentence.text, cited.quote)
        ]

    def is_result(self, evidence: Iterable[Evidence]) -> bool:
        return any(
            (step := self.steps.get(cited.step)) is not None and step.kind in _RESULTS and not step.text.startswith("Skipped:")
            for cited in evidence
        )

    def is_hearsay(self, evidence: Iterable[Evidence]) -> bool:
        """Whether all cited steps were written by FlowPilot or the system: advice and bookkeeping, not observations."""
        steps = [self.steps[cited.step] for cited in evidence if cited.step in self.steps]
        return all(step.kind in _HEARSAY or step.author_kind in ("assistant", "system") for step in steps)


def grounding_of(case: Case) -> Grounding:
    reading = read(case)
    fixed = corrections(reading)
    return Grounding(
        steps={step.number: step for step in case.steps},
        reading=reading,
        withdrawn={c.first.order for c in fixed},
        taken_back=said_and_corrected(fixed),
    )


def grounded(made: Assessment, case: Case) -> Assessment:
    """A verified assessment without the statements that the cited sentences do not support."""
    ground = grounding_of(case)
    known, aside = _known(made.what_we_know, ground)
    tried, never = _tried(made.tried, ground)
    cause = made.likely_cause if made.likely_cause and _may_be_cause(made.likely_cause, made.cause_evidence, ground) else None
    return made.model_copy(
        update={
            "what_we_know": known,
            "corrected": _corrected(made.corrected, ground),
            "tried": tried,
            "likely_cause": cause,
            "cause_evidence": made.cause_evidence if cause else [],
            "confidence": made.confidence if cause else "low",
            "not_shown": [*made.not_shown, *aside, *never, *([] if cause else [made.likely_cause] if made.likely_cause else [])][:12],
        }
    )


def is_grounded(text: str, evidence: list[Evidence], ground: Grounding) -> bool:
    """Whether a statement can be used as it is: its quotes are verbatim, somebody states it, and it was not withdrawn."""
    valid = verbatim_quotes(evidence, ground.steps)
    said = ground.sentences(valid)
    return (
        bool(valid)
        and not ground.is_hearsay(valid)
        and not (said and all(s.order in ground.withdrawn for s in said))
        and _is_stated(valid, said, ground)
        and _is_supported(text, valid, ground)
    )


def is_stated(evidence: list[Evidence], ground: Grounding) -> bool:
    """Whether a person states it in the cited words."""
    valid = verbatim_quotes(evidence, ground.steps)
    return bool(valid) and not ground.is_hearsay(valid) and _is_stated(valid, ground.sentences(valid), ground)


def _known(entries: list[Known], ground: Grounding) -> tuple[list[Known], list[str]]:
    kept, aside = [], []
    for entry in entries:
        said = ground.sentences(entry.evidence)
        if said and all(s.order in ground.withdrawn for s in said):
            # Already listed as corrected.
            continue
        if ground.is_hearsay(entry.evidence) or not _is_stated(entry.evidence, said, ground):
            aside.append(entry.text)
        else:
            kept.append(entry.model_copy(update={"text": _as_said(entry, said, ground)}))
    return kept, aside


def _as_said(entry: Known, said: list[Sentence], ground: Grounding) -> str:
    """The model's wording if the cited words support it, otherwise the cited words. What only a helper said is attributed to them."""
    text = entry.text if _is_supported(entry.text, entry.evidence, ground) else f"“{shorten(entry.evidence[0].quote, 200)}”"
    helpers = {s.who for s in said if not s.is_reporter}
    if helpers and not any(s.is_reporter for s in said) and not ground.is_result(entry.evidence):
        return f"{sorted(helpers)[0]} says: {text}"
    return text


def _is_stated(evidence: list[Evidence], said: list[Sentence], ground: Grounding) -> bool:
    """Somebody states it: not a question, a guess, a plan or an order to the reader. A card's result counts as a statement."""
    firm = [s for s in said if s.is_firm and s.order not in ground.withdrawn and not _is_order(s)]
    return bool(firm) or (ground.is_result(evidence) and not any(s.has("injection") or s.is_question for s in said))


def _is_order(sentence: Sentence) -> bool:
    """ "Tell them that the disk is full" states nothing about the disk."""
    words = [word for word in lexicon.words(sentence.text)[:4] if word not in _POLITE]
    if len(words) < 2 or sentence.done or sentence.terminal:
        return False
    orders = words[0] in _ORDERS or words[0] in lexicon.word_set("imperatives") or words[0] in lexicon.base_forms()
    # "Restart did not help" reports an action.
    return orders and words[1].replace("'", "") not in _VERBS and words[1] not in lexicon.past_forms()


def _is_supported(text: str, evidence: list[Evidence], ground: Grounding) -> bool:
    """The statement's words appear in what it cites, and it is negative only if the citation is."""
    quotes = " ".join(cited.quote for cited in evidence)
    asked = " ".join(f"{step.asked} {step.command}" for cited in evidence if (step := ground.steps.get(cited.step)))
    who = " ".join(step.author for cited in evidence if (step := ground.steps.get(cited.step)))
    meant = lexicon.content(text)
    # Names and verbs of saying ("client reports") add nothing that could be wrong.
    meant = meant - lexicon.content(
        f"{who} client requester technician user says said reports reported states stated confirms confirmed mentions"
    )
    if not meant:
        return True
    there = lexicon.content(f"{quotes} {asked}")
    if len(meant & there) / len(meant) < MIN_SUPPORT:
        return False
    if _RULED_OUT.search(text) and not _RULED_OUT.search(quotes):
        return ground.is_result(evidence) and bool(_NEGATED.search(quotes))
    return bool(_NEGATED.search(text)) == bool(_NEGATED.search(f"{quotes} {asked}")) or ground.is_result(evidence)


def _tried(entries: list[Tried], ground: Grounding) -> tuple[list[Tried], list[str]]:
    kept, never = [], []
    for entry in entries:
        said = ground.sentences(entry.evidence)
        done = [s for s in said if s.done and s.part != "assistant"]
        plain_reports = [s for s in said if s.is_firm and (s.succeeded or s.failed or s.has("nochange", "success", "failure"))]
        if not done and not plain_reports and not ground.is_result(entry.evidence):
            never.append(f"{entry.action} (requested, suggested or planned, but not reported as done)")
            continue
        kept.append(entry if _is_reported(entry, said, ground) else entry.model_copy(update=_NOT_REPORTED))
    return kept, never


_NOT_REPORTED = {"outcome": None, "result": TryResult.NOT_REPORTED}


def _is_reported(entry: Tried, said: list[Sentence], ground: Grounding) -> bool:
    """Whether one of the cited sentences reports this outcome."""
    if entry.result == TryResult.NOT_REPORTED or ground.is_result(entry.evidence):
        return True
    reports = [s for s in said if not s.is_question and not s.has("hypothetical") and s.part != "assistant"]
    if entry.result.helped:
        return any(s.succeeded or s.has("success", "works", "partial") for s in reports)
    if entry.result == TryResult.RULED_OUT:
        return False
    return any(s.failed or s.has("failure", "nochange", "symptom", "not_success") or s.terminal for s in reports)


def _corrected(entries: list[Corrected], ground: Grounding) -> list[Corrected]:
    """Corrections found by code, plus those of the model in which a later step corrects a different sentence."""
    found = list(ground.taken_back)
    told = {(e.step, e.quote) for c in found for e in c.evidence}
    for entry in entries:
        later = min(e.step for e in entry.corrected_by) > min(e.step for e in entry.evidence)
        if later and not any(
            (e.step, e.quote) in told or any(_overlap(e.quote, q) and e.step == n for n, q in told) for e in entry.evidence
        ):
            found.append(entry)
    return found[:10]


def _may_be_cause(cause: str, evidence: list[Evidence], ground: Grounding) -> bool:
    """A result shows it, or the person who has the problem reports it. A helper's diagnosis alone is not enough."""
    said = [s for s in ground.sentences(evidence) if s.order not in ground.withdrawn]
    if ground.is_hearsay(evidence) or not _is_supported(cause, evidence, ground):
        return False
    reported = [s for s in said if s.is_reporter and s.is_firm and not _is_order(s) and (s.done or s.succeeded or s.terminal)]
    return ground.is_result(evidence) or bool(reported)


def _overlap(one: str, other: str) -> bool:
    """Whether two quotes overlap: one ends with at least twelve characters that the other begins with."""
    for left, right in ((one, other), (other, one)):
        for size in range(min(len(left), len(right)), 11, -1):
            if left.endswith(right[:size]):
                return True
    return False
