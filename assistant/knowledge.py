"""The playbooks of this installation: the product's own and those in the folders of `PLAYBOOK_DIRS`."""

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
        # A script without Django's settings reads the product's own.
        return ()


def playbooks() -> tuple[Playbook, ...]:
    """All of them. Raises `PlaybookErrors` where a file has mistakes."""
    return library(*_extra())


@cache
def _matcher_of(*extra: Path) -> Matcher:
    return Matcher(library(*extra))


def matcher() -> Matcher:
    """Finds them in text; made once for each process."""
    return _matcher_of(*_extra())


def match(text: str) -> list[Match]:
    """The playbooks that fit a text, best first; empty where none does."""
    return [found for found in matcher().match([(matcher().text(text), 1.0)]) if found.score >= FITS]
