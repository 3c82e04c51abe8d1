"""What helpers ask for and suggest in each step, and what the reporter asks."""

# ruff: noqa: E501  (a pattern is read best in one line)
import re
from dataclasses import dataclass, field

from assistant.analysis.language import lexicon
from assistant.analysis.language.deeds import SET_IT
from assistant.analysis.language.sentences import shorten
from assistant.analysis.reading.document import Reading, Sentence

_LEAD_IN = re.compile(
    r"^(?:\W*(?:please|pls|then|also|just|first|second|next|now|ok(?:ay)?|and|so|or|but|maybe|perhaps|alternatively|"
    r"anyways?|yeah|well|sorry|otherwise|again|"
    r"in the meantime|after that|once done|once that is done|to start|for now|actually|lastly|finally|simply|always|here|"
    r"suggestion)\b[\s,:-]*)+",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"^(?:if|when|once|after|before|assuming|since|as)\b[^,]{3,120},\s*(?:then\s+)?(?:please\s+)?", re.IGNORECASE)
_WRAPPING = re.compile(
    r"^(?:(?:i(?:'d| would)?(?: highly)? (?:suggest|recommend|advise)|my (?:suggestion|advice)(?: is| would be)?|"
    r"suggestion:?)(?: (?:that )?you| to| trying)?\s+(?:should |could )?|"
    r"(?:you|u) (?:can|could|should|might|may|might just|may just|must|will|'ll)?\s*(?:also |always |just |probably |"
    r"definitely )?(?:want to |need to |have to |wish to |try to |like to )?|"
    r"(?:it may help|it is best|it's best|best) to |how about |why not |have you tried |did you try |let'?s )",
    re.IGNORECASE,
)
_ASKED_DONE = re.compile(
    r"^\W*(?:(?:so|and|but) )?(?:have|did|can|could|would) you (?:please |already |also |ever |just )?(?:tried |try )?", re.IGNORECASE
)
# What cannot be done, or what to expect to see: not advice.
_EXPECTS = re.compile(
    r"\byou (?:cannot|can't|can not)\b|\byou should (?:see|show|have|get|be able|find|notice)\b|\bgave you\b", re.IGNORECASE
)
_SAYS_USE = re.compile(
    r"\b(?:use|run|type|enter|try|do):\s*\S|[.;,:]\s+(?:please )?(?:sudo|run|try|use|check|stop|restart|reboot|disable|"
    r"enable|remove|add)\s",
    re.IGNORECASE,
)
_NOT_ADVICE = re.compile(
    r"^(?:update from|update on|let me|let us know|see (?:private|above|below|attached|pm)|note that|i mean|i see|look,|good|thanks|sorry|run by)\b",
    re.IGNORECASE,
)
_ACTION_QUESTION = re.compile(
    r"^\W*(?:(?:so|and|but) )?(?:have you|did you|can you|could you|would you)\s+(?:already |also |ever |please |just |"
    r"try to )*(?P<verb>[a-z-]+)",
    re.IGNORECASE,
)


_BARE_PUT = re.compile(r"^\W*(?:put|set|cut|reset|let|shut|hit)\b", re.IGNORECASE)
# "Test call from my mobile: still deaf at my end."
_TEST_TOLD = re.compile(r"^\W*test(?: [\w.-]+){0,5}: \S", re.IGNORECASE)
# "Then a private window please."
_PLEASE = re.compile(r"\w \b(?:please|pls)\s*(?:[,.!;]|$)", re.IGNORECASE)


@dataclass(slots=True)
class Suggestion:
    """One helper's advice in one step; `head` is the sentence to quote."""

    head: Sentence
    all: list[Sentence] = field(default_factory=list)
    asked: bool = False

    @property
    def step(self) -> int:
        return self.head.step

    @property
    def is_check(self) -> bool:
        """Only looks or tests, without changing anything."""
        return all(s.has("checks") for s in self.all) and not any(_changes(s) for s in self.all)

    @property
    def text(self) -> str:
        """The first steps of a walkthrough, or the sentence of a single piece of advice."""
        if len(self.all) < 4:
            return instruction(self.head)
        return shorten("; ".join(instruction(s).rstrip(" .;") for s in self.all), 220)

    @property
    def whole(self) -> str:
        return " ".join(s.text for s in self.all)


@dataclass(slots=True)
class Ask:
    """A question by a helper or the reporter."""

    sentence: Sentence
    by_reporter: bool
    answer: Sentence | None = None
    # The answer is matched by number, or is under the quoted question.
    in_place: bool = False


def instruction(sentence: Sentence) -> str:
    """The advice without polite phrases: "I suggest you create a new profile" becomes "Create a new profile"."""
    text = _LEAD_IN.sub("", sentence.said) or sentence.said
    if sentence.is_question and (asked := _ASKED_DONE.match(text)):
        rest = text[asked.end() :].strip(" ?")
        text = f"Try {rest}" if "tried" in asked.group(0).lower() else rest
    shorter = _WRAPPING.sub("", text)
    if len(shorter.split()) >= 2:
        text = _LEAD_IN.sub("", shorter) or shorter
    text = text.strip(" ,:-")
    return (text[:1].upper() + text[1:]).rstrip("? ") if sentence.is_question else text[:1].upper() + text[1:]


