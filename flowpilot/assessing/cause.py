"""The likely cause, and how sure the steps make it.

Named only where something supports it: the words of whoever tested it, a diagnosis that a later report bears out, a fix that worked.
"""

import re
from dataclasses import dataclass

from flowpilot.assessing import cues, errors
from flowpilot.assessing.exchange import Suggestion
from flowpilot.assessing.reading import Reading, Sentence
from flowpilot.assessing.sentences import shorten
from flowpilot.assessing.standing import Standing
from flowpilot.assessing.tried import Attempt, clause, plain
from flowpilot.assistant.results import Confidence

_IF_WORKS = re.compile(
    r"\bif (?:it|that|this) (?:works|does|helps|fixes it|goes away),? (?:then )?(?P<what>.{8,160}?) (?:is|are|was|"
    r"were) (?:most likely |probably )?the (?:issue|problem|cause|culprit)",
    re.IGNORECASE,
)
# "It was the antivirus.", "So it was DNS after all."
_IT_WAS = re.compile(
    r"^\W*(?:so |ok |and |ah )?(?:it|that|the (?:cause|culprit|problem|issue|reason)) was (?:just |only |simply |indeed |really )?(?:(?:the|an?|my|our|his|her|their) [\w-]+|"
    r"[A-Z][\w-]+)(?: (?:after all|all along|itself|\w+))?\W*$",
    re.IGNORECASE,
)
# "I don't know what of it has helped".
_NOBODY_KNOWS = re.compile(
    r"\b(?:do ?n['’]?o?t|no|cannot|can['’]?t|could ?n['’]?t|not) (?:know|idea|sure|clue|say|tell)\b|\b(?:which|what) (?:one |of (?:it|them|these|the two) )"
    r"|\bsomehow\b|\bno clue\b|\b(?:can ?not|can['’]?t) say\b",
    re.IGNORECASE,
)
_CAME_UPON = re.compile(r"\b(?:found|discovered|noticed|spotted|came across|there (?:is|was|were|are))\b", re.IGNORECASE)
_EXPLAINS_IT = re.compile(
    r"\bthat (?:would )?explains? (?:it|that|why|the|everything)\b|^\W*(?:ah|oh|ok|well)?\W*there(?:'?s| is| you have) (?:your|the|it)\b|"
    r"\bthat(?:'?s| is) (?:it|your (?:problem|cause|issue|culprit)|the (?:problem|cause|issue|culprit|reason))\b",
    re.IGNORECASE,
)
_RULED_OUT = re.compile(
    r"\bnot (?:related|the problem|the issue|the cause|because)\b|\bnothing to do with\b|\b(?:isn't|wasn't) (?:the|because|related)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Cause:
    text: str
    # Sentences that it rests on.
    based_on: list[Sentence]
    points: float
    # The helper's sentence that names it, where one does.
    diagnosis: Sentence | None = None

    @property
    def confidence(self) -> Confidence:
        return "high" if self.points >= 4 else "medium" if self.points >= 2 else "low"


def likely_cause(
    reading: Reading, state: Standing, done: list[Attempt], offered: list[Suggestion], withdrawn: set[int] | frozenset[int] = frozenset()
) -> Cause | None:
    """What is taken to be the cause, or None. `withdrawn` are sentences that were taken back or refuted."""
    diagnoses = [
        s for s in reading.helpers() if s.order not in withdrawn and _is_diagnosis(s, reading) and not _refuted(s, reading, done)
    ]
    ended = _cured(reading, state, diagnoses) if state.solved else _diagnosed(reading, diagnoses, done)
    return _stated(reading, state, diagnoses, done) or ended or _explained(reading)


def hypotheses(reading: Reading, done: list[Attempt]) -> list[Sentence]:
    """What a helper suspects and nobody has tested."""
    return [s for s in reading.helpers() if _is_suspicion(s) and not reading.is_peer(s.step) and not _refuted(s, reading, done)]


def _is_suspicion(sentence: Sentence) -> bool:
    unsure = sentence.has("diagnosis") and sentence.has("hedge") and not sentence.is_question
    told_off = _RULED_OUT.search(sentence.text) or _IF_WORKS.search(sentence.text) or sentence.has("elsewhere")
    return unsure and not sentence.is_noise and sentence.part != "assistant" and not told_off


def _is_diagnosis(sentence: Sentence, reading: Reading) -> bool:
    if sentence.is_question or sentence.part == "assistant" or reading.is_peer(sentence.step) or _RULED_OUT.search(sentence.text):
        return False
    return (
        (sentence.has("diagnosis") or bool(_IF_WORKS.search(sentence.text)))
        and not sentence.has("manners", "injection")
        and len(cues.content(sentence.text)) >= 2
    )


def _refuted(diagnosis: Sentence, reading: Reading, done: list[Attempt]) -> bool:
    """Its own advice was followed without success, or the reporter denies it."""
    for attempt in done:
        if attempt.worked is False and attempt.step > diagnosis.step and attempt.suggestion:
            if attempt.suggestion.step == diagnosis.step:
                return True
            if cues.closeness(diagnosis.text, attempt.action) >= 60:
                return True
    return any(
        s.step > diagnosis.step and cues.closeness(diagnosis.text, s.text) >= 50 and _RULED_OUT.search(s.text)
        for s in reading.sentences
        if s.is_reporter
    )


def _by(sentence: Sentence) -> str:
    return f"The {'client' if sentence.part == 'client' else 'technician'} says"


def _states_cause(sentence: Sentence) -> bool:
    doubtful = sentence.is_question or sentence.failed or sentence.has("injection", "hypothetical", "intention", "not_done")
    names_it = sentence.has("stated_cause") or (sentence.has("agreement") and bool(re.search(r"\b(?:about|that) \w+", sentence.text)))
    enough = 1 if _IT_WAS.match(sentence.text) else 2
    return (
        (names_it or bool(_IT_WAS.match(sentence.text)))
        and not doubtful
        and not _RULED_OUT.search(sentence.text)
        and len(cues.content(sentence.text)) >= enough
    )


def _stated(reading: Reading, state: Standing, diagnoses: list[Sentence], done: list[Attempt]) -> Cause | None:
    """Said outright by whoever lived it: "you were right about the Snap version", "he determined that ..."."""
    first = min((s.step for s in reading.reporter()), default=0)
    tells = [s for s in reading.sentences if s.is_reporter or s.author in reading.hands_on]
    outright = [s for s in tells if s.step > first and _states_cause(s) and ((s.is_reporter and state.solved) or not s.has("hedge"))]
    if state.confirmed:
        # What was believed before the end counts less than what is said with it.
        outright = [s for s in outright if s.step >= state.confirmed.step]
    if not outright:
        return None
    statement = max(outright, key=lambda s: (s.has("agreement"), s.step, len(cues.content(s.text))))
    points, based_on, diagnosis = 1.5, [statement], None
    backing = [d for d in diagnoses if d.step < statement.step and cues.closeness(d.text, statement.text) >= 35]
    if backing:
        best = max(backing, key=lambda d: cues.closeness(d.text, statement.text))
        based_on.insert(0, best)
        points += 1
        diagnosis = best
        text = f"Technician: “{shorten(best.said, 180)}” The {reading.reporter_name} agrees: “{shorten(statement.said, 150)}”"
    else:
        text = f"{_by(statement)}: “{shorten(statement.said, 240)}”"
    for attempt in done:
        if attempt.worked and attempt.result and cues.closeness(attempt.action, statement.text) >= 40:
            based_on += [s for s in (attempt.actions[0], attempt.result) if s not in based_on]
            points += 0.5
            break
    if state.confirmed:
        points += 2
        based_on.append(state.confirmed)
    return Cause(text=text, based_on=based_on, points=points, diagnosis=diagnosis)


def _cured(reading: Reading, state: Standing, diagnoses: list[Sentence]) -> Cause | None:
    """The problem ended: what ended it, and whose diagnosis that bears out."""
    confirmed, cure = state.confirmed, state.cured_by
    if confirmed is None:
        return None
    advice = cure.suggestion if cure else None
    told = [d for d in diagnoses if d.step < confirmed.step]
    conditional = [(d, m) for d in told if (m := _IF_WORKS.search(d.text))]
    if conditional and advice and conditional[-1][0].step == advice.step:
        diagnosis, match = conditional[-1]
        text = f"What the technician named as the issue “if it works” (and it did): “{match['what'].strip()}”"
        # Of several pieces of advice another one may have been the cure.
        sure = cure is not None and len(advice.all) < 4 and cues.closeness(match["what"], f"{cure.action} {confirmed.text}") >= 50
        return Cause(text=text, based_on=[diagnosis, confirmed], points=4 if sure else 2.5, diagnosis=diagnosis)
    deed = " ".join(s.text for s in cure.actions) if cure else ""
    reported = " ".join(s.text for s in reading.reporter() if s.step < confirmed.step)
    reports = sorted({s.step for s in reading.reporter() if s.step <= confirmed.step})
    # The helper's words right before the report that confirms the end.
    last = max((s.step for s in reading.helpers() if (reports[-2] if len(reports) > 1 else 0) < s.step < confirmed.step), default=0)
    scored = sorted(
        ((_supports(d, advice, deed, confirmed, reported, d.step == last), d) for d in told), key=lambda pair: (pair[0], pair[1].step)
    )
    hedge = 0.0
    if scored and scored[-1][0] >= 40:
        best = scored[-1][1]
        hedge = 1.0 if best.has("hedge") else 0.0
        text = f"The technician says: “{shorten(best.said, 220)}” {_closing(cure, reading)}"
        based = [best, *([advice.head] if advice and advice.head is not best else []), confirmed]
        return Cause(text=shorten(text, 395), based_on=based, points=3.5 + (0.5 if advice else 0) - hedge, diagnosis=best)
    return _corrected_thing(reading, cure, confirmed) if cure else None


def _corrected_thing(reading: Reading, cure: Attempt, confirmed: Sentence) -> Cause | None:
    """One particular thing that was put right of one's own accord, and the problem ended: the thing is named, and no more than that.

    Advice that worked, another program, or several deeds at once explain nothing: they are told as tried, and no cause is named.
    """
    doubts = any(s.step == confirmed.step and _NOBODY_KNOWS.search(s.text) for s in reading.reporter())
    deeds = set(cues.words(" ".join(clause(s) for s in cure.actions)))
    if cure.suggestion or cure.wording or doubts or not deeds & cues.word_set("puts_right"):
        return None
    about = _pointed_at(reading, cure, confirmed)
    if about is None and (len(cues.content(clause(cure.actions[0]))) < 2 or len(cure.actions) > 1):
        return None
    text = f"It ended when this was put right: “{shorten(plain(cure.actions[0]), 160)}”"
    if about:
        text += f", about “{shorten(about.said, 140)}”"
    based = [*([about] if about else []), *cure.actions[:1], confirmed]
    return Cause(text=text, based_on=based, diagnosis=about, points=2)


def _pointed_at(reading: Reading, cure: Attempt, confirmed: Sentence) -> Sentence | None:
    """What "this line" was: the most telling words of the helper right before it."""
    own = [s for s in reading.of(cure.step) if s.order < cure.actions[0].order and _CAME_UPON.search(s.text) and not s.is_question]
    if own:
        return own[-1]
    points_back = re.search(r"\b(?:this|that|these|those|it|them)\b", cure.actions[0].text, re.IGNORECASE)
    if not points_back or len(cues.content(cure.action)) > 4:
        return None
    before = [s for s in reading.helpers() if s.step < confirmed.step]
    last = [s for s in before if s.step == before[-1].step and not s.is_noise] if before else []
    return max(
        last, key=lambda s: (bool(re.search(r"[\d/\\^$_]", s.text)) and "://" not in s.text, len(cues.content(s.text))), default=None
    )


def _closing(cure: Attempt | None, reading: Reading) -> str:
    told = cure.result.said if cure and cure.result else ""
    if told:
        return f"Borne out by the {reading.reporter_name}: “{shorten(told, 120)}”"
    return f"The {reading.reporter_name} confirms the end of it."


def _supports(diagnosis: Sentence, advice: Suggestion | None, deed: str, confirmed: Sentence, reported: str, is_last: bool) -> float:
    """How much a diagnosis belongs to the cure: said with the advice that worked, about the same things, or last before the end."""
    last_word = 42.0 if is_last and not diagnosis.has("hedge") and cues.closeness(reported, diagnosis.text) >= 30 else 0.0
    together = 45.0 if advice and diagnosis.step == advice.step else 0.0
    near = cues.closeness(diagnosis.text, f"{deed} {confirmed.text}") if deed else 0.0
    with_advice = cues.closeness(diagnosis.text, advice.whole) * 0.8 if advice else 0.0
    return max(together, near, with_advice, last_word)


def _match(report: str, diagnosis: str) -> float:
    """How much a diagnosis is about a report; a module, a path or a code that both name says it all."""
    names = {word for word in cues.content(report) & cues.content(diagnosis) if any(c.isdigit() or c in "./\\_" for c in word) and len(word) > 4}
    return max(cues.closeness(report, diagnosis), 45.0 if names else 0.0)


def _explained(reading: Reading) -> Cause | None:
    """A finding of the reporter of which a helper says "that explains it"."""
    for sentence in reversed(reading.helpers()):
        if not _EXPLAINS_IT.search(sentence.text) or sentence.is_question or sentence.has("hedge", "hypothetical"):
            continue
        reports = [s for s in reading.reporter() if s.step < sentence.step and not s.is_question and not s.is_noise]
        found = [s for s in reports if s.step == reports[-1].step and s.has("symptom", "observation", "diagnosis") and s.is_firm] if reports else []
        if found:
            best = max(found, key=lambda s: (bool(errors.texts(s)), len(cues.content(s.text))))
            text = f"The {reading.reporter_name} found “{shorten(best.said, 200)}”; the technician says: “{shorten(sentence.said, 80)}”"
            return Cause(text=text, based_on=[best, sentence], points=2, diagnosis=None)
    return None


def _diagnosed(reading: Reading, diagnoses: list[Sentence], done: list[Attempt]) -> Cause | None:
    """Not solved: a technician's firm diagnosis of what was reported, said to be no more than that unless a try bears it out."""
    reports = reading.reporter()
    firm = [d for d in diagnoses if not d.has("hedge", "hypothetical") and d.part != "assistant" and not _IF_WORKS.search(d.text)]
    best: Cause | None = None
    for diagnosis in firm:
        before = [s for s in reports if s.step < diagnosis.step]
        closest = max(before, key=lambda s: _match(s.text, diagnosis.text), default=None)
        match = _match(closest.text, diagnosis.text) if closest else 0
        if match < 30 or closest is None:
            continue
        points = 1.0 + (0.5 if match >= 60 else 0)
        others = {
            d.author
            for d in reading.helpers()
            if d.author != diagnosis.author and cues.closeness(d.text, diagnosis.text) >= 60 and not d.is_question
        }
        points += 0.5 if others else 0
        # Who works on it has seen it; who only advises concludes.
        points += 1.0 if diagnosis.author in reading.hands_on and diagnosis.has("observation", "symptom") else 0
        text = f"The technician's diagnosis, not confirmed: “{shorten(diagnosis.said, 240)}”"
        based_on = [closest, diagnosis]
        proof = next((a for a in done if a.worked and a.result and a.suggestion and a.suggestion.step == diagnosis.step), None)
        if proof and proof.result:
            points += 1.5
            based_on.append(proof.result)
            text = f"The technician's diagnosis: “{shorten(diagnosis.said, 200)}” A try bears it out: “{shorten(proof.result.said, 120)}”"
        if best is None or points >= best.points:
            best = Cause(text=text, based_on=based_on, points=points, diagnosis=diagnosis)
    return best
