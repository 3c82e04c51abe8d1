"""The list of sessions, and intake."""

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.answers import invalid, refuse, wants_json
from accounts.people import MAY_CLAIM
from accounts.verbs import Refused
from flowpilot.access import readable_by
from flowpilot.forms import IntakeForm
from flowpilot.models import AISession
from flowpilot.views.answering import person

PER_PAGE = 30
VIEWS = {"mine": "Mine", "open": "Open", "all": "All"}


@require_GET
def sessions(request: HttpRequest) -> HttpResponse:
    """Sessions that the person may read: theirs first, filtered by status and words."""
    user = person(request)
    rows = readable_by(user).select_related("user", "handler")
    which = request.GET.get("show", "mine")
    which = which if which in VIEWS else "mine"
    if which == "mine":
        rows = rows.filter(Q(user=user) | Q(handler=user))
    elif which == "open":
        rows = rows.filter(status__in=("active", "paused", "requesting_escalation"))
    status = request.GET.get("status", "")
    if status in AISession.Status.values:
        rows = rows.filter(status=status)
    else:
        status = ""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    if words:
        rows = rows.filter(
            Q(title__icontains=words)
            | Q(client__icontains=words)
            | Q(ticket__icontains=words.lstrip("#"))
            | Q(problem_summary__icontains=words)
            | Q(user__name__icontains=words)
            | Q(handler__name__icontains=words)
        )
    page = Paginator(rows.order_by("-updated_at", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "which": which, "views": VIEWS, "status": status, "statuses": AISession.Status.choices, "words": words}
    return render(request, "flowpilot/sessions.html", context)


@require_http_methods(["GET", "POST"])
def intake(request: HttpRequest) -> HttpResponse:
    """GET the form; POST opens a session and leads into it."""
    user = person(request)
    if user.role not in MAY_CLAIM or user.account_id is None:
        return refuse(
            request, Refused("not_allowed", "Viewers follow along; engineers, admins and owners open sessions."), back="/", back_text="Home"
        )
    form = IntakeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if form.is_valid():
            fields = {**form.cleaned_data, "priority": form.cleaned_data["priority"] or 2}
            opened = AISession.objects.open(by=user, **fields)
            if not isinstance(opened, Refused):
                if wants_json(request):
                    return JsonResponse({"session": str(opened.pk), "status": opened.status, "handoff": None}, status=201)
                return redirect("session", pk=opened.pk)
            form.add_error(None, opened.detail)
        if wants_json(request):
            return invalid(form)
    return render(request, "flowpilot/intake.html", {"form": form}, status=422 if form.errors else 200)
