"""The queue, and its rows as the page fetches them after a break."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.answers import wants_json
from escalations.metrics import figures
from escalations.queue import row_json, rows_for, seen_by
from flowpilot.views.answering import person
from handoffs.models import SessionHandoff


def _context(request: HttpRequest) -> dict[str, Any]:
    user = person(request)
    rows = list(rows_for(user))
    seen = seen_by(user)
    return {
        "rows": rows,
        "seen": seen,
        "unseen": sum(1 for row in rows if row.pk not in seen),
        "oldest": min((row.created_at for row in rows), default=None),
        "now": timezone.now(),
    }


@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    user = person(request)
    if wants_json(request):
        return JsonResponse({"handoffs": [row_json(row) for row in rows_for(user)]})
    context = _context(request)
    if user.account_id is not None:
        context["figures"] = figures(user.account_id, "7d")
    context["handed_off"] = (
        SessionHandoff.objects.waiting()
        .filter(account_id=user.account_id or 0, author=user)
        .select_related("session", "target", "author")
        .order_by("created_at")
    )
    return render(request, "escalations/queue.html", context)


@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """The rows alone: the same as the page shows."""
    if wants_json(request):
        return JsonResponse({"handoffs": [row_json(row) for row in rows_for(person(request))]})
    return render(request, "escalations/queue.html#rows", _context(request))
