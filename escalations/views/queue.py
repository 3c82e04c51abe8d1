"""The queue, and its rows alone for a page that refreshes them."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.answers import wants_json
from accounts.permissions import MAY_CLAIM
from escalations.counts import unread_of
from escalations.filters import VIEWS, Filters, choices
from escalations.metrics import ABOVE_THE_QUEUE, last_kept
from escalations.queue import after, cursor_of, for_cards, glance, row_json, seen_by
from flowpilot.models import Priority
from flowpilot.views.answering import person
from handoffs.models import SessionHandoff

# Cards on a page, and rows in an answer as JSON unless `limit` says otherwise.
PER_PAGE = 50
# A page that shows more fetches as many again, and JSON may ask for as many.
MOST_ROWS = 200


@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """Open handoffs, filtered by `show` (open, for-me, mine), `priority`, `domain` and `client`."""
    user = person(request)
    filters = Filters.of(request.GET)
    if wants_json(request):
        return _json(request, filters)
    at_a_glance = glance(user)
    context = {
        **_rows(request, filters),
        "filters": filters,
        "criteria": json.dumps(filters.criteria(user)),
        "views": [
            ("open", VIEWS["open"], at_a_glance["waiting"], filters.address(show="open")),
            ("for-me", VIEWS["for-me"], at_a_glance["for_me"], filters.address(show="for-me")),
            ("mine", VIEWS["mine"], at_a_glance["mine"], filters.address(show="mine")),
        ],
        "priorities": [(priority.slug, priority.label) for priority in reversed(Priority)],
        **choices(user, filters),
        "waiting": at_a_glance["waiting"],
        "unseen": at_a_glance["unseen"],
        "oldest": at_a_glance["oldest"],
        "kept": last_kept(user.account_id, ABOVE_THE_QUEUE) if user.role in MAY_CLAIM else None,
        # Around the page as well; it need not be counted again.
        "open_count": at_a_glance["waiting"],
        "unread_count": unread_of(user),
    }
    return render(request, "escalations/queue.html", context)


@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """The rows alone, the same as on the page with the same filters."""
    filters = Filters.of(request.GET)
    if wants_json(request):
        return _json(request, filters)
    return render(request, "escalations/queue.html#rows", {**_rows(request, filters), "filters": filters})


def _wanted(request: HttpRequest, name: str) -> int:
    """How many rows the address asks for under this name, within bounds."""
    asked = request.GET.get(name, "")
    return min(max(int(asked), 1), MOST_ROWS) if asked.isascii() and asked.isdigit() and len(asked) < 5 else PER_PAGE


def _page(request: HttpRequest, filters: Filters, count: int) -> tuple[list[SessionHandoff], str]:
    """The rows behind `?after=`, and the query string of what follows them; "" at the end."""
    rows = after(filters.rows(person(request)), request.GET.get("after", ""))
    found = list(for_cards(rows, count + 1))
    return found[:count], filters.address(after=cursor_of(found[count - 1])) if len(found) > count else ""


def _rows(request: HttpRequest, filters: Filters) -> dict[str, Any]:
    shown, more = _page(request, filters, _wanted(request, "shown"))
    here = filters.address(after=request.GET.get("after", ""))
    return {"rows": shown, "more": more, "here": here, "seen": seen_by(person(request), shown)}


def _json(request: HttpRequest, filters: Filters) -> JsonResponse:
    limit = _wanted(request, "limit")
    found, more = _page(request, filters, limit)
    following = f"{reverse('queue')}{more}&limit={limit}" if more else None
    return JsonResponse({"handoffs": [row_json(row) for row in found], "next": following})
