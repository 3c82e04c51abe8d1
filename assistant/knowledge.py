"""This installation's playbooks: the built-in ones and those in the folders of `PLAYBOOK_DIRS`."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from playbooks.library import library
from playbooks.matching import FITS, Match, Matcher
from playbooks.schema import Playbook


def _extra() -> tuple[Path, ...]:
    try:
        return tuple(settings.PLAYBOOK_DIRS)
    except ImproperlyConfigured:
        # A script without Django settings uses the built-in ones only.
        return ()


def playbooks() -> tuple[Playbook, ...]:
    """All playbooks. Raises `PlaybookErrors` if a file has mistakes."""
    return library(*_extra())


@cache
def _matcher_of(*extra: Path) -> Matcher:
    return Matcher(library(*extra))


def matcher() -> Matcher:
    """Matches text against all playbooks; created once per process."""
    return _matcher_of(*_extra())


def match(text: str) -> list[Match]:
    """The playbooks that match a text, best first; empty if none does."""
    return [found for found in matcher().match([(matcher().text(text), 1.0)]) if found.score >= FITS]
