"""Passwords, keys and tokens in what an assessment would quote: left out. The detector is that of `flowpilot.secrets`."""

from functools import lru_cache

from flowpilot.secrets.detecting import announced, find, might_answer


@lru_cache(maxsize=4096)
def holds_secret(text: str) -> bool:
    """Whether the text contains a credential."""
    return bool(find(text))


def announces_secret(text: str) -> bool:
    """Whether the next words are a credential: "the password is:" at the end of a line, or a question for one."""
    return bool(announced(text))


def is_bare_answer(text: str) -> bool:
    """A short reply that is a password where somebody has asked for one."""
    return might_answer(text)
