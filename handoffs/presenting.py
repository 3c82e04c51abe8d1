"""Rows of the context screen: what is known and what was tried, from the assessment where there is one, from the snapshot otherwise."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.templatetags.words import clock
from flowpilot.models import SessionStep
from handoffs.models import EntryJudgement, SessionHandoff

# Words that an outcome begins with, and the state that says the same by icon and colour.
_OUTCOMES = (
    (("ruled out",), "ruled", "Ruled out", ""),
    (("worked in part", "partial"), "none", "In part", "warn"),
    (("worked", "fixed", "solved", "confirmed"), "ok", "Worked", "ok"),
    (("did not last",), "fail", "Did not last", "bad"),
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
# Steps in which something was seen in a check; and those in which somebody looked at all, as against having said so unasked.
_SEEN = ("check", "outcome")
_LOOKED = (*_SEEN, "answer")

Row = dict[str, Any]


def known_rows(handoff: SessionHandoff, kinds: dict[int, str], state: str) -> list[Row]:
    """What we know, each with how it is known: checked by a technician, or said by somebody."""
    if state == "ready" and handoff.assessment:
        rows = [{"text": e["text"], "evidence": e.get("evidence", [])} for e in handoff.assessment.get("what_we_know", [])]
    else:
        rows = [{"text": f["text"], "evidence": _steps(f["step"])} for f in handoff.snapshot.get("facts", [])]
        rows += [
            {"text": f"{t['title']}: {t['answer']}", "evidence": _steps(t["step"])}
            for t in handoff.snapshot.get("done_tasks", [])
            if t["state"] == "done"
        ]
    for row in rows:
        row["checked"] = any(kinds.get(evidence["step"]) in _SEEN for evidence in row["evidence"])
    return rows


def tried_rows(handoff: SessionHandoff, state: str, names: dict[str, str] | None = None) -> list[Row]:
    """What was tried: the outcome as icon, word and colour, what it was done to, by whom and when. Nobody reported back is said as
    just that. `names` has short names for the people of the session."""
    if state == "ready" and handoff.assessment:
        rows = [
            {
                "action": e["action"],
                "target": _target(e),
                "outcome": e["outcome"],
                "who": (names or {}).get(e.get("by", ""), e.get("by", "")),
                "when": _when(e.get("at", "")),
                "evidence": e.get("evidence", []),
            }
            for e in handoff.assessment.get("tried", [])
        ]
    else:
        rows = [
            {"action": f["title"], "outcome": _FIX_WORDS[f["outcome"]], "evidence": _steps(f["proposed_step"], f["outcome_step"])}
            for f in handoff.snapshot.get("fixes", [])
            if f["outcome"] != "proposed"
        ]
    return [{**row, **_outcome(row["outcome"])} for row in rows]


def with_judgements(part: str, rows: Iterable[Row], judged: dict[tuple[str, int], EntryJudgement]) -> list[Row]:
    """The rows, each with its place in its list and what this person has said of it."""
    return [{**row, "entry": n, "spot": judge_id(part, n), "judged": judged.get((part, n))} for n, row in enumerate(rows)]


def judge_id(part: str, entry: int) -> str:
    """The id of an entry's two buttons in the page."""
    return f"judge-{part}-{entry}"


def tally(rows: list[Row]) -> str:
    """How the tries went, counted in the rows' own words and order: "3 ruled out, 1 failed"; nothing for a single row."""
    counts = Counter(row["word"] for row in rows)
    return ", ".join(f"{count} {word.lower()}" for word, count in counts.items()) if len(rows) > 1 else ""


def cited(assessment: dict[str, Any]) -> set[int]:
    """The steps that anything in the assessment rests on."""
    entries = [*assessment.get("what_we_know", []), *assessment.get("tried", []), *assessment.get("suggested_steps", [])]
    quotes = [e for entry in entries for e in entry.get("evidence", [])] + assessment.get("cause_evidence", [])
    return {evidence["step"] for evidence in quotes}


def why_confident(assessment: dict[str, Any], kinds: dict[int, str]) -> str:
    """What the confidence was computed from, in a sentence. A cause without evidence of its own (an older assessment) rests on all."""
    if not assessment.get("likely_cause"):
        return "Low, because no step supports a cause."
    own = {evidence["step"] for evidence in assessment.get("cause_evidence", [])}
    rests = own or cited(assessment)
    looked = sum(1 for number in rests if kinds.get(number) in _LOOKED)
    steps = f"{len(rests)} step{'' if len(rests) == 1 else 's'}"
    return f"Computed from {steps}, {looked or 'none'} of them looked up rather than only said."


def names_of(steps: Iterable[SessionStep]) -> dict[str, str]:
    """What colleagues call the people who wrote these steps, by their full names; where two share it, the full name stays."""
    short = {str(step.author): step.author.get_short_name() for step in steps if step.author}
    shared = Counter(short.values())
    return {full: name if shared[name] == 1 else full for full, name in short.items()}


def _target(entry: Row) -> str:
    """What it was done to, unless the action names it already."""
    target = entry.get("target", "")
    return "" if target.lower() in entry["action"].lower() else target


def _when(at: str) -> str:
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        return ""
    return clock(when if when.tzinfo else timezone.make_aware(when))


def _outcome(text: str | None) -> dict[str, str]:
    if not text:
        return {"icon": "pending", "word": "Not reported", "tone": "", "shown": "Nobody said how it went"}
    lowered = text.lower()
    for starts, icon, word, tone in _OUTCOMES:
        if lowered.startswith(starts):
            return {"icon": icon, "word": word, "tone": tone, "shown": _without_label(text)}
    return {"icon": "check", "word": "Result", "tone": "", "shown": _without_label(text) if lowered.startswith("result: ") else text}


def _without_label(text: str) -> str:
    """ "no change: paused itself again" beside the words "No change" says it once."""
    label, colon, rest = text.partition(": ")
    shown = rest if colon and len(label) <= 16 and rest else text
    return shown[:1].upper() + shown[1:]


def _steps(*numbers: int | None) -> list[Row]:
    """Steps of the lane as evidence without a quote."""
    return [{"step": number, "quote": ""} for number in numbers if number]
