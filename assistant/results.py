"""What an assistant returns. Whatever made it, it is untrusted until it has passed these shapes (and, for an assessment, `verify`)."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Confidence = Literal["low", "medium", "high"]


class _Result(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_nul(cls, value: Any) -> Any:
        """No database takes a NUL, and no person types one."""
        return value.replace("\x00", "") if isinstance(value, str) else value


class Evidence(_Result):
    """`quote` stands verbatim (white space folded) in step `step` of the session."""

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
    # Applied, and not verified yet; never applied.
    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    # Something was reported, and it is none of the above.
    OTHER = "other"
    NOT_REPORTED = "not_reported"

    @property
    def helped(self) -> bool:
        return self in (TryResult.WORKED, TryResult.PARTIAL)


# How an outcome's words begin.
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
    """The outcome as a sentence: "worked: mail arrives again". None where nobody reported back."""
    if result == TryResult.NOT_REPORTED:
        return None
    return f"{_LABELS[result]}: {details}" if details else _LABELS[result]


def outcome_details(result: TryResult, outcome: str) -> str:
    """An outcome's words without its label: "mail arrives again"; "" where the label is all."""
    label = _LABELS.get(result, "")
    return "" if outcome == label else outcome.removeprefix(f"{label}: ")


class Tried(_Result):
    """Something that was done, and how it went: `result` for programs, `outcome` in words (None where nobody reported back).

    `by` and `at` are filled in by plain code from the cited steps, whatever an assistant wrote there.
    """

    action: str = Field(min_length=1, max_length=400)
    # What it was done to: a device, a service, an account. "" where nobody named it.
    target: str = Field(default="", max_length=200)
    outcome: str | None = Field(default=None, max_length=400)
    result: TryResult = TryResult.NOT_REPORTED
    # Who did it, and when (ISO 8601, "" where the source gives no time).
    by: str = Field(default="", max_length=120)
    at: str = Field(default="", max_length=40)
    evidence: list[Evidence]

    @model_validator(mode="after")
    def _agrees(self) -> "Tried":
        """Words and result say the same: without words there is no result, and with words there is one."""
        if self.outcome is None:
            self.result = TryResult.NOT_REPORTED
        elif self.result == TryResult.NOT_REPORTED:
            self.result = TryResult.OTHER
        return self


class Corrected(_Result):
    """Something that was said and later contradicted or corrected: never known, but said and corrected."""

    text: str = Field(min_length=1, max_length=600)
    evidence: list[Evidence]
    # What replaced it, and where that stands.
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
    # What speaks for the cause; empty exactly where there is none.
    cause_evidence: list[Evidence] = Field(default_factory=list, max_length=8)
    confidence: Confidence
    what_we_know: list[Known] = Field(max_length=20)
    corrected: list[Corrected] = Field(default_factory=list, max_length=10)
    tried: list[Tried] = Field(max_length=30)
    suggested_steps: list[SuggestedStep] = Field(max_length=10)
    open_questions: list[str] = Field(max_length=12)
    # What an assistant stated and the session does not show: kept apart, and never read as known.
    not_shown: list[str] = Field(default_factory=list, max_length=12)


class NewTask(_Result):
    """A card that the reply puts into the task lane."""

    kind: Literal["question", "check"]
    title: str = Field(min_length=1, max_length=300)
    why: str = Field(default="", max_length=400)
    command: str = Field(default="", max_length=2000)


class NewFix(_Result):
    title: str = Field(min_length=1, max_length=300)
    detail: str = Field(default="", max_length=2000)
    verify: str = Field(default="", max_length=1000)


class NewFact(_Result):
    """Something said in the session that is worth keeping as known. It is proposed; a technician keeps it or not."""

    text: str = Field(min_length=1, max_length=600)
    because: Evidence


class NewOutcome(_Result):
    """What seems to have become of the current fix. It is proposed; only a technician settles a fix."""

    outcome: Literal["worked", "partial", "failed"]
    because: Evidence


class Reply(_Result):
    """What FlowPilot says next. `confidence` (0 to 1) decides the tier: discovery, exploring or guided."""

    text: str = Field(min_length=1, max_length=4000)
    confidence: float = Field(ge=0, le=1)
    playbook: str = Field(default="", max_length=60)
    domain: str = Field(default="", max_length=60)
    tasks: list[NewTask] = Field(default_factory=list, max_length=8)
    fix: NewFix | None = None
    facts: list[NewFact] = Field(default_factory=list, max_length=6)
    outcome: NewOutcome | None = None


class Notes(_Result):
    """Ticket notes, written at resolve: what a client's file keeps of the case."""

    problem: str
    confirmed: list[str]
    root_cause: str
    resolution: str


class Update(_Result):
    text: str = Field(min_length=1, max_length=4000)
