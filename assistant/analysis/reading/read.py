"""A case, read: who plays which part, and every sentence with what it means.

The *reporter* is who lives the problem: the client where one writes, otherwise the technician who works the session. *Helpers* are
the others. Only the sentences of the first and the latest steps are read in a very long session.
"""

from collections import Counter
from dataclasses import dataclass, field

from assistant.analysis.language import lexicon, pieces
from assistant.analysis.language.deeds import LEADING_NOISE
from assistant.analysis.language.marking import Around, is_done, is_question, marks_of
from assistant.analysis.language.sentences import MAX_QUOTE, address_pattern, cut, fold, shorten, split, visible_part
from assistant.analysis.reading import secrecy
from assistant.analysis.reading.pairing import paired
from assistant.analysis.reading.roles import hands_on, on_the_spot
from assistant.case import Case, CaseStep
from assistant.results import Evidence

_SILENT_KINDS = {"system", "briefing", "status_update", "outcome"}
MAX_FIRST_STEPS, MAX_LAST_STEPS, MAX_SENTENCES = 40, 160, 1_500


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
            or len(lexicon.content(self.text)) < 1
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
    # Colleagues of the client who tell what they saw and advise nothing.
    on_the_spot: set[str] = field(default_factory=set)
    # Stems that both the reporter and a helper use, or that stand in the title: what the talk is about.
    topics: frozenset[str] = frozenset()
    # What was asked or advised, each with the sentences that answer in its place (by number, or under its quotation).
    pairs: list[tuple[Sentence, list[Sentence]]] = field(default_factory=list)
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


def _part(step: CaseStep) -> str:
    return {"client": "client", "person": "technician", "assistant": "assistant"}.get(step.author_kind, "other")


def _is_secret_here(text: str, asked_for_one: bool) -> bool:
    return secrecy.holds_secret(text) or (asked_for_one and secrecy.is_bare_answer(text))


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
    # The latest words of somebody who helps: a bare "same" or "no" answers them.
    asked_before = ""
    matter = lexicon.content(case.title)
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
            if secret and (before := secrecy.words_before(text)):
                # What was done stays readable; the credential itself and what follows it are left out.
                text, secret = before, False
            if secret or echo:
                continue
            around = Around(
                reports,
                terminal,
                has_client,
                any(s.is_reporter and s.step < step.number for s in reading.sentences),
                asked_before,
                step.text,
                matter,
            )
            marks = marks_of(text, around)
            done, question = is_done(text, marks, around), is_question(text, marks) and not terminal
            reading.add(
                Sentence(
                    step.number, len(reading.sentences), text, step.author, part, reports, terminal, marks, question, done and not question
                )
            )
        asked_for_secret = not reports and pending_secret
        asked_before = asked_before if reports else step.text
    reading.hands_on = hands_on(reading)
    reading.on_the_spot = on_the_spot(reading)
    reading.topics = _topics(reading)
    reading.pairs = paired(reading)
    return reading


def _topics(reading: Reading) -> frozenset[str]:
    sides: list[set[str]] = [set(), set()]
    for sentence in reading.sentences:
        sides[sentence.is_reporter] |= lexicon.content(sentence.text)
    title = lexicon.content(reading.case.title)
    if not sides[0] or not sides[1]:
        # Nobody answers: what is said more than once will do.
        said = Counter(stem for sentence in reading.sentences for stem in lexicon.content(sentence.text))
        return title | frozenset(stem for stem, count in said.items() if count > 1)
    return title | (sides[0] & sides[1])


def quotable(text: str) -> str:
    """A piece of a step's own text that may be quoted whole; "" where it holds a secret."""
    clean = cut(visible_part(fold(text)), MAX_QUOTE)
    return "" if secrecy.holds_secret(text) else clean
