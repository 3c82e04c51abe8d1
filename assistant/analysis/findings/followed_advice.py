"""Reports that refer to somebody's advice without naming the action: "did it, and nothing changed", "1. went straight in", "in safe mode it opens"."""

# ruff: noqa: E501  (a pattern is read best in one line)
import re

from assistant.analysis.findings.actions import verdict_of
from assistant.analysis.findings.advice import Suggestion, advises, said_no, says_yes
from assistant.analysis.findings.attempt import Attempt
from assistant.analysis.language import lexicon
from assistant.analysis.reading import errors
from assistant.analysis.reading.document import Reading, Sentence

# Says what something is, not what a command printed.
_EXPLAINS = re.compile(r"\bis (?:the|my|a|used)\b|\bhere(?:'?s| is)\b", re.IGNORECASE)
_BEGINS_WITH_IT = re.compile(
    r"^\W*(?:(?:in|with|without|using|via|from|on|as) (?P<how>[^,.:]{3,40}?),? (?:it|they|he|she|i|everything|the \w+|my \w+) |"
    r"(?P<command>[a-z][\w.-]+(?: \S+){0,3}?) (?:printed|prints|said|says|gave|gives|returned|returns|shows?|showed|reports?|reported) )",
    re.IGNORECASE,
)
# "no zfs on this one": the thing to check does not exist, so nothing was checked.
_HAS_NONE = re.compile(r"\W*no [\w-]+ (?:on|in|here|at|with|for|there)\b(?!.*\b(?:error|output|entr)\w*)", re.IGNORECASE)
_SHOULD_I = re.compile(
    r"\b(?:should|shall|can|could) i\s+(?:try to |just |then )?(?P<what>.+?)\s*\?*$|^\W*so\s+(?P<so>[a-z]+ .+?)\s*\?+$", re.IGNORECASE
)


def _promise(reading: Reading, said: list[Sentence]) -> Suggestion | None:
    """What the helper announced just before: "a colleague brings the spare one round on Thursday"."""
    before = [step for step in reading.steps if step.number < said[0].step and reading.of(step.number)]
    if not before or reading.of(before[-1].number)[0].is_reporter:
        return None
    told = [
        s for s in reading.of(before[-1].number) if _ANNOUNCES.search(s.text) and not s.is_question and len(lexicon.content(s.text)) > 1
    ]
    return Suggestion(head=told[-1], all=told[-1:]) if told else None


_ANNOUNCES = re.compile(
    r"\b(?:i|we|he|she|they|(?:a|my|our|the) (?:colleague|engineer|technician|electrician|field \w+))(?:['’]ll| will| (?:am|are|is) going to|['’](?:m|re) (?:\w+ing)) "
    r"(?!(?:see|check|look|let|get back|call|ring|be|have|ask|close|wait|need|report|keep|update)\b)\w+",
    re.IGNORECASE,
)


def in_its_place(reading: Reading, said: list[Sentence]) -> list[Attempt]:
    """ "1. went straight in 2. nope, timed out" under "1. book one in 2. run the report": each answer refers to the advice with its number."""
    found = []
    for advice, told in reading.pairs:
        if told[0].step != said[0].step or not advises(advice) or told[0].has("not_done", "intention") or told[0].is_question:
            continue
        result = next((s for s in told if verdict_of(s) is not None or said_no(s)), told[0])
        worked = verdict_of(result) if verdict_of(result) is not None else False if said_no(result) else None
        suggestion = Suggestion(head=advice, all=[advice])
        found.append(Attempt(actions=[told[0]], suggestion=suggestion, wording=suggestion.text.rstrip(" ."), result=result, worked=worked))
    return found


def followed_advice(
    reading: Reading, said: list[Sentence], before: list[Suggestion], fresh: list[Suggestion], promised: Suggestion | None
) -> list[Attempt]:
    """Reports that name no action: "did it, and nothing changed" refers to the suggestion before it."""
    usable = [s for s in said if not s.is_question and not s.has("not_done", "injection")]
    lean = next((s for s in usable if (s.has("leaning_done") or s.succeeded) and not s.has("intention")), None)
    lean = lean or next((s for s in usable if fresh and s.has("works") and len(lexicon.words(s.text)) <= 4), None)
    # "It works now" after an announcement does not say that it was done.
    done_so = lean is not None and lean.has("leaning_done") and not lean.has("failure", "success", "nochange")
    if not fresh and done_so and (promise := _promise(reading, said)):
        fresh = before = [promise]
    if not before:
        return []
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
        elif told := next((s for s in usable if s.has("success", "works") and s.is_firm and len(lexicon.words(s.text)) <= 14), None):
            attempt.result, attempt.worked = told, None
        elif attempt.suggestion and attempt.suggestion.is_check and (shown := _shown(usable, lean)):
            attempt.result, attempt.worked = shown, None
        return [attempt]
    fresh = _named(reading, said, fresh)
    commands = [s for s in fresh if s.is_check or any(x.has("commands") for x in s.all)]
    shown = _shown(usable, None) or _plain_reply(reading, usable, fresh)
    if shown and commands and len(usable) > 1:
        # Of several findings, the one the command or check was about.
        best = max(usable, key=lambda s: lexicon.closeness(s.text, " ".join(c.whole for c in commands)))
        if best is not shown and lexicon.closeness(best.text, commands[-1].whole) > lexicon.closeness(shown.text, commands[-1].whole) + 25:
            shown = best
    if commands and shown:
        suggestion = promised or max(commands, key=lambda s: (lexicon.closeness(s.whole, shown.text), s.step))
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


