"""The likely cause of a session with a lane, with a confidence based on its checked steps.

Either a person states it, or FlowPilot names it and people's findings support it; then in the words of the finding, if possible.
"""

import re
from dataclasses import dataclass, field

from assistant.analysis.lane.layout import Layout, is_unfit
from assistant.analysis.lane.wording import bare, capital, lowered
from assistant.analysis.language import lexicon
from assistant.analysis.language.sentences import fold, shorten, split
from assistant.analysis.reading import secrecy
from assistant.analysis.reading.document import Sentence
from assistant.case import CaseStep
from assistant.results import Confidence

_LEAD = re.compile(
    r"^(?P<lead>.{0,60}?\b(?:traced (?:it|this|that) (?:back )?to|tracked (?:it|this|that) down to|found out that|determined that|"
    r"turn(?:s|ed) out(?: that| to be)?|(?:the )?(?:root )?(?:cause|culprit|reason|problem|issue) (?:was|is)(?: that)?|"
    r"it (?:was|is) (?:because of|due to|caused by)|^it (?:was|is)(?= (?:a|an|the) )))\s+",
    re.IGNORECASE,
)
_ASIDE = re.compile(r",\s+(?:with|since|as|because|so|which|and|but)\s|;\s", re.IGNORECASE)
_POINTS = re.compile(
    r"(?:\b(?:fits|points (?:to|at)|(?:cause|culprit) is(?: most likely)?|most likely so far:|smells of|(?:that|this|it) is (?:most )?"
    r"likely)\s+)(?P<what>.{4,200}?)(?:\s*\(from \".*|:\s*\".*|,\s+since\s.*|\.\s.*|[.;]?$)",
    re.IGNORECASE,
)
_NO_DIAGNOSIS = re.compile(
    r"\b(?:if|may|might|could|often|usually|can have|ways are|question is|please|let us|do not|should|would|before|first|worth|will|"
    r"noted)\b|"
    r"\b(?:to be|this looks like(?::| an? [^.:]{1,80}\bproblem\b))",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"^(?:so|then|yes|likely|good|and|but)?\W*(?:it|that|this|these|those|they|there)\b", re.IGNORECASE)
_OPENER = re.compile(r"^(?:so|then|yes|likely|good|and|but)\b\W*", re.IGNORECASE)
_BECAUSE = re.compile(
    r"\b(?:because|due to|caused by|which (?:\w+ ){1,4}when|that is why|after (?:a|an|the)|(?:began|started)\b.{0,40}\bwith the)\b|"
    r", so (?:it|that|they)\b|"
    r"\b(?:is|was|are|were)\b.{0,20}\bby the\b",
    re.IGNORECASE,
)
_WELL = re.compile(
    r"\b(?:passed|fine|works|as (?:it|they) should|no (?:failures|errors|trouble)|neither|reachable|can be reached|ok)\b", re.IGNORECASE
)
_IDENTIFIES = re.compile(r"^it (?:is|was) (?:a|an|the)\b", re.IGNORECASE)
_WRONG = re.compile(
    r"\b(?:not|no|none|off|over|refus\w*|reject\w*|fail\w*|errors?|expired|ended|wrong|should be|missing|lost|full|"
    r"slow\w*|stopped|drops?)\b",
    re.IGNORECASE,
)
_BAD = {"symptom", "failure", "diagnosis"}
ENOUGH = 2.0
# Each costs a look at all results: in a very long session, the latest of them count.
MOST_CLAIMS, MOST_FIXES = 40, 20


@dataclass(slots=True)
class LaneCause:
    text: str
    confidence: Confidence
    # The steps that support it.
    support: list[int] = field(default_factory=list)
    # The sentence in which a person stated it; None if it comes from a finding or FlowPilot.
    stated: Sentence | None = None

    @property
    def stated_text(self) -> str:
        return self.stated.text if self.stated else self.text

    @property
    def in_prose(self) -> str:
        """The statement in reported form: "Mei Sato traced it to ..."."""
        if self.stated is None or (found := _LEAD.match(self.stated.text)) is None:
            return ""
        rest = self.stated.text[found.end() :]
        if re.fullmatch(r"it (?:was|is)", found["lead"], re.IGNORECASE):
            return self.stated.text
        lead = re.search(r"(?:traced|tracked) \w+ (?:back |down )?to$", found["lead"], re.IGNORECASE)
        return f"{self.stated.who} {lead.group(0)[:1].lower()}{lead.group(0)[1:]} {rest}" if lead else capital(rest)


