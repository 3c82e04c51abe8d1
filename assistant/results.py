"""What an assistant returns. It is untrusted until it has passed these schemas (and, for an assessment, `verify`)."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Confidence = Literal["low", "medium", "high"]


class _Result(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_nul(cls, value: Any) -> Any:
        """PostgreSQL rejects NULs, and nobody types one."""
        return value.replace("\x00", "") if isinstance(value, str) else value


class Evidence(_Result):
    """`quote` appears verbatim (white space folded) in step `step` of the session."""

    step: int = Field(ge=0)
    quote: str = Field(min_length=1, max_length=600)


class Known(_Result):
    text: str = Field(min_length=1, max_length=600)
    evidence: list[Evidence]


class TryResult(StrEnum):
    """How something that was tried went."""

    WORKED = "worked"
    PARTIAL = "partial"
    NO_CHANGE = "no_change"
    FAILED = "failed"
    DID_NOT_LAST = "did_not_last"
    RULED_OUT = "ruled_out"
    # Applied but not verified yet; never applied.
    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    # Something else was reported.
    OTHER = "other"
    NOT_REPORTED = "not_reported"

    @property
    def helped(self) -> bool:
        return self in (TryResult.WORKED, TryResult.PARTIAL)


# How the text of an outcome begins.
_LABELS = {
    TryResult.WORKED: "worked",
    TryResult.PARTIAL: "worked in part",
    TryResult.NO_CHANGE: "no change",
    TryResult.FAILED: "failed",
    TryResult.DID_NOT_LAST: "did not last",
    TryResult.RULED_OUT: "ruled out",
    TryResult.APPLIED: "applied, not yet verified",
    TryResult.NOT_APPLIED: "was not applied",
    TryResult.OTHER: "result",
}


def outcome_words(result: TryResult, details: str = "") -> str | None:
    """The outcome as text: "worked: mail arrives again". None if nobody reported back."""
    if result == TryResult.NOT_REPORTED:
        return None
    return f"{_LABELS[result]}: {details}" if details else _LABELS[result]


def outcome_details(result: TryResult, outcome: str) -> str:
    """An outcome's text without its label: "mail arrives again"; "" if there is only the label."""
    label = _LABELS.get(result, "")
    return "" if outcome == label else outcome.removeprefix(f"{label}: ")


class Tried(_Result):
    """Something that was done, and how it went: `result` for programs, `outcome` in words (None where nobody reported back).

    `by` and `at` are filled in by plain code from the cited steps, whatever an assistant wrote there.
    """

    action: str = Field(min_length=1, max_length=400)
    # What it was done to: a device, a service, an account. "" if nobody named it.
    target: str = Field(default="", max_length=200)
    outcome: str | None = Field(default=None, max_length=400)
    result: TryResult = TryResult.NOT_REPORTED
    # Who did it, and when (ISO 8601, "" if unknown).
    by: str = Field(default="", max_length=120)
    at: str = Field(default="", max_length=40)
    evidence: list[Evidence]

    @model_validator(mode="after")
    def _agrees(self) -> "Tried":
        """Keeps `outcome` and `result` consistent: no text means not reported, and text means some result."""
        if self.outcome is None:
            self.result = TryResult.NOT_REPORTED
        elif self.result == TryResult.NOT_REPORTED:
            self.result = TryResult.OTHER
        return self


class Corrected(_Result):
    """A statement that was later contradicted or corrected, with what replaced it."""

    text: str = Field(min_length=1, max_length=600)
    evidence: list[Evidence]
    # What replaced it, and the evidence.
    now: str = Field(min_length=1, max_length=600)
    corrected_by: list[Evidence]


class SuggestedStep(_Result):
    text: str = Field(min_length=1, max_length=400)
    why: str = Field(default="", max_length=400)
    evidence: list[Evidence]


class Assessment(_Result):
    """The assessment of a handoff, as docs/contract.md has it."""

    summary_prose: str = Field(min_length=1, max_length=2500)
    likely_cause: str | None = Field(default=None, max_length=400)
    # Evidence for the cause; empty only if there is no cause.
    cause_evidence: list[Evidence] = Field(default_factory=list, max_length=8)
    confidence: Confidence
    what_we_know: list[Known] = Field(max_length=20)
    corrected: list[Corrected] = Field(default_factory=list, max_length=10)
    tried: list[Tried] = Field(max_length=30)
    suggested_steps: list[SuggestedStep] = Field(max_length=10)
    open_questions: list[str] = Field(max_length=12)
    # Statements of the assistant that the session does not support. Shown separately, never as known.
    not_shown: list[str] = Field(default_factory=list, max_length=12)


class NewTask(_Result):
    """A card that a reply adds to the task lane."""

    kind: Literal["question", "check"]
    title: str = Field(min_length=1, max_length=300)
    why: str = Field(default="", max_length=400)
    command: str = Field(default="", max_length=2000)


class NewFix(_Result):
    title: str = Field(min_length=1, max_length=300)
    detail: str = Field(default="", max_length=2000)
    verify: str = Field(default="", max_length=1000)


class NewFact(_Result):
    """A proposed fact: a technician accepts or dismisses it."""

    text: str = Field(min_length=1, max_length=600)
    because: Evidence


class NewOutcome(_Result):
    """A proposed outcome of the current fix: only a technician records one."""

    outcome: Literal["worked", "partial", "failed"]
    because: Evidence


class Reply(_Result):
    """FlowPilot's next reply. `confidence` (0 to 1) decides the mode: discovery, exploring or guided."""

    text: str = Field(min_length=1, max_length=4000)
    confidence: float = Field(ge=0, le=1)
    playbook: str = Field(default="", max_length=60)
    domain: str = Field(default="", max_length=60)
    tasks: list[NewTask] = Field(default_factory=list, max_length=8)
    fix: NewFix | None = None
    facts: list[NewFact] = Field(default_factory=list, max_length=6)
    outcome: NewOutcome | None = None


class Notes(_Result):
    """Ticket notes, written when a session is resolved."""

    problem: str
    confirmed: list[str]
    root_cause: str
    resolution: str


class Update(_Result):
    text: str = Field(min_length=1, max_length=4000)