def done_first(reading: Reading, said: list[Sentence], named: Attempt, fresh: list[Suggestion]) -> list[Attempt]:
    """ "Did that. Light stays dark. I also restarted it": the first words are about the advice, before the reporter's own action."""
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
    """ "Did that", or "Done, still the same error": only that it was done, perhaps with the result."""
    length = len(lexicon.words(sentence.text))
    return length <= 4 or (length <= 9 and lexicon.find_at_start("leaning_done", sentence.text))


def _by_condition(reading: Reading, usable: list[Sentence], fresh: list[Suggestion]) -> list[Attempt]:
    """ "In safe mode it opens", "akonadictl restart printed ...": the report starts with what they were advised to use or run."""
    for sentence in usable:
        found = _BEGINS_WITH_IT.match(sentence.text)
        what = (found["how"] or found["command"]) if found else ""
        if not found or len(what) < 4 or sentence.has("hypothetical", "intention"):
            continue
        for suggestion in reversed(fresh):
            if (found["command"] and what.lower() in suggestion.whole.lower()) or (
                found["how"] and lexicon.content(what) & lexicon.content(suggestion.whole)
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
    return len(lexicon.words(sentence.text)) <= 6


def _shown(usable: list[Sentence], lean: Sentence | None) -> Sentence | None:
    """The sentence with the output of a command."""
    if usable and _HAS_NONE.match(usable[0].text):
        return None
    for sentence in usable:
        if (
            (lexicon.words(sentence.text)[:1] or [""])[0] in lexicon.word_set("answers_no")
            and len(lexicon.words(sentence.text)) > 2
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
    """The bare output of a command, or the plain answer to "can you check ...": recognisable only by its position."""
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
    return next((s for s in told if re.search(r"[\d/%]|  ", s.text) or (reading.is_chat and len(lexicon.words(s.text)) <= 3)), None)


def _named(reading: Reading, said: list[Sentence], candidates: list[Suggestion]) -> list[Suggestion]:
    """The suggestions of the helper whom the report addresses; all if it addresses nobody."""
    raw = next((step.text for step in reading.steps if step.number == said[0].step), "")
    addressed = {s.author for s in reading.helpers() if s.author and s.author in raw}
    return [s for s in candidates if s.head.author in addressed] if addressed else candidates


def _meant(reading: Reading, said: list[Sentence], candidates: list[Suggestion]) -> Suggestion:
    """The suggestion a report refers to: by the helper it names, else the most similar, else the latest."""
    text = " ".join(s.text for s in said)
    pool = _named(reading, said, candidates) or candidates
    firm = [s for s in pool if not s.is_check] or pool
    best = max(firm, key=lambda s: lexicon.closeness(s.whole, text))
    return best if lexicon.closeness(best.whole, text) >= 50 else firm[-1]


def _alternative(wording: str, report: str) -> str:
    """Of "update the driver, or start it with --disable-gpu" the alternative that the report is about."""
    ways = re.split(r",? or (?=\w+ )", wording)
    if len(ways) != 2 or min(len(way.split()) for way in ways) < 3:
        return wording
    one, other = (lexicon.closeness(way, report) for way in ways)
    if abs(one - other) < 15:
        return wording
    chosen = ways[0] if one > other else ways[1]
    return chosen[:1].upper() + chosen[1:]


def _wording(reading: Reading, suggestion: Suggestion) -> str:
    """The advice, or, if it is only "yeah, just do it", what the reporter proposed before."""
    if len(lexicon.content(suggestion.text)) > 2 or not re.search(r"\b(?:it|that|so|yep|yeah)\b", suggestion.head.text, re.IGNORECASE):
        return suggestion.text.rstrip(" .")
    for sentence in reversed([s for s in reading.reporter() if suggestion.step - 4 <= s.step < suggestion.step]):
        if sentence.is_question and (proposed := _SHOULD_I.search(sentence.text)):
            what = proposed["what"] or proposed["so"]
            return f"{what[:1].upper()}{what[1:]} ({suggestion.head.said.rstrip(' .')})"
    return suggestion.text.rstrip(" .")
