"""The only way to publish an event: `record()`.

Every kind of event is a class of its own (`accounts/people_events.py`, `flowpilot/events.py`, `handoffs/events.py`): its docstring says
what happened, its fields are the details that are stored with it.
"""

import json
import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import connection
from django.dispatch import Signal
from pydantic import BaseModel, ConfigDict

from accounts.models import Event

# The PostgreSQL channel that is notified at commit, with {"account": id, "number": n}.
CHANNEL = "account_events"

# Sent inside the transaction, with `event` (a `NewEvent`); a receiver that fails rolls everything back. Apps above use it to add work of
# their own without being imported here.
event_recorded = Signal()

# An event whose `at` is this close to the present carries the moment at which its number was taken: a verb may have waited for others
# since it began. Events about the past (an import, the demo's stories) keep their own time.
AS_IT_HAPPENS = timedelta(seconds=30)

# Numbers, events and the notification in one statement. The counter's row stays locked until commit, so both numbers and this clock's
# times come in commit order.
_RECORD = """
WITH counter AS (
    INSERT INTO accounts_eventcounter AS c (account_id, last) VALUES (%(account)s, %(count)s)
    ON CONFLICT (account_id) DO UPDATE SET last = c.last + excluded.last
    RETURNING last, clock_timestamp() AS now,
              pg_notify(%(channel)s, json_build_object('account', %(account)s::bigint, 'number', last)::text) AS told
)
INSERT INTO accounts_event (account_id, number, kind, at, by_id, session, handoff, from_state, to_state, details)
SELECT %(account)s, counter.last - %(count)s + new.place, new.kind,
       CASE WHEN new.at IS NULL OR abs(extract(epoch FROM new.at - counter.now)) < %(close)s THEN counter.now ELSE new.at END,
       new.by_id, new.session, new.handoff, new.from_state, new.to_state, new.details
  FROM counter,
       ROWS FROM (json_to_recordset(%(events)s) AS (kind text, at timestamptz, by_id bigint, session uuid, handoff uuid,
                                                    from_state text, to_state text, details jsonb))
       WITH ORDINALITY AS new (kind, at, by_id, session, handoff, from_state, to_state, details, place)
RETURNING number, id, at
"""

_KINDS: dict[str, type["NewEvent"]] = {}


class NewEvent(BaseModel):
    """One thing that happened in an account. The fields of a subclass are its details: ids and short words, never ticket texts.

    `KIND` is the name under which it is stored and sent to open pages. Raises pydantic's `ValidationError` for details that do not fit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    KIND: ClassVar[str] = ""
    # Whether open pages get only the number: for events about people rather than sessions.
    BARE: ClassVar[bool] = False

    account_id: int
    by_id: int | None
    session: uuid.UUID | None = None
    handoff: uuid.UUID | None = None
    from_state: str = ""
    to_state: str = ""
    at: datetime | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        if cls.KIND and cls.KIND in _KINDS:
            raise TypeError(f"two events are called {cls.KIND}")
        if cls.KIND:
            _KINDS[cls.KIND] = cls

    def details(self) -> dict[str, Any]:
        """The subclass's own fields as plain JSON types; those that kept their default are left out."""
        return self.model_dump(mode="json", exclude=_COLUMNS, exclude_defaults=True)

    def row(self) -> dict[str, Any]:
        """Its columns in the log, as far as it knows them."""
        # Members of an enum as the words that are stored.
        states = {"from_state": str(self.from_state), "to_state": str(self.to_state)}
        ids = {"by_id": self.by_id, "session": self.session, "handoff": self.handoff}
        return {"kind": self.KIND, "at": self.at, **ids, **states, "details": self.details()}


# The fields that have columns of their own.
_COLUMNS = set(NewEvent.model_fields)


def kinds() -> dict[str, type[NewEvent]]:
    """Every kind of event that the installed apps can publish."""
    return dict(_KINDS)


def bare_kinds() -> frozenset[str]:
    """The kinds of which open pages get the number only."""
    return frozenset(kind for kind, event in _KINDS.items() if event.BARE)


def record(*new: NewEvent) -> list[Event]:
    """Writes events of one account, as the last writes of the caller's transaction, and notifies listeners at its commit.

    Must be called inside a transaction. First every receiver of `event_recorded` runs; then the account's counter is updated, which makes
    other writers wait until commit: numbers have no gaps and come in commit order. Raises `RuntimeError` outside a transaction and
    `ValueError` for an event without a kind or of another account than the first.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("record() must be called inside the transaction that it reports on.")
    if not new:
        return []
    account_id = new[0].account_id
    for event in new:
        if not event.KIND or event.account_id != account_id:
            raise ValueError(f"not an event of account {account_id}: {event!r}")
        event_recorded.send(sender=type(event), event=event)
    rows = [event.row() for event in new]
    values: dict[str, Any] = {
        "account": account_id,
        "count": len(new),
        "channel": CHANNEL,
        "close": AS_IT_HAPPENS.total_seconds(),
        "events": json.dumps(rows, default=str),
    }
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, values)
        written = sorted(cursor.fetchall())
    return [
        Event(**{**row, "id": pk, "account_id": account_id, "number": number, "at": at})
        for row, (number, pk, at) in zip(rows, written, strict=True)
    ]
