"""The figures of the account, as JSON."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from accounts.people import MAY_CLAIM
from accounts.verbs import Refused
from escalations.metrics import PERIODS, figures
from flowpilot.views.answering import person


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """`?period=7d`, `30d` or `90d`. Anyone who may claim can see them."""
    user = person(request)
    if user.role not in MAY_CLAIM or user.account_id is None:
        refused = Refused("not_allowed", "Engineers, admins and owners see the figures.")
        return JsonResponse({"error": refused.error, "detail": refused.detail}, status=403)
    period = request.GET.get("period", "30d")
    if period not in PERIODS:
        detail = "Choose 7d, 30d or 90d."
        return JsonResponse({"error": "invalid", "detail": detail, "fields": {"period": [detail]}}, status=422)
    return JsonResponse(figures(user.account_id, period))
