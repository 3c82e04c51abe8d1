"""What an event looks like on a page. Read and rendered once per process, whatever the number of watchers."""

import json
from typing import Any

from django.template.loader import render_to_string

from accounts.events import bare_kinds
from accounts.models import Event, EventCounter
from escalations.live.hub import MAX_FRAME_BYTES, Frame
from flowpilot.access import reader_ids
from flowpilot.events import SessionReassigned, SessionTakenOver
from flowpilot.models import AISession
from handoffs.events import HandoffClaimed, HandoffOpened, HandoffReleased, HandoffReturned, HandoffSuperseded, HandoffWithdrawn
from handoffs.models import SessionHandoff

# How many missed events are read one by one; beyond that, pages get the newest number and fetch.
MAX_EVENTS = 200

_CARD_ADDED = {HandoffOpened.KIND, HandoffReleased.KIND}
_CARD_REMOVED = {HandoffClaimed.KIND, HandoffWithdrawn.KIND, HandoffSuperseded.KIND}


def current_number(account_id: int) -> int:
    return EventCounter.objects.filter(account_id=account_id).values_list("last", flat=True).first() or 0


def frames_since(account_id: int, number: int) -> tuple[int, list[Frame]]:
    """The frames of all events after `number`, in commit order, and the newest number."""
    events = list(Event.objects.filter(account_id=account_id, number__gt=number).select_related("by").order_by("number")[: MAX_EVENTS + 1])
    if not events:
        return number, []
    if len(events) > MAX_EVENTS:
        newest = current_number(account_id)
        return newest, [_bare_frame(newest)]
    return events[-1].number, [frame_of(event) for event in events]


def _bare(number: int) -> str:
    return json.dumps({"n": number})


def _bare_frame(number: int) -> Frame:
    return Frame(whole=_bare(number), bare=_bare(number))


def frame_of(event: Event) -> Frame:
    """The frame for one event. A card is the same for everybody; the page handles what differs per viewer."""
    if event.kind in bare_kinds():
        return _bare_frame(event.number)
    body: dict[str, Any] = {"n": event.number, "kind": event.kind, "by": event.by_id}
    readers: frozenset[int] | None = None
    except_user: int | None = None
    own: str | None = None
    if event.handoff:
        handoff = SessionHandoff.objects.select_related("session", "author", "target", "claimed_by").filter(pk=event.handoff).first()
        if handoff is None or handoff.intent == SessionHandoff.Intent.PARK:
            return _bare_frame(event.number)
        body["handoff"] = str(handoff.pk)
        body["session"] = str(handoff.session_id)
        body["author"] = handoff.author_id
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
            readers = reader_ids(handoff.session)
            body["bell"] = handoff.session.user_id
        else:
            readers = reader_ids(handoff.session)
    elif event.session:
        session = AISession.objects.filter(pk=event.session).first()
        if session is None:
            return _bare_frame(event.number)
        body["session"] = str(session.pk)
        readers = reader_ids(session)
        if event.kind == SessionTakenOver.KIND:
            body["bell"] = event.details["former"]
        elif event.kind == SessionReassigned.KIND:
            body["bell"] = event.details["to"]
    whole = json.dumps(body)
    if len(whole.encode()) > MAX_FRAME_BYTES:
        whole = _bare(event.number)
    return Frame(whole=whole, bare=_bare(event.number), readers=readers, except_user=except_user, own=own)
