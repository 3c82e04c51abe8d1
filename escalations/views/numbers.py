"""The metrics of the account, as a page and as JSON."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.answers import refusal_page, refuse, wants_json
from accounts.permissions import MAY_CLAIM
from accounts.verbs import Refused
from escalations.metrics import PERIODS, current
from flowpilot.views.answering import person
from handoffs.models import EntryJudgement

UNKNOWN_PERIOD = "Choose 7d, 30d or 90d."


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """`?period=7d`, `30d` or `90d`. Anyone who may claim can see them."""
    user = person(request)
    if user.role not in MAY_CLAIM or user.account_id is None:
        return refuse(request, Refused("not_allowed", "Viewers can't see metrics."), back="/", back_text="Home")
    period = request.GET.get("period", "30d")
    if period not in PERIODS:
        if wants_json(request):
            return JsonResponse({"error": "invalid", "detail": UNKNOWN_PERIOD, "fields": {"period": [UNKNOWN_PERIOD]}}, status=422)
        return refusal_page(
            request,
            422,
            "Choose 7, 30 or 90 days.",
            heading="Unknown period",
            back="/escalations/metrics/",
            back_text="Last 30 days",
        )
    began = timezone.now()
    counted, until = current(user.account_id, period)
    if wants_json(request):
        return JsonResponse(counted)
    until = timezone.localtime(until)
    context = {
        "figures": counted,
        "period": period,
        "periods": [(key, f"{days} days") for key, days in PERIODS.items()],
        "since": until - timedelta(days=PERIODS[period]),
        "until": until,
        "is_kept": until < began,
        "judged": counted["assessments"],
        "judged_parts": [
            (EntryJudgement.Part(part).label, counts["right"], counts["wrong"])
            for part, counts in counted["assessments"]["by_part"].items()
            if any(counts.values())
        ],
        "most": max(counted["handed_off"], counted["claimed"], 1),
    }
    return render(request, "escalations/numbers.html", context)
