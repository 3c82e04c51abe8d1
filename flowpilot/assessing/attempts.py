"""All attempts of a case: named outright, or told by a report that leans on somebody's advice."""

import re

from flowpilot.assessing import cues, errors
from flowpilot.assessing.exchange import Suggestion, said_no, says_yes
from flowpilot.assessing.own_actions import own_actions, verdict_of
from flowpilot.assessing.reading import Reading, Sentence, own_deed
from flowpilot.assessing.tried import Attempt, clause

# Tells what a thing is, not what a command gave.
_EXPLAINS = re.compile(r"\bis (?:the|my|a|used)\b|\bhere(?:'?s| is)\b", re.IGNORECASE)
_BEGINS_WITH_IT = re.compile(
    r"^\W*(?:(?:in|with|without|using|via|from|on|as) (?P<how>[^,.:]{3,40}?),? (?:it|they|he|she|i|everything|the \w+|my \w+) |"
    r"(?P<command>[a-z][\w.-]+(?: \S+){0,3}?) (?:printed|prints|said|says|gave|gives|returned|returns|shows?|showed|reports?|reported) )",
    re.IGNORECASE,
)
_TESTS = re.compile(r"\b(?:\w*test\w*|scan\w*|check\w*|look\w*|diagnos\w*|ping\w*|trace\w*|ask\w*|called|spoke)\b", re.IGNORECASE)
# A name that is nothing else: "PreventIndexingOutlook", "session-ttl", "wuauserv2".
_NAME = re.compile(r"\b(?:[A-Z][a-z]+(?:[A-Z][a-z]+){1,6}|[a-z]+(?:-[a-z]+)+(?=\b)|[A-Za-z]+\d[\w]{3,})\b")
_SHOULD_I = re.compile(
    r"\b(?:should|shall|can|could) i\s+(?:try to |just |then )?(?P<what>.+?)\s*\?*$|^\W*so\s+(?P<so>[a-z]+ .+?)\s*\?+$", re.IGNORECASE
)


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
        here = own_actions(said)
        if not here:
            fresh = [s for s in before if s.step > previous_report]
            deeds = [a for a in found if a.step > previous_report and not a.actions[0].is_reporter]
            # After a deed without new advice "works now" is about the deed, not about advice of long ago.
            newer = bool(found) and not fresh and bool(before) and found[-1].step > before[-1].step
            here = [] if (deeds and not fresh) or newer else _leaning(reading, said, before, fresh, promised)
        elif fresh := [s for s in before if s.step > previous_report]:
            here = [*_done_first(reading, said, here[0], fresh), *here]
        for attempt in here:
            if attempt.suggestion is None and not attempt.wording:
                attempt.suggestion = _followed(reading, attempt, before, [s for s in before if s.step > previous_report])
        found.extend(here)
        # A question back or a promise leaves the advice open; what comes next still answers it.
        if here or any(not (s.is_question or s.is_noise or s.has("intention", "not_done")) for s in said):
            previous_report, promised = step.number, None
        elif before and any(s.has("intention") for s in said):
            promised = before[-1]
    _later_results(reading, found)
    return _without_repeats(found)


