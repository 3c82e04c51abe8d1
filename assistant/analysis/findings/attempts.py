"""All attempts in a case: stated outright, or implied by a report that refers to advice."""

# ruff: noqa: E501  (a pattern is read best in one line)
import re

from assistant.analysis.findings.actions import own_actions, verdict_of
from assistant.analysis.findings.advice import Suggestion, said_no
from assistant.analysis.findings.attempt import Attempt, clause
from assistant.analysis.findings.followed_advice import done_first, followed_advice, in_its_place
from assistant.analysis.findings.relapses import did_not_last
from assistant.analysis.language import lexicon
from assistant.analysis.reading.document import Reading, Sentence
from assistant.analysis.reading.roles import own_deed

_TESTS = re.compile(r"\b(?:\w*test\w*|scan(?!ner)\w*|check\w*|look\w*|diagnos\w*|ping\w*|trace\w*|ask\w*|called|spoke)\b", re.IGNORECASE)
# A distinctive name: "PreventIndexingOutlook", "session-ttl", "wuauserv2".
_NAME = re.compile(r"\b(?:[A-Z][a-z]+(?:[A-Z][a-z]+){1,6}|[a-z]+(?:-[a-z]+)+(?=\b)|[A-Za-z]+\d[\w]{3,})\b")


def attempts(reading: Reading, offered: list[Suggestion]) -> list[Attempt]:
    found: list[Attempt] = []
    previous_report = 0
    promised: Suggestion | None = None
    for step in reading.steps:
        said = reading.of(step.number)
        if not said or not said[0].is_reporter:
            found.extend(_by_helper(reading, said))
            continue
        before = [s for s in offered if s.step < step.number]
        here = own_actions(said, alone=not before)
        # What a report states goes before the number it answers.
        named = {s.order for attempt in here for s in attempt.actions}
        here += [attempt for attempt in in_its_place(reading, said) if attempt.actions[0].order not in named]
        if not here:
            fresh = [s for s in before if s.step > previous_report]
            deeds = [a for a in found if a.step > previous_report and not a.actions[0].is_reporter]
            # After an action without new advice, "works now" is about the action, not about old advice.
            newer = bool(found) and not fresh and bool(before) and found[-1].step > before[-1].step
            here = [] if (deeds and not fresh) or newer else followed_advice(reading, said, before, fresh, promised)
        elif fresh := [s for s in before if s.step > previous_report]:
            here = [*done_first(reading, said, here[0], fresh), *here]
        for attempt in here:
            if attempt.suggestion is None and not attempt.wording:
                attempt.suggestion = _followed(reading, attempt, before, [s for s in before if s.step > previous_report])
        found.extend(here)
        # A counter-question or a promise leaves the advice open; a later report can still answer it.
        if here or any(not (s.is_question or s.is_noise or s.has("intention", "not_done")) for s in said):
            previous_report, promised = step.number, None
        elif before and any(s.has("intention") for s in said):
            promised = before[-1]
    _later_results(reading, found)
    found = _without_repeats(found)
    did_not_last(reading, found)
    return found


def _followed(reading: Reading, attempt: Attempt, before: list[Suggestion], fresh: list[Suggestion]) -> Suggestion | None:
    """The suggestion an action follows: by its words, or because the report says that advice was followed."""
    text = " ".join(clause(s) for s in attempt.actions)
    best, score = None, 0.0
    for distance, suggestion in enumerate(reversed(before[-8:])):
        points = (
            max(
                lexicon.closeness(" ".join(s.text for s in reading.of(suggestion.step)), text),
                *(lexicon.closeness(s.text, text) for s in suggestion.all),
            )
            - 4 * distance
        )
        if points > score:
            best, score = suggestion, points
    if score >= 42:
        return best
    if named := _by_its_name(reading, attempt, fresh):
        return named
    if fresh and fresh[-1].asked and any(len(word) > 3 for word in lexicon.content(fresh[-1].whole) & lexicon.content(text)):
        return fresh[-1]
    result = attempt.result
    leans = any(s.has("followed") for s in attempt.actions) or (result is not None and result.has("leaning_done") and attempt.worked)
    vague = len(lexicon.content(text)) <= 3 and re.search(r"\b(?:them|it|that|those|these)\b", text, re.IGNORECASE)
    return fresh[-1] if fresh and (leans or vague) else None


