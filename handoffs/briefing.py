"""The structured briefing that FlowPilot gets once, when somebody claims with "Get AI analysis"."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handoffs.models import SessionHandoff


def compose(handoff: "SessionHandoff") -> str:
    """What was asked for, what is known, what was tried: from the assessment where there is one, from the snapshot otherwise."""
    snapshot, assessment = handoff.snapshot, handoff.assessment or {}
    lines = [f"{handoff.author} handed this off and needs: {handoff.needs}", "", f"Problem: {snapshot.get('title', '')}"]
    if assessment.get("summary_prose"):
        lines += ["", assessment["summary_prose"]]
    known = [entry["text"] for entry in assessment.get("what_we_know", [])] or [fact["text"] for fact in snapshot.get("facts", [])]
    tried = [f"{entry['action']}: {entry['outcome'] or 'not reported back'}" for entry in assessment.get("tried", [])]
    tried = tried or [f"{fix['title']}: {fix['outcome']}" for fix in snapshot.get("fixes", [])]
    still_open = [task["title"] for task in snapshot.get("open_tasks", [])]
    for heading, entries in (("Known", known), ("Tried", tried), ("Still open", still_open)):
        if entries:
            lines += ["", f"{heading}:", *(f"- {entry}" for entry in entries)]
    if assessment.get("likely_cause"):
        lines += ["", f"Likely cause: {assessment['likely_cause']} ({assessment['confidence']} confidence)"]
    return "\n".join(lines)
