"""The likely cause, with a confidence based on the steps.

A cause needs support: a statement by someone who tested it, a diagnosis that a later report confirms, or a fix that worked.
"""

import re

from assistant.analysis.findings.advice import Suggestion
from assistant.analysis.findings.attempt import Attempt
from assistant.analysis.findings.cause_found import Cause, explained, match_of, mended, put_right, summed_up
from assistant.analysis.findings.standing import Standing
from assistant.analysis.language import lexicon
from assistant.analysis.language.sentences import shorten
from assistant.analysis.reading.document import Reading, Sentence

# How the confirmation of a cause begins. The summary leaves it out.
CONFIRMED_BY = "Confirmed by"
_IF_WORKS = re.compile(
    r"\bif (?:it|that|this) (?:works|does|helps|fixes it|goes away),? (?:then )?(?P<what>.{8,160}?) (?:is|are|was|"
    r"were) (?:most likely |probably )?the (?:issue|problem|cause|culprit)",
    re.IGNORECASE,
)
# "It was the antivirus.", "So it was DNS after all."
_IT_WAS = re.compile(
    r"^\W*(?:so |ok |and |ah )?(?:it|that|the (?:cause|culprit|problem|issue|reason)) was (?:just |only |simply |indeed |"
    r"really )?(?:(?:the|an?|my|our|his|her|their) [\w-]+|"
    r"[A-Z][\w-]+)(?: (?:after all|all along|itself|\w+))?\W*$",
    re.IGNORECASE,
)
_THAT_IS_WHY = re.compile(r"^\W*(?:and |so )?(?:(?:that|this)(?:['’]?s| is)|which is) (?:why|the reason)\b", re.IGNORECASE)
# "That's the outbound spam policy, forwarding is off by default now."
_THAT_IS = re.compile(
    r"^\W*(?:that['’]?s|this is|it['’]?s) (?:just |only |probably |likely )?(?:the|your|because|due to) (?!same|way|idea|right|only)\w",
    re.IGNORECASE,
)
_EXPLAINS_ELSE = re.compile(r"\bonly (?:\w+ ){0,3}because\b|\b(?:turns|turned) out (?:[\w']+ ){0,6}(?:not|n['’]t)\b", re.IGNORECASE)
_RULED_OUT = re.compile(
    r"\bnot (?:related|the problem|the issue|the cause|because)\b|\bnothing to do with\b|\b(?:isn't|wasn't) (?:the|because|related)\b",
    re.IGNORECASE,
)


def likely_cause(
    reading: Reading, state: Standing, done: list[Attempt], offered: list[Suggestion], withdrawn: set[int] | frozenset[int] = frozenset()
) -> Cause | None:
    """What is taken to be the cause, or None. `withdrawn` are sentences that were taken back or refuted."""
    told = [s for s in reading.helpers() if s.order not in withdrawn and _is_diagnosis(s, reading) and not _refuted(s, reading, done)]
    diagnoses = [_meant_by(s, reading) for s in told]
    return (
        _stated(reading, state, diagnoses, done)
        or summed_up(reading, state.confirmed)
        or (_cured(reading, state, diagnoses) if state.solved else None)
        or mended(reading, done)
        or explained(reading)
        or (None if state.solved else _diagnosed(reading, diagnoses, done))
    )


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
        (sentence.has("diagnosis") or bool(_IF_WORKS.search(sentence.text)) or bool(_THAT_IS.match(sentence.text)))
        and not sentence.has("manners", "injection")
        and len(lexicon.content(sentence.text)) >= 2
    )


def _meant_by(sentence: Sentence, reading: Reading) -> Sentence:
    """What "that's why it stays blank" points back to: the statement right before it."""
    if not _THAT_IS_WHY.match(sentence.text):
        return sentence
    before = [s for s in reading.of(sentence.step) if s.order < sentence.order and not s.is_question and s.is_firm and not s.is_noise]
    return before[-1] if before else sentence


