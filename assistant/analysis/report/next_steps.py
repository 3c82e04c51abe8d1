"""Suggested steps and unanswered questions, taken from the session itself."""

import re
from collections.abc import Sequence

from assistant.analysis.findings.advice import Ask
from assistant.analysis.findings.attempt import Attempt
from assistant.analysis.findings.cause import Cause
from assistant.analysis.findings.standing import Standing
from assistant.analysis.language import lexicon
from assistant.analysis.language.sentences import shorten
from assistant.analysis.reading import errors
from assistant.analysis.reading.document import Reading, Sentence
from assistant.results import SuggestedStep

_WILL = re.compile(r"\b(?:will|going to)\b|\b(?:i|we)['’]ll\b", re.IGNORECASE)
MOST_STEPS, MOST_QUESTIONS = 5, 8
_NOTE = "Note the fix in the ticket"


def suggested_steps(
    reading: Reading, state: Standing, cause: Cause | None, asked: list[Ask], suspicions: list[Sentence], done: Sequence[Attempt] = ()
) -> list[SuggestedStep]:
    steps = _after_the_end(reading, state) if state.solved else []
    if not state.solved:
        steps += _asked_last(asked, reading)
        steps += _without_result(reading, done)
        steps += _open_advice(reading, state)
        steps += _suspected(suspicions)
    steps += _unanswered(asked, reading, after=state.confirmed.step if state.confirmed else 0)
    if not state.solved:
        steps += _verify_cause(cause)
        steps += _promised(reading)
        steps += _missing_material(reading)
        steps += _failing_now(reading, state)
    distinct = _distinct(steps)
    # In a long session, do not suggest starting from scratch.
    begins = len(reading.steps) <= 3 or not distinct
    return distinct if len(distinct) >= 2 or state.solved or not begins else [*distinct, _start(reading)]


def _without_result(reading: Reading, done: Sequence[Attempt]) -> list[SuggestedStep]:
    """The last thing done, if it is in the latest report and its result was not reported."""
    last = next((s.step for s in reversed(reading.reporter()) if not s.is_noise), 0)
    latest = [a for a in done if a.result is None and a.actions[0].step == last][-1:]
    return [
        SuggestedStep(
            text=f"Ask how it went: “{shorten(a.action, 200)}”",
            why="This was done last, and no result has been reported.",
            evidence=[a.actions[0].evidence],
        )
        for a in latest
    ]


def open_questions(reading: Reading, asked: list[Ask], state: Standing) -> list[str]:
    """Questions from the conversation that were never answered."""
    after = state.confirmed.step if state.confirmed else 0
    found = []
    for ask in _still_open(asked, after):
        found.append(f"{shorten(ask.sentence.said, 220)} (asked by {'the client' if ask.sentence.part == 'client' else ask.sentence.who})")
    unique: list[str] = []
    for text in found:
        if not any(lexicon.alike(text, other) >= 80 for other in unique):
            unique.append(text)
    return unique[:MOST_QUESTIONS]


def _still_open(asked: list[Ask], after: int) -> list[Ask]:
    still = []
    for ask in asked:
        if ask.answer is not None or ask.sentence.step < after or len(lexicon.content(ask.sentence.text)) < 1:
            continue
        # Answered when it was asked again later.
        again = [
            o
            for o in asked
            if o.answer and o.sentence.order > ask.sentence.order and lexicon.closeness(o.sentence.text, ask.sentence.text) >= 60
        ]
        if not again:
            still.append(ask)
    return still


