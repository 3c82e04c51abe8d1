"""Playbooks: one readable file per problem domain. This module loads them; `playbook_matching` finds the one that fits.

The format is described in `flowpilot/playbooks/README.md`. A folder with mistakes is refused as a whole, with every mistake named by
file and line: a playbook that is half understood would send technicians the wrong way.
"""

from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from flowpilot.playbook_models import Playbook
from flowpilot.playbook_source import Source

BUILT_IN = Path(__file__).parent / "playbooks"
# The playbook that is used when no other fits; it has no signs, so it is never matched.
GENERAL = "general"


class PlaybookErrors(Exception):
    """`errors` has one line for each mistake: file:line: place: what is wrong."""

    def __init__(self, errors: list[str]) -> None:
        self.errors = errors
        super().__init__("\n".join(errors))


def load(*places: Path) -> list[Playbook]:
    """Every `*.yaml` in the folders, in the order of folders and names. Raises PlaybookErrors with all mistakes of all files."""
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
