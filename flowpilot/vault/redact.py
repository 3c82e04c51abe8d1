"""Redacts secrets before text is stored in a session: the vault keeps the value, encrypted, and a placeholder takes its place.

Whatever leaves a session (search, prompts, mails, packages, assessments, events) is made from rows that never contained it (decision 19).
"""

import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils import timezone

from flowpilot.models import AISession, Secret
from flowpilot.vault.cipher import digests, seal
from redaction.detect import find
from redaction.false_alarms import is_mixed
from redaction.kinds import PLACEHOLDER, Found, cut, placeholder

# Every text column has room for this and a placeholder.
SHORT = 160
_TOKEN = re.compile(r"\S{6,100}")
_EDGES = "\"'`“”‘’(),;:.[]{}<>"


def redact(session_id: uuid.UUID, text: str, *, by_id: int | None, at: datetime | None = None, asked: str = "") -> str:
    """The text with its secrets redacted. To be called in the transaction that writes it; locks the session's row if there is a secret.

    `asked` is the question that the text answers. Runs no query where nothing in the text could be a secret.
    """
    return redact_all(session_id, [text], by_id=by_id, at=at, asked=[asked])[0]


def redact_all(
    session_id: uuid.UUID, texts: Sequence[str], *, by_id: int | None, at: datetime | None = None, asked: Sequence[str] = ()
) -> list[str]:
    """The same for several texts of one session, in order; a value that occurs in several gets one number."""
    questions = [*asked, *[""] * (len(texts) - len(asked))]
    found = [find(text, asked=question) for text, question in zip(texts, questions, strict=True)]
    candidates = [_candidates(text, spans) for text, spans in zip(texts, found, strict=True)]
    if not any(found) and not any(candidates):
        return list(texts)
    kept = _stored(session_id)
    if not any(found) and not kept:
        return list(texts)
    numbers = _numbers(session_id, texts, found, kept, by_id=by_id, at=at)
    return [
        _replaced_in(session_id, text, [*spans, *_seen_before(session_id, again, kept)], numbers, kept)
        for text, spans, again in zip(texts, found, candidates, strict=True)
    ]


def redact_within(session_id: uuid.UUID, document: Any, *, by_id: int | None, at: datetime | None = None, grows: bool = True) -> Any:
    """The same document (dictionaries, lists, strings) with the secrets in every string redacted.

    With `grows` False, a long string that a placeholder would make longer is cut to its old length, for callers with length limits.
    """
    texts: list[str] = []
    _gather(document, texts)
    hidden = dict(zip(texts, redact_all(session_id, texts, by_id=by_id, at=at), strict=True))
    if not grows:
        hidden = {text: new if len(text) < SHORT else cut(new, len(text)) for text, new in hidden.items()}
    return _replaced(document, hidden)


def redact_unstored(session_id: uuid.UUID, text: str) -> str:
    """The text with its secrets redacted, without storing any: for text that is still growing, where half a value would count as one.
    Those that the session has already get their numbers. Locks nothing."""
    found = find(text)
    candidates = _candidates(text, found)
    kept = _stored(session_id) if found or candidates else {}
    parts, last = [], 0
    for span in sorted([*found, *_seen_before(session_id, candidates, kept)], key=lambda each: each.start):
        value = text[span.start : span.end]
        known = next((kept[digest] for digest in digests(session_id, value) if digest in kept), None)
        parts += [text[last : span.start], placeholder(known[1], known[0]) if known else placeholder(span.kind)]
        last = span.end
    return "".join([*parts, text[last:]])


def _gather(value: Any, texts: list[str]) -> None:
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            _gather(each, texts)


def _replaced(value: Any, hidden: dict[str, str]) -> Any:
    if isinstance(value, str):
        return hidden[value]
    if isinstance(value, dict):
        return {key: _replaced(each, hidden) for key, each in value.items()}
    return [_replaced(each, hidden) for each in value] if isinstance(value, list) else value


def _stored(session_id: uuid.UUID) -> dict[str, tuple[int, str]]:
    """Number and kind of each stored secret of the session, by digest."""
    rows = Secret.objects.filter(session_id=session_id, shredded_at=None).values_list("digest", "number", "kind")
    return {digest: (number, kind) for digest, number, kind in rows if digest}


def _candidates(text: str, spans: list[Found]) -> list[tuple[int, str]]:
    """Words that could be a secret of this session, though nothing around them says so. They are compared with the stored ones."""
    words = []
    # Words and spans come in order, and spans don't overlap: one pass over both.
    after = iter(spans)
    span = next(after, None)
    for match in _TOKEN.finditer(text):
        bare = match[0].strip(_EDGES)
        if len(bare) < 6 or not is_mixed(bare) or PLACEHOLDER.search(match[0]):
            continue
        start = match.start() + match[0].index(bare)
        while span is not None and span.end <= start:
            span = next(after, None)
        if span is None or span.start >= start + len(bare):
            words.append((start, bare))
    return words


def _seen_before(session_id: uuid.UUID, words: list[tuple[int, str]], kept: dict[str, tuple[int, str]]) -> list[Found]:
    if not kept:
        return []
    again = []
    for start, word in words:
        known = next((kept[digest] for digest in digests(session_id, word) if digest in kept), None)
        if known:
            again.append(Found(start, start + len(word), known[1]))
    return again


def _numbers(
    session_id: uuid.UUID,
    texts: Sequence[str],
    found: list[list[Found]],
    kept: dict[str, tuple[int, str]],
    *,
    by_id: int | None,
    at: datetime | None,
) -> dict[str, tuple[int, str]]:
    """Number and kind of each value; new ones are stored. The session's row is locked from here until commit."""
    values = {text[span.start : span.end]: span.kind for text, spans in zip(texts, found, strict=True) for span in spans}
    if not values:
        return {}
    rows = AISession.objects.filter(pk=session_id)
    exists = rows.update(secret_count=F("secret_count"))
    # Somebody who held the lock before may have stored the same value.
    kept.update(_stored(session_id) if exists else {})
    known = {value: kept[digest] for value in values for digest in digests(session_id, value) if digest in kept}
    new = {value: kind for value, kind in values.items() if value not in known}
    if new:
        rows.update(secret_count=F("secret_count") + len(new))
        last = rows.values_list("secret_count", flat=True).get() if exists else next_number(session_id) + len(new)
        made: list[Secret] = []
        for number, (value, kind) in enumerate(new.items(), last - len(new) + 1):
            digest = digests(session_id, value)[0]
            kept[digest] = known[value] = (number, kind)
            made.append(
                Secret(
                    session_id=session_id,
                    number=number,
                    kind=kind,
                    ciphertext=seal(session_id, number, value),
                    digest=digest,
                    by_id=by_id,
                    created_at=at or timezone.now(),
                )
            )
        Secret.objects.bulk_create(made)
    return known


def _replaced_in(
    session_id: uuid.UUID, text: str, spans: list[Found], numbers: dict[str, tuple[int, str]], kept: dict[str, tuple[int, str]]
) -> str:
    parts, last = [], 0
    for span in sorted(spans, key=lambda each: each.start):
        value = text[span.start : span.end]
        number, kind = numbers.get(value) or next(kept[digest] for digest in digests(session_id, value) if digest in kept)
        parts += [text[last : span.start], placeholder(kind, number)]
        last = span.end
    return "".join([*parts, text[last:]])


def next_number(session_id: uuid.UUID) -> int:
    """The `secret_count` for a session that is about to be created: its secrets may be stored before it exists."""
    return Secret.objects.filter(session_id=session_id).count()