def _after_the_end(reading: Reading, state: Standing) -> list[SuggestedStep]:
    if state.confirmed is None:
        return []
    steps = [
        SuggestedStep(
            text="Confirm with the client that it stays fixed, then resolve.",
            why="It was reported as working; nothing shows that it was checked again later.",
            evidence=[state.confirmed.evidence],
        )
    ]
    if state.cured_by:
        deed = state.cured_by.actions[0]
        steps.append(
            SuggestedStep(
                text=f"{_NOTE}: “{shorten(state.cured_by.action, 220)}”",
                why=f"The {reading.reporter_name} reports that it worked.",
                evidence=[(state.cured_by.suggestion.head if state.cured_by.wording and state.cured_by.suggestion else deed).evidence],
            )
        )
    rest = [s for s in reading.of(state.confirmed.step) if s.has("partial", "another_matter") and not s.is_question]
    if rest:
        steps.append(
            SuggestedStep(
                text=f"Deal with what remains: “{shorten(rest[0].said, 200)}”",
                why="Mentioned along with the confirmation.",
                evidence=[rest[0].evidence],
            )
        )
    for advice in (state.unreported or [])[-1:]:
        steps.append(
            SuggestedStep(
                text=f"Consider: {shorten(advice.text, 300)}",
                why="Suggested after the problem was solved; nobody has replied.",
                evidence=[advice.head.evidence],
            )
        )
    return steps


def _open_advice(reading: Reading, state: Standing) -> list[SuggestedStep]:
    """The latest advice without a reported result, newest first."""
    last_report = max((s.step for s in reading.reporter() if not s.is_noise), default=0)
    steps = []
    for advice in reversed((state.unreported or [])[-4:]):
        if advice.head.has("injection") or not lexicon.content(advice.text):
            continue
        plan = next(
            (s for s in reading.reporter() if s.step > advice.step and s.has("intention") and not s.done and not s.has("goal")), None
        )
        name = "assistant" if advice.head.part == "assistant" else "technician"
        if plan and not any(s.step > plan.step for s in reading.reporter() if not s.is_noise):
            why = f"Planned by the {reading.reporter_name} (“{shorten(plan.said, 120)}”); no result has been reported."
            evidence = [advice.head.evidence, plan.evidence]
        else:
            when = "Latest" if advice.step > last_report else "Earlier"
            why = f"{when} advice from the {name}; no result has been reported."
            evidence = [advice.head.evidence]
        verb = "Ask for the result of: " if plan else ""
        steps.append(SuggestedStep(text=shorten(f"{verb}{advice.text}", 390), why=why, evidence=evidence))
    return steps[:2]


def _suspected(suspicions: list[Sentence]) -> list[SuggestedStep]:
    return [
        SuggestedStep(
            text=f"Check this suspicion: “{shorten(s.said, 250)}”",
            why="A technician suspects this; nothing confirms it or rules it out yet.",
            evidence=[s.evidence],
        )
        for s in suspicions[-1:]
    ]


def _unanswered(asked: list[Ask], reading: Reading, after: int) -> list[SuggestedStep]:
    steps = []
    for ask in _still_open(asked, after)[-3:]:
        said = shorten(ask.sentence.said, 220)
        if ask.by_reporter:
            steps.append(
                SuggestedStep(
                    text=f"Answer the {reading.reporter_name}: “{said}”",
                    why="Nobody has answered this question.",
                    evidence=[ask.sentence.evidence],
                )
            )
        else:
            last = ask.sentence.step >= max((s.step for s in reading.reporter()), default=0)
            text, why = (
                ("Get the answer to", "The latest question; not answered yet.")
                if last
                else ("Ask again", "Asked before and never answered.")
            )
            steps.append(SuggestedStep(text=f"{text}: “{said}”", why=why, evidence=[ask.sentence.evidence]))
    return steps[-2:]


def _asked_last(asked: list[Ask], reading: Reading) -> list[SuggestedStep]:
    """Someone is waiting for an answer: the last report ends with a question."""
    last = max((s.step for s in reading.reporter()), default=0)
    return [
        SuggestedStep(
            text=f"Answer the {reading.reporter_name}: “{shorten(ask.sentence.said, 220)}”",
            why="The latest question; nobody has answered it.",
            evidence=[ask.sentence.evidence],
        )
        for ask in _still_open(asked, 0)
        if ask.by_reporter and ask.sentence.step == last
    ][:1]


