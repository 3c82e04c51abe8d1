"""Rows of the context screen: what is known and what was tried, from the assessment if there is one, else from the snapshot."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.templatetags.words import clock
from assistant.results import TryResult, outcome_details, outcome_words
from flowpilot.models import Fix, SessionStep, Task
from handoffs.models import EntryJudgement, SessionHandoff


@dataclass(frozen=True, slots=True)
class _Look:
    """How a result is shown: icon, word and colour."""

    icon: str
    word: str
    tone: str = ""


_LOOKS = {
    TryResult.WORKED: _Look("ok", "Worked", "ok"),
    TryResult.PARTIAL: _Look("none", "In part", "warn"),
    TryResult.NO_CHANGE: _Look("none", "No change", "warn"),
    TryResult.FAILED: _Look("fail", "Failed", "bad"),
    TryResult.DID_NOT_LAST: _Look("fail", "Did not last", "bad"),
    TryResult.RULED_OUT: _Look("ruled", "Ruled out"),
    TryResult.APPLIED: _Look("clock", "Waiting", "info"),
    TryResult.NOT_APPLIED: _Look("stop", "Not applied", "info"),
    TryResult.OTHER: _Look("check", "Result"),
    TryResult.NOT_REPORTED: _Look("pending", "Not reported"),
}
# Results of fixes in the snapshot, if there is no assessment. A fix that was only proposed was not tried.
_FIX_RESULTS = {
    Fix.Outcome.APPLIED: TryResult.APPLIED,
    Fix.Outcome.WORKED: TryResult.WORKED,
    Fix.Outcome.FAILED: TryResult.FAILED,
    Fix.Outcome.PARTIAL: TryResult.PARTIAL,
    Fix.Outcome.DISMISSED: TryResult.NOT_APPLIED,
}
Kind = SessionStep.Kind

# Steps with the result of a check; and those in which somebody looked, rather than only mentioned something.
_CHECKED = (Kind.CHECK, Kind.OUTCOME)
_LOOKED_UP = (*_CHECKED, Kind.ANSWER)

Row = dict[str, Any]


def known_rows(handoff: SessionHandoff, kinds: dict[int, str], state: str) -> list[Row]:
    """What we know. `checked` is True if a check or an outcome supports it, False if somebody only said so."""
    if state == SessionHandoff.Assessed.READY and handoff.assessment:
        rows = [{"text": e["text"], "evidence": e.get("evidence", [])} for e in handoff.assessment.get("what_we_know", [])]
    else:
        rows = [{"text": f["text"], "evidence": _steps(f["step"])} for f in handoff.snapshot.get("facts", [])]
        rows += [
            {"text": f"{t['title']}: {t['answer']}", "evidence": _steps(t["step"])}
            for t in handoff.snapshot.get("done_tasks", [])
            if t["state"] == Task.State.DONE
        ]
    for row in rows:
        row["checked"] = any(kinds.get(evidence["step"]) in _CHECKED for evidence in row["evidence"])
    return rows


def tried_rows(handoff: SessionHandoff, state: str, names: dict[str, str] | None = None) -> list[Row]:
    """What was tried: on what, by whom, when, and the result as icon, word and colour. `names` has short names for the people of the
    session."""
    if state == SessionHandoff.Assessed.READY and handoff.assessment:
        rows = [
            {
                "action": e["action"],
                "target": _target(e),
                "result": TryResult(e.get("result") or (TryResult.OTHER if e["outcome"] else TryResult.NOT_REPORTED)),
                "outcome": e["outcome"],
                "who": (names or {}).get(e.get("by", ""), e.get("by", "")),
                "when": _when(e.get("at", "")),
                "evidence": e.get("evidence", []),
            }
            for e in handoff.assessment.get("tried", [])
        ]
    else:
        rows = [
            {
                "action": f["title"],
                "result": (result := _FIX_RESULTS[Fix.Outcome(f["outcome"])]),
                "outcome": outcome_words(result),
                "evidence": _steps(f["proposed_step"], f["outcome_step"]),
            }
            for f in handoff.snapshot.get("fixes", [])
            if f["outcome"] in _FIX_RESULTS
        ]
    return [{**row, **_look(row["result"], row["outcome"])} for row in rows]


def with_judgements(part: str, rows: Iterable[Row], judged: dict[tuple[str, int], EntryJudgement]) -> list[Row]:
    """The rows, each with its index and this person's judgement."""
    return [{**row, "entry": n, "spot": judge_id(part, n), "judged": judged.get((part, n))} for n, row in enumerate(rows)]


def judge_id(part: str, entry: int) -> str:
    """The id of an entry's two buttons in the page."""
    return f"judge-{part}-{entry}"


def tally(rows: list[Row]) -> str:
    """A summary of the results, for example "3 ruled out, 1 failed"; empty for a single row."""
    counts = Counter(row["word"] for row in rows)
    return ", ".join(f"{count} {word.lower()}" for word, count in counts.items()) if len(rows) > 1 else ""


def cited(assessment: dict[str, Any]) -> set[int]:
    """The steps that the assessment cites."""
    entries = [*assessment.get("what_we_know", []), *assessment.get("tried", []), *assessment.get("suggested_steps", [])]
    quotes = [e for entry in entries for e in entry.get("evidence", [])] + assessment.get("cause_evidence", [])
    return {evidence["step"] for evidence in quotes}


def why_confident(assessment: dict[str, Any], kinds: dict[int, str]) -> str:
    """What the confidence is based on, in a sentence. If the cause has no evidence (older assessments), all cited steps count."""
    if not assessment.get("likely_cause"):
        return "Low: no step supports a cause."
    own = {evidence["step"] for evidence in assessment.get("cause_evidence", [])}
    rests = own or cited(assessment)
    looked = sum(1 for number in rests if kinds.get(number) in _LOOKED_UP)
    steps = f"{len(rests)} step{'' if len(rests) == 1 else 's'}"
    return f"Based on {steps}, {looked or 'none'} of them a check, an answer or an outcome."


def names_of(steps: Iterable[SessionStep]) -> dict[str, str]:
    """Short names of the people who wrote these steps, by full name. If two people share a short name, they keep the full one."""
    short = {str(step.author): step.author.get_short_name() for step in steps if step.author}
    shared = Counter(short.values())
    return {full: name if shared[name] == 1 else full for full, name in short.items()}


def _target(entry: Row) -> str:
    """The target, unless the action mentions it already."""
    target = entry.get("target", "")
    return "" if target.lower() in entry["action"].lower() else target


def _when(at: str) -> str:
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        return ""
    return clock(when if when.tzinfo else timezone.make_aware(when))


def _look(result: TryResult, outcome: str | None) -> dict[str, str]:
    """Icon, word and colour of a result, and the details that the word does not say already."""
    look = _LOOKS[result]
    shown = outcome_details(result, outcome) if outcome else "No result was reported"
    shown = shown or outcome or ""
    return {"icon": look.icon, "word": look.word, "tone": look.tone, "shown": shown[:1].upper() + shown[1:]}


def _steps(*numbers: int | None) -> list[Row]:
    """Steps of the lane as evidence without a quote."""
    return [{"step": number, "quote": ""} for number in numbers if number]