class _Results:
    """The answers, checks and outcomes of a lane, read once for everything that they might support."""

    def __init__(self, layout: Layout) -> None:
        self._terms = layout.terms
        self._told: list[tuple[int, dict[str, float], list[str]]] = []
        self._well: dict[int, bool] = {}
        for step in layout.case.steps:
            facts = layout.facts_of(step.number)
            if step.author_kind in {"assistant", "system"} or step.text.startswith("Skipped:"):
                continue
            if step.kind not in {"answer", "check", "outcome"} and not facts:
                continue
            told = fold(step.text[:4000]).removeprefix(f"{fold(step.asked)}: ") if step.kind == "outcome" else step.text[:4000]
            self._told.append((step.number, self._terms.of(" ".join([told, *facts])), facts or [told]))

    def supporting(self, text: str, besides: int = 0) -> list[int]:
        """The steps that share distinctive terms with a text."""
        wanted = self._terms.of(text)
        # A result that is fine does not support a cause.
        return [
            number
            for number, terms, said in self._told
            if number != besides and self._terms.weight(wanted, terms) >= ENOUGH and not self._is_well(number, said)
        ]

    def _is_well(self, number: int, said: list[str]) -> bool:
        if number not in self._well:
            self._well[number] = all(_WELL.search(text) for text in said)
        return self._well[number]


def lane_cause(layout: Layout) -> LaneCause | None:
    results = _Results(layout)
    return (
        _stated(layout, results)
        or _named_by_assistant(layout, results, named=True)
        or _suspected(layout, results)
        or _addressed(layout, results)
        or _explained_by_fact(layout, results)
        or _named_by_assistant(layout, results, named=False)
    )


def _sure(layout: Layout, text: str, support: list[int]) -> Confidence:
    """High if a fix that worked confirms it, medium if two steps support it."""
    for fix in layout.case.fixes:
        if fix.outcome == "worked" and support:
            reply = layout.steps.get(fix.proposed_step or 0)
            if layout.terms.shared(text, f"{fix.title} {fix.detail} {reply.text if reply else ''}") >= ENOUGH:
                return "high"
    return "medium" if len(support) >= 2 else "low"


def _stated(layout: Layout, results: _Results) -> LaneCause | None:
    """ "Traced it to ...", said by someone working on the case; the latest counts."""
    looked_up = 0
    for sentence in reversed(layout.talk.sentences):
        # "It is an old iPad in the drawer": only if it answers the question, not in the first description.
        identifies = bool(_IDENTIFIES.match(sentence.text)) and sentence.step not in layout.opening
        if sentence.is_question or sentence.has("hypothetical", "injection") or not (sentence.has("stated_cause") or identifies):
            continue
        if not sentence.has("stated_cause"):
            looked_up += 1
            if looked_up > MOST_CLAIMS or not _found_too(layout, results, sentence):
                continue
        found = _LEAD.match(sentence.text)
        text = sentence.text[found.end() :] if found else ""
        if len(lexicon.content(text)) < 2 or text.lower().startswith(("not ", "nothing")):
            continue
        whole = bare(text)
        head = bare(_ASIDE.split(text)[0])
        claim = capital(shorten(head if len(head.split()) >= 6 else whole, 230))
        support = results.supporting(whole, besides=sentence.step)
        confidence = _sure(layout, whole, support)
        return LaneCause(f"{bare(claim)}." if not claim.endswith("…") else claim, confidence, support, sentence)
    return None


def _found_too(layout: Layout, results: _Results, sentence: Sentence) -> bool:
    """Whether another step mentions the same host, address or thing."""
    others = [s for s in layout.talk.sentences if s.step != sentence.step and s.step not in layout.opening and s.is_firm]
    return bool(results.supporting(sentence.text)) or any(layout.terms.shared(sentence.text, s.text, usual=False) >= ENOUGH for s in others)


def _suspected(layout: Layout, results: _Results) -> LaneCause | None:
    """A suspicion that a later finding supports, in the words of the finding."""
    looked_up = 0
    for fact in reversed(layout.case.facts):
        if looked_up == MOST_CLAIMS:
            break
        if fact.step is None or not layout.is_checked(fact.step) or not lexicon.meanings(fact.text) & _BAD or is_unfit(fact.text):
            continue
        looked_up += 1
        before = [
            s for s in layout.talk.sentences if s.step < fact.step and s.step not in layout.opening and s.has("hypothetical", "hedge")
        ]
        if any(layout.terms.shared(s.text, fact.text) >= ENOUGH + 1 for s in before):
            support = results.supporting(fact.text)
            return LaneCause(f"{bare(shorten(fold(fact.text), 230))}.", _sure(layout, fact.text, support), support)
    return None