def _leaning(
    reading: Reading, said: list[Sentence], before: list[Suggestion], fresh: list[Suggestion], promised: Suggestion | None
) -> list[Attempt]:
    """Reports that name no action: "did it, and nothing changed" means the suggestion before it."""
    if not before:
        return []
    usable = [s for s in said if not s.is_question and not s.has("not_done", "injection")]
    lean = next((s for s in usable if (s.has("leaning_done") or s.succeeded) and not s.has("intention")), None)
    asked_and_yes = bool(fresh and fresh[-1].asked and usable and says_yes(usable[0]))
    if lean or asked_and_yes:
        if not fresh and lean and not lean.succeeded and not _stands_alone(lean):
            return []
        candidates = fresh or [s for s in before[-3:] if not s.is_check]
        if not candidates:
            return []
        suggestion = _meant(reading, said, candidates)
        wording = _alternative(_wording(reading, suggestion), (lean or usable[0]).text)
        attempt = Attempt(actions=[lean or usable[0]], suggestion=suggestion, wording=wording)
        verdicts = [s for s in usable if verdict_of(s) is not None]
        if verdicts:
            attempt.result, attempt.worked = verdicts[0], verdict_of(verdicts[0])
        elif attempt.suggestion and attempt.suggestion.is_check and (shown := _shown(usable, lean)):
            attempt.result, attempt.worked = shown, None
        return [attempt]
    fresh = _named(reading, said, fresh)
    commands = [s for s in fresh if s.is_check or any(x.has("commands") for x in s.all)]
    shown = _shown(usable, None) or _plain_reply(reading, usable, fresh)
    if shown and commands and len(usable) > 1:
        # Of several things told the one that the command or the look was for.
        best = max(usable, key=lambda s: cues.closeness(s.text, " ".join(c.whole for c in commands)))
        if best is not shown and cues.closeness(best.text, commands[-1].whole) > cues.closeness(shown.text, commands[-1].whole) + 25:
            shown = best
    if commands and shown:
        suggestion = promised or max(commands, key=lambda s: (cues.closeness(s.whole, shown.text), s.step))
        return [
            Attempt(
                actions=[shown],
                suggestion=suggestion,
                wording=_wording(reading, suggestion),
                result=shown,
                worked=False if errors.is_bare(shown) and not suggestion.is_check else None,
            )
        ]
    return _by_condition(reading, usable, fresh)


def _done_first(reading: Reading, said: list[Sentence], named: Attempt, fresh: list[Suggestion]) -> list[Attempt]:
    """ "Did that. Light stays dark. I also restarted it": the first words are about the advice, before a deed of one's own is named."""
    opening = [s for s in said if s.order < named.actions[0].order and not s.is_question]
    lean = next((s for s in opening[:2] if s.has("leaning_done") and _is_all_it_says(s) and not s.has("not_done", "intention")), None)
    if lean is None or (named.result is not None and named.result.order < named.actions[0].order and named.result is not lean):
        return []
    told = next((s for s in opening if s.order >= lean.order and verdict_of(s) is not None), None)
    if told is None and not lean.done:
        return []
    if named.result is told:
        named.result, named.worked = None, None
    suggestion = _meant(reading, said, fresh)
    wording = _wording(reading, suggestion)
    return [Attempt(actions=[lean], suggestion=suggestion, wording=wording, result=told, worked=verdict_of(told) if told else None)]


def _is_all_it_says(sentence: Sentence) -> bool:
    """ "Did that", or "Done, still the same error": that it was done, and at most how it went."""
    length = len(cues.words(sentence.text))
    return length <= 4 or (length <= 9 and cues.find_at_start("leaning_done", sentence.text))


def _by_condition(reading: Reading, usable: list[Sentence], fresh: list[Suggestion]) -> list[Attempt]:
    """ "In safe mode it opens", "akonadictl restart printed ...": the report begins with what was advised to be used or run."""
    for sentence in usable:
        found = _BEGINS_WITH_IT.match(sentence.text)
        what = (found["how"] or found["command"]) if found else ""
        if not found or len(what) < 4 or sentence.has("hypothetical", "intention"):
            continue
        for suggestion in reversed(fresh):
            if (found["command"] and what.lower() in suggestion.whole.lower()) or (
                found["how"] and cues.content(what) & cues.content(suggestion.whole)
            ):
                after = [s for s in usable if sentence.order <= s.order <= sentence.order + 4]
                bad = next((s for s in after if s.failed or s.has("symptom")), None)
                good = sentence.has("success", "works") and bad is not sentence
                return [
                    Attempt(
                        actions=[sentence],
                        suggestion=suggestion,
                        wording=_alternative(_wording(reading, suggestion), sentence.text),
                        result=sentence if good or bad is None else bad,
                        worked=True if good else False if bad else None,
                    )
                ]
    return []


