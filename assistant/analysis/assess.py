"""Builds the assessment: reads the case, collects findings, and reports them in the order a colleague needs them."""

import re

from assistant.analysis.findings.advice import asks, suggestions
from assistant.analysis.findings.attempt import Attempt
from assistant.analysis.findings.attempts import attempts
from assistant.analysis.findings.cause import CONFIRMED_BY, Cause, hypotheses, likely_cause
from assistant.analysis.findings.cause_found import SOLVED_WHEN
from assistant.analysis.findings.corrections import Correction, corrections
from assistant.analysis.findings.standing import Standing, standing
from assistant.analysis.lane.assessment import assess_lane
from assistant.analysis.lane.layout import has_lane
from assistant.analysis.language import lexicon
from assistant.analysis.language.sentences import fold, shorten
from assistant.analysis.reading import errors, secrecy
from assistant.analysis.reading.document import Reading, Sentence
from assistant.analysis.reading.read import read
from assistant.analysis.report.facts import known_facts, said_and_corrected
from assistant.analysis.report.next_steps import open_questions, suggested_steps
from assistant.analysis.report.opening import PLAIN_TROUBLE, main_symptom, without_mark
from assistant.analysis.verify import verify
from assistant.case import Case
from assistant.results import Assessment, Evidence, Tried

MOST_TRIED = 14


def assess(case: Case) -> Assessment:
    """What a colleague needs to know about a case. Deterministic: the same case always gives the same text."""
    if has_lane(case):
        return verify(assess_lane(case), case)
    reading = read(case)
    offered = suggestions(reading)
    asked = asks(reading)
    done = attempts(reading, offered)
    fixed = corrections(reading, done)
    state = standing(reading, done, offered)
    withdrawn = {c.first.order for c in fixed}
    cause = likely_cause(reading, state, done, offered, withdrawn)
    followed = {s.order for a in done if a.suggestion for s in a.suggestion.all}
    asked = [ask for ask in asked if ask.sentence.order not in followed]
    known = known_facts(reading, asked, fixed, state, cause, done)
    result = Assessment(
        summary_prose=_summary(reading, state, cause, done, fixed),
        likely_cause=shorten(cause.text, 395) if cause else None,
        cause_evidence=_speaking_for(cause) if cause else [],
        confidence=cause.confidence if cause else "low",
        what_we_know=known,
        corrected=said_and_corrected(fixed),
        tried=_tried(done),
        suggested_steps=suggested_steps(
            reading, state, cause, asked, [s for s in hypotheses(reading, done) if s.order not in withdrawn], done
        ),
        open_questions=open_questions(reading, asked, state),
    )
    return verify(result, case)


def _speaking_for(cause: Cause) -> list[Evidence]:
    cited: list[Evidence] = []
    for sentence in [*([cause.diagnosis] if cause.diagnosis else []), *cause.based_on]:
        if sentence.evidence not in cited:
            cited.append(sentence.evidence)
    return cited[:8]


def _tried(done: list[Attempt]) -> list[Tried]:
    """What was tried, in order."""
    found = [a.as_tried() for a in done]
    if len(found) > MOST_TRIED:
        # The latest matter most; of the older ones, keep those with an outcome.
        late = found[-8:]
        early = [t for t in found[:-8] if t.outcome][: MOST_TRIED - 8]
        found = early + late
    return found


def _summary(reading: Reading, state: Standing, cause: Cause | None, done: list[Attempt], fixed: list[Correction]) -> str:
    withdrawn = {c.first.order for c in fixed}
    parts = [_problem(reading, withdrawn)]
    if finding := _finding(state, cause, done):
        parts.append(finding)
    parts.append(_now(reading, state))
    return shorten(_ended_once(" ".join(p for p in parts if p)), 1400)


def _ended_once(text: str) -> str:
    """Keeps one punctuation mark at the end of a quoted sentence."""
    for mark in "!?":
        text = text.replace(f"{mark}”.", f"{mark}”")
    return re.sub(r"\s*\.+”\.", "”.", text)


