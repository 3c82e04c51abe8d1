"""A session with a lane, split into its cards and what people wrote.

FlowPilot's own messages are kept apart: they are advice, never something said, found or done.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property

from assistant.analysis.lane.terms import Terms
from assistant.analysis.language import lexicon
from assistant.analysis.language.sentences import MAX_QUOTE, MAX_TEXT_OF_STEP, cut, fold, split, visible_part
from assistant.analysis.reading import secrecy
from assistant.analysis.reading.document import Reading
from assistant.analysis.reading.read import quotable, read
from assistant.case import Case, CaseFix, CaseStep, CaseTask
from assistant.results import Evidence

_TALK = {"message", "note"}
_RESULTS = {"answer", "check"}
_LOG = re.compile(r"^\s*pasted log:", re.IGNORECASE)
MOST_PIECES = 300
SKIPPED = re.compile(r"^\s*skipped:\s", re.IGNORECASE)
SETTLED = {"worked": "worked", "failed": "did not work", "partial": "worked in part", "applied": "applied", "dismissed": "was not applied"}


def has_lane(case: Case) -> bool:
    return bool(case.facts or case.tasks or case.fixes) or any(step.kind in _RESULTS and step.asked for step in case.steps)


@dataclass
class Layout:
    case: Case
    # What people wrote, without logs.
    talk: Reading
    steps: dict[int, CaseStep]
    # Answers and check results, in order, without skipped cards.
    results: list[CaseStep]
    replies: list[CaseStep]
    terms: Terms

    @property
    def authors(self) -> set[str]:
        return {step.author for step in self.talk.steps}

    @cached_property
    def opening(self) -> list[int]:
        """The steps that first described the problem: the messages before any reply or result."""
        numbers = [step.number for step in self.talk.steps if step.kind == "message"]
        others = [s.number for s in self.case.steps if s.kind in {"reply", "answer", "check", "outcome"}]
        before = [n for n in numbers if not others or n < others[0]]
        return before or numbers[:1]

    @cached_property
    def _facts_by_step(self) -> dict[int, list[str]]:
        found = defaultdict(list)
        for fact in self.case.facts:
            if fact.step is not None:
                found[fact.step].append(fact.text)
        return found

    def facts_of(self, step: int) -> list[str]:
        return self._facts_by_step.get(step, [])

    @cached_property
    def words_of_people(self) -> list[tuple[CaseStep, set[str]]]:
        """What people wrote or answered, with its words, without outcomes and briefings."""
        silent = {"outcome", "briefing"}
        human = [s for s in self.case.steps if s.author_kind not in {"assistant", "system"} and s.kind not in silent]
        return [(step, set(lexicon.words(step.text))) for step in human]

    @cached_property
    def folded_replies(self) -> list[tuple[CaseStep, str]]:
        return [(reply, fold(reply.text)) for reply in self.replies]

    def is_checked(self, step: int) -> bool:
        return step in self.steps and self.steps[step].kind in {"check", "outcome"}


def lay_out(case: Case) -> Layout:
    human = [s for s in case.steps if s.author_kind not in {"assistant", "system"}]
    talk = [s for s in human if s.kind in _TALK and not _LOG.match(s.text) and not SKIPPED.match(s.text)]
    return Layout(
        case=case,
        talk=read(replace(case, steps=talk)),
        steps={s.number: s for s in case.steps},
        results=[s for s in human if s.kind in _RESULTS and s.text.strip() and not SKIPPED.match(s.text)],
        replies=[s for s in case.steps if s.author_kind == "assistant" and s.kind == "reply"],
        terms=Terms(case.title),
    )


def is_unfit(text: str) -> bool:
    """Contains a credential or an instruction to the reader, neither of which is ever shown."""
    return secrecy.holds_secret(text) or "injection" in lexicon.meanings(text)


def pieces(step: CaseStep) -> list[str]:
    """The quotable lines and sentences of a step, verbatim with white space folded."""
    lines = [fold(line) for line in step.text[:MAX_TEXT_OF_STEP].splitlines() if line.strip()]
    found = lines if len(lines) > 1 else []
    found += [text for text, _ in split(step.text)]
    clean = [visible_part(text) for text in list(dict.fromkeys(found or lines))[:MOST_PIECES]]
    return [text for text in clean if any(c.isalnum() for c in text) and not secrecy.holds_secret(text)]


def quote(step: CaseStep | None, like: str) -> Evidence | None:
    """The part of a step that supports a text best."""
    if step is None or not (found := pieces(step)):
        return None
    best = max(found, key=lambda piece: (lexicon.closeness(piece, like), lexicon.alike(piece, like)))
    text = quotable(cut(best, MAX_QUOTE))
    return Evidence(step=step.number, quote=text) if text and any(c.isalnum() for c in text) else None


def outcome_note(layout: Layout, fix: CaseFix) -> str:
    """The note with a fix's outcome; "" if there is only the outcome."""
    if fix.outcome == "applied" and fix.waiting_for.strip():
        return fold(fix.waiting_for)
    step = layout.steps.get(fix.outcome_step or 0)
    if step is None:
        return ""
    text = fold(step.text)
    head = f"{fold(fix.title)}: "
    rest = text.removeprefix(head) if text.startswith(head) else ""
    note = re.sub(r"^(?:applied, waiting to be verified|worked in part|worked|did not work|was not applied)\.\s*", "", rest)
    return "" if note == rest or not note or is_unfit(note) else visible_part(note)


def proposal(layout: Layout, task: CaseTask) -> CaseStep | None:
    """The reply that added a card: the one that lists its title, otherwise the first one that its number allows."""
    title = fold(task.title)
    listing = next((reply for reply, text in layout.folded_replies if title in text), None)
    if listing is not None:
        return listing
    case = layout.case
    # Cards are numbered in order, so lower numbers came before and higher numbers after.
    after = max((f.step for f in case.facts if f.step and f.number < task.number), default=0)
    after = max([after, *(f.proposed_step for f in case.fixes if f.proposed_step and f.number < task.number)])
    before = min((t.step for t in case.tasks if t.step and t.number > task.number), default=10**9)
    before = min([before, *(f.proposed_step for f in case.fixes if f.proposed_step and f.number > task.number)])
    if task.step:
        before = min(before, task.step)
    return next((r for r in layout.replies if after < r.number <= before), layout.replies[-1] if layout.replies else None)
