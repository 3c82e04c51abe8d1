"""Expectation files: what a careful reader takes from one conversation, in own words, pointing at turn and character range."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assistant.conversations import Conversation

Outcome = Literal["worked", "partial", "failed", "no_change", "ruled_out", "unknown"]
State = Literal["solved", "partly", "open", "unknown"]


class BadExpectations(Exception):
    """The file cannot be used; the message is one line with file and field."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Anchor(_Part):
    """A passage: characters `start` to `end` (excluded) of the text of turn `turn`, both counted from 0."""

    turn: int = Field(ge=0)
    start: int = Field(ge=0)
    end: int = Field(ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> "Anchor":
        if self.start >= self.end:
            raise ValueError("start is not before end")
        return self


Anchors = list[Anchor]


class KnownFact(_Part):
    """`must`: a colleague who takes over has to be told. It holds from turn `from_turn` (where that is not the first anchor's) up to the
    turn before `until_turn`."""

    id: str = Field(min_length=1)
    about: str = Field(min_length=1)
    must: bool = True
    anchors: Anchors = Field(min_length=1)
    from_turn: int | None = None
    until_turn: int | None = None
    corrected_by: Anchors = Field(default_factory=list)


class TriedItem(_Part):
    """Something done. `from_turn`: the first turn that tells it was done, where that is not the first anchor (which may be the advice).

    `outcome` counts from the first of `outcome_anchors` on, before it is unknown. `also` are outcomes that a reader may call it as well.
    """

    about: str = Field(min_length=1)
    must: bool = True
    by: Literal["requester", "technician", "other"] = "requester"
    anchors: Anchors = Field(min_length=1)
    from_turn: int | None = None
    outcome: Outcome
    also: list[Outcome] = Field(default_factory=list)
    outcome_anchors: Anchors = Field(default_factory=list)

    @model_validator(mode="after")
    def _told_somewhere(self) -> "TriedItem":
        if (self.outcome == "unknown") == bool(self.outcome_anchors):
            raise ValueError("outcome_anchors belong to an outcome that somebody told, and only to that")
        return self


class Unproven(_Part):
    """A supposition, advice, question or plan; from `until_turn` on it is settled and no longer judged."""

    about: str = Field(min_length=1)
    anchors: Anchors = Field(min_length=1)
    until_turn: int | None = None


class Correction(_Part):
    """Something that was said and is contradicted from turn `from_turn` on."""

    about: str = Field(min_length=1)
    anchors: Anchors = Field(min_length=1)
    corrected_by: Anchors = Field(min_length=1)
    from_turn: int


class Cause(_Part):
    """`tolerated`: passages that may be named as what somebody supposes while (or where) nothing is established."""

    established: bool
    about: str = Field(min_length=1)
    anchors: Anchors = Field(default_factory=list)
    from_turn: int | None = None
    tolerated: Anchors = Field(default_factory=list)

    @model_validator(mode="after")
    def _complete(self) -> "Cause":
        if self.established != (self.from_turn is not None) or self.established != bool(self.anchors):
            raise ValueError("an established cause has anchors and from_turn, another has neither")
        return self


class Ending(_Part):
    """The state of the case from its first anchor on; before the first ending it is open."""

    value: State
    about: str = Field(min_length=1)
    anchors: Anchors = Field(min_length=1)


class Trap(_Part):
    kind: str = Field(min_length=1)
    about: str = Field(min_length=1)
    anchors: Anchors = Field(min_length=1)


class Expectations(_Part):
    conversation: str = Field(min_length=1)
    known: list[KnownFact] = Field(min_length=1)
    tried: list[TriedItem] = Field(default_factory=list)
    not_established: list[Unproven] = Field(default_factory=list)
    announced: list[Unproven] = Field(default_factory=list)
    corrected: list[Correction] = Field(default_factory=list)
    cause: Cause
    outcome: list[Ending] = Field(min_length=1)
    traps: list[Trap] = Field(default_factory=list)


def load(path: Path, conversation: Conversation | None = None) -> Expectations:
    """The expectations in a file. Raises `BadExpectations`; with the conversation each passage is looked up, too."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadExpectations(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadExpectations(f"{path}: cannot be read ({error})") from None
    except yaml.YAMLError as error:
        raise BadExpectations(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    if not isinstance(document, dict):
        raise BadExpectations(f"{path}: not expectations (a mapping with conversation, known, cause and outcome is expected)")
    try:
        read = Expectations.model_validate(document)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise BadExpectations(f"{path}: {place_of(fault['loc'])}{str(fault['msg']).removeprefix('Value error, ')}") from None
    if conversation is not None:
        _check(read, conversation, path)
    return read


def place_of(location: tuple[int | str, ...]) -> str:
    """`known[3].anchors[0].end: `, or nothing for the whole file."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    return f"{place}: " if place else ""


def anchors_of(value: Any, place: str = "") -> Iterator[tuple[str, Anchor]]:
    """Every passage that the expectations name, each with its place in the file."""
    if isinstance(value, Anchor):
        yield place, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from anchors_of(getattr(value, name), f"{place}.{name}".lstrip("."))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from anchors_of(entry, f"{place}[{index}]")


def _check(read: Expectations, conversation: Conversation, path: Path) -> None:
    if read.conversation != conversation.id:
        raise BadExpectations(f"{path}: conversation: is about {read.conversation}, not about {conversation.id}")
    for place, anchor in anchors_of(read):
        if anchor.turn >= len(conversation.turns):
            raise BadExpectations(f"{path}: {place}.turn: there is no turn {anchor.turn} (turns are 0 to {len(conversation.turns) - 1})")
        length = len(conversation.turns[anchor.turn].text)
        if anchor.end > length:
            raise BadExpectations(f"{path}: {place}.end: {anchor.end} is beyond turn {anchor.turn}, which has {length} characters")
