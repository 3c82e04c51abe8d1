"""The assessment of a session with a lane, put together."""

from flowpilot.assessing.attempts import attempts
from flowpilot.assessing.corrections import corrections
from flowpilot.assessing.exchange import asks, suggestions
from flowpilot.assessing.knowing import said_and_corrected
from flowpilot.assessing.lane.bench import Bench, lay_out, quote
from flowpilot.assessing.lane.cause import LaneCause, lane_cause
from flowpilot.assessing.lane.known import lane_known
from flowpilot.assessing.lane.steps import lane_questions, lane_steps
from flowpilot.assessing.lane.summary import lane_summary
from flowpilot.assessing.lane.tried import lane_tried, own_deeds
from flowpilot.assessing.standing import standing
from flowpilot.assistant.case import Case
from flowpilot.assistant.results import Assessment, Evidence


def assess_lane(case: Case) -> Assessment:
    bench = lay_out(case)
    offered = suggestions(bench.talk)
    done = attempts(bench.talk, offered)
    fixed = corrections(bench.talk)
    state = standing(bench.talk, done, offered)
    withdrawn = {c.first.order for c in fixed}
    cause = lane_cause(bench)
    tried = lane_tried(bench, done)
    told = {(e.step, e.quote) for entry in tried for e in entry.evidence}
    deeds = {s.order for attempt in own_deeds(done) for s in attempt.actions}
    deeds |= {s.order for s in bench.talk.sentences if (s.step, s.evidence.quote) in told}
    current = next((fix for fix in reversed(case.fixes) if fix.current), None)
    solved = current.outcome == "worked" if current else state.confirmed is not None
    return Assessment(
        summary_prose=lane_summary(bench, cause, state, withdrawn)[:2400],
        likely_cause=cause.text if cause else None,
        cause_evidence=_speaking_for(bench, cause) if cause else [],
        confidence=cause.confidence if cause else "low",
        corrected=said_and_corrected(fixed),
        what_we_know=lane_known(bench, deeds, cause, withdrawn),
        tried=tried,
        suggested_steps=lane_steps(bench, solved),
        open_questions=lane_questions(bench, asks(bench.talk)),
    )


def _speaking_for(bench: Bench, cause: LaneCause) -> list[Evidence]:
    """The words in which it was stated, and of each step that bears it out the piece that does."""
    cited = [cause.stated.evidence] if cause.stated else []
    for number in cause.support:
        found = quote(bench.steps.get(number), cause.text)
        if found and found not in cited:
            cited.append(found)
    return cited[:8]
