"""Playbooks: one readable file per problem domain. This module reads and checks them; `playbook_matching` finds the one that fits.

The format is described in `flowpilot/playbooks/README.md`. A folder with mistakes is refused as a whole, with every mistake named by
file and line: a playbook that is half understood would send technicians the wrong way.
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

BUILT_IN = Path(__file__).parent / "playbooks"
# The playbook that is used when no other fits; it has no signs, so it is never matched.
GENERAL = "general"

Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
Weight = Annotated[int, Field(ge=1, le=5)]
Leaning = Annotated[int, Field(ge=-5, le=5)]
Phrase = Annotated[str, Field(min_length=2, max_length=80, pattern=r"[^\W_]")]
Phrases = dict[Phrase, Weight]
System = Literal["windows", "macos", "linux"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Question(_Part):
    """Something to ask a person. `if_yes` and `if_no` say what a plain yes or no means for which cause."""

    id: Id
    title: str = Field(min_length=5, max_length=200)
    why: str = Field(min_length=5, max_length=160)
    asks_when: list[Phrase] = []
    answered_by: list[Phrase] = []
    if_yes: dict[str, Leaning] = {}
    if_no: dict[str, Leaning] = {}


class Check(Question):
    """Something to look at or run. `shows` tells how to read the result."""

    command: str = Field(default="", max_length=1500)
    shows: str = Field(min_length=5, max_length=235)
    os: list[System] = []


class Cause(_Part):
    """`text` is a noun phrase that can follow "points to". `needs` are the questions and checks that tell most about it."""

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
        """Everything that can become a card in the lane, in the order of the file."""
        return [*self.discovery, *self.questions, *self.checks]


class PlaybookErrors(Exception):
    """`errors` has one line for each mistake: file:line: place: what is wrong."""

    def __init__(self, errors: list[str]) -> None:
        self.errors = errors
        super().__init__("\n".join(errors))


Place = tuple[str | int, ...]
Mistake = tuple[Place, str]

_WORDING = {
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "dict_type": "must be a mapping",
    "list_type": "must be a list",
    "model_type": "must be a mapping",
    "missing": "is missing",
    "extra_forbidden": "is not a known key",
}


def load(*places: Path) -> list[Playbook]:
    """Every `*.yaml` in the folders, in the order of folders and names. Raises PlaybookErrors with all mistakes of all files."""
    found: list[Playbook] = []
    errors: list[str] = []
    home: dict[str, str] = {}
    for folder in places:
        if not folder.is_dir():
            errors.append(f"{folder.name}:0: is not a folder")
        for path in sorted(folder.glob("*.yaml")):
            source = _Source(path)
            playbook, mistakes = source.read()
            if playbook and playbook.slug in home:
                mistakes.append((("slug",), f"{playbook.slug!r} is already used by {home[playbook.slug]}"))
            errors += [source.words(place, message) for place, message in mistakes]
            if playbook:
                home.setdefault(playbook.slug, path.name)
                found.append(playbook)
    if errors:
        raise PlaybookErrors(errors)
    return found


def playbooks() -> tuple[Playbook, ...]:
    """The product's playbooks and those in `settings.PLAYBOOK_DIRS`, read once for each process."""
    return _loaded(*folders())


def folders() -> list[Path]:
    """Where this process takes its playbooks from: the built-in folder, then those of the settings."""
    try:
        extra = getattr(settings, "PLAYBOOK_DIRS", [])
    except ImproperlyConfigured:
        extra = []
    return list(dict.fromkeys(Path(folder).resolve() for folder in [BUILT_IN, *extra]))


@lru_cache(maxsize=4)
def _loaded(*places: Path) -> tuple[Playbook, ...]:
    return tuple(load(*places))