def _by_its_name(reading: Reading, attempt: Attempt, fresh: list[Suggestion]) -> Suggestion | None:
    """The advice that names the same distinctive thing: a registry value, a service, an option."""
    last = max(s.order for s in attempt.actions)
    report = set(_NAME.findall(" ".join(s.text for s in reading.of(attempt.step) if s.order <= last)))
    return next((s for s in reversed(fresh) if report & set(_NAME.findall(" ".join(x.text for x in reading.of(s.step))))), None)


def _by_helper(reading: Reading, said: list[Sentence]) -> list[Attempt]:
    """What a technician did: "I've reset the password and unlocked the account"."""
    if not said or said[0].part == "assistant" or reading.is_peer(said[0].step):
        return []
    if said[0].part == "other" and said[0].author not in reading.with_access:
        return []
    told = own_actions(said)
    for attempt in told:
        attempt.actions = [s for s in attempt.actions if _is_theirs(reading, s)]
        if attempt.actions and attempt.result is not None and attempt.result.order < attempt.actions[0].order:
            # What comes before the action is the reason for it.
            attempt.result, attempt.worked = None, None
    return [attempt for attempt in told if attempt.actions]


# What others did, reported by a technician: "they rebooted the modem".
_BY_OTHERS = re.compile(
    r"^\W*(?:they|she|he|(?:the |our |their )?(?:isp|provider|vendor|carrier|manufacturer|user|client|customer|colleague|electrician|engineer))\b",
    re.IGNORECASE,
)


def _is_theirs(reading: Reading, sentence: Sentence) -> bool:
    if own_deed(sentence):
        return True
    by_others = sentence.author in reading.with_access and bool(_BY_OTHERS.match(sentence.text))
    return by_others and sentence.done and not sentence.has("elsewhere", "peer", "hypothetical", "hedge", "onset")


def _later_results(reading: Reading, found: list[Attempt]) -> None:
    """Adds verdicts from the next report, if nothing else was suggested or done in between."""
    for index, attempt in enumerate(found):
        if attempt.result is not None:
            continue
        following = found[index + 1].step if index + 1 < len(found) else None
        later = _first_telling(reading, attempt.step, following)
        if not later:
            continue
        step = later[0].step
        told = next((s for s in later if verdict_of(s) is not None and not s.has("not_done")), None)
        if told is None and said_no(later[0]):
            attempt.result, attempt.worked = later[0], False
        by_helper = not attempt.actions[0].is_reporter
        if told and verdict_of(told) and _TESTS.search(attempt.action) and lexicon.closeness(told.text, attempt.action) < 50:
            # A test changes nothing, so it cannot be why something works later.
            continue
        if told and (by_helper or following != step or lexicon.closeness(told.text, attempt.action) >= 50):
            attempt.result, attempt.worked = told, verdict_of(told)


def _first_telling(reading: Reading, after: int, until: int | None) -> list[Sentence]:
    """The next report, or the one after if it says nothing ("mr pollock is next"), up to the next attempt or advice."""
    steps = [step.number for step in reading.steps if step.number > after and reading.of(step.number)]
    reports = 0
    for number in steps:
        said = reading.of(number)
        if until is not None and until < number:
            return []
        if not said[0].is_reporter:
            if reports and any(not s.is_question and s.has("suggestion") for s in said):
                return []
            continue
        reports += 1
        idle = all(verdict_of(s) is None and not s.has("symptom", "works") and len(lexicon.words(s.text)) <= 9 for s in said)
        if not idle or reports == 3 or until == number:
            return said
    return []


def _goes_on(earlier: Attempt, later: Attempt) -> bool:
    """Whether a later report continues one without a result, on the same advice."""
    return earlier.result is None and bool(later.wording) and earlier.suggestion is not None and earlier.suggestion is later.suggestion


def _without_repeats(found: list[Attempt]) -> list[Attempt]:
    kept: list[Attempt] = []
    for attempt in found:
        twin = next((k for k in kept if lexicon.alike(k.action, attempt.action) >= 88 or _goes_on(k, attempt)), None)
        if twin is None:
            kept.append(attempt)
        elif attempt.result is not None:
            twin.result, twin.worked = attempt.result, attempt.worked
    return kept
