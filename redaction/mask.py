"""Masks secrets in text outside sessions: logs, files, prompts. In a session, the vault stores them (`flowpilot/vault`)."""

from collections.abc import Iterable
from typing import Any

from redaction.detect import find
from redaction.kinds import placeholder


def mask(text: str, *, asked: str = "") -> str:
    """The text with secrets replaced by `[hidden password]` and the like. `asked` is the text right before it."""
    parts, last = [], 0
    for found in find(text, asked=asked):
        parts += [text[last : found.start], placeholder(found.kind)]
        last = found.end
    return "".join([*parts, text[last:]]) if parts else text


def mask_turns(texts: Iterable[str]) -> list[str]:
    """Masks consecutive messages: an answer to "what's the password?" is masked too."""
    masked, before = [], ""
    for text in texts:
        masked.append(mask(text, asked=before))
        before = text
    return masked


def mask_within(value: Any) -> Any:
    """Masks every string in nested dictionaries and lists; keys stay."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: mask_within(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [mask_within(each) for each in value]
    return value