def _problem(reading: Reading, withdrawn: set[int]) -> str:
    case = reading.case
    title = without_mark(case.title)
    if secrecy.holds_secret(title):
        title = ""
    symptom = main_symptom(reading, withdrawn)
    who = f"The {reading.reporter_name}"
    of = f" ({fold(case.client)})" if case.client and reading.has_client else ""
    own_words = symptom is not None and _repeats(title, symptom)
    if symptom is None:
        text = f"Reported: “{shorten(title, 160)}”." if title else "The session does not describe a problem."
    elif not own_words and "symptom" in lexicon.meanings(title) and not PLAIN_TROUBLE.search(symptom.text):
        text = f"{who}{of} reports: “{shorten(title, 160)}”."
    elif own_words:
        text = f"{who}{of} {'asks' if symptom.is_question else 'reports'}: “{shorten(symptom.said, 200)}”."
    else:
        text = f"“{shorten(title, 120)}”: the {reading.reporter_name}{of} says “{shorten(symptom.said, 190)}”."
    exact = _exact_errors(reading, withdrawn, text)
    if exact:
        text += f" Exact message: “{exact}”."
    return text


def _repeats(title: str, symptom: Sentence) -> bool:
    """Whether the title only repeats the message's first words (or is cut off) and adds nothing."""
    return not title or title.endswith("…") or lexicon.alike(title, symptom.text) >= 70 or title[:40].lower() in symptom.text.lower()


def _exact_errors(reading: Reading, withdrawn: set[int], already: str) -> str:
    for sentence in reading.reporter():
        if sentence.order in withdrawn:
            continue
        for text in errors.texts(sentence):
            if text not in already:
                return shorten(text, 180)
    return ""


def _finding(state: Standing, cause: Cause | None, done: list[Attempt]) -> str:
    if cause and state.solved:
        # The summary ends with the confirmation, so it is not repeated here.
        return "" if cause.text.startswith(SOLVED_WHEN) else shorten(cause.text.split(f" {CONFIRMED_BY} ")[0], 260).rstrip(".") + "."
    failed = [a for a in done if a.worked is False]
    parts = []
    if failed:
        names = "; ".join(f"“{shorten(a.action, 70)}”" for a in failed[-3:])
        more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
        parts.append(f"Tried without success: {names}{more}.")
    if cause:
        parts.append(shorten(cause.text, 260).rstrip(".") + ".")
    return " ".join(parts)


def _now(reading: Reading, state: Standing) -> str:
    who = f"the {reading.reporter_name}"
    if state.confirmed:
        cure = state.cured_by
        told = cure.suggestion.text if cure and cure.suggestion and cure.wording else cure.action if cure else ""
        by = f" after “{shorten(told, 150)}”" if cure and (cure.wording or state.confirmed not in cure.actions) else ""
        part = " (in part)" if state.confirmed.has("partial") else ""
        return f"Solved{part}{by}: {who} confirms “{shorten(state.confirmed.said, 150)}”."
    reports = [s for s in reading.reporter() if not s.is_noise]
    if not reports:
        return ""
    last = reports[-1].step if reports else 0
    question = next(
        (s for s in reversed(reading.sentences) if s.step == reading.steps[-1].number and s.is_reporter and s.is_question), None
    )
    if question and lexicon.content(question.text) and last > reading.steps[0].number and not question.has("rhetorical"):
        return f"Not solved: {who}'s latest question is not answered yet: “{shorten(question.said, 150)}”."
    waiting = [s for s in state.unreported or [] if s.step > last]
    if waiting:
        return f"Not solved: no result has been reported for the latest advice, “{shorten(waiting[-1].text, 150)}”."
    bad = [s for s in reports if s.step == last and (s.has("failure", "symptom")) and not s.is_question]
    if bad and last > reading.steps[0].number:
        return f"Not solved: most recently, {who} says “{shorten(bad[-1].said, 170)}”."
    plan = next((s for s in reversed(reports) if s.step == last and s.has("intention") and not s.is_question and not s.has("goal")), None)
    if plan:
        return f"Not solved: {who} planned “{shorten(plan.said, 150)}” and has not reported back."
    if state.unreported:
        return f"Not solved: no result has been reported for the advice “{shorten(state.unreported[-1].text, 150)}”."
    if len(reading.steps) == 1:
        return "Nothing has been tried or answered yet."
    return "Not solved: nobody has confirmed that it is fixed."