def _stands_alone(sentence: Sentence) -> bool:
    return len(cues.words(sentence.text)) <= 6


def _shown(usable: list[Sentence], lean: Sentence | None) -> Sentence | None:
    """The sentence that gives the output of a command."""
    for sentence in usable:
        if (
            (cues.words(sentence.text)[:1] or [""])[0] in cues.word_set("answers_no")
            and len(cues.words(sentence.text)) > 2
            and not sentence.has("thanks")
        ):
            return sentence
        if sentence is lean or sentence.is_noise or sentence.has("intention", "hypothetical", "goal"):
            continue
        if (
            sentence.terminal
            or errors.is_bare(sentence)
            or (sentence.has("observation") and sentence.is_firm and not _EXPLAINS.search(sentence.text))
            or errors.texts(sentence)
        ):
            return sentence
    return None


def _plain_reply(reading: Reading, usable: list[Sentence], fresh: list[Suggestion]) -> Sentence | None:
    """The bare output of a command, or the plain answer to "can you check ...": nothing in its words shows what it is."""
    if not fresh or len(usable) > 4:
        return None
    told = [
        s
        for s in usable
        if not s.is_noise and not s.has("intention", "goal", "thanks", "hedge") and not re.search(r"\bi\b", s.text.lower())
    ]
    if fresh[-1].asked and fresh[-1].is_check:
        return next(iter(told), None)
    if not any(s.has("commands") for s in fresh[-1].all):
        return None
    return next((s for s in told if re.search(r"[\d/%]|  ", s.text) or (reading.is_chat and len(cues.words(s.text)) <= 3)), None)


def _named(reading: Reading, said: list[Sentence], candidates: list[Suggestion]) -> list[Suggestion]:
    """Those of the helper whom the report addresses; all where it addresses nobody."""
    raw = next((step.text for step in reading.steps if step.number == said[0].step), "")
    addressed = {s.author for s in reading.helpers() if s.author and s.author in raw}
    return [s for s in candidates if s.head.author in addressed] if addressed else candidates


def _meant(reading: Reading, said: list[Sentence], candidates: list[Suggestion]) -> Suggestion:
    """The suggestion that a report leans on: of whom it names, or else the one that it resembles, or else the latest."""
    text = " ".join(s.text for s in said)
    pool = _named(reading, said, candidates) or candidates
    firm = [s for s in pool if not s.is_check] or pool
    best = max(firm, key=lambda s: cues.closeness(s.whole, text))
    return best if cues.closeness(best.whole, text) >= 50 else firm[-1]


def _alternative(wording: str, report: str) -> str:
    """Of "update the driver, or start it with --disable-gpu" the one that the report is about."""
    ways = re.split(r",? or (?=\w+ )", wording)
    if len(ways) != 2 or min(len(way.split()) for way in ways) < 3:
        return wording
    one, other = (cues.closeness(way, report) for way in ways)
    if abs(one - other) < 15:
        return wording
    chosen = ways[0] if one > other else ways[1]
    return chosen[:1].upper() + chosen[1:]


def _wording(reading: Reading, suggestion: Suggestion) -> str:
    """The advice itself; where it is only "yeah, just do it", what the reporter had proposed before it."""
    if len(cues.content(suggestion.text)) > 2 or not re.search(r"\b(?:it|that|so|yep|yeah)\b", suggestion.head.text, re.IGNORECASE):
        return suggestion.text.rstrip(" .")
    for sentence in reversed([s for s in reading.reporter() if suggestion.step - 4 <= s.step < suggestion.step]):
        if sentence.is_question and (proposed := _SHOULD_I.search(sentence.text)):
            what = proposed["what"] or proposed["so"]
            return f"{what[:1].upper()}{what[1:]} ({suggestion.head.said.rstrip(' .')})"
    return suggestion.text.rstrip(" .")


