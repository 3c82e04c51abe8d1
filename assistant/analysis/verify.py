"""Verifies every assessment, whichever assistant made it: nothing is shown as known that is not in the session.

Independent of the code that writes assessments: it only looks at steps, quotes and figures.
"""

import re
import unicodedata

from assistant.analysis.confidence import ceiling, lower, stamped
from assistant.analysis.reading.secrecy import holds_secret
from assistant.case import Case, CaseStep
from assistant.results import Assessment, Corrected, Evidence, Known, SuggestedStep, Tried

_MARKUP = re.compile(
    r"</?[a-zA-Z][^<>]{0,200}>|<!--(?:(?!<!--).)*?-->|!?\[([^\[\]]{0,200})\]\((?:javascript|data|https?):[^)]{0,300}\)", re.DOTALL
)
_BRACKETS = re.compile(r"[<>\[\]]")
MOST_NESTED = 12
_FIGURE = re.compile(r"[\w.:/-]*\d[\w.:/-]*\d[\w.:/-]*")
_QUOTATION = re.compile(r"“([^“”]{8,400})”|\"([^\"“”]{12,400})\"")
_WORD = re.compile(r"[^\W_]{4,}")


def verify(assessment: Assessment, case: Case) -> Assessment:
    """The assessment without what its session does not support. Idempotent."""
    steps = {step.number: _plain(step.text) for step in case.steps}
    raw = {step.number: " ".join(step.text.split()) for step in case.steps}
    lane = _lane(case)
    known = [
        Known(text=text, evidence=cited)
        for entry in assessment.what_we_know
        if (cited := _valid(entry.evidence, steps, raw))
        and (text := clean(entry.text))
        and _figures_stand(text, cited, lane, steps)
        and not holds_secret(text)
    ]
    tried = [
        Tried(
            action=action,
            target=_target(entry.target),
            outcome=clean(entry.outcome) or None if entry.outcome else None,
            result=entry.result,
            evidence=cited,
        )
        for entry in assessment.tried
        if (cited := _valid(entry.evidence, steps, raw))
        and (action := clean(entry.action))
        and _figures_stand(f"{action} {entry.outcome or ''}", cited, lane, steps)
        and not holds_secret(f"{action} {entry.outcome or ''}")
    ]
    next_steps = [
        SuggestedStep(text=text, why=clean(entry.why), evidence=_valid(entry.evidence, steps, raw))
        for entry in assessment.suggested_steps
        if (text := clean(entry.text)) and not holds_secret(f"{text} {entry.why}")
    ]
    corrected = [
        Corrected(text=text, evidence=said, now=now, corrected_by=taken_back)
        for entry in assessment.corrected
        if (said := _valid(entry.evidence, steps, raw))
        and (taken_back := _valid(entry.corrected_by, steps, raw))
        and (text := clean(entry.text))
        and (now := clean(entry.now))
        and not holds_secret(f"{text} {now}")
    ]
    cited_steps = {e.step for entry in known for e in entry.evidence} | {e.step for entry in tried for e in entry.evidence}
    cause = clean(assessment.likely_cause or "") or None
    speaks_for = _valid(assessment.cause_evidence, steps, raw)
    if cause and (
        holds_secret(cause) or not speaks_for or not _cause_stands(cause, cited_steps | {e.step for e in speaks_for}, steps, lane)
    ):
        cause = None
    people = {step.number: step for step in case.steps}
    return Assessment(
        summary_prose=_summary(assessment.summary_prose, lane, steps),
        likely_cause=cause,
        cause_evidence=speaks_for if cause else [],
        confidence=lower(assessment.confidence, ceiling(speaks_for, tried, case)) if cause else "low",
        what_we_know=known,
        corrected=corrected,
        tried=[stamped(entry, people) for entry in tried],
        suggested_steps=next_steps,
        open_questions=[text for question in assessment.open_questions if (text := clean(question)) and not holds_secret(text)],
        not_shown=[text for said in assessment.not_shown if (text := clean(said)) and not holds_secret(text)],
    )


