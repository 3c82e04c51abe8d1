"""What an event looks like on a page. Read and rendered once per process, whatever the number of watchers."""

import json
from collections.abc import Sequence
from typing import Any

import structlog
from django.db.models import Count
from django.template.loader import render_to_string

from accounts.events import bare_kinds
from accounts.models import Event, EventCounter
from escalations.live.hub import MAX_FRAME_BYTES, Counts, Frame
from flowpilot.access import readers_of
from flowpilot.events import SessionReassigned, SessionTakenOver
from flowpilot.models import AISession
from handoffs.events import HandoffClaimed, HandoffOpened, HandoffReleased, HandoffReturned, HandoffSuperseded, HandoffWithdrawn
from handoffs.models import SessionHandoff

log = structlog.get_logger("live")

# How many events are read and rendered at a time.
MAX_EVENTS = 200
# How many events that this process has not delivered are sent one by one; beyond that, pages get the newest number and fetch.
MAX_BURST = 1000

_CARD_ADDED = {HandoffOpened.KIND, HandoffReleased.KIND}
_CARD_REMOVED = {HandoffClaimed.KIND, HandoffWithdrawn.KIND, HandoffSuperseded.KIND}


def current_number(account_id: int) -> int:
    return EventCounter.objects.filter(account_id=account_id).values_list("last", flat=True).first() or 0


def frames_since(account_id: int, number: int) -> tuple[int, list[Frame]]:
    """The frames of the next events after `number`, in commit order, and the last one's number. A handful of queries, however many events.
    As many as `MAX_EVENTS`: there may be more."""
    events = list(Event.objects.filter(account_id=account_id, number__gt=number).select_related("by").order_by("number")[: MAX_EVENTS + 1])
    if not events:
        return number, []
    if len(events) > MAX_EVENTS:
        newest = current_number(account_id)
        if newest - number > MAX_BURST:
            return newest, [_bare_frame(newest)]
        events = events[:MAX_EVENTS]
    rows = Rows(account_id, events)
    return events[-1].number, [_frame_or_number(event, rows) for event in events]


def _frame_or_number(event: Event, rows: "Rows") -> Frame:
    """A frame that cannot be made must not keep back the ones after it: pages get its number, and fetch what it was about."""
    try:
        return frame_of(event, rows)
    except Exception as error:
        log.exception("failed to render an event", account=event.account_id, number=event.number, error=type(error).__name__)
        return Frame(event.number, whole=_missed(event.number), bare=_missed(event.number))


def _bare(number: int) -> str:
    return json.dumps({"n": number})


def _missed(number: int) -> str:
    """Tells pages to fetch what this event was about."""
    return json.dumps({"n": number, "missed": True})


def _bare_frame(number: int) -> Frame:
    return Frame(number, whole=_bare(number), bare=_bare(number))


class Rows:
    """What the frames of some events of one account need, read in bulk."""

    def __init__(self, account_id: int, events: Sequence[Event]) -> None:
        told = [event for event in events if event.kind not in bare_kinds()]
        handoffs = SessionHandoff.objects.select_related("session", "author", "target", "claimed_by")
        self.handoffs = handoffs.in_bulk({event.handoff for event in told if event.handoff})
        self.sessions = AISession.objects.in_bulk({event.session for event in told if event.session and not event.handoff})
        every = {session.pk: session for session in (*self.sessions.values(), *(handoff.session for handoff in self.handoffs.values()))}
        self.readers = readers_of(account_id, list(every.values()))
        self.open: Counts | None = None
        if any(event.kind in _CARD_ADDED | _CARD_REMOVED for event in told):
            self.open = open_by_author(account_id)


def open_by_author(account_id: int) -> Counts:
    """How many escalations of the account wait: in all, and of each author, who does not count their own."""
    rows = SessionHandoff.objects.waiting().filter(account_id=account_id).order_by().values_list("author_id").annotate(n=Count("pk"))
    by_author = dict(rows)
    return Counts(sum(by_author.values()), by_author)


def frame_of(event: Event, rows: Rows) -> Frame:
    """The frame for one event. A card is the same for everybody; the page handles what differs per viewer."""
    if event.kind in bare_kinds():
        return _bare_frame(event.number)
    body: dict[str, Any] = {"n": event.number, "kind": event.kind, "by": event.by_id}
    readers: frozenset[int] | None = None
    except_user: int | None = None
    own: str | None = None
    counts: Counts | None = None
    if event.handoff:
        handoff = rows.handoffs.get(event.handoff)
        if handoff is None or handoff.intent == SessionHandoff.Intent.PARK:
            return _bare_frame(event.number)
        body["handoff"] = str(handoff.pk)
        body["session"] = str(handoff.session_id)
        body["author"] = handoff.author_id
        if event.kind in _CARD_ADDED | _CARD_REMOVED:
            counts = rows.open
        if event.kind in _CARD_ADDED and handoff.state == SessionHandoff.State.OPEN:
            except_user = handoff.author_id
            if event.kind == HandoffReleased.KIND:
                own = json.dumps(body)
            body["card"] = render_to_string("escalations/_card.html", {"handoff": handoff, "live": True})
            body["bell"] = "claimers" if event.kind == HandoffOpened.KIND else None
            body["announce"] = f"New escalation, {handoff.get_priority_display().lower()}: {handoff.session.title}, from {handoff.author}"
        elif event.kind in _CARD_REMOVED:
            body["gone"] = True
            if event.kind == HandoffClaimed.KIND:
                body["announce"] = f"{event.by} claimed: {handoff.session.title}"
                body["name"] = str(event.by)
        elif event.kind == HandoffReturned.KIND:
            readers = rows.readers[handoff.session_id]
            body["bell"] = handoff.session.user_id
        else:
            readers = rows.readers[handoff.session_id]
    elif event.session:
        session = rows.sessions.get(event.session)
        if session is None:
            return _bare_frame(event.number)
        body["session"] = str(session.pk)
        readers = rows.readers[session.pk]
        if event.kind == SessionTakenOver.KIND:
            body["bell"] = event.details["former"]
        elif event.kind == SessionReassigned.KIND:
            body["bell"] = event.details["to"]
    whole = json.dumps(body)
    if len(whole.encode()) > MAX_FRAME_BYTES:
        whole = _missed(event.number)
    return Frame(event.number, whole=whole, bare=_bare(event.number), readers=readers, except_user=except_user, own=own, counts=counts)
