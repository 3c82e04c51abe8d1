"""Writing steps. Their numbers come from the session's row, so writers wait for each other and no step gets in between."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Subquery

from flowpilot.events import BegunBy, SessionStepped
from flowpilot.models import AISession, SessionStep
from flowpilot.vault.redact import redact_all
from redaction.detect import announced, might_answer

Kind = SessionStep.Kind
AuthorKind = SessionStep.AuthorKind

_LAST_AT = Subquery(SessionStep.objects.filter(session=OuterRef("pk")).order_by("-number").values("at")[:1])

# Steps that nobody wrote: they neither ask for a secret nor answer a question.
_UNSPOKEN = (Kind.SYSTEM, Kind.BRIEFING)


@dataclass(frozen=True, slots=True)
class NewStep:
    """A step before it has a number. `kind`, `author_kind` and `event` are members of `SessionStep`'s enums."""

    kind: str
    text: str
    author_kind: str = AuthorKind.PERSON
    author_id: int | None = None
    author_label: str = ""
    card: int | None = None
    asked: str = ""
    command: str = ""
    remark: str = ""
    event: str = ""


def clean(text: str) -> str:
    """Text as it can be stored: without NUL, which PostgreSQL refuses, and with \\n line ends."""
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").strip()


def write(session_id: uuid.UUID, steps: Sequence[NewStep], *, at: datetime) -> list[SessionStep]:
    """Appends steps inside the caller's transaction and returns them. The session's row is locked from here until commit."""
    AISession.objects.filter(pk=session_id).update(**numbers(steps), updated_at=at)
    return write_numbered(session_id, steps, at=at)


def numbers(steps: Sequence[NewStep]) -> dict[str, Any]:
    """What an update of the session's row must contain to reserve numbers for these steps, before `write_numbered` writes them."""
    return {"step_count": F("step_count") + len(steps)}


def write_numbered(session_id: uuid.UUID, steps: Sequence[NewStep], *, at: datetime) -> list[SessionStep]:
    """Writes steps whose numbers the caller has just reserved with `numbers`. Secrets in them are redacted here."""
    rows = AISession.objects.filter(pk=session_id)
    count, last_at = rows.annotate(last_at=_LAST_AT).values_list("step_count", "last_at").get()
    first = count - len(steps) + 1
    # The caller took `at` before it waited for the row: a step that was written in between must not be the later one.
    at = max(at, last_at) if last_at else at
    redacted = _redacted(session_id, steps, first=first, at=at)
    return SessionStep.objects.bulk_create(
        SessionStep(
            session_id=session_id,
            number=first + index,
            kind=step.kind,
            event=step.event,
            author_kind=step.author_kind,
            author_id=step.author_id,
            author_label=step.author_label,
            text=text,
            card=step.card,
            asked=asked,
            command=command,
            remark=step.remark[:200],
            at=at,
        )
        for index, (step, (text, asked, command)) in enumerate(zip(steps, redacted, strict=True))
    )


def _redacted(session_id: uuid.UUID, steps: Sequence[NewStep], *, first: int, at: datetime) -> Iterator[tuple[str, str, str]]:
    """Text, question and command of each step, redacted. An answer is read together with what was asked just before."""
    texts: list[str] = []
    asked: list[str] = []
    before = _last_text(session_id, first - 1) if steps and might_answer(steps[0].text) else ""
    for step in steps:
        text = clean(step.text)
        texts += [text, step.asked, step.command]
        asked += [step.asked if announced(step.asked) else before, "", ""]
        before = text if step.kind not in _UNSPOKEN else before
    author = next((step.author_id for step in steps if step.author_id), None)
    redacted = iter(redact_all(session_id, texts, by_id=author, at=at, asked=asked))
    return zip(redacted, redacted, redacted, strict=True)


def _last_text(session_id: uuid.UUID, number: int) -> str:
    rows = SessionStep.objects.filter(session_id=session_id, number__lte=number).exclude(kind__in=_UNSPOKEN)
    return rows.order_by("-number").values_list("text", flat=True).first() or "" if number > 0 else ""


def take_cards(session_id: uuid.UUID, count: int) -> range:
    """Reserves `count` new card numbers of the session, across all kinds."""
    rows = AISession.objects.filter(pk=session_id)
    rows.update(card_count=F("card_count") + count)
    last = rows.values_list("card_count", flat=True).get()
    return range(last - count + 1, last + 1)


def steps_added(
    account_id: int, session_id: uuid.UUID, written: Sequence[SessionStep], *, by_id: int | None, at: datetime, begun_by: BegunBy
) -> SessionStepped:
    """The event that these steps were added. The metrics use `begun_by` to count people's own actions."""
    return SessionStepped(
        account_id=account_id,
        by_id=by_id,
        session=session_id,
        first=written[0].number,
        last=written[-1].number,
        kinds=sorted({str(step.kind) for step in written}),
        begun_by=begun_by,
        at=at,
    )
