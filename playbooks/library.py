"""Loads playbooks: one file per kind of problem. `matching.py` finds the one that matches a text.

`playbooks/entries/README.md` describes the format. A folder with mistakes is rejected as a whole, every mistake reported with file and
line, because a playbook that was only partly understood would mislead technicians.
"""

from functools import lru_cache
from pathlib import Path

from playbooks.loading import Source
from playbooks.schema import Playbook

BUILT_IN = Path(__file__).parent / "entries"
# Used when no other playbook matches. It has no signs, so it never matches itself.
GENERAL = "general"


class PlaybookErrors(Exception):
    """`errors` has one line per mistake: file:line: place: message."""

    def __init__(self, errors: list[str]) -> None:
        self.errors = errors
        super().__init__("\n".join(errors))


def load(*places: Path) -> list[Playbook]:
    """Every `*.yaml` in the folders, sorted by folder and name. Raises `PlaybookErrors` with all mistakes in all files."""
    found: list[Playbook] = []
    errors: list[str] = []
    home: dict[str, str] = {}
    for folder in places:
        if not folder.is_dir():
            errors.append(f"{folder.name}:0: is not a folder")
        for path in sorted(folder.glob("*.yaml")):
            source = Source(path)
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


@lru_cache(maxsize=4)
def library(*extra: Path) -> tuple[Playbook, ...]:
    """The product's playbooks and those in the `extra` folders, read once per process. Raises `PlaybookErrors`."""
    return tuple(load(*dict.fromkeys(folder.resolve() for folder in (BUILT_IN, *extra))))
