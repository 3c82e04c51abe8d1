"""Ticket notes for a resolved session: problem, confirmed facts, root cause, resolution. Only what the assessment could verify."""

from assistant.analysis.assess import assess
from assistant.analysis.language.sentences import fold, shorten
from assistant.analysis.reading.secrecy import holds_secret
from assistant.analysis.verify import clean
from assistant.case import Case
from assistant.results import Assessment, Notes

MOST_CONFIRMED = 8


def notes(case: Case, resolution: str = "") -> Notes:
    """The notes of a case. `resolution` is what the technician wrote when resolving; it is kept as written."""
    assessment = assess(case)
    return Notes(
        problem=assessment.summary_prose,
        confirmed=[known.text for known in assessment.what_we_know][:MOST_CONFIRMED],
        root_cause=assessment.likely_cause if assessment.likely_cause and assessment.confidence != "low" else "",
        resolution=clean(resolution) or settled_by(case, assessment),
    )


def settled_by(case: Case, assessment: Assessment) -> str:
    """What solved the problem: the fix marked as worked, or the last attempt reported to have worked; "" if there is none."""
    for fix in reversed(case.fixes):
        if fix.outcome == "worked" and not holds_secret(fix.title):
            return shorten(fold(f"{fix.title}. {fix.detail}" if fix.detail and not holds_secret(fix.detail) else fix.title), 500)
    worked = [t for t in assessment.tried if t.result.helped]
    return f"{worked[-1].action} ({worked[-1].outcome})" if worked else ""
