"""What was actually done, and the result.

Advice counts only if somebody reports following it; plans do not count. The outcome is None if nobody reported it.
"""

import re
from dataclasses import dataclass

from assistant.analysis.findings.advice import Suggestion
from assistant.analysis.language import lexicon
from assistant.analysis.language.deeds import LEADING_NOISE, action_starts
from assistant.analysis.language.sentences import shorten
from assistant.analysis.language.targets import target_of
from assistant.analysis.reading import errors
from assistant.analysis.reading.document import Sentence
from assistant.results import Evidence, Tried, TryResult, outcome_words

_SUBJECT = re.compile(
    r"^(?:\W*(?:(?:ok(?:ay)?|yes|so|and|but|then|also|well|now|finally|first|next|further|again|yeah|oh)\b[\s.,:-]*))*(?:i|"
    r"we)(?:'ve|'d| had to| have| had| did)?\s+"
    r"(?:(?:already|also|just|then|even|now|finally|have|since)\s+)*",
    re.IGNORECASE,
)
# "ran that command" says nothing without the advice before it.
_POINTS_BACK = re.compile(r"^\W*\w+ (?:that|this|the|those|these) (?:commands?|steps?|thing|one|two)?\W*$", re.IGNORECASE)
TURN = re.compile(
    r"\s[-–—]+\s(?=(?:same|still|no|nothing|didn'?t)\b)|[,;.]*\s+(?:(?:but|however|although|though)\s|and (?=(?:still|"
    r"got this|it still|nothing|it didn't|all is|\S+ still|"
    r"it works|it worked|the same)\b))"
    r"|[,;.]\s+(?=(?:no (?:luck|change|joy|dice|difference|effect|improvement)|nothing (?:changed|helped)|same (?:error|"
    r"issue|problem|result|thing)|still"
    r"|didn'?t (?:help|work))\b)"
    r"|[,;.]\s+(?=(?:and )?(?:(?:it|they|the \w+) (?:still|again|now)|and now|now (?:it|they)|again the|"
    r"(?:exactly )?(?:the )?same \w+ (?:on|with|for|there|again)|deployment|setup|installation)\b)",
    re.IGNORECASE,
)

WHEN_I = re.compile(r"^\W*(?:when|whenever|after|if|once) (?:i|we) (?:then |first |now )?(?P<verb>[a-z-]+)", re.IGNORECASE)


@dataclass(slots=True)
class Attempt:
    """One thing that was done. `result` is the sentence that reports the result."""

    actions: list[Sentence]
    suggestion: Suggestion | None = None
    result: Sentence | None = None
    worked: bool | None = None
    wording: str = ""
    # The report that the problem came back after it had worked at first.
    relapse: Sentence | None = None

    @property
    def step(self) -> int:
        return self.actions[0].step

    @property
    def action(self) -> str:
        if self.wording:
            return shorten(self.wording, 220)
        text = "; ".join(plain(s) for s in self.actions[:2])
        if self.suggestion and (len(lexicon.content(text)) <= 1 or _POINTS_BACK.search(text)):
            return shorten(f"{self.suggestion.text.rstrip(' .')} ({text})", 220)
        return shorten(text[:1].upper() + text[1:], 220)

    @property
    def outcome(self) -> tuple[TryResult, str]:
        """The result, and the words that report it."""
        if self.result is None:
            return TryResult.NOT_REPORTED, ""
        if self.relapse:
            return TryResult.DID_NOT_LAST, shorten(self.relapse.said.rstrip(" ."), 160)
        return outcome_of(self.result, self.worked)

    def as_tried(self) -> Tried:
        cited: list[Evidence] = []
        for sentence in [
            *([self.suggestion.head] if self.suggestion else []),
            *self.actions[:2],
            *([self.result] if self.result else []),
            *([self.relapse] if self.relapse else []),
        ]:
            if sentence.evidence not in cited:
                cited.append(sentence.evidence)
        who = "" if self.actions[0].is_reporter or self.actions[0].part == "assistant" else f"{self.actions[0].who}: "
        deed = self.action if self.wording else " ".join(clause(s) for s in self.actions[:2])
        result, details = self.outcome
        return Tried(
            action=who + self.action, target=target_of(deed), outcome=outcome_words(result, details), result=result, evidence=cited
        )


def clause(sentence: Sentence) -> str:
    """The clause with the action, up to a "but" that reports the result."""
    start = action_starts(sentence.text)
    text = sentence.text[start:] if start else LEADING_NOISE.sub("", sentence.text) or sentence.text
    if (when := WHEN_I.match(text)) and "," in text:
        text = text[when.start("verb") : text.index(",")]
    if (turn := TURN.search(text)) and lexicon.content(text[: turn.start()]):
        text = text[: turn.start()]
    return text


def plain(sentence: Sentence) -> str:
    text = clause(sentence)
    return _SUBJECT.sub("", shorten(text if lexicon.content(text) else sentence.text, 190)).strip(" ,.-") or sentence.said


def outcome_of(result: Sentence, worked: bool | None) -> tuple[TryResult, str]:
    """A verdict and its words; for a failure with an error, the error."""
    full = LEADING_NOISE.sub("", result.text) or result.text
    turn = TURN.search(full) if result.done else None
    told = shorten((full[turn.end() :] if turn else full).strip(" .-,"), 160)
    if worked:
        return TryResult.PARTIAL if result.has("partial") else TryResult.WORKED, told
    if worked is None:
        return TryResult.OTHER, told
    if found := errors.texts(result):
        return TryResult.FAILED, shorten(found[0], 160)
    return TryResult.NO_CHANGE if result.has("nochange") else TryResult.FAILED, told
