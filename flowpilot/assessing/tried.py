"""What was really done, and how it went.

A suggestion counts only when somebody reports having followed it; a plan does not count. Where no one told the outcome it is None.
"""

import re
from dataclasses import dataclass, field

from ..assistant.results import Evidence, Tried
from . import cues, errors
from .exchange import Suggestion, says_yes
from .reading import Reading, Sentence
from .sentences import shorten

_SUBJECT = re.compile(
    r"^(?:\W*(?:(?:ok(?:ay)?|yes|so|and|but|then|also|well|now|finally|first|next|further|again|yeah|oh)\b[\s.,:-]*))*(?:i|we)(?:'ve|'d| have| had| did)?\s+"
    r"(?:(?:already|also|just|then|even|now|finally|have|since)\s+)*",
    re.IGNORECASE,
)
_WHEN_I = re.compile(r"^\W*(?:when|whenever|after|if|once) (?:i|we) (?:then |first |now )?(?P<verb>[a-z-]+)", re.IGNORECASE)
_SHOULD_I = re.compile(r"\b(?:should|shall|can|could) i\s+(?:try to |just |then )?(?P<what>.+?)\s*\?*$|^\W*so\s+(?P<so>[a-z]+ .+?)\s*\?+$", re.IGNORECASE)


@dataclass(slots=True)
class Attempt:
    """One thing done. `result` is the sentence that tells how it went."""

    actions: list[Sentence]
    suggestion: Suggestion | None = None
    result: Sentence | None = None
    worked: bool | None = None
    wording: str = ""
    more: list[Sentence] = field(default_factory=list)

    @property
    def step(self) -> int:
        return self.actions[0].step

    @property
    def action(self) -> str:
        if self.wording:
            return shorten(self.wording, 220)
        text = "; ".join(_plain(s) for s in self.actions[:2])
        return shorten(text[:1].upper() + text[1:], 220)

    @property
    def outcome(self) -> str | None:
        return outcome_text(self.result, self.worked) if self.result else None

    def as_tried(self) -> Tried:
        cited: list[Evidence] = []
        for sentence in [*([self.suggestion.head] if self.suggestion else []), *self.actions[:2], *([self.result] if self.result else [])]:
            if sentence.evidence not in cited:
                cited.append(sentence.evidence)
        who = "" if self.actions[0].is_reporter or self.actions[0].part == "assistant" else f"{self.actions[0].who}: "
        return Tried(action=who + self.action, outcome=self.outcome, evidence=cited)


def _plain(sentence: Sentence) -> str:
    return _SUBJECT.sub("", sentence.said).strip(" ,.") or sentence.said


def outcome_text(result: Sentence, worked: bool | None) -> str:
    """ "no change: ...", "failed: <error>", "worked: ...", "result: ...": a verdict and the words that it rests on."""
    told = shorten(result.said.strip(" ."), 160)
    if worked:
        return f"{'partly worked' if result.has('partial') else 'worked'}: {told}"
    if worked is None:
        return f"result: {told}"
    if found := errors.texts(result):
        return f"failed: {shorten(found[0], 160)}"
    return f"{'no change' if result.has('nochange') else 'failed'}: {told}"


def _verdict(sentence: Sentence) -> bool | None:
    """True worked, False did not, None says neither."""
    if sentence.succeeded:
        return True
    if sentence.failed:
        return False
    return None


def attempts(reading: Reading, offered: list[Suggestion]) -> list[Attempt]:
    found: list[Attempt] = []
    previous_report = 0
    for step in reading.steps:
        said = reading.of(step.number)
        if not said or not said[0].is_reporter:
            found.extend(_by_helper(reading, said))
            continue
        before = [s for s in offered if s.step < step.number]
        here = _own_actions(said)
        if not here:
            fresh = [s for s in before if s.step > previous_report]
            here = _leaning(reading, said, before, fresh)
        for attempt in here:
            if attempt.suggestion is None and not attempt.wording:
                attempt.suggestion = _followed(attempt, before)
        found.extend(here)
        previous_report = step.number
    _later_results(reading, found)
    return _without_repeats(found)


