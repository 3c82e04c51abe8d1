"""Keeps passwords, keys and tokens out of assessments, with the detector in `redaction`."""

import re
from functools import lru_cache

from redaction.detect import announced, find, might_answer


@lru_cache(maxsize=4096)
def holds_secret(text: str) -> bool:
    """Whether the text contains a credential."""
    return bool(find(text))


_JOINT = re.compile(r"(?:\s+|\b(?:to|is|was|are|as|with|:|=|->|“|\"|'|\())+$", re.IGNORECASE)


def words_before(text: str) -> str:
    """What a sentence says before its first credential, verbatim; "" if that is only a few words."""
    spans = find(text)
    before = _JOINT.sub("", text[: spans[0].start]).rstrip(" ,;:-=") if spans else ""
    return before if len(before.split()) >= 4 and not find(before) else ""


def announces_secret(text: str) -> bool:
    """Whether the next words are a credential: "the password is:" at the end of a line, or a question for one."""
    return bool(announced(text))


def is_bare_answer(text: str) -> bool:
    """A short reply that is a password if somebody asked for one."""
    return might_answer(text)
