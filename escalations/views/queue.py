"""The queue, and its rows alone for a page that refreshes them."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.answers import wants_json
from escalations.filters import VIEWS, Filters, choices, handed_off_by
from escalations.metrics import figures
from escalations.queue import row_json, rows_for, seen_by
from flowpilot.models import Priority
from flowpilot.views.answering import person

# Filters find what is beyond this many rows.
MOST_ROWS = 200


@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """Open handoffs, filtered by `show` (open, for-me, mine), `priority`, `domain` and `client`."""
    user = person(request)
    filters = Filters.of(request.GET)
    if wants_json(request):
        return _json(request, filters)
    everything = list(rows_for(user))
    shown = _rows(request, filters, everything)
    context = {
        **shown,
        "filters": filters,
        "criteria": json.dumps(filters.criteria(user)),
        "views": [
            ("open", VIEWS["open"], len(everything), filters.address(show="open")),
            ("for-me", VIEWS["for-me"], sum(1 for row in everything if row.target_id == user.pk), filters.address(show="for-me")),
            ("mine", VIEWS["mine"], handed_off_by(user).count(), filters.address(show="mine")),
        ],
        "priorities": [(priority.slug, priority.label) for priority in reversed(Priority)],
        **choices(everything if filters.show != "mine" else list(handed_off_by(user)), filters),
        "waiting": len(everything),
        "unseen": len({row.pk for row in everything} - shown["seen"]),
        "oldest": min((row.created_at for row in everything), default=None),
    }
    if user.account_id is not None:
        context["figures"] = figures(user.account_id, "7d")
    return render(request, "escalations/queue.html", context)


@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """The rows alone, the same as on the page with the same filters."""
    filters = Filters.of(request.GET)
    if wants_json(request):
        return _json(request, filters)
    return render(request, "escalations/queue.html#rows", {**_rows(request, filters), "filters": filters})


def _rows(request: HttpRequest, filters: Filters, everything: list[Any] | None = None) -> dict[str, Any]:
    user = person(request)
    shown = everything if everything and filters == Filters() else list(filters.rows(user)[: MOST_ROWS + 1])
    return {"rows": shown[:MOST_ROWS], "more": len(shown) > MOST_ROWS, "seen": seen_by(user)}


def _json(request: HttpRequest, filters: Filters) -> JsonResponse:
    return JsonResponse({"handoffs": [row_json(row) for row in filters.rows(person(request))]})
