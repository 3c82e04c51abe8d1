"""The queue, and its rows alone for a page that refreshes them."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.answers import wants_json
from escalations.filters import VIEWS, Filters, choices, handed_off_by
from escalations.metrics import figures
from escalations.queue import for_cards, glance, row_json, rows_for, seen_by
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
    at_a_glance = glance(user)
    context = {
        **_rows(request, filters),
        "filters": filters,
        "criteria": json.dumps(filters.criteria(user)),
        "views": [
            ("open", VIEWS["open"], at_a_glance["waiting"], filters.address(show="open")),
            ("for-me", VIEWS["for-me"], at_a_glance["for_me"], filters.address(show="for-me")),
            ("mine", VIEWS["mine"], handed_off_by(user).count(), filters.address(show="mine")),
        ],
        "priorities": [(priority.slug, priority.label) for priority in reversed(Priority)],
        **choices(handed_off_by(user) if filters.show == "mine" else rows_for(user), filters),
        "waiting": at_a_glance["waiting"],
        "unseen": at_a_glance["unseen"],
        "oldest": at_a_glance["oldest"],
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


def _rows(request: HttpRequest, filters: Filters) -> dict[str, Any]:
    user = person(request)
    shown = list(for_cards(filters.rows(user))[: MOST_ROWS + 1])
    return {"rows": shown[:MOST_ROWS], "more": len(shown) > MOST_ROWS, "seen": seen_by(user, shown)}


def _json(request: HttpRequest, filters: Filters) -> JsonResponse:
    return JsonResponse({"handoffs": [row_json(row) for row in for_cards(filters.rows(person(request)))]})
