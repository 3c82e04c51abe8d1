"""What is known: statements with their evidence. The most informative are chosen, then put in order."""

import re
from collections import Counter
from dataclasses import dataclass

from assistant.analysis.findings import statements
from assistant.analysis.findings.advice import Ask
from assistant.analysis.findings.attempt import Attempt
from assistant.analysis.findings.cause import Cause
from assistant.analysis.findings.corrections import Correction
from assistant.analysis.findings.standing import Standing
from assistant.analysis.language import lexicon
from assistant.analysis.language.sentences import fold, shorten
from assistant.analysis.reading import errors
from assistant.analysis.reading.document import Reading, Sentence
from assistant.results import Corrected, Known

_PEER = "Also reported by"
MOST, FEWEST = 14, 4
# A long conversation gets a few more. With fewer than `ENOUGH`, less important statements are added.
LONG, MOST_OF_LONG, ENOUGH = 14, 17, 9
MOST_LISTED = 3
# How many plain statements may be added.
MOST_PLAIN = 6
# A line of pasted output: a label and its value, or only a value.
_LISTED = re.compile(r"^\W*[\w' ()/-]{2,34}[ .]*[:=]\s*\S[^.!?]{0,60}$|^\W*[\d.:/]+\W*$")
_VERSION = re.compile(
    r"\b(?:v(?:ersion)?\s*)?\d+\.\d+(?:\.\d+)*(?:esr|lts)?\b|\b(?:windows|win|server|office|macos|ubuntu|debian|ios|android)\s*\d+",
    re.IGNORECASE,
)
_FAVOUR = re.compile(r"^\W*(?:can|could|would|will) you\b|^\W*or\b", re.IGNORECASE)
_ADDRESS = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\bport \d+\b|\b\d+ ?(?:gb|mb|tb|gib|ms)\b|\b\d+ (?:users|computers|pcs|machines|emails|"
    r"messages|accounts)\b",
    re.IGNORECASE,
)


# "No VPN.", "No signature at all": an answer in itself.
_NONE_OF_IT = re.compile(
    r"^\W*(?:there (?:is|are) )?no (?!idea|problem|luck|change|joy|worries|thanks|difference|dice)\w+(?: \w+){0,3}\W*$", re.IGNORECASE
)
# A value that can be compared: a path, a host name, a port, a switch, a kind of security.
_EXACT = re.compile(
    r"\d|\b[A-Z]{2,}\b|\b[a-z]+[A-Z]\w+|(?:^|\s)(?:/|~/|[A-Z]:\\|\\\\)\w|\b[\w-]+\.[\w-]+\.[a-z]{2,}\b|\s--?\w{2,}|"
    r"[\w-]+\.(?:conf|exe|dll|log|ini|sys|php|json)\b"
)
_VALUE = re.compile(r"\b[\w-]+\.[\w-]+\.[a-z]{2,}\b.*\b(?:port|ssl|tls|oauth2?)\b|\bport \d+\b.*\b(?:ssl|tls|oauth2?)\b", re.IGNORECASE)


@dataclass(slots=True)
class Candidate:
    known: Known
    points: float
    order: float
    about: str


