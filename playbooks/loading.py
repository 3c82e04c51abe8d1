"""Reads one playbook file and reports each mistake with its line."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from playbooks.schema import Phrases, Playbook
from playbooks.words import unusable

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


class Source:
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
        """Records line numbers. Duplicate keys and aliases, which YAML silently allows, are mistakes here."""
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
                    yield inner, "is here twice"
                self.lines[inner] = key.start_mark.line + 1
                yield from self._walk(value, inner, above)


def _data(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    """The YAML data with keys kept as written: an error code such as 0x0000011b is a phrase, not a number."""
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
        return place[:-1], "is not a usable phrase (2 to 80 characters with at least one letter or digit)"
    return place, message or detail["msg"][0].lower() + detail["msg"][1:]


def _cross_check(playbook: Playbook) -> Iterator[Mistake]:
    """Checks across fields: duplicate ids, and references to things that do not exist."""
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
            for key in ("asks_when", "answered_by"):
                for at, phrase in enumerate(getattr(card, key)):
                    if reason := unusable(phrase):
                        yield (part, number, key, at), reason
    seen = Counter[str]()
    weighted: list[tuple[Place, Phrases]] = [(("signs",), playbook.signs), (("not_signs",), playbook.not_signs)]
    for number, cause in enumerate(playbook.causes):
        weighted += [(("causes", number, "signs"), cause.signs), (("causes", number, "against"), cause.against)]
    for where, phrases in weighted:
        for phrase in phrases:
            if reason := unusable(phrase):
                yield (*where, phrase), reason
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
