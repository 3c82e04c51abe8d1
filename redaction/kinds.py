"""Kinds of secrets and their placeholders: `[hidden password 3]`, numbered within a session."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

PASSWORD, PIN, KEY, TOKEN = "password", "PIN", "key", "token"
PRIVATE_KEY, RECOVERY_KEY, RECOVERY_CODE, CODE = "private key", "recovery key", "recovery code", "code"
CARD, COMMUNITY, LICENCE = "card number", "community string", "licence key"

# Longer names first, so that "private key" is not read as "key".
KINDS = (PRIVATE_KEY, RECOVERY_KEY, RECOVERY_CODE, LICENCE, COMMUNITY, CARD, PASSWORD, TOKEN, CODE, KEY, PIN)

PLACEHOLDER = re.compile(rf"\[hidden (?P<kind>{'|'.join(KINDS)})(?: (?P<number>[1-9]\d{{0,8}}))?\]")


@dataclass(frozen=True, slots=True)
class Found:
    """A secret in a text: exactly `text[start:end]`."""

    start: int
    end: int
    kind: str


def placeholder(kind: str, number: int | None = None) -> str:
    return f"[hidden {kind}]" if number is None else f"[hidden {kind} {number}]"


def label(kind: str) -> str:
    """The kind at the beginning of a sentence: "Password", "PIN"."""
    return kind[:1].upper() + kind[1:]


def numbered(text: str) -> Iterator[tuple[int, str]]:
    """Number and kind of the placeholders in a text."""
    for match in PLACEHOLDER.finditer(text):
        if match["number"]:
            yield int(match["number"]), match["kind"]


def cut(text: str, length: int) -> str:
    """At most `length` characters, without cutting a placeholder in half."""
    if len(text) <= length:
        return text
    for match in PLACEHOLDER.finditer(text, max(0, length - 40), length + 40):
        if match.start() < length < match.end():
            return text[: match.start()].rstrip()
    return text[:length]