def _is_action(sentence: Sentence) -> bool:
    if sentence.is_question or sentence.has("injection", "manners", "not_done"):
        return False
    if sentence.done:
        return not (sentence.has("thanks") and not sentence.has("failure", "success") and len(sentence.text) < 60)
    when = _WHEN_I.match(sentence.text)
    # "When I downgrade to 102.6.0, everything works": done, and reported as it goes.
    return bool(when and when["verb"].lower() in cues.base_forms() - cues.word_set("weak_actions") and sentence.has("success", "failure"))


def _own_actions(said: list[Sentence]) -> list[Attempt]:
    """Actions that this report names, neighbours together, each with the nearest verdict after it (or before the first)."""
    result: list[Attempt] = []
    current: Attempt | None = None
    leading = None
    for sentence in said:
        if _is_action(sentence):
            if current and current.result is None and len(current.actions) < 3 and sentence.order - current.actions[-1].order == 1:
                current.actions.append(sentence)
            else:
                current = Attempt(actions=[sentence])
                result.append(current)
            if _verdict(sentence) is not None:
                current.result, current.worked = sentence, _verdict(sentence)
            elif errors.texts(sentence):
                current.result, current.worked = sentence, False
            continue
        verdict = _verdict(sentence)
        if verdict is None and current and current.result is None and sentence.order - current.actions[-1].order <= 2 and _tells_result(sentence):
            current.result, current.worked = sentence, False if sentence.has("symptom") else None
        elif verdict is not None and current and (current.result is None or (current.worked is None)) and sentence.order - current.actions[-1].order <= 4:
            current.result, current.worked = sentence, verdict
        elif verdict is not None and not current:
            leading = leading or (sentence, verdict)
    if leading and result and result[0].result is None and leading[0].has("leaning_done"):
        result[0].result, result[0].worked = leading
    return result


def _tells_result(sentence: Sentence) -> bool:
    return not sentence.is_question and not sentence.has("hypothetical", "intention") and (sentence.terminal or bool(errors.texts(sentence)) or bool(re.match(r"\W*(?:but|however|and|then|it|they|that|no|nothing|still|now)\b", sentence.text, re.IGNORECASE) and sentence.has("symptom")))


def _leaning(reading: Reading, said: list[Sentence], before: list[Suggestion], fresh: list[Suggestion]) -> list[Attempt]:
    """Reports that name no action: "did it, and nothing changed" means the suggestion before it."""
    if not before:
        return []
    usable = [s for s in said if not s.is_question and not s.has("not_done", "injection")]
    lean = next((s for s in usable if s.has("leaning_done") and not s.has("intention")), None)
    asked_and_yes = bool(fresh and fresh[-1].asked and usable and says_yes(usable[0]))
    if lean or asked_and_yes:
        if not fresh and lean and not lean.succeeded and not _stands_alone(lean):
            return []
        suggestion = _meant(reading, said, fresh or before[-3:])
        attempt = Attempt(actions=[lean or usable[0]], suggestion=suggestion, wording=_wording(reading, suggestion))
        verdicts = [s for s in usable if _verdict(s) is not None]
        if verdicts:
            attempt.result, attempt.worked = verdicts[0], _verdict(verdicts[0])
        elif attempt.suggestion and attempt.suggestion.is_check and (shown := _shown(usable, lean)):
            attempt.result, attempt.worked = shown, None
        return [attempt]
    commands = [s for s in fresh if any(x.has("commands") for x in s.all)]
    shown = _shown(usable, None)
    if commands and shown and not any(s.has("intention") for s in said[:1]):
        suggestion = max(commands, key=lambda s: (cues.closeness(s.whole, shown.text), s.step))
        return [Attempt(actions=[shown], suggestion=suggestion, wording=_wording(reading, suggestion), result=shown, worked=False if errors.is_bare(shown) and not suggestion.is_check else None)]
    return []