def _changes(sentence: Sentence) -> bool:
    return bool(
        set(lexicon.words(sentence.text))
        & {
            "change",
            "remove",
            "add",
            "install",
            "reinstall",
            "restart",
            "reboot",
            "disable",
            "enable",
            "delete",
            "reset",
            "update",
            "put",
            "putting",
        }
    )


def advises(sentence: Sentence) -> bool:
    if (
        sentence.is_noise
        or sentence.terminal
        or len(lexicon.words(_LEAD_IN.sub("", sentence.text))) < 2
        or _NOT_ADVICE.match(sentence.text)
    ):
        return False
    bare = _LEAD_IN.sub("", sentence.text)
    after = _CONDITION.sub("", bare)
    if sentence.is_question:
        return bool(re.match(r"\W*(?:have you tried|did you try|how about|why not)\b", bare, re.IGNORECASE)) or _asks_whether_done(sentence)
    if sentence.has("elsewhere") and not re.match(r"(?:try|please)\b", after, re.IGNORECASE):
        return False
    if (
        (sentence.done and SET_IT.match(sentence.text))
        or (sentence.done and _BARE_PUT.match(sentence.text))
        or _TEST_TOLD.match(sentence.text)
    ):
        return False
    if _SAYS_USE.search(sentence.text) or sentence.text.count(" > ") >= 2:
        return True
    if (
        _PLEASE.search(sentence.text)
        and not sentence.has("request", "thanks", "not_in_record")
        and len(lexicon.content(sentence.text)) >= 2
    ):
        return True
    if re.match(r"\W*(?:\w+\W+)?(?:please|pls)\s+[a-z]", sentence.text, re.IGNORECASE):
        return True
    if not bare[:1].isupper() and lexicon.find_at_start("commands", bare) and not sentence.done:
        return True
    for candidate in (bare, after):
        if (
            (first := lexicon.words(candidate)[:1])
            and first[0] in (lexicon.word_set("imperatives") | lexicon.base_forms())
            and len(candidate.split()) > 1
        ):
            return True
    if (sentence.has("hedge") and sentence.has("diagnosis")) or _EXPECTS.search(sentence.text):
        return False
    return sentence.has("suggestion") and not sentence.done and bool(lexicon.content(sentence.text)) and _addresses_reader(sentence)


def _addresses_reader(sentence: Sentence) -> bool:
    return bool(
        re.search(
            r"\byou\b|\byour\b|\btry\b|\bsuggest|\brecommend|\bmake sure\b|\bensure\b|\bi would (?:look|check|try|use)\b|"
            r"\bneeds? to be\b|\bcan be removed\b|\bcan simply\b|\bfix",
            sentence.text,
            re.IGNORECASE,
        )
    )


def _asks_whether_done(sentence: Sentence) -> bool:
    """ "did you restart ssh?" is advice in the form of a question."""
    found = _ACTION_QUESTION.match(sentence.text)
    return bool(
        found
        and found["verb"].lower()
        in (lexicon.past_forms() | lexicon.base_forms())
        - {"find", "found", "get", "got", "see", "put", "do", "did", "make", "made", "send", "ask", "upload", "read", "download"}
    )


def suggestions(reading: Reading) -> list[Suggestion]:
    """One for each helper's step with advice, in order."""
    result: list[Suggestion] = []
    for step in reading.steps:
        advice = [s for s in reading.of(step.number) if not s.is_reporter and advises(s) and not _only_asks(s)]
        if advice and not reading.is_peer(step.number):
            head = advice[0] if len(advice) >= 4 else max(advice, key=lambda s: _weight(s) - 0.4 * (s.order - advice[0].order))
            result.append(Suggestion(head=head, all=advice, asked=head.is_question))
    return result


def _weight(sentence: Sentence) -> float:
    """How clearly a sentence says what to do: a plain "try", "change" or "I suggest", with something specific."""
    first = lexicon.words(_LEAD_IN.sub("", sentence.text))[:1]
    begins = bool(first) and first[0] in lexicon.word_set("imperatives") | lexicon.base_forms()
    lead = 2.0 if sentence.has("suggestion") or begins else 0.0
    return (
        lead
        + min(len(lexicon.content(sentence.text)), 3) / 2
        - (2.0 if sentence.is_question else 0.0)
        - (1.0 if sentence.has("hypothetical") and not sentence.has("suggestion") else 0.0)
    )


def _only_asks(sentence: Sentence) -> bool:
    """A request for information; "power cycle it and tell me the address" is also advice."""
    if not _requests(sentence):
        return False
    first = lexicon.words(_LEAD_IN.sub("", sentence.text))[:1]
    return not first or first[0] not in (lexicon.word_set("imperatives") | lexicon.base_forms()) - lexicon.word_set("asking_verbs")