class _Source:
    """One file, with the line of every place in it."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.path = path
        self.lines: dict[Place, int] = {(): 1}

    def words(self, place: Place, message: str) -> str:
        line = next(self.lines[place[:end]] for end in range(len(place), -1, -1) if place[:end] in self.lines)
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
        return f"{self.name}:{line}: {where}: {message}" if where else f"{self.name}:{line}: {message}"

    def read(self) -> tuple[Playbook | None, list[Mistake]]:
        try:
            loader = yaml.SafeLoader(self.path.read_text(encoding="utf-8"))
            node = loader.get_single_node()
            if not isinstance(node, yaml.MappingNode):
                return None, [((), "must be a mapping with slug, title, domain, signs ...")]
            mistakes = list(self._walk(node, (), set()))
            if mistakes:
                return None, mistakes
            data = _data(loader, node)
        except UnicodeDecodeError:
            return None, [((), "is not UTF-8 text")]
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.lines[()] = mark.line + 1 if mark else 1
            return None, [((), f"is not valid YAML: {error.problem or error.context}")]
        except (yaml.YAMLError, ValueError) as error:
            return None, [((), f"is not valid YAML: {str(error).splitlines()[0]}")]
        try:
            playbook = Playbook.model_validate(data)
        except ValidationError as error:
            return None, [_mistake(detail) for detail in error.errors()]
        return playbook, list(_cross_check(playbook))

    def _walk(self, node: yaml.Node, place: Place, above: set[int]) -> Iterator[Mistake]:
        """Notes the lines. Keys given twice and aliases, which YAML would silently allow, are mistakes here."""
        self.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return
        if id(node) in above:
            yield place, "is an alias (*name), which playbooks do not use"
            return
        above.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                yield from self._walk(item, (*place, number), above)
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                inner = (*place, str(key.value))
                if inner in self.lines:
                    self.lines[inner] = key.start_mark.line + 1
                    yield inner, "stands here twice"
                self.lines[inner] = key.start_mark.line + 1
                yield from self._walk(value, inner, above)


def _data(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    """As YAML has it, but keys stay as they are written: an error code such as 0x0000011b is a phrase, not a number."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _data(loader, value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_data(loader, item) for item in node.value]
    return loader.construct_object(node)


def _mistake(detail: ErrorDetails) -> Mistake:
    place = detail["loc"]
    limits: dict[str, Any] = detail.get("ctx", {})
    message = _WORDING.get(detail["type"])
    if detail["type"] in ("greater_than_equal", "less_than_equal"):
        message = f"must be {'at least' if 'ge' in limits else 'at most'} {limits.get('ge', limits.get('le'))}"
    if place and place[-1] == "[key]":
        return place[:-1], "is no usable phrase: 2 to 80 characters with at least one letter or digit"
    return place, message or detail["msg"][0].lower() + detail["msg"][1:]


def _cross_check(playbook: Playbook) -> Iterator[Mistake]:
    """What no single field can tell: ids given twice, and names of things that are not there."""
    causes = {cause.id for cause in playbook.causes}
    cards = Counter[str]()
    for part in ("discovery", "questions", "checks"):
        for number, card in enumerate(getattr(playbook, part)):
            cards[card.id] += 1
            if cards[card.id] > 1:
                yield (part, number, "id"), f"{card.id!r} is used twice"
            for key in ("if_yes", "if_no"):
                for name in getattr(card, key):
                    if name not in causes:
                        yield (part, number, key, name), "is not a cause of this playbook"
    seen = Counter[str]()
    fixed = {fix.cause for fix in playbook.fixes}
    for number, cause in enumerate(playbook.causes):
        seen[cause.id] += 1
        if seen[cause.id] > 1:
            yield ("causes", number, "id"), f"{cause.id!r} is used twice"
        if cause.id not in fixed:
            yield ("causes", number, "id"), f"{cause.id!r} has no fix"
        for place, need in enumerate(cause.needs):
            if need not in cards:
                yield ("causes", number, "needs", place), f"{need!r} is neither a question nor a check of this playbook"
    for number, fix in enumerate(playbook.fixes):
        if fix.cause not in causes:
            yield ("fixes", number, "cause"), f"{fix.cause!r} is not a cause of this playbook"