def _stands_alone(sentence: Sentence) -> bool:
    return len(cues.words(sentence.text)) <= 6


def _shown(usable: list[Sentence], lean: Sentence | None) -> Sentence | None:
    """The sentence that gives the output of a command."""
    for sentence in usable:
        if sentence is lean or sentence.is_noise or sentence.has("intention", "hypothetical", "goal"):
            continue
        if sentence.terminal or errors.is_bare(sentence) or (sentence.has("observation") and sentence.is_firm) or errors.texts(sentence):
            return sentence
    return None


def _meant(reading: Reading, said: list[Sentence], candidates: list[Suggestion]) -> Suggestion:
    """The suggestion that a report leans on: of whom it names, or else the one that it resembles, or else the latest."""
    text = " ".join(s.text for s in said)
    raw = next((step.text for step in reading.steps if step.number == said[0].step), "")
    named = [s for s in candidates if s.head.author and s.head.author in raw]
    pool = named or candidates
    firm = [s for s in pool if not s.is_check] or pool
    best = max(firm, key=lambda s: cues.closeness(s.whole, text))
    return best if cues.closeness(best.whole, text) >= 50 else firm[-1]


def _wording(reading: Reading, suggestion: Suggestion) -> str:
    """The advice itself; where it is only "yeah, just do it", what the reporter had proposed before it."""
    if len(cues.content(suggestion.text)) > 2 or not re.search(r"\b(?:it|that|so|yep|yeah)\b", suggestion.head.text, re.IGNORECASE):
        return suggestion.text.rstrip(" .")
    for sentence in reversed([s for s in reading.reporter() if suggestion.step - 4 <= s.step < suggestion.step]):
        if sentence.is_question and (proposed := _SHOULD_I.search(sentence.text)):
            what = proposed["what"] or proposed["so"]
            return f"{what[:1].upper()}{what[1:]} ({suggestion.head.said.rstrip(' .')})"
    return suggestion.text.rstrip(" .")


def _followed(attempt: Attempt, before: list[Suggestion]) -> Suggestion | None:
    """The suggestion that an action carries out, where the words show it."""
    text = " ".join(s.text for s in attempt.actions)
    best, score = None, 0.0
    for distance, suggestion in enumerate(reversed(before[-8:])):
        points = max(cues.closeness(s.text, text) for s in suggestion.all) - 4 * distance
        if points > score:
            best, score = suggestion, points
    return best if score >= 42 else None


def _by_helper(reading: Reading, said: list[Sentence]) -> list[Attempt]:
    """What a technician did themselves: "I've reset the password and unlocked the account"."""
    if not said or said[0].part == "assistant" or any(s.has("peer") and s.has("failure", "symptom") for s in said):
        return []
    about = " ".join(s.text for s in reading.reporter()[:25])
    return [
        Attempt(actions=[s])
        for s in said
        if s.done and not s.has("elsewhere", "manners", "hypothetical", "hedge", "thanks") and re.search(r"\b(?:i|we)\b|^\W*\w+ed\b", s.text, re.IGNORECASE)
        and (s.part == "technician" or cues.closeness(s.text, about) >= 30)
        and not (s.part == "other" and re.match(r"\W*(?:you|users|they|like)\b", s.text, re.IGNORECASE))
    ]  # fmt: skip


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
        told = next((s for s in later if s.step == step and _verdict(s) is not None and not s.has("not_done")), None)
        if told and (following != step or cues.closeness(told.text, attempt.action) >= 50):
            attempt.result, attempt.worked = told, _verdict(told)


def _without_repeats(found: list[Attempt]) -> list[Attempt]:
    kept: list[Attempt] = []
    for attempt in found:
        twin = next((k for k in kept if cues.alike(k.action, attempt.action) >= 88), None)
        if twin is None:
            kept.append(attempt)
        elif attempt.result is not None:
            twin.result, twin.worked = attempt.result, attempt.worked
    return kept
