"""Conversation files: support threads exported as JSON, validated strictly and turned into a `Case`."""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from assistant.case import Case, CaseStep

MAX_BYTES = 5 * 1024 * 1024
MAX_TURNS = 5000


class BadConversation(Exception):
    """The file cannot be used. The message says why, in one line."""


class Turn(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    speaker: Literal["requester", "technician", "other"]
    who: str = ""
    text: str


class Conversation(BaseModel):
    """One conversation; turns count from 0, as in the file."""

    model_config = ConfigDict(frozen=True, strict=True)

    id: str = Field(min_length=1)
    source: str = ""
    url_or_path: str = ""
    archive_path: str = ""
    licence: str = ""
    attribution: str = ""
    date: str = ""
    title: str = ""
    category: str | None = None
    turns: list[Turn]
    # The turn that states or confirms the fix, if known.
    resolution: int | None = None
    redactions: list[Any] | str = Field(default_factory=list)
    changes: list[Any] | str = ""

    @field_validator("turns")
    @classmethod
    def _there_are_turns(cls, turns: list[Turn]) -> list[Turn]:
        if not turns:
            raise ValueError("there are no turns")
        if not any(turn.text.strip() for turn in turns):
            raise ValueError("every turn is empty")
        return turns


def read(path: str | Path) -> Conversation:
    """Reads a conversation file. NULs are removed. Raises `BadConversation` if it is not one."""
    file = Path(path)
    text = _text_of(file)
    if not text.strip():
        raise BadConversation(f"{file}: the file is empty")
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadConversation(f"{file}: not JSON (line {error.lineno}, column {error.colno}: {error.msg})") from None
    except RecursionError:
        raise BadConversation(f"{file}: not a conversation (nested too deeply)") from None
    if not isinstance(document, dict):
        raise BadConversation(f"{file}: not a conversation (an object with id, title and turns is expected)")
    turns = document.get("turns")
    if isinstance(turns, list) and len(turns) > MAX_TURNS:
        raise BadConversation(f"{file}: too many turns ({len(turns)}; at most {MAX_TURNS})")
    try:
        return Conversation.model_validate(_without_nuls(document))
    except ValidationError as error:
        raise BadConversation(f"{file}: {_first_fault(error)}") from None


def to_case(conversation: Conversation, cut: int | None = None) -> Case:
    """The conversation as a case: turn i is step i + 1. `cut` is the index of the last turn to include.

    Raises `BadConversation` if there is no such turn.
    """
    last = len(conversation.turns) - 1
    if cut is not None and not 0 <= cut <= last:
        raise BadConversation(f"{conversation.id}: there is no turn {cut} (turns are 0 to {last})")
    turns = conversation.turns if cut is None else conversation.turns[: cut + 1]
    steps = [
        CaseStep(
            number=index + 1,
            kind="message",
            author_kind="client" if turn.speaker == "requester" else "imported",
            author=turn.who or turn.speaker,
            text=turn.text,
        )
        for index, turn in enumerate(turns)
    ]
    return Case(title=conversation.title, domain=conversation.category or "", steps=steps)


def _text_of(file: Path) -> str:
    try:
        if file.is_dir():
            raise BadConversation(f"{file}: this is a folder, not a file")
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise BadConversation(f"{file}: too big ({size:,} bytes; at most {MAX_BYTES:,})")
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise BadConversation(f"{file}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise BadConversation(f"{file}: not UTF-8 text (byte {error.start})") from None
    except (OSError, ValueError) as error:
        raise BadConversation(f"{file}: cannot be read ({getattr(error, 'strerror', None) or error})") from None


def _without_nuls(value: Any) -> Any:
    """Removes NULs and broken surrogate pairs, which the database rejects."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")
    if isinstance(value, list):
        return [_without_nuls(entry) for entry in value]
    if isinstance(value, dict):
        return {_without_nuls(key): _without_nuls(entry) for key, entry in value.items()}
    return value


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"]).lstrip(".")
    if fault["type"] == "missing":
        return f"{place}: missing"
    message = str(fault["msg"]).removeprefix("Value error, ")
    shown = fault["input"]
    given = f" (not {json.dumps(shown, ensure_ascii=False)[:60]})" if isinstance(shown, str | int | float | bool | None) else ""
    return f"{place}: {message[0].lower()}{message[1:]}{given}"
