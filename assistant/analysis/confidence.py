"""What code adds to a verified assessment: who did something and when, and the confidence that the evidence allows."""

from assistant.case import Case, CaseStep
from assistant.results import Confidence, Evidence, Tried

# What somebody looked up, measured or saw, as opposed to only said.
_SEEN = {"check", "answer", "outcome"}
_ORDER: tuple[Confidence, ...] = ("low", "medium", "high")


def stamped(entry: Tried, steps: dict[int, CaseStep]) -> Tried:
    """The attempt with its author and time, from the latest cited step that a person wrote. FlowPilot's advice does not count."""
    people = [steps[e.step] for e in entry.evidence if e.step in steps and steps[e.step].author_kind not in ("assistant", "system")]
    if not people:
        return entry.model_copy(update={"by": "", "at": ""})
    did = max(people, key=lambda step: step.number)
    return entry.model_copy(update={"by": did.author[:120], "at": did.at})


def ceiling(cause_evidence: list[Evidence], tried: list[Tried], case: Case) -> Confidence:
    """The highest confidence that a cause's evidence allows. One point each for two or more cited steps, for a step that was looked up, and
    for a fix that worked: no point is low, one is medium, more is high."""
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
    """The lower of two."""
    return _ORDER[min(_ORDER.index(one), _ORDER.index(other))]
