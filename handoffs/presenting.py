"""Rows of the context screen: what is known and what was tried, from the assessment where there is one, from the snapshot otherwise."""

from collections import Counter
from typing import Any

from flowpilot.models import SessionStep
from handoffs.models import SessionHandoff

# Words that an outcome begins with, and the state that says the same by icon and colour.
_OUTCOMES = (
    (("ruled out",), "ruled", "Ruled out", ""),
    (("worked in part", "partial"), "none", "In part", "warn"),
    (("worked", "fixed", "solved", "confirmed"), "ok", "Worked", "ok"),
    (("no change", "no effect", "same", "still", "no luck", "no difference"), "none", "No change", "warn"),
    (("failed", "did not", "error", "could not", "does not"), "fail", "Failed", "bad"),
    (("applied", "waiting"), "clock", "Waiting", "info"),
    (("was not applied", "dismissed", "held back", "skipped", "never"), "stop", "Held back", "info"),
)
_FIX_WORDS = {
    "proposed": None,
    "applied": "applied, waiting to be verified",
    "worked": "worked",
    "failed": "did not work",
    "partial": "worked in part",
    "dismissed": "was not applied",
}


def known_rows(handoff: SessionHandoff, steps: dict[int, SessionStep], state: str) -> list[dict[str, Any]]:
    """What we know, each with how it is known: checked by a technician, or said by somebody."""
    if state == "ready" and handoff.assessment:
        rows = [{"text": e["text"], "steps": _numbers(e)} for e in handoff.assessment.get("what_we_know", [])]
    else:
        rows = [{"text": f["text"], "steps": [f["step"]] if f["step"] else []} for f in handoff.snapshot.get("facts", [])]
        rows += [
            {"text": f"{t['title']}: {t['answer']}", "steps": [t["step"]] if t["step"] else []}
            for t in handoff.snapshot.get("done_tasks", [])
            if t["state"] == "done"
        ]
    for row in rows:
        row["checked"] = any(n in steps and steps[n].kind in ("check", "outcome") for n in row["steps"])
    return rows


def tried_rows(handoff: SessionHandoff, state: str) -> list[dict[str, Any]]:
    """What was tried, with the outcome as icon, word and colour. Nobody reported back is said as just that."""
    if state == "ready" and handoff.assessment:
        rows = [{"action": e["action"], "outcome": e["outcome"], "steps": _numbers(e)} for e in handoff.assessment.get("tried", [])]
    else:
        rows = [
            {"action": f["title"], "outcome": _FIX_WORDS[f["outcome"]], "steps": [s for s in (f["proposed_step"], f["outcome_step"]) if s]}
            for f in handoff.snapshot.get("fixes", [])
            if f["outcome"] != "proposed"
        ]
    return [{**row, **_outcome(row["outcome"])} for row in rows]


def tally(rows: list[dict[str, Any]]) -> str:
    """How the tries went, counted in the rows' own words and order: "3 ruled out, 1 failed"; nothing for a single row."""
    counts = Counter(row["word"] for row in rows)
    return ", ".join(f"{count} {word.lower()}" for word, count in counts.items()) if len(rows) > 1 else ""


def _outcome(text: str | None) -> dict[str, str]:
    if not text:
        return {"icon": "pending", "word": "Not reported", "tone": "", "shown": "Nobody said how it went"}
    lowered = text.lower()
    for starts, icon, word, tone in _OUTCOMES:
        if lowered.startswith(starts):
            return {"icon": icon, "word": word, "tone": tone, "shown": _without_label(text)}
    return {"icon": "check", "word": "Result", "tone": "", "shown": text}


def _without_label(text: str) -> str:
    """ "no change: paused itself again" beside the words "No change" says it once."""
    label, colon, rest = text.partition(": ")
    shown = rest if colon and len(label) <= 16 and rest else text
    return shown[:1].upper() + shown[1:]


def _numbers(entry: dict[str, Any]) -> list[int]:
    seen: list[int] = []
    for evidence in entry.get("evidence", []):
        if evidence["step"] not in seen:
            seen.append(evidence["step"])
    return seen
