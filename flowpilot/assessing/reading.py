"""A case, read: who plays which part, and every sentence with what it means.

The *reporter* is who lives the problem: the client where one writes, otherwise the technician who works the session. *Helpers* are
the others. Only the sentences of the first and the latest steps are read in a very long session.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

from flowpilot.assessing import cues, pieces, secrecy
from flowpilot.assessing.deeds import LEADING_NOISE, SET_IT, action_starts, strong_past
from flowpilot.assessing.sentences import MAX_QUOTE, address_pattern, cut, fold, shorten, split, visible_part
from flowpilot.assistant.case import Case, CaseStep
from flowpilot.assistant.results import Evidence

_TO_SOMETHING = re.compile(
    r"\b(?:i|we)(?:'ve| have|'d)?\s+(?:also |just |now |already )*\w+ (?:up |off |on |out |in |at )?(?:the|your|her|his|their|"
    r"this|that|an? |\d)",
    re.IGNORECASE,
)
_SILENT_KINDS = {"system", "briefing", "status_update", "outcome"}
MAX_FIRST_STEPS, MAX_LAST_STEPS, MAX_SENTENCES = 40, 160, 1_500
_ANSWER_START = re.compile(r"^\W*([a-z]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence; `text` stands verbatim in step `step`."""

    step: int
    order: int
    text: str
    author: str
    # client, technician (of the account), other (imported), assistant
    part: str
    is_reporter: bool
    terminal: bool
    marks: frozenset[str]
    is_question: bool
    done: bool

    def has(self, *names: str) -> bool:
        return any(name in self.marks for name in names)

    @property
    def evidence(self) -> Evidence:
        return Evidence(step=self.step, quote=cut(self.text, MAX_QUOTE))

    @property
    def said(self) -> str:
        """Short enough for a list, without a leading "ok" or "hmm"."""
        bare = LEADING_NOISE.sub("", self.text) or self.text
        return shorten(bare.strip(" ,;-"), 190)

    @property
    def failed(self) -> bool:
        return not self.is_question and self.has("failure") and not self.has("hypothetical")

    @property
    def succeeded(self) -> bool:
        return (
            not self.is_question
            and self.has("success")
            and not self.has("failure", "intention", "not_done", "not_success")
            and not self._unsure
            and not self.terminal
        )

    @property
    def _unsure(self) -> bool:
        return self.has("hypothetical") or (self.has("hedge") and not self.done)

    @property
    def is_firm(self) -> bool:
        """Stated as a fact: no question, no supposition, no plan."""
        return not (self.is_question or self.has("hypothetical", "hedge", "injection")) and not (self.has("intention") and not self.done)

    @property
    def is_noise(self) -> bool:
        return (
            self.has("injection", "manners")
            or len(cues.content(self.text)) < 1
            or (self.has("thanks") and not self.has("symptom", "success", "intention", "failure"))
        )

    @property
    def who(self) -> str:
        """How the one who says it is called in a statement."""
        if self.part == "client":
            return "Client"
        return "Assistant" if self.part == "assistant" else (self.author or "Technician")


