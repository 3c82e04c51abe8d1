"""The briefing that FlowPilot gets when somebody claims with "Get AI analysis"."""

from typing import Any

from handoffs.models import SessionHandoff

# The columns of the handoff that `compose` reads.
READS = ("needs", "snapshot", "assessment")


def compose(handoff: SessionHandoff) -> str:
    """What the author needs, what is known and what was tried: from the assessment if there is one, else from the snapshot."""
    snapshot, assessment = handoff.snapshot, handoff.assessment or {}
    lines = [f"{handoff.author} escalated this and needs: {handoff.needs}", "", f"Problem: {snapshot.get('title', '')}"]
    if assessment.get("summary_prose"):
        lines += ["", assessment["summary_prose"]]
    # If there is an assessment, only its verified statements are used: a fact of the lane may have been refuted since.
    known = [entry["text"] for entry in assessment["what_we_know"]] if assessment else [fact["text"] for fact in snapshot.get("facts", [])]
    corrected = [f"Reported: {entry['text']} Corrected: {entry['now']}" for entry in assessment.get("corrected", [])]
    tried = (
        [_tried(entry) for entry in assessment["tried"]]
        if assessment
        else [f"{fix['title']}: {fix['outcome']}" for fix in snapshot.get("fixes", [])]
    )
    still_open = [task["title"] for task in snapshot.get("open_tasks", [])]
    for heading, entries in (("Known", known), ("Reported and corrected", corrected), ("Tried", tried), ("Still open", still_open)):
        if entries:
            lines += ["", f"{heading}:", *(f"- {entry}" for entry in entries)]
    if assessment.get("likely_cause"):
        lines += ["", f"Likely cause: {assessment['likely_cause']} ({assessment['confidence']} confidence)"]
    return "\n".join(lines)


def _tried(entry: dict[str, Any]) -> str:
    on = f" ({entry['target']})" if entry.get("target") and entry["target"].lower() not in entry["action"].lower() else ""
    who = f", by {entry['by']}" if entry.get("by") else ""
    return f"{entry['action']}{on}{who}: {entry['outcome'] or 'no result reported'}"