def _addressed(layout: Layout, results: _Results) -> LaneCause | None:
    """The finding that a fix addresses, in its own words, unless a fix for it failed."""
    terms = layout.terms
    failed = [f for f in layout.case.fixes if f.outcome in {"failed", "dismissed"}]
    refuting = [terms.of(f"{f.title} {f.detail}") for f in failed[-MOST_FIXES:]]
    standing = [
        fact
        for fact in layout.case.facts
        if not any(terms.weight(terms.of(fact.text), against) >= ENOUGH for against in refuting) and not _all_well(fact.text)
    ]
    wrong: dict[str, bool] = {}

    def is_wrong(text: str) -> bool:
        if text not in wrong:
            wrong[text] = bool(_WRONG.search(text) or lexicon.meanings(text) & _BAD)
        return wrong[text]

    for fix in [f for f in layout.case.fixes if f.outcome not in {"failed", "dismissed"}][: -MOST_FIXES - 1 : -1]:
        best, score = None, 0.0
        for fact in standing:
            points = terms.shared(fact.text, f"{fix.title} {fix.detail}")
            told_before = fact.step is not None and fact.step <= (fix.proposed_step or fact.step)
            if points > score and told_before and (fix.outcome == "worked" or is_wrong(fact.text)) and not is_unfit(fact.text):
                best, score = fact, points
        if best is not None and score >= ENOUGH:
            support = results.supporting(best.text)
            return LaneCause(f"{bare(shorten(fold(best.text), 230))}.", _sure(layout, best.text, support), support)
    return None


def _all_well(text: str) -> bool:
    return bool(_WELL.search(text)) and not re.search(r"\b(?:not|but|only|fail)\b", text, re.IGNORECASE)


def _named_by_assistant(layout: Layout, results: _Results, *, named: bool) -> LaneCause | None:
    """A cause that FlowPilot names and people's findings support, unless a fix for it failed."""
    best: tuple[float, str, list[int]] | None = None
    for reply, order, sentence, what in _claims(layout, named=named)[-MOST_CLAIMS:]:
        support = [n for n in results.supporting(what) if named or n < reply.number]
        if named and (q := re.search(r"\"(.{6,200})\"", sentence)):
            support = sorted({*support, *(s.number for s in layout.results if q[1] in fold(s.text))})
        if not support:
            continue
        claim = _in_their_words(layout, what, support) or _by_flowpilot(what, sentence, named)
        if claim is None:
            continue
        weight = len(support) + (2.0 if named else 0.0) + reply.number / 100 - order / 10
        if best is None or weight > best[0]:
            best = (weight, claim, support)
    if best is None:
        return None
    _, claim, support = best
    return LaneCause(claim, _sure(layout, claim, support), support)


def _claims(layout: Layout, *, named: bool) -> list[tuple[CaseStep, int, str, str]]:
    """The sentences of FlowPilot that name a cause (or, not `named`, could be one): the reply, its place there, itself, and the cause."""
    fixes = layout.case.fixes
    refuted = {f.proposed_step for f in fixes if f.outcome in {"failed", "dismissed"}}
    last_failed = max((f.outcome_step or 0 for f in fixes if f.outcome == "failed"), default=0)
    found = []
    for reply in layout.replies:
        if reply.number in refuted or reply.number < last_failed or secrecy.holds_secret(reply.text):
            continue
        for order, (sentence, _) in enumerate(split(reply.text)):
            match = _POINTS.search(sentence)
            if bool(match) != named or sentence.endswith("?") or "speaks against" in sentence or "less likely" in sentence:
                continue
            if not named and (
                _NO_DIAGNOSIS.search(sentence) or order > 1 or len(lexicon.content(sentence)) < 5 or not _seen_before(layout, reply.number)
            ):
                continue
            found.append((reply, order, sentence, bare(match["what"]) if match else bare(sentence)))
    return found


def _seen_before(layout: Layout, reply: int) -> bool:
    return any(step.number < reply for step in layout.results)


def _in_their_words(layout: Layout, what: str, support: list[int]) -> str | None:
    """The fact that names the same thing, because people's words come before FlowPilot's."""
    whole, steps = sum(layout.terms.of(what).values()), set(support)
    best, score = None, 0.0
    for fact in layout.case.facts:
        if fact.step not in steps or _WELL.search(fact.text) or is_unfit(fact.text):
            continue
        share = layout.terms.shared(what, fact.text, usual=False) / max(1.0, whole)
        points = share + (0.3 if _BECAUSE.search(fact.text) else 0.0)
        if share >= 0.6 and points >= score:
            best, score = fact, points
    return f"{bare(shorten(fold(best.text), 230))}." if best else None


def _by_flowpilot(what: str, sentence: str, named: bool) -> str | None:
    if not named and _PRONOUN.match(sentence):
        return None
    return f"FlowPilot: {lowered(bare(shorten(_OPENER.sub('', what), 220)))}."


def _explained_by_fact(layout: Layout, results: _Results) -> LaneCause | None:
    """A fact that includes the reason: "is in staging mode, so it exports nothing"."""
    told = [f for f in layout.case.facts if f.step and _BECAUSE.search(f.text) and not _WELL.search(f.text) and not is_unfit(f.text)]
    if not told:
        return None
    fact = told[-1]
    support = results.supporting(fact.text)
    return LaneCause(f"{bare(shorten(fold(fact.text), 230))}.", _sure(layout, fact.text, support), support)