def _refuted(diagnosis: Sentence, reading: Reading, done: list[Attempt]) -> bool:
    """Its own advice was followed without success, or the reporter denies it."""
    for attempt in done:
        if attempt.worked is False and attempt.step > diagnosis.step and attempt.suggestion:
            if attempt.suggestion.step == diagnosis.step:
                return True
            if lexicon.closeness(diagnosis.text, attempt.action) >= 60:
                return True
    return any(
        s.step > diagnosis.step and lexicon.closeness(diagnosis.text, s.text) >= 50 and _RULED_OUT.search(s.text)
        for s in reading.sentences
        if s.is_reporter
    )


def _by(sentence: Sentence) -> str:
    return f"The {'client' if sentence.part == 'client' else 'technician'} says"


def _states_cause(sentence: Sentence) -> bool:
    doubtful = sentence.is_question or sentence.failed or sentence.has("injection", "hypothetical", "intention", "not_done")
    # "only green because ..." explains something else; "turns out it was NOT the headset" names nothing.
    doubtful = doubtful or bool(_EXPLAINS_ELSE.search(sentence.text))
    # "He changed it on Friday because of the audit" says why it was changed.
    doubtful = doubtful or (sentence.done and sentence.has("onset"))
    names_it = sentence.has("stated_cause") or (sentence.has("agreement") and bool(re.search(r"\b(?:about|that) \w+", sentence.text)))
    enough = 1 if _IT_WAS.match(sentence.text) else 2
    return (
        (names_it or bool(_IT_WAS.match(sentence.text)))
        and not doubtful
        and not _RULED_OUT.search(sentence.text)
        and len(lexicon.content(sentence.text)) >= enough
    )


def _stated(reading: Reading, state: Standing, diagnoses: list[Sentence], done: list[Attempt]) -> Cause | None:
    """Stated outright by the person who has the problem: "you were right about the Snap version", "he determined that ..."."""
    first = min((s.step for s in reading.reporter()), default=0)
    tells = [s for s in reading.sentences if s.is_reporter or s.author in reading.with_access]
    outright = [s for s in tells if s.step > first and _states_cause(s) and ((s.is_reporter and state.solved) or not s.has("hedge"))]
    if state.confirmed:
        # What is said with the confirmation counts more than what was believed before it.
        outright = [s for s in outright if s.step >= state.confirmed.step]
    if not outright:
        return None
    statement = max(outright, key=lambda s: (s.has("agreement"), s.step, len(lexicon.content(s.text))))
    points, based_on, diagnosis = 1.5, [statement], None
    backing = [d for d in diagnoses if d.step < statement.step and lexicon.closeness(d.text, statement.text) >= 35]
    if backing:
        best = max(backing, key=lambda d: lexicon.closeness(d.text, statement.text))
        based_on.insert(0, best)
        points += 1
        diagnosis = best
        text = f"Technician: “{shorten(best.said, 180)}” The {reading.reporter_name} agrees: “{shorten(statement.said, 150)}”"
    else:
        text = f"{_by(statement)}: “{shorten(statement.said, 240)}”"
    if not backing and (seen := _seen_before(reading, statement)):
        based_on.insert(0, seen)
        points += 0.5
    for attempt in done:
        if attempt.worked and attempt.result and lexicon.closeness(attempt.action, statement.text) >= 40:
            based_on += [s for s in (attempt.actions[0], attempt.result) if s not in based_on]
            points += 0.5
            break
    if state.confirmed:
        points += 2
        based_on.append(state.confirmed)
    return Cause(text=text, based_on=based_on, points=points, diagnosis=diagnosis)


def _seen_before(reading: Reading, statement: Sentence) -> Sentence | None:
    """An earlier observation or measurement of the thing now named as the cause."""
    things = {word for word in lexicon.content(statement.text) if len(word) > 4}
    seen = [
        s
        for s in reading.sentences
        if s.step < statement.step
        and s.is_firm
        and s.has("symptom", "observation", "diagnosis")
        and things & lexicon.content(s.text)
        and not s.done
    ]
    return max(seen, key=lambda s: (len(things & lexicon.content(s.text)), s.step), default=None)