def known_facts(
    reading: Reading, asked: list[Ask], fixed: list[Correction], state: Standing, cause: Cause | None, done: list[Attempt]
) -> list[Known]:
    candidates: list[Candidate] = []
    deeds = {s.order for attempt in done for s in attempt.actions}
    results = [attempt.result for attempt in done if attempt.result and attempt.worked is not True]
    withdrawn = {c.first.order for c in fixed} | {c.later.order for c in fixed}
    candidates += [_corrected(c) for c in fixed if _matters(c)]
    shown_errors = {s.order for s in results if reading.is_chat and errors.is_bare(s) and not s.has("failure", "leaning_done")}
    answered = _from_answers(reading, asked, withdrawn)
    answers = {e.quote for c in answered for e in c.known.evidence[1:]}
    candidates += answered
    listed: Counter[int] = Counter()
    for sentence in reading.sentences:
        if sentence.order in withdrawn or sentence.evidence.quote in answers:
            continue
        if sentence.text.endswith(":") and len(lexicon.words(sentence.text)) <= 6:
            # It only introduces what follows.
            continue
        if _LISTED.match(sentence.text):
            # From pasted output, take only the first informative lines.
            listed[sentence.step] += 1
            if listed[sentence.step] > MOST_LISTED or errors.says_none(sentence.text):
                continue
        if sentence.order in shown_errors:
            candidates.append(_plain(sentence, f"Error reported: “{(errors.texts(sentence) or [sentence.said])[0]}”", 6.0))
        else:
            candidates += _from_sentence(sentence, reading, sentence.order in deeds)
    if state.confirmed:
        candidates.append(_plain(state.confirmed, f"{state.confirmed.who} confirms: {state.confirmed.said}", 9.0))
    named = cause.diagnosis if cause else None
    if named and named.order not in withdrawn:
        candidates.append(_plain(named, f"{_name(named)} says: {named.said}", 6.0))
    told = {c.order for c in candidates}
    plain = [s for s in reading.sentences if s.order not in told | withdrawn | deeds and s.evidence.quote not in answers]
    filling = sorted(
        ((points, s) for s in plain if (points := statements.points_of(s, reading)) >= statements.LEAST),
        key=lambda each: (-each[0], each[1].order),
    )
    weighty = [c for c in candidates if c.points >= 2]
    candidates = weighty if len(weighty) >= FEWEST else candidates
    for points, sentence in filling[: min(MOST_PLAIN, 2 + len(reading.steps) // 3)]:
        if points >= 2 or len(candidates) < ENOUGH:
            who = sentence.who if sentence.is_reporter else f"{_name(sentence)} reports"
            candidates.append(_plain(sentence, f"{who}: {sentence.said}", points))
    return _best(candidates, MOST if len(reading.steps) <= LONG else MOST_OF_LONG)


def _name(sentence: Sentence) -> str:
    return (
        "Client" if sentence.part == "client" else f"Technician {sentence.author}".strip() if sentence.part != "assistant" else "Assistant"
    )


def _plain(sentence: Sentence, text: str, points: float) -> Candidate:
    return Candidate(Known(text=shorten(text, 300), evidence=[sentence.evidence]), points, sentence.order, sentence.text)


def _matters(correction: Correction) -> bool:
    return len(correction.first.text) >= 4 and bool(lexicon.content(correction.first.text))


def _corrected(correction: Correction) -> Candidate:
    """What is true now. What it replaced is listed separately (`said_and_corrected`)."""
    later = correction.later
    return Candidate(Known(text=f"{later.who}: {later.said}", evidence=[later.evidence]), 8.0, later.order, later.text)


def said_and_corrected(fixed: list[Correction]) -> list[Corrected]:
    """Statements later withdrawn or superseded, with what replaced them."""
    return [
        Corrected(
            text=f"{c.first.who}: {c.first.said}",
            evidence=[c.first.evidence],
            now=f"{c.later.who}: {c.later.said}",
            corrected_by=[c.later.evidence],
        )
        for c in fixed
        if _matters(c)
    ][:10]


# A bare "no" answers none of these.
_WANTS_MORE = re.compile(r"^\W*(?:and |so )?(?:what|which|where|when|who|why|how)\b", re.IGNORECASE)


def _whole_reply(reading: Reading, answer: Sentence) -> list[Sentence]:
    """ "goes round in circles. password, code from phone, login page again": a short reply counts as one answer."""
    said = [s for s in reading.of(answer.step) if not s.is_noise or s is answer]
    short = len(said) <= 3 and sum(len(lexicon.words(s.text)) for s in said) <= 22
    return said if short and answer in said and not any(s.is_question or s.terminal or s.has("injection") for s in said) else [answer]


def _from_answers(reading: Reading, asked: list[Ask], withdrawn: set[int]) -> list[Candidate]:
    """A short answer is reported with its question: alone it means nothing."""
    result = []
    for ask in asked:
        answer = ask.answer
        if (
            ask.by_reporter
            or answer is None
            or answer.order in withdrawn
            or answer.has("intention", "not_in_record", "injection")
            or answer.is_question
        ):
            continue
        if len(ask.sentence.text) > 150 or _FAVOUR.match(ask.sentence.text) or ask.sentence.has("not_in_record"):
            continue
        if (
            len(lexicon.words(answer.text)) > 12
            or (answer.has("hedge") and not re.search(r"\d", answer.text))
            or (answer.is_noise and len(lexicon.content(answer.text)) < 1 and not _is_yes_no(answer) and not ask.in_place)
        ):
            continue
        question = shorten(ask.sentence.said.rstrip(" ?"), 110)
        if _is_yes_no(answer) and len(lexicon.words(answer.text)) == 1 and _WANTS_MORE.match(ask.sentence.text):
            continue
        told = [answer] if ask.in_place else _whole_reply(reading, answer)
        text = f"Asked “{question}”, the {'client' if answer.part == 'client' else 'technician'} answered: {' '.join(s.said for s in told)}"
        points = (
            4.5 + (2 if _VERSION.search(answer.text) else 0) - (1.5 if _is_yes_no(answer) and len(lexicon.words(answer.text)) == 1 else 0)
        )
        result.append(
            Candidate(
                Known(text=text, evidence=[ask.sentence.evidence, *(s.evidence for s in told)]), points, answer.order, f"{answer.text}"
            )
        )
    return result


def _is_yes_no(sentence: Sentence) -> bool:
    return (lexicon.words(sentence.text)[:1] or [""])[0] in lexicon.word_set("answers_yes") | lexicon.word_set("answers_no")


def _from_sentence(sentence: Sentence, reading: Reading, in_tried: bool) -> list[Candidate]:
    if sentence.has("injection") or sentence.part == "assistant":
        return []
    if not sentence.is_reporter:
        # What a technician did is listed under tried.
        return [] if in_tried else _from_helper(sentence, reading)
    found = errors.texts(sentence)
    if (
        sentence.is_question
        and not (
            sentence.has("symptom")
            and not sentence.has("manners")
            and "wrong" not in sentence.text.lower()
            and sentence.step <= reading.steps[0].number + 1
        )
        and not (sentence.has("goal") and sentence.step == reading.steps[0].number and _is_about_it(sentence, reading))
    ):
        return []
    points = weight_of(sentence, reading)
    result = []
    for text in found[:2]:
        label = "Error reported" if sentence.is_reporter else "Error"
        result.append(Candidate(Known(text=f"{label}: “{shorten(text, 200)}”", evidence=[sentence.evidence]), 8.0, sentence.order, text))
    if in_tried:
        points -= 4
    if sentence.has("conclusion"):
        return [_plain(sentence, f"{sentence.who} concludes (not confirmed): {sentence.said}", 2.0)]
    if sentence.is_noise or not (sentence.is_firm or sentence.is_question or sentence.has("symptom")):
        return result
    told_firmly = sentence.has("onset") or bool(found) or bool(_VERSION.search(sentence.text))
    unfit = sentence.has("hypothetical") or (sentence.has("hedge") and not (sentence.has("symptom") and told_firmly))
    if unfit or (sentence.has("intention") and not sentence.has("symptom", "goal")):
        return result
    covers = found and len(found[0]) > 0.55 * len(sentence.text)
    if (
        points >= 0.5
        and not covers
        and len(lexicon.words(sentence.text))
        >= (1 if _NONE_OF_IT.match(sentence.text) or _ADDRESS.search(sentence.text) else 3 if sentence.has("works") else 4)
    ):
        verb = "asks" if sentence.is_question else ""
        result.append(_plain(sentence, f"{sentence.who}{' ' + verb if verb else ''}: {sentence.said}", points))
    return result


def weight_of(sentence: Sentence, reading: Reading) -> float:
    points = 0.0
    points += 3.0 if sentence.has("symptom") else 0
    points += 3.5 if _VERSION.search(sentence.text) else 0
    points += 2.0 if errors.codes(sentence) else 0
    points += 1.5 if sentence.has("environment") else 0
    points += 1.5 if sentence.has("onset") else 0
    points += 1.5 if sentence.has("scope") else 0
    points += 1.5 if sentence.has("works") else 0
    points += 1.5 if sentence.has("observation") else 0
    points += 1.0 if _ADDRESS.search(sentence.text) else 0
    points += 1.5 if sentence.terminal else 0
    points += 1.0 if sentence.has("goal") else 0
    points += 1.5 if sentence.has("goal") and sentence.step <= reading.steps[0].number + 4 and not sentence.is_question else 0
    points += 2.5 if _NONE_OF_IT.match(sentence.text) else 0
    points -= 2.0 if not _is_about_it(sentence, reading) else 0
    points += 1.5 if sentence.step == reading.steps[0].number else 0
    points -= 2.0 if sentence.has("hedge") else 0
    points += lexicon.closeness(sentence.text, reading.case.title) / 50
    points += 1.0 if sentence.step > reading.steps[0].number and sentence.has("observation", "symptom") else 0
    points -= 2.5 if sentence.has("opinion") else 0
    points -= 2.0 if sentence.has("thanks") else 0
    points -= 1.0 if sentence.has("not_in_record") else 0
    points -= 1.0 if len(sentence.text) > 260 else 0
    points -= 2.0 if len(lexicon.content(sentence.text)) < 2 else 0
    return points


def _is_about_it(sentence: Sentence, reading: Reading) -> bool:
    """Names something relevant: a product, a figure, a path, or a thing that others mention too."""
    if sentence.terminal or sentence.has("environment", "scope") or _EXACT.search(sentence.text):
        return True
    return bool(lexicon.content(sentence.text) & reading.topics)


def _from_helper(sentence: Sentence, reading: Reading) -> list[Candidate]:
    """A technician's firm diagnosis, or a report from someone with the same problem: attributed, and only a few."""
    if sentence.is_question or sentence.is_noise or sentence.has("hypothetical", "hedge", "not_done", "conclusion"):
        return []
    if reading.is_peer(sentence.step):
        return (
            [_plain(sentence, f"{_PEER} {sentence.who}, who says about another case: {sentence.said}", 2.5)]
            if sentence.has("success", "failure")
            else []
        )
    if _saw_it(sentence, reading):
        return [_plain(sentence, f"{_name(sentence)} reports: {sentence.said}", 3.5 + min(2.0, weight_of(sentence, reading) / 4))]
    if _VALUE.search(sentence.text) and not sentence.has("elsewhere"):
        return [_plain(sentence, f"{_name(sentence)} says: {sentence.said}", 4.0)]
    about = " ".join(s.text for s in reading.reporter()[:25])
    if (
        sentence.has("diagnosis")
        and not sentence.has("elsewhere")
        and not sentence.terminal
        and lexicon.closeness(sentence.text, about) >= 25
    ):
        return [_plain(sentence, f"{_name(sentence)} says: {sentence.said}", 3.5)]
    return []


def _saw_it(sentence: Sentence, reading: Reading) -> bool:
    """What a technician working on the case found or measured, as opposed to what a helper explains or advises."""
    if sentence.part != "technician" and sentence.author not in reading.with_access:
        return False
    told = sentence.terminal or sentence.has("symptom", "observation", "works", "scope") or bool(_VERSION.search(sentence.text))
    advises = sentence.has("suggestion", "request") or (lexicon.words(sentence.text)[:1] or [""])[0] in lexicon.word_set("imperatives")
    return told and not sentence.has("intention", "elsewhere") and not (advises and not sentence.done)


def _best(candidates: list[Candidate], most: int = MOST) -> list[Known]:
    """The most telling ones, without repeats, in the order in which they came up."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: (-c.points, c.order)):
        if len(kept) >= most:
            break
        if not any(_same(candidate, other) for other in kept) and not (
            candidate.known.text.startswith(_PEER) and sum(o.known.text.startswith(_PEER) for o in kept) >= 2
        ):
            kept.append(candidate)
    return [c.known for c in sorted(kept, key=lambda c: (c.known.evidence[-1].step, c.order))]


def _same(one: Candidate, other: Candidate) -> bool:
    if lexicon.alike(one.about, other.about) >= 85:
        return True
    shorter, longer = sorted((fold(one.about).lower(), fold(other.about).lower()), key=len)
    return len(shorter) > 20 and shorter in longer
