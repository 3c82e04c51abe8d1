"""The parsed session: its sentences with their meanings, and what follows from them. `read.py` fills it in."""

from dataclasses import dataclass, field

from assistant.analysis.language import lexicon
from assistant.analysis.language.deeds import LEADING_NOISE
from assistant.analysis.language.sentences import MAX_QUOTE, cut, shorten
from assistant.case import Case, CaseStep
from assistant.results import Evidence


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence; `text` is verbatim from step `step`."""

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
        """Stated as a fact: not a question, supposition or plan."""
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
        """The speaker's name in a statement."""
        if self.part == "client":
            return "Client"
        return "Assistant" if self.part == "assistant" else (self.author or "Technician")


@dataclass(slots=True)
class Reading:
    """A parsed session."""

    case: Case
    sentences: list[Sentence] = field(default_factory=list)
    steps: list[CaseStep] = field(default_factory=list)
    has_client: bool = False
    # Helpers who work on the case themselves, as opposed to those who only advise.
    with_access: set[str] = field(default_factory=set)
    # The client's colleagues, who report what they saw and give no advice.
    on_site: set[str] = field(default_factory=set)
    # Stems used by both the reporter and a helper, or in the title: the topics.
    topics: frozenset[str] = frozenset()
    # Questions and advice with their answers, matched by number or quotation.
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
        """Short messages back and forth, in which the next report answers the question before it."""
        lengths = sorted(len(step.text) for step in self.steps)
        return bool(lengths) and lengths[len(lengths) // 2] < 160

    def is_peer(self, step: int) -> bool:
        """Whether someone other than the reporter describes having the same problem in this step."""
        said = self.of(step)
        return bool(said) and not said[0].is_reporter and said[0].part == "other" and any(s.has("peer") and not s.is_question for s in said)

    def add(self, sentence: Sentence) -> None:
        self.sentences.append(sentence)
        self._by_step.setdefault(sentence.step, []).append(sentence)
