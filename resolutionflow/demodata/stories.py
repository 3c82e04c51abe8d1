"""Reads and checks the demo's stories, so that an error names its file and story instead of failing half way.

A story is one session, step by step. Times are relative to now: `ended` says how long ago its last step was, and each step has (or gets)
the time since the step before. So ages in the queue are right whenever the demo is created. For the same reason, times in texts are
relative to the opening of the session: `{-14m}` is the time of day 14 minutes before it, with `:s` (seconds), `:day` (weekday) or `:date`
for other formats.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from django.utils import timezone
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from assistant.results import NewFix, NewTask
from resolutionflow.demodata.people import PEOPLE

FOLDER = Path(__file__).with_name("stories")

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


class BadStory(Exception):
    """A story file that cannot be played. The text names the file and the story."""


def duration(text: Any) -> timedelta:
    """`1d4h`, `2m30s`, `45s`. Raises `ValueError` for anything else."""
    if isinstance(text, timedelta):
        return text
    parts = re.findall(r"(\d+)([dhms])", str(text))
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration; write 2d4h, 12m or 45s")
    return timedelta(**{_UNITS[unit]: int(number) for number, unit in parts})


_MOMENT = re.compile(r"\{([+-])((?:\d+[dhms])+)(?::(s|day|date))?\}")
_FORMS = {None: "%H:%M", "s": "%H:%M:%S", "day": "%A", "date": "%Y-%m-%d"}


def _told_at(value: Any, opened: datetime) -> Any:
    """Replaces `{-14m}` and the like with times of day, in all texts of a nested value."""
    if isinstance(value, dict):
        return {key: _told_at(part, opened) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_told_at(part, opened) for part in value]
    if not isinstance(value, str):
        return value

    def moment(match: re.Match[str]) -> str:
        distance = duration(match[2]) if match[1] == "+" else -duration(match[2])
        return timezone.localtime(opened + distance).strftime(_FORMS[match[3]])

    return _MOMENT.sub(moment, value)


def _person(key: str) -> str:
    if key not in PEOPLE:
        raise ValueError(f"{key!r} is not one of the demo people; choose {', '.join(PEOPLE)}")
    return key


Ago = Annotated[timedelta, BeforeValidator(duration)]
Who = Annotated[str, BeforeValidator(_person)]
Priority = Literal["low", "normal", "high", "urgent"]

# What a step may be: exactly one of these.
VERBS = (
    "reply", "answer", "draft", "say", "note", "facts", "tell", "escalate", "claim", "release",
    "return_to_opener", "withdraw", "park", "resume", "resolve", "abandon", "reopen",
)  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Step(_Strict):
    """One thing that somebody (or FlowPilot) does; `by` is the handler unless said otherwise, `wait` the time since the step before."""

    by: Who | None = None
    wait: Ago | None = None

    # FlowPilot replies and adds cards to the lane: `ask` is key to title; `check` is key to [title, command].
    reply: str = ""
    confidence: float | None = Field(default=None, ge=0, le=1)
    ask: dict[str, str] = Field(default_factory=dict)
    check: dict[str, tuple[str, str]] = Field(default_factory=dict)
    fix: NewFix | None = None

    # Cards by key: answered (and skipped) and sent; or only filled in, not sent yet.
    answer: dict[str, str] = Field(default_factory=dict)
    skip: dict[str, str] = Field(default_factory=dict)
    draft: dict[str, str] = Field(default_factory=dict)
    # Facts by the key of the card whose sent answer shows them; `opening` is the first message, `own` somebody's own word.
    facts: dict[str, str] = Field(default_factory=dict)

    say: str = ""
    note: str = ""
    # What became of the current fix, with `because`.
    tell: Literal["", "applied", "worked", "failed", "partial", "dismissed"] = ""
    because: str = ""

    escalate: str = ""
    priority: Priority | None = None
    target: Who | None = None

    claim: Literal["", "continue", "analysis", "own"] = ""
    release: str = ""
    return_to_opener: str = ""
    withdraw: str = ""
    park: str = ""
    resume: bool = False
    resolve: bool = False
    abandon: bool = False
    reopen: bool = False

    @property
    def verb(self) -> str:
        return next(name for name in VERBS if getattr(self, name))

    @property
    def lasts(self) -> timedelta:
        """The time since the step before: as given, or a typical duration."""
        if self.wait is not None:
            return self.wait
        length = len(self.reply) + len(self.say) + len(self.note) + sum(map(len, self.answer.values()))
        usual = {"reply": 5, "answer": 70, "draft": 40, "say": 55, "note": 50, "facts": 12, "tell": 150, "escalate": 45}
        return timedelta(seconds=usual.get(self.verb, 30) + length % 37)

    @model_validator(mode="after")
    def _one_verb(self) -> "Step":
        told = [name for name in VERBS if getattr(self, name)]
        if len(told) != 1:
            raise ValueError(f"a step does exactly one thing, not {' and '.join(told) or 'nothing'}")
        if self.claim and not self.by:
            raise ValueError("a claim needs `by`")
        return self

    def new_tasks(self) -> list[tuple[str, NewTask]]:
        """The cards that this reply adds to the lane, with their keys."""
        questions = [(key, NewTask(kind="question", title=title)) for key, title in self.ask.items()]
        return questions + [(key, NewTask(kind="check", title=title, command=command)) for key, (title, command) in self.check.items()]


class Story(_Strict):
    slug: str = Field(pattern=r"^[a-z0-9-]{3,60}$")
    account: Literal["acme-msp", "globex-it"] = "acme-msp"
    by: Who
    title: str = Field(max_length=200)
    client: str = Field(max_length=120)
    ticket: str
    priority: Priority = "normal"
    playbook: str
    domain: str
    ended: Ago
    opening: str
    log: str = ""
    steps: list[Step] = Field(min_length=1)

    @property
    def key(self) -> str:
        return f"demo:{self.slug}"

    @property
    def began(self) -> timedelta:
        """How long ago the session was opened."""
        return self.ended + sum((step.lasts for step in self.steps), timedelta())

    def told(self, now: datetime) -> "Story":
        """The story with times of day filled in, for `now`."""
        return Story.model_validate(_told_at(self.model_dump(exclude_unset=True), now - self.began))

    @model_validator(mode="after")
    def _fits(self) -> "Story":
        known = {"opening", "own"}
        for number, step in enumerate(self.steps, 1):
            missing = {*step.answer, *step.skip, *step.draft, *step.facts} - known
            if missing:
                raise ValueError(f"step {number}: no earlier card has the key {', '.join(sorted(missing))}")
            if step.reply and {*step.ask, *step.check} & known:
                raise ValueError(f"step {number}: a card's key is used twice")
            known |= {*step.ask, *step.check}
            for who in (step.by, step.target):
                if who and PEOPLE[who].account != self.account:
                    raise ValueError(f"step {number}: {who} is not of {self.account}")
        if PEOPLE[self.by].account != self.account:
            raise ValueError(f"{self.by} is not of {self.account}")
        return self


def load(folder: Path = FOLDER) -> list[Story]:
    """All stories, oldest first. Raises `BadStory`, which names file and story."""
    stories: dict[str, Story] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            told = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe loaders both
        except yaml.YAMLError as error:
            raise BadStory(f"{path.name}: {error}") from error
        if not isinstance(told, list):
            raise BadStory(f"{path.name}: expected a list of stories")
        for number, raw in enumerate(told, 1):
            story = _checked(raw, f"{path.name}: story {raw.get('slug', number) if isinstance(raw, dict) else number}")
            if story.slug in stories:
                raise BadStory(f"{path.name}: story {story.slug} occurs twice")
            stories[story.slug] = story
    return sorted(stories.values(), key=lambda story: story.began, reverse=True)


def _checked(raw: Any, where: str) -> Story:
    try:
        return Story.model_validate(raw)
    except ValidationError as error:
        slips = "; ".join(f"{'.'.join(map(str, slip['loc'])) or 'story'}: {slip['msg']}" for slip in error.errors()[:3])
        raise BadStory(f"{where}: {slips}") from error
