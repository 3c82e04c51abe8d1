"""Builds the assessment of a session with a lane."""

from assistant.analysis.findings.advice import asks, suggestions
from assistant.analysis.findings.attempts import attempts
from assistant.analysis.findings.corrections import corrections
from assistant.analysis.findings.standing import standing
from assistant.analysis.lane.cause import LaneCause, lane_cause
from assistant.analysis.lane.known import lane_known
from assistant.analysis.lane.layout import Layout, lay_out, quote
from assistant.analysis.lane.next_steps import lane_questions, lane_steps
from assistant.analysis.lane.summary import lane_summary
from assistant.analysis.lane.tried import lane_tried, own_actions
from assistant.analysis.report.facts import said_and_corrected
from assistant.case import Case
from assistant.results import Assessment, Evidence

MOST_CITED = 8


def assess_lane(case: Case) -> Assessment:
    layout = lay_out(case)
    offered = suggestions(layout.talk)
    done = attempts(layout.talk, offered)
    fixed = corrections(layout.talk)
    state = standing(layout.talk, done, offered)
    withdrawn = {c.first.order for c in fixed}
    cause = lane_cause(layout)
    tried = lane_tried(layout, done)
    told = {(e.step, e.quote) for entry in tried for e in entry.evidence}
    deeds = {s.order for attempt in own_actions(done) for s in attempt.actions}
    deeds |= {s.order for s in layout.talk.sentences if (s.step, s.evidence.quote) in told}
    current = next((fix for fix in reversed(case.fixes) if fix.current), None)
    solved = current.outcome == "worked" if current else state.confirmed is not None
    return Assessment(
        summary_prose=lane_summary(layout, cause, state, withdrawn)[:2400],
        likely_cause=cause.text if cause else None,
        cause_evidence=_speaking_for(layout, cause) if cause else [],
        confidence=cause.confidence if cause else "low",
        corrected=said_and_corrected(fixed),
        what_we_know=lane_known(layout, deeds, cause, withdrawn),
        tried=tried,
        suggested_steps=lane_steps(layout, solved),
        open_questions=lane_questions(layout, asks(layout.talk)),
    )


def _speaking_for(layout: Layout, cause: LaneCause) -> list[Evidence]:
    """The sentence that stated the cause, and the supporting part of each step."""
    cited = [cause.stated.evidence] if cause.stated else []
    for number in cause.support:
        found = quote(layout.steps.get(number), cause.text)
        if found and found not in cited:
            cited.append(found)
        if len(cited) >= MOST_CITED:
            break
    return cited[:MOST_CITED]
