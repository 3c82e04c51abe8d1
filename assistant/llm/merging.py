"""Merges the offline reading of the lane with the model's reading of the conversation. The lane comes first."""

from assistant.analysis.lane.layout import has_lane
from assistant.analysis.language import lexicon
from assistant.case import Case
from assistant.results import Assessment, Evidence

ALIKE = 78
MOST_KNOWN, MOST_TRIED = 16, 20


def merged(base: Assessment, made: Assessment, case: Case) -> Assessment:
    """`base` is the offline assessment, `made` the model's, both verified. Without a lane, only the model's entries are used."""
    lane = has_lane(case)
    known = list(base.what_we_know) if lane else []
    known += [e for e in made.what_we_know if not any(_same(e.text, e.evidence, k.text, k.evidence) for k in known)]
    tried = list(base.tried) if lane else []
    tried += [e for e in made.tried if not any(_same(e.action, e.evidence, t.action, t.evidence) for t in tried)]
    cause = made if made.likely_cause else base
    steps = [step for step in made.suggested_steps if not any(lexicon.alike(step.text, t.action) >= ALIKE for t in tried)]
    return made.model_copy(
        update={
            "summary_prose": made.summary_prose if made.summary_prose != "-" else base.summary_prose,
            "what_we_know": (known or base.what_we_know)[:MOST_KNOWN],
            "tried": (tried or base.tried)[:MOST_TRIED],
            "likely_cause": cause.likely_cause,
            "cause_evidence": cause.cause_evidence,
            "confidence": cause.confidence,
            "suggested_steps": steps or base.suggested_steps,
            "open_questions": made.open_questions or base.open_questions,
        }
    )


def _same(text: str, evidence: list[Evidence], other: str, others: list[Evidence]) -> bool:
    if lexicon.alike(text, other) >= ALIKE:
        return True
    there = {(e.step, e.quote) for e in others}
    return bool(evidence) and all(any(e.step == n and (e.quote in q or q in e.quote) for n, q in there) for e in evidence)