def _requests(sentence: Sentence) -> bool:
    return sentence.has("request") and not sentence.has("manners") and not sentence.is_noise


def asks(reading: Reading) -> list[Ask]:
    """Questions and requests for information, each with its answer if there is one."""
    result = []
    placed = {question.order: told for question, told in reading.pairs}
    for sentence in reading.sentences:
        if (told := placed.get(sentence.order)) and not sentence.has("injection"):
            result.append(
                Ask(sentence=sentence, by_reporter=False, answer=max(told, key=lambda s: len(lexicon.content(s.text))), in_place=True)
            )
            continue
        if (
            sentence.is_noise
            or sentence.has("rhetorical" if sentence.is_reporter else "idle_question")
            or (not sentence.is_reporter and reading.is_peer(sentence.step))
            or (sentence.part == "assistant" and sentence.has("manners"))
        ):
            continue
        if (
            not (sentence.is_question or (_requests(sentence) and not sentence.is_reporter))
            or len(lexicon.content(sentence.text)) < 1
            or len(lexicon.words(sentence.text)) < 3
        ):
            continue
        ask = Ask(sentence=sentence, by_reporter=sentence.is_reporter)
        ask.answer = _answer_by_helper(reading, sentence) if sentence.is_reporter else _answer_by_reporter(reading, sentence)
        result.append(ask)
    return result


def _steps_after(reading: Reading, sentence: Sentence, by_reporter: bool, most: int) -> list[list[Sentence]]:
    groups = []
    for step in reading.steps:
        if step.number > sentence.step:
            said = reading.of(step.number)
            if said and said[0].is_reporter == by_reporter:
                groups.append(said)
    return groups[:most]


def _answer_by_reporter(reading: Reading, question: Sentence) -> Sentence | None:
    """The best match in the next two reports; a single short reply answers a single question."""
    following = _steps_after(reading, question, by_reporter=True, most=3)
    peers = [s for s in reading.of(question.step) if s.is_question or _requests(s)]
    for distance, said in enumerate(following):
        best, score = None, 0.0
        for position, sentence in enumerate(said):
            if sentence.is_question or (sentence.is_noise and not _says_yes_or_no(sentence)):
                continue
            points = lexicon.closeness(question.text, sentence.text)
            points += 40 if _fits_kind(question.text, sentence.text) else 0
            points += 25 if position == 0 and distance == 0 and (len(peers) == 1 or len(said) <= 2) else 0
            points += 25 if reading.is_chat and distance == 0 and sentence.step - question.step <= 2 and question in peers[-2:] else 0
            points += 30 if position == 0 and distance == 0 and _says_yes_or_no(sentence) else 0
            if points > score:
                best, score = sentence, points
        if best and score >= (25 if distance == 0 else 50):
            return best
        if distance == 0 and _requests(question) and any(s.has("not_in_record") for s in said):
            return next(s for s in said if s.has("not_in_record"))
    return None


def _answer_by_helper(reading: Reading, question: Sentence) -> Sentence | None:
    for said in _steps_after(reading, question, by_reporter=False, most=2):
        statements = [s for s in said if not s.is_question and (not s.is_noise or _says_yes_or_no(s))]
        if statements:
            return max(statements, key=lambda s: lexicon.closeness(question.text, s.text))
    return None


def _says_yes_or_no(sentence: Sentence) -> bool:
    first = lexicon.words(sentence.text)[:1]
    return bool(first) and first[0] in lexicon.word_set("answers_yes") | lexicon.word_set("answers_no")


def says_yes(sentence: Sentence) -> bool:
    return (lexicon.words(sentence.text)[:1] or [""])[0] in lexicon.word_set("answers_yes")


def said_no(sentence: Sentence) -> bool:
    """ "No, now it hangs": a no that says what is wrong."""
    return (
        (lexicon.words(sentence.text)[:1] or [""])[0] in lexicon.word_set("answers_no")
        and sentence.has("symptom")
        and not sentence.is_question
    )


def _fits_kind(question: str, answer: str) -> bool:
    """A version is answered by a number, "which antivirus" by the name of one, "error" by an error."""
    asked = question.lower()
    if "version" in asked:
        return bool(re.search(r"\d+\.\d+|\b\d{2,4}\b", answer))
    if re.search(r"\b(?:ip|address)\b", asked):
        return bool(re.search(r"\d+\.\d+\.\d+", answer))
    if "error" in asked or "what happens" in asked:
        return "symptom" in lexicon.meanings(answer)
    if re.search(r"\b(?:output|lines of|give you|result of|show)\b", asked) and re.search(r"[\d/]", answer):
        return True
    if re.search(r"\bhow many\b|\bhow long\b|\bwhen\b|\bsince\b", asked):
        return bool(re.search(r"\d|yesterday|week|month|year|today|monday|tuesday|wednesday|thursday|friday", answer.lower()))
    return False