def clean(text: str) -> str:
    """Text without control and invisible characters and without markup, white space folded."""
    visible = "".join(
        " " if char.isspace() else "" if unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs", "Cn"} else char for char in text
    )
    # Markup may be left when the markup inside of it is gone; what is nested deeper than anybody writes loses its brackets.
    for _ in range(MOST_NESTED):
        previous = visible
        visible = _MARKUP.sub(lambda found: found.group(1) or "", visible)
        if visible == previous:
            break
    else:
        visible = _BRACKETS.sub("", visible)
    return " ".join(visible.split())


def _target(text: str) -> str:
    target = clean(text)
    return "" if holds_secret(target) else target


def _plain(text: str) -> str:
    """Like `clean`, but keeps markup. Quotes are searched in this."""
    if (folded := " ".join(text.split())).isprintable():
        return folded
    return " ".join(
        "".join(" " if c.isspace() else "" if unicodedata.category(c) in {"Cc", "Cf", "Co", "Cs", "Cn"} else c for c in text).split()
    )


def verbatim_quotes(evidence: list[Evidence], steps: dict[int, CaseStep]) -> list[Evidence]:
    """The quotes that are verbatim (white space folded) in their step and contain no credential."""
    return _valid(
        evidence, {n: _plain(step.text) for n, step in steps.items()}, {n: " ".join(step.text.split()) for n, step in steps.items()}
    )


def _valid(evidence: list[Evidence], steps: dict[int, str], raw: dict[int, str]) -> list[Evidence]:
    kept: list[Evidence] = []
    for entry in evidence:
        quote = _plain(entry.quote)
        stands = bool(quote) and entry.step in steps and (quote in steps[entry.step] or quote in raw[entry.step])
        if stands and any(char.isalnum() for char in quote) and not holds_secret(quote):
            checked = Evidence(step=entry.step, quote=quote)
            if checked not in kept:
                kept.append(checked)
    return kept


def _figures(text: str) -> set[str]:
    return {found.strip(".:/-").lower() for found in _FIGURE.findall(text)}


def _figures_stand(text: str, cited: list[Evidence], lane: str, steps: dict[int, str]) -> bool:
    """Whether the versions, codes, addresses and counts in a statement appear in its cited steps (or in the lane)."""
    source = f"{' '.join(steps[e.step] for e in cited)} {lane}".lower()
    return all(figure in source for figure in _figures(text))


def _lane(case: Case) -> str:
    parts = [case.title, case.summary, case.needs, case.client, case.ticket]
    parts += [fact.text for fact in case.facts] + [f"{task.title} {task.command} {task.answer}" for task in case.tasks]
    parts += [f"{fix.title} {fix.detail} {fix.verify} {fix.waiting_for}" for fix in case.fixes] + [
        f"{s.asked} {s.command}" for s in case.steps
    ]
    return _plain(" ".join(parts))


def _cause_stands(cause: str, cited: set[int], steps: dict[int, str], lane: str) -> bool:
    """Whether its quotations are in the session, and its words in the cited steps."""
    if not cited:
        return False
    everything = f"{' '.join(steps.values())} {lane}".lower()
    curly = "“" in cause
    quotations = [found.group(1) or ("" if curly else found.group(2)) for found in _QUOTATION.finditer(cause)]
    if any(_trim(quotation or "").lower() not in everything for quotation in quotations):
        return False
    said = " ".join(steps[number] for number in cited).lower() + " " + lane.lower()
    if not all(figure in said for figure in _figures(cause)):
        return False
    if any(len((quotation or "").split()) >= 2 for quotation in quotations):
        return True
    # The speaker's name is not part of the statement.
    words = {word.lower() for word in _WORD.findall(cause.removeprefix("FlowPilot: "))}
    return not words or sum(word in said or word[:-1] in said for word in words) / len(words) >= 0.4


def _trim(quotation: str) -> str:
    return quotation.removesuffix("…").strip()


def _summary(text: str, lane: str, steps: dict[int, str]) -> str:
    """The summary, without sentences that have figures not in the session."""
    everything = f"{' '.join(steps.values())} {lane}".lower()
    text = clean(text)
    if holds_secret(text) or not all(figure in everything for figure in _figures(text)):
        sentences = re.split(r"(?<=[.!?”])\s+", text)
        text = " ".join(s for s in sentences if not holds_secret(s) and all(figure in everything for figure in _figures(s)))
    return text or "No summary could be verified against the session."