def _cured(reading: Reading, state: Standing, diagnoses: list[Sentence]) -> Cause | None:
    """The problem was solved: what solved it, and whose diagnosis that confirms."""
    confirmed, cure = state.confirmed, state.cured_by
    if confirmed is None:
        return None
    advice = cure.suggestion if cure else None
    told = [d for d in diagnoses if d.step < confirmed.step]
    conditional = [(d, m) for d in told if (m := _IF_WORKS.search(d.text))]
    if conditional and advice and conditional[-1][0].step == advice.step:
        diagnosis, match = conditional[-1]
        text = f"The technician named this as the issue “if it works”, and it did: “{match['what'].strip()}”"
        # With several pieces of advice, another one may have been the fix.
        sure = cure is not None and len(advice.all) < 4 and lexicon.closeness(match["what"], f"{cure.action} {confirmed.text}") >= 50
        return Cause(text=text, based_on=[diagnosis, confirmed], points=4 if sure else 2.5, diagnosis=diagnosis)
    deed = " ".join(s.text for s in cure.actions) if cure else ""
    reported = " ".join(s.text for s in reading.reporter() if s.step < confirmed.step)
    reports = sorted({s.step for s in reading.reporter() if s.step <= confirmed.step})
    # The helper's last words before the confirmation.
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
    return put_right(reading, cure, confirmed) if cure else None


def _closing(cure: Attempt | None, reading: Reading) -> str:
    told = cure.result.said if cure and cure.result else ""
    if told:
        return f"{CONFIRMED_BY} the {reading.reporter_name}: “{shorten(told, 120)}”"
    return f"The {reading.reporter_name} confirms that it is solved."


def _supports(diagnosis: Sentence, advice: Suggestion | None, deed: str, confirmed: Sentence, reported: str, is_last: bool) -> float:
    """How much a diagnosis belongs to the cure: said with the advice that worked, about the same things, or last before the end."""
    last_word = 42.0 if is_last and not diagnosis.has("hedge") and lexicon.closeness(reported, diagnosis.text) >= 30 else 0.0
    together = 45.0 if advice and diagnosis.step == advice.step else 0.0
    near = lexicon.closeness(diagnosis.text, f"{deed} {confirmed.text}") if deed else 0.0
    with_advice = lexicon.closeness(diagnosis.text, advice.whole) * 0.8 if advice else 0.0
    return max(together, near, with_advice, last_word)


def _diagnosed(reading: Reading, diagnoses: list[Sentence], done: list[Attempt]) -> Cause | None:
    """Not solved: a technician's firm diagnosis, marked as not confirmed unless an attempt confirms it."""
    reports = reading.reporter()
    firm = [d for d in diagnoses if not d.has("hedge", "hypothetical") and d.part != "assistant" and not _IF_WORKS.search(d.text)]
    best: Cause | None = None
    for diagnosis in firm:
        before = [s for s in reports if s.step < diagnosis.step]
        closest = max(before, key=lambda s: match_of(s.text, diagnosis.text), default=None)
        match = match_of(closest.text, diagnosis.text) if closest else 0
        if match < 30 or closest is None:
            continue
        points = 1.0 + (0.5 if match >= 60 else 0)
        others = {
            d.author
            for d in reading.helpers()
            if d.author != diagnosis.author and lexicon.closeness(d.text, diagnosis.text) >= 60 and not d.is_question
        }
        points += 0.5 if others else 0
        # Someone who works on it has seen it; someone who only advises draws conclusions.
        points += 1.0 if diagnosis.author in reading.with_access and diagnosis.has("observation", "symptom") else 0
        text = f"The technician's diagnosis (not confirmed): “{shorten(diagnosis.said, 240)}”"
        based_on = [closest, diagnosis]
        proof = next((a for a in done if a.worked and a.result and a.suggestion and a.suggestion.step == diagnosis.step), None)
        if proof and proof.result:
            points += 1.5
            based_on.append(proof.result)
            text = f"The technician's diagnosis: “{shorten(diagnosis.said, 200)}” A test confirmed it: “{shorten(proof.result.said, 120)}”"
        if best is None or points >= best.points:
            best = Cause(text=text, based_on=based_on, points=points, diagnosis=diagnosis)
    return best
