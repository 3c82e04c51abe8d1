"""What a model is asked to return. Looser than the results made from it: long values are cut and unknown fields ignored. Nothing is
trusted until `reading.py`, `grounding.py` and `assistant.analysis.verify` have checked it against the session."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

LONGEST_LIST = 40


def _cut(value: Any) -> Any:
    return value[:LONGEST_LIST] if isinstance(value, list) else value


def _short(limit: int) -> BeforeValidator:
    """Cuts long text at a word instead of rejecting it: its beginning is usable, and another call would cost as much."""

    def cut(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        text = value.replace("\x00", "").strip()
        return text if len(text) <= limit else text[: limit - 2].rsplit(" ", 1)[0] + " …"

    return BeforeValidator(cut)


Line = Annotated[str, _short(400)]
Passage = Annotated[str, _short(4000)]
type Many[Entry] = Annotated[list[Entry], BeforeValidator(_cut)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Cited(_Shape):
    """A verbatim quote from a step."""

    step: int = Field(description="Number of the step.")
    quote: Annotated[str, _short(600)] = Field(description="Words copied from that step without any change, 3 to 40 words.")


class Stated(_Shape):
    text: Line = Field(description="One sentence in the language of the session.")
    evidence: Many[Cited] = Field(description="The steps that say so.")


class WasCorrected(_Shape):
    text: Line = Field(description="What was said first.")
    evidence: Many[Cited]
    now: Line = Field(description="What replaced it.")
    corrected_by: Many[Cited]


class WasTried(_Shape):
    action: Line = Field(description="What somebody did, not what was advised.")
    target: Line = Field(description="Device, service or account it was done to; empty if not named.")
    outcome: Literal["worked", "worked in part", "no change", "failed", "ruled out", "not reported"]
    result: Line = Field(description="What it showed, in a few words; empty if not reported.")
    evidence: Many[Cited]


class Next(_Shape):
    text: Line
    why: Line
    evidence: Many[Cited] = Field(description="Steps that make it sensible; may be empty.")


class AssessmentShape(_Shape):
    summary: Many[Stated] = Field(description="Two to four sentences: the problem, what was found, the current state.")
    what_we_know: Many[Stated]
    corrected: Many[WasCorrected] = Field(description="Statements that somebody later took back or contradicted.")
    tried: Many[WasTried]
    likely_cause: Line | None = Field(description="null unless steps support it.")
    cause_evidence: Many[Cited] = Field(description="The steps that support the cause; empty if it is null.")
    suggested_steps: Many[Next]
    open_questions: Many[Line]


class Card(_Shape):
    kind: Literal["question", "check"]
    title: Annotated[str, _short(280)]
    why: Annotated[str, _short(380)]
    command: Annotated[str, _short(1900)] = Field(description="A command to run, or empty.")


class FixCard(_Shape):
    title: Annotated[str, _short(280)]
    detail: Annotated[str, _short(1900)]
    verify: Annotated[str, _short(900)] = Field(description="How to check that it worked.")


class FactProposal(_Shape):
    text: Line
    because: Cited


class OutcomeProposal(_Shape):
    outcome: Literal["worked", "partial", "failed"]
    because: Cited


class ReplyShape(_Shape):
    text: Passage = Field(description="The reply to the technician: plain text, short paragraphs.")
    confidence: float = Field(ge=0, le=1, description="How sure you are of the cause.")
    tasks: Many[Card] = Field(description="At most four cards for the lane.")
    fix: FixCard | None = Field(description="One concrete fix, only if confidence is 0.8 or more; otherwise null.")
    facts: Many[FactProposal] = Field(description="What was established in the newest steps and is worth keeping.")
    outcome: OutcomeProposal | None = Field(description="The outcome of the current fix if the newest steps report it; otherwise null.")


class NotesShape(_Shape):
    problem: Many[Stated] = Field(description="One or two sentences.")
    confirmed: Many[Stated] = Field(description="What was confirmed, a sentence each.")
    root_cause: Many[Stated] = Field(description="Empty unless it was established.")
    resolution: Many[Stated] = Field(description="What solved it; empty unless somebody reported that it did.")


class UpdateShape(_Shape):
    sentences: Many[Stated]


class CheckShape(_Shape):
    """The smallest structured answer: tests the connection, the key, the model and its structured output."""

    ready: bool
