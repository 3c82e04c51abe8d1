"""A session as plain data: all that an assistant reads.

A `Case` is made from a live session (`flowpilot.packaging`), from a handoff's frozen snapshot, or from a
conversation file. The assistant sees no database row and cannot change one. All values are plain JSON types.
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
    # The card that an answer, a check result or a fix outcome belongs to.
    card: int | None = None
    # The card's question or check, and its command if it has one.
    asked: str = ""
    command: str = ""
    # ISO 8601 with offset, or "" if unknown.
    at: str = ""


@dataclass(frozen=True, slots=True)
class CaseFact:
    number: int
    text: str
    # The step it came from; None if the technician added it directly to the lane.
    step: int | None


@dataclass(frozen=True, slots=True)
class CaseTask:
    number: int
    kind: str  # question, check
    title: str
    state: str  # pending, active, done, skipped
    command: str = ""
    answer: str = ""
    # The step with the sent answer; None until it is sent.
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
    # The step that proposed it, and the one that reported its outcome.
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
    # What the author of the handoff asked for; "" before a handoff.
    needs: str = ""
    steps: list[CaseStep] = field(default_factory=list)
    facts: list[CaseFact] = field(default_factory=list)
    tasks: list[CaseTask] = field(default_factory=list)
    fixes: list[CaseFix] = field(default_factory=list)
