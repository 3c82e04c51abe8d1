"""The one door through which news leaves: `record()`."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F
from django.dispatch import Signal
from django.utils import timezone

from accounts.models import Event, EventCounter

# The PostgreSQL channel that rings at commit, with {"account": id, "number": n}.
CHANNEL = "account_events"

# Sent inside the transaction, with `news`; a receiver that fails rolls everything back. So rooms above take part without being imported.
happening = Signal()

# Every kind of event, and what it means. A kind that is not here is a mistake in the code.
KINDS = {
    "session_opened": "a session was opened at intake, or imported",
    "session_stepped": "steps were added; details: first, last, kinds, begun_by (person, assistant, import)",
    "session_paused": "a session was parked",
    "session_resumed": "a parked session is active again",
    "session_resolved": "a session was resolved",
    "session_abandoned": "a session was given up",
    "session_reopened": "a resolved session is active again",
    "secret_revealed": "somebody looked at a secret that is hidden in a session; details: secret (its number), kind; never the value",
    "secret_removed": "somebody removed a hidden secret for good; details: secret (its number), kind",
    "fix_settled": "somebody told the outcome of a suggested fix; details: card, outcome",
    "lane_changed": "a card of the task lane changed; details: card, state",
    "handoff_opened": "a session was handed off to colleagues; details: priority, target, first",
    "handoff_parked": "a session was parked with its package",
    "handoff_claimed": "a handoff was claimed; details: begin",
    "handoff_released": "its claimer, a lead or staff put it back into the queue; details: note",
    "handoff_withdrawn": "its author or a lead took it back while nobody had claimed it",
    "handoff_returned": "its claimer gave it back to the opener with instructions",
    "handoff_superseded": "a newer handoff, a resume or the session's end took its place",
    "assessment_ready": "the assessment of a handoff was written, or renewed; details: generation, new_steps",
    "assessment_unavailable": "the assessment of a handoff could not be made; details: reason",
    "assessment_judged": "its claimer said what was right, wrong or missing; details: part, entry, verdict",
    "person_added": "a person was added to the account; details: person, role",
    "person_changed": "a person's name or role was changed; details: person, fields; from and to tell the role where it changed",
    "person_deactivated": "a person was deactivated; details: person",
    "person_activated": "a person was activated again; details: person",
    "password_set": "a person was given a new password, or chose one; details: person (never the password)",
}
# News of people carries ids only and concerns no session: on open pages it is a bare number.
ABOUT_PEOPLE = frozenset({"person_added", "person_changed", "person_deactivated", "person_activated", "password_set"})


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened. `details` holds plain JSON types only: ids and short words, never ticket texts."""

    kind: str
    account_id: int
    by_id: int | None
    session: uuid.UUID | None = None
    handoff: uuid.UUID | None = None
    from_state: str = ""
    to_state: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None


def record(*news: News) -> list[Event]:
    """Writes events of one account, as the last writes of the caller's transaction, and rings at its commit.

    Must be called inside a transaction. First every receiver of `happening` takes part; then the account's counter is taken, which holds
    off other writers until commit: numbers have no gaps and come in commit order. Raises `RuntimeError` outside a transaction and
    `ValueError` for a kind that nobody has described.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("record() belongs inside the transaction whose news it tells.")
    if not news:
        return []
    account_id = news[0].account_id
    for item in news:
        if item.kind not in KINDS or item.account_id != account_id:
            raise ValueError(f"not an event of account {account_id}: {item.kind}")
        json.dumps(item.details)
        happening.send(sender=None, news=item)
    now = timezone.now()
    counters = EventCounter.objects.filter(account_id=account_id)
    if not counters.update(last=F("last") + len(news)):
        EventCounter.objects.get_or_create(account_id=account_id)
        counters.update(last=F("last") + len(news))
    last = counters.values_list("last", flat=True).get()
    events = Event.objects.bulk_create(
        Event(
            account_id=account_id,
            number=last - len(news) + 1 + index,
            kind=item.kind,
            at=item.at or now,
            by_id=item.by_id,
            session=item.session,
            handoff=item.handoff,
            from_state=item.from_state,
            to_state=item.to_state,
            details=item.details,
        )
        for index, item in enumerate(news)
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps({"account": account_id, "number": last})])
    return events
