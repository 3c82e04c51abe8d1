"""Writing steps. Their numbers come from the session's row, so writers wait for each other and no step gets in between."""

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F

from flowpilot.events import BegunBy, SessionStepped
from flowpilot.models import AISession, SessionStep
from flowpilot.vault.redact import redact_all
from redaction.detect import announced, might_answer

Kind = SessionStep.Kind
AuthorKind = SessionStep.AuthorKind

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


def write(session_id: uuid.UUID, steps: Sequence[NewStep], *, at: datetime, also: Sequence[str] = ()) -> list[SessionStep]:
    """Appends steps inside the caller's transaction and returns them. The session's row is locked from here until commit."""
    AISession.objects.filter(pk=session_id).update(**numbers(steps), updated_at=at)
    return write_numbered(session_id, steps, at=at, also=also)


def numbers(steps: Sequence[NewStep]) -> dict[str, Any]:
    """What an update of the session's row must contain to reserve numbers for these steps, before `write_numbered` writes them."""
    return {"step_count": F("step_count") + len(steps)}


# Numbers and times come from rows that the caller's lock on the session keeps as they are. The caller took `at` before it waited for that
# lock: a step that was written in between must not be the later one.
_WRITE = """
INSERT INTO flowpilot_sessionstep
       (session_id, number, kind, event, author_kind, author_id, author_label, text, card, asked, command, remark, at)
SELECT session.id, session.step_count - %(count)s + new.place, new.kind, new.event, new.author_kind, new.author_id, new.author_label,
       new.text, new.card, new.asked, new.command, new.remark,
       greatest(%(at)s, (SELECT at FROM flowpilot_sessionstep WHERE session_id = session.id ORDER BY number DESC LIMIT 1))
  FROM flowpilot_aisession AS session,
       ROWS FROM (json_to_recordset(%(steps)s) AS (kind text, event text, author_kind text, author_id bigint, author_label text, text text,
                                                   card int, asked text, command text, remark text))
       WITH ORDINALITY AS new (kind, event, author_kind, author_id, author_label, text, card, asked, command, remark, place)
 WHERE session.id = %(session)s
RETURNING number, id, at
"""


def write_numbered(
    session_id: uuid.UUID, steps: Sequence[NewStep], *, at: datetime, also: Sequence[str] = (), **values: Any
) -> list[SessionStep]:
    """Writes steps whose numbers the caller has just reserved with `numbers`. Secrets in them are redacted here.

    `also` is what the same statement writes besides (`drafts.DISCARD`, `holders.END` ...), with `values` for it.
    """
    redacted = _redacted(session_id, steps, at=at)
    new = [
        {**asdict(step), "text": text, "asked": asked, "command": command, "remark": step.remark[:200]}
        for step, (text, asked, command) in zip(steps, redacted, strict=True)
    ]
    besides = ", ".join(f"also_{place} AS ({sql})" for place, sql in enumerate(also))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {besides}{_WRITE}" if also else _WRITE,
            {**values, "session": session_id, "at": at, "count": len(new), "steps": json.dumps(new)},
        )
        written = sorted(cursor.fetchall())
    return [
        SessionStep(id=pk, session_id=session_id, number=number, at=moment, **step)
        for step, (number, pk, moment) in zip(new, written, strict=True)
    ]


def _redacted(session_id: uuid.UUID, steps: Sequence[NewStep], *, at: datetime) -> Iterator[tuple[str, str, str]]:
    """Text, question and command of each step, redacted. An answer is read together with what was asked just before."""
    texts: list[str] = []
    asked: list[str] = []
    before = _last_text(session_id) if steps and might_answer(steps[0].text) else ""
    for step in steps:
        text = clean(step.text)
        texts += [text, step.asked, step.command]
        asked += [step.asked if announced(step.asked) else before, "", ""]
        before = text if step.kind not in _UNSPOKEN else before
    author = next((step.author_id for step in steps if step.author_id), None)
    redacted = iter(redact_all(session_id, texts, by_id=author, at=at, asked=asked))
    return zip(redacted, redacted, redacted, strict=True)


def _last_text(session_id: uuid.UUID) -> str:
    rows = SessionStep.objects.filter(session_id=session_id).exclude(kind__in=_UNSPOKEN)
    return rows.order_by("-number").values_list("text", flat=True).first() or ""


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
