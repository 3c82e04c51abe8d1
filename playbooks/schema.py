"""The shape of a playbook, as `playbooks/entries/README.md` describes it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
Weight = Annotated[int, Field(ge=1, le=5)]
SignedWeight = Annotated[int, Field(ge=-5, le=5)]
Phrase = Annotated[str, Field(min_length=2, max_length=80, pattern=r"[^\W_]")]
Phrases = dict[Phrase, Weight]
System = Literal["windows", "macos", "linux"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Question(_Part):
    """Something to ask a person. `if_yes` and `if_no` give the weight of a plain yes or no for each cause."""

    id: Id
    title: str = Field(min_length=5, max_length=200)
    why: str = Field(min_length=5, max_length=160)
    asks_when: list[Phrase] = []
    answered_by: list[Phrase] = []
    if_yes: dict[str, SignedWeight] = {}
    if_no: dict[str, SignedWeight] = {}


class Check(Question):
    """Something to look at or run. `shows` explains how to read the result."""

    command: str = Field(default="", max_length=1500)
    shows: str = Field(min_length=5, max_length=235)
    os: list[System] = []


class Cause(_Part):
    """`text` is a noun phrase that can follow "points to". `needs` lists the questions and checks that help most, best first."""

    id: Id
    text: str = Field(min_length=5, max_length=160)
    signs: Phrases = Field(min_length=1)
    against: Phrases = {}
    needs: list[str] = []


class Fix(_Part):
    cause: str
    title: str = Field(min_length=5, max_length=200)
    detail: str = Field(min_length=5, max_length=1200)
    verify: str = Field(min_length=5, max_length=500)


class Playbook(_Part):
    """`title` is a noun phrase with its article: it follows "This looks like"."""

    slug: Id
    title: str = Field(min_length=3, max_length=100)
    domain: str = Field(min_length=2, max_length=30)
    signs: Phrases
    not_signs: Phrases = {}
    discovery: list[Question] = Field(min_length=1)
    questions: list[Question]
    checks: list[Check] = Field(min_length=1)
    causes: list[Cause]
    fixes: list[Fix]

    def cause(self, id: str) -> Cause:
        return next(cause for cause in self.causes if cause.id == id)

    def cards(self) -> list[Question]:
        """Everything that can become a card in the lane, in file order."""
        return [*self.discovery, *self.questions, *self.checks]