def _verify_cause(cause: Cause | None) -> list[SuggestedStep]:
    if cause is None:
        return []
    return [
        SuggestedStep(
            text=f"Verify the suspected cause before changing anything else: “{shorten(cause.based_on[-1].said, 220)}”",
            why="No result has confirmed this diagnosis yet.",
            evidence=[cause.based_on[-1].evidence],
        )
    ]


def _promised(reading: Reading) -> list[SuggestedStep]:
    """Plans without a known outcome: the latest one, and an earlier firm one that nobody mentioned again."""
    reports = [s for s in reading.reporter() if not s.is_noise]
    plans = [s for s in reports if _is_plan(s)]
    at_the_end = [s for s in plans if s in reports[-3:]][-1:]
    forgotten = [s for s in plans if s not in reports[-3:] and _WILL.search(s.text) and not _came_back_to(s, reading)][-1:]
    return [
        SuggestedStep(text=f"Ask how this went: “{shorten(s.said, 200)}”", why="Planned, but never reported back.", evidence=[s.evidence])
        for s in [*at_the_end, *forgotten]
    ]


def _is_plan(sentence: Sentence) -> bool:
    return (
        sentence.has("intention")
        and not sentence.done
        and not sentence.has("goal", "hypothetical", "hedge")
        and not sentence.is_question
        and len(lexicon.content(sentence.text)) >= 2
    )


def _came_back_to(plan: Sentence, reading: Reading) -> bool:
    """Whether anything later is about the same thing."""
    return any(lexicon.closeness(plan.text, s.text) >= 35 for s in reading.sentences if s.order > plan.order and not s.has("intention"))


def _missing_material(reading: Reading) -> list[SuggestedStep]:
    pointed = [s for s in reading.reporter() if s.has("not_in_record")]
    return [
        SuggestedStep(
            text="Ask for the content of the screenshot, attachment or paste; it is not in the session.",
            why=f"Mentioned by the {reading.reporter_name}.",
            evidence=[pointed[-1].evidence],
        )
    ] if pointed else []  # fmt: skip


def _failing_now(reading: Reading, state: Standing) -> list[SuggestedStep]:
    """Reproduce the last thing that is known to fail."""
    symptoms = [s for s in reading.reporter() if s.has("symptom") and not s.is_noise]
    exact = next((s for s in reversed(symptoms) if errors.texts(s)), symptoms[-1] if symptoms else None)
    failure = state.last_failure
    # For a fix that did not last: the report that the problem came back.
    sentence = ((failure.relapse or failure.result) if failure else None) or exact
    if sentence is None or (sentence.step == reading.steps[0].number and len(reading.steps) > 3):
        return []
    return [
        SuggestedStep(
            text=f"Reproduce it and record the exact message, time and logs: “{shorten(sentence.said, 200)}”",
            why="This is the latest reported failure.",
            evidence=[sentence.evidence],
        )
    ]


def _start(reading: Reading) -> SuggestedStep:
    first = next((s for s in reading.reporter() if not s.has("injection")), None)
    return SuggestedStep(
        text="Ask what exactly happens, when it started, who else is affected, and the exact wording of any error.",
        why="The session contains little more than this.",
        evidence=[first.evidence] if first else [],
    )


def _distinct(steps: list[SuggestedStep]) -> list[SuggestedStep]:
    """Drops near duplicates and steps that cite the same sentence as an earlier one, except the note for the ticket."""
    kept: list[SuggestedStep] = []
    for step in steps:
        cited = {(e.step, e.quote) for e in step.evidence} if not step.text.startswith(_NOTE) else set()
        if not any(lexicon.alike(step.text, other.text) >= 85 or cited & {(e.step, e.quote) for e in other.evidence} for other in kept):
            kept.append(step)
    return kept[:MOST_STEPS]
