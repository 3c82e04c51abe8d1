"""What plain code adds to a verified assessment: who did something and when, and how sure the evidence makes us."""

from assistant.case import Case, CaseStep
from assistant.results import Confidence, Evidence, Tried

# What somebody looked up, measured or saw happen, as against what was only said.
_SEEN = {"check", "answer", "outcome"}
_ORDER: tuple[Confidence, ...] = ("low", "medium", "high")


def stamped(entry: Tried, steps: dict[int, CaseStep]) -> Tried:
    """The attempt with its doer and its time: those of the latest cited step that a person wrote. FlowPilot's advice does nothing."""
    people = [steps[e.step] for e in entry.evidence if e.step in steps and steps[e.step].author_kind not in ("assistant", "system")]
    if not people:
        return entry.model_copy(update={"by": "", "at": ""})
    did = max(people, key=lambda step: step.number)
    return entry.model_copy(update={"by": did.author[:120], "at": did.at})


def ceiling(cause_evidence: list[Evidence], tried: list[Tried], case: Case) -> Confidence:
    """How sure the evidence of a cause can make anybody: one person's word is low; two steps, or one that was looked up, medium; two
    steps of which one was looked up, or a fix that was reported to work after it, high."""
    numbers = {e.step for e in cause_evidence}
    if not numbers:
        return "low"
    steps = {step.number: step for step in case.steps}
    seen = sum(1 for n in numbers if n in steps and (steps[n].kind in _SEEN or steps[n].command))
    cured = any(t.result.helped and {e.step for e in t.evidence} & numbers for t in tried)
    cured = cured or any(fix.outcome == "worked" and fix.proposed_step and fix.proposed_step >= min(numbers) for fix in case.fixes)
    points = (len(numbers) >= 2) + (seen >= 1) + cured
    return _ORDER[min(points, 2)]


def lower(one: Confidence, other: Confidence) -> Confidence:
    """The less sure of two."""
    return _ORDER[min(_ORDER.index(one), _ORDER.index(other))]