@dataclass(slots=True)
class Reading:
    case: Case
    sentences: list[Sentence] = field(default_factory=list)
    steps: list[CaseStep] = field(default_factory=list)
    has_client: bool = False
    # Helpers who work on it themselves (a technician with access), as against those who only advise.
    hands_on: set[str] = field(default_factory=set)
    # Stems that both the reporter and a helper use, or that stand in the title: what the talk is about.
    topics: frozenset[str] = frozenset()
    _by_step: dict[int, list[Sentence]] = field(default_factory=dict)

    def reporter(self) -> list[Sentence]:
        return [s for s in self.sentences if s.is_reporter]

    def helpers(self) -> list[Sentence]:
        return [s for s in self.sentences if not s.is_reporter]

    def of(self, step: int) -> list[Sentence]:
        return self._by_step.get(step, [])

    @property
    def reporter_name(self) -> str:
        return "client" if self.has_client else "technician"

    @property
    def is_chat(self) -> bool:
        """Short lines to and fro, where the next report answers the question before it."""
        lengths = sorted(len(step.text) for step in self.steps)
        return bool(lengths) and lengths[len(lengths) // 2] < 160

    def is_peer(self, step: int) -> bool:
        """Whether somebody beside the reporter tells of the same trouble of their own in this step."""
        said = self.of(step)
        return bool(said) and not said[0].is_reporter and said[0].part == "other" and any(s.has("peer") and not s.is_question for s in said)

    def add(self, sentence: Sentence) -> None:
        self.sentences.append(sentence)
        self._by_step.setdefault(sentence.step, []).append(sentence)


def _is_question(text: str, marks: frozenset[str]) -> bool:
    if re.search(r"\?[\s\"')]*[:;]?[-)(DPp]{0,3}\s*$", text):
        # "It stopped working after the update!?!?" tells more than it asks.
        return not ("!" in text[-6:] and "symptom" in marks)
    if "?" in text:
        return bool(re.search(r"\?(?:\s|$)", text)) and "question_start" in marks
    if (
        "symptom" in marks
        or len(text.split()) > 12
        or "rhetorical" in marks
        or re.match(r"(?i)\W*(?:what|how|why|when|where) (?:i|we|is telling|worries)\b", text)
    ):
        return False
    return cues.find_at_start("question_start", text)


def _part(step: CaseStep) -> str:
    return {"client": "client", "person": "technician", "assistant": "assistant"}.get(step.author_kind, "other")


def _is_secret_here(text: str, asked_for_one: bool) -> bool:
    return secrecy.holds_secret(text) or (asked_for_one and secrecy.is_bare_answer(text))


_JUST_WORKS = re.compile(
    r"^\W*(?:[\w ]{2,15}[:,] ?)?(?:(?:the|my|our) )?(?:[\w.-]+ ){1,3}works?(?: (?:now|again|fine|perfectly|great|well))*\W*$", re.IGNORECASE
)
# A command as it is typed, an option with it.
_RAN = re.compile(r"^\W*(?:sudo )?[a-z][\w.-]+ (?:[a-z]+ )?-{1,2}\w")


def read(case: Case) -> Reading:
    spoken = [step for step in case.steps if step.kind not in _SILENT_KINDS and step.text.strip()]
    if len(spoken) > MAX_FIRST_STEPS + MAX_LAST_STEPS:
        spoken = spoken[:MAX_FIRST_STEPS] + spoken[-MAX_LAST_STEPS:]
    kinds = {step.author_kind for step in spoken}
    has_client = "client" in kinds
    first_author = next((step.author for step in spoken if step.author_kind != "assistant"), "")
    address = address_pattern({step.author for step in spoken})
    reading = Reading(case=case, steps=spoken, has_client=has_client)
    seen: dict[str, str] = {}
    asked_for_secret = False
    matter = cues.content(case.title)
    for step in spoken:
        part = _part(step)
        reports = part == "client" if has_client else (part == "technician" if "person" in kinds else step.author == first_author)
        pending_secret = False
        parts = [
            (piece, terminal) for text, terminal in split(step.text, address) for piece in ([text] if terminal else pieces.apart(text))
        ]
        for text, terminal in parts:
            if len(reading.sentences) >= MAX_SENTENCES:
                return reading
            secret = _is_secret_here(text, pending_secret or asked_for_secret)
            pending_secret = secrecy.announces_secret(text)
            key = text.lower()
            echo = len(text) > 40 and seen.setdefault(key, step.author) != step.author
            if secret or echo:
                continue
            marks = cues.meanings(text)
            marks |= pieces.verdicts(text) if reports and not terminal else frozenset()
            if reports and reading.sentences and "works" in marks and _JUST_WORKS.match(text) and cues.content(text) & matter:
                # "Search works." of a search that did not: the end of it, unless it was said at the beginning.
                marks |= {"success"} if any(s.is_reporter and s.step < step.number for s in reading.sentences) else frozenset()
            if not terminal and pieces.is_conclusion(text):
                # It judges, it does not report: neither what works nor what failed may be taken from it.
                marks = (marks | {"conclusion"}) - {"success", "works", "failure", "symptom", "nochange"}
            done = not terminal and "not_done" not in marks and action_starts(text) is not None
            # Who reports instructs nobody: "Set the time-out to 8 hours" is a note of what was done.
            done = done or (reports and not terminal and "not_done" not in marks and bool(SET_IT.match(text)))
            # "iptables -A INPUT -j ACCEPT and now ping works": the command was run.
            done = done or (reports and not terminal and "success" in marks and bool(_RAN.match(text)))
            question = _is_question(text, marks) and not terminal
            reading.add(
                Sentence(
                    step.number, len(reading.sentences), text, step.author, part, reports, terminal, marks, question, done and not question
                )
            )
        asked_for_secret = not reports and pending_secret
    reading.hands_on = _hands_on(reading)
    reading.topics = _topics(reading)
    return reading


def own_deed(sentence: Sentence) -> bool:
    """Done here by the helper who says it, to something of the client's: not what they once did on a machine of their own."""
    if (
        not sentence.done
        or sentence.has("elsewhere", "manners", "hypothetical", "peer")
        or (sentence.has("hedge") and "“" not in sentence.text)
    ):
        return False
    first = (cues.words(LEADING_NOISE.sub("", sentence.text)) or [""])[0]
    noted = first in (strong_past() - cues.base_forms()) | cues.word_set("note_openers")
    return sentence.part == "technician" or noted or bool(_TO_SOMETHING.search(sentence.text))


def _hands_on(reading: Reading) -> set[str]:
    # Whoever speaks of a machine of their own once is taken for a fellow sufferer, not for somebody with access.
    peers = {s.author for s in reading.helpers() if s.part == "other" and (s.has("peer") or (s.done and s.has("elsewhere")))}
    return {s.author for s in reading.helpers() if s.part in {"technician", "other"} and own_deed(s)} - peers


def _topics(reading: Reading) -> frozenset[str]:
    sides: list[set[str]] = [set(), set()]
    for sentence in reading.sentences:
        sides[sentence.is_reporter] |= cues.content(sentence.text)
    title = cues.content(reading.case.title)
    if not sides[0] or not sides[1]:
        # Nobody answers: what is said more than once will do.
        said = Counter(stem for sentence in reading.sentences for stem in cues.content(sentence.text))
        return title | frozenset(stem for stem, count in said.items() if count > 1)
    return title | (sides[0] & sides[1])


def quotable(text: str) -> str:
    """A piece of a step's own text that may be quoted whole; "" where it holds a secret."""
    clean = cut(visible_part(fold(text)), MAX_QUOTE)
    return "" if secrecy.holds_secret(text) else clean
