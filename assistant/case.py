"""What an assistant is given: a session as plain data, whatever it was read from.

A `Case` is made from a live session (`flowpilot.packaging`), from a handoff's frozen snapshot, or from a
conversation file; the assistant sees no database row and cannot change one. Everything is plain JSON types.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CaseStep:
    """One step of a session. `number` counts from 1 in its session; `text` is verbatim."""

    number: int
    # message, reply, answer, check, note, briefing, status_update, outcome, system
    kind: str
    # person (a technician of the account), client (the requester), assistant, system, imported
    author_kind: str
    author: str
    text: str
    # The lane card that an answer, a check result or a fix outcome belongs to.
    card: int | None = None
    # What that card asked: the question, or what was checked, and the command if there was one.
    asked: str = ""
    command: str = ""
    # ISO 8601 with offset, or "" where the source gives none.
    at: str = ""


@dataclass(frozen=True, slots=True)
class CaseFact:
    number: int
    text: str
    # The step that it came from; None where the technician wrote it straight into the lane.
    step: int | None


@dataclass(frozen=True, slots=True)
class CaseTask:
    number: int
    kind: str  # question, check
    title: str
    state: str  # pending, active, done, skipped
    command: str = ""
    answer: str = ""
    # The step that carries the sent answer; None while it was not sent.
    step: int | None = None


@dataclass(frozen=True, slots=True)
class CaseFix:
    number: int
    title: str
    detail: str
    verify: str
    outcome: str  # proposed, applied, worked, failed, partial, dismissed
    # Why an applied fix cannot be verified yet.
    waiting_for: str = ""
    current: bool = True
    # The step in which it was proposed, and the one that told its outcome.
    proposed_step: int | None = None
    outcome_step: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    title: str
    summary: str = ""
    client: str = ""
    ticket: str = ""
    domain: str = ""
    priority: str = "normal"
    # What whoever hands off says that they need; "" before a hand-off.
    needs: str = ""
    steps: list[CaseStep] = field(default_factory=list)
    facts: list[CaseFact] = field(default_factory=list)
    tasks: list[CaseTask] = field(default_factory=list)
    fixes: list[CaseFix] = field(default_factory=list)