def _followed(reading: Reading, attempt: Attempt, before: list[Suggestion], fresh: list[Suggestion]) -> Suggestion | None:
    """The suggestion that an action carries out: its words show it, or the report says that advice was followed."""
    text = " ".join(clause(s) for s in attempt.actions)
    best, score = None, 0.0
    for distance, suggestion in enumerate(reversed(before[-8:])):
        points = (
            max(
                cues.closeness(" ".join(s.text for s in reading.of(suggestion.step)), text),
                *(cues.closeness(s.text, text) for s in suggestion.all),
            )
            - 4 * distance
        )
        if points > score:
            best, score = suggestion, points
    if score >= 42:
        return best
    if named := _by_its_name(reading, attempt, fresh):
        return named
    if fresh and fresh[-1].asked and any(len(word) > 3 for word in cues.content(fresh[-1].whole) & cues.content(text)):
        return fresh[-1]
    result = attempt.result
    leans = any(s.has("followed") for s in attempt.actions) or (result is not None and result.has("leaning_done") and attempt.worked)
    vague = len(cues.content(text)) <= 3 and re.search(r"\b(?:them|it|that|those|these)\b", text, re.IGNORECASE)
    return fresh[-1] if fresh and (leans or vague) else None


def _by_its_name(reading: Reading, attempt: Attempt, fresh: list[Suggestion]) -> Suggestion | None:
    """The advice that names what the report names: a value of the registry, a service, an option that is called nothing else."""
    last = max(s.order for s in attempt.actions)
    report = set(_NAME.findall(" ".join(s.text for s in reading.of(attempt.step) if s.order <= last)))
    return next((s for s in reversed(fresh) if report & set(_NAME.findall(" ".join(x.text for x in reading.of(s.step))))), None)


def _by_helper(reading: Reading, said: list[Sentence]) -> list[Attempt]:
    """What a technician did themselves: "I've reset the password and unlocked the account"."""
    if not said or said[0].part == "assistant" or reading.is_peer(said[0].step):
        return []
    if said[0].part == "other" and said[0].author not in reading.hands_on:
        return []
    return [attempt for attempt in own_actions(said) if all(own_deed(s) for s in attempt.actions)]


def _later_results(reading: Reading, found: list[Attempt]) -> None:
    """A verdict may come in the next report, when nothing else was suggested or done in between."""
    for index, attempt in enumerate(found):
        if attempt.result is not None:
            continue
        following = found[index + 1].step if index + 1 < len(found) else None
        later = [s for s in reading.reporter() if s.step > attempt.step]
        if not later:
            continue
        step = later[0].step
        if following is not None and following < step:
            continue
        told = next((s for s in later if s.step == step and verdict_of(s) is not None and not s.has("not_done")), None)
        if told is None and said_no(later[0]):
            attempt.result, attempt.worked = later[0], False
        by_helper = not attempt.actions[0].is_reporter
        if told and verdict_of(told) and _TESTS.search(attempt.action) and cues.closeness(told.text, attempt.action) < 50:
            # A test changes nothing: what works later did not come of it.
            continue
        if told and (by_helper or following != step or cues.closeness(told.text, attempt.action) >= 50):
            attempt.result, attempt.worked = told, verdict_of(told)


def _goes_on(earlier: Attempt, later: Attempt) -> bool:
    """A later report on the same advice, where the first told no result."""
    return earlier.result is None and bool(later.wording) and earlier.suggestion is not None and earlier.suggestion is later.suggestion


def _without_repeats(found: list[Attempt]) -> list[Attempt]:
    kept: list[Attempt] = []
    for attempt in found:
        twin = next((k for k in kept if cues.alike(k.action, attempt.action) >= 88 or _goes_on(k, attempt)), None)
        if twin is None:
            kept.append(attempt)
        elif attempt.result is not None:
            twin.result, twin.worked = attempt.result, attempt.worked
    return kept
