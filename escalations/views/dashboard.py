"""The dashboard and the bell."""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from escalations.counts import counts_of
from escalations.models import Notification
from escalations.queue import for_cards, rows_for
from flowpilot.lists import newest
from flowpilot.models import AISession
from flowpilot.views.answering import person
from handoffs.models import SessionHandoff

BELL_ROWS = 50
WAITING_ROWS = 6
OWN_ROWS = 12
RESOLVED_ROWS = 6


@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    """Your sessions, your escalations, and the open ones. Staff without an account are redirected to the admin."""
    user = person(request)
    if user.account_id is None:
        return redirect("admin:index")
    of_account = AISession.objects.filter(account_id=user.account_id)
    handled = of_account.filter(handler=user).select_related("user", "handler").order_by("-updated_at")
    context = {
        "working": handled.active()[:OWN_ROWS],
        "parked": handled.filter(status=AISession.Status.PAUSED)[:OWN_ROWS],
        "handed_off": _handed_off_by(user),
        "resolved": _resolved(user),
        "rows": _waiting_for(user),
    }
    return render(request, "escalations/dashboard.html", context)


@require_GET
def waiting(request: HttpRequest) -> HttpResponse:
    """The dashboard's list of open escalations, fetched again when one is added or claimed."""
    return render(request, "escalations/dashboard.html#waiting", {"rows": _waiting_for(person(request))})


@require_GET
def handed_off(request: HttpRequest) -> HttpResponse:
    """The dashboard's list of the viewer's own live escalations, fetched again when its page may have missed something."""
    return render(request, "escalations/dashboard.html#handed_off", {"handed_off": _handed_off_by(person(request))})


@require_GET
def counts(request: HttpRequest) -> JsonResponse:
    """The counts around every page: `{"open": n, "unread": n}`."""
    counted = counts_of(person(request))
    return JsonResponse({"open": counted.open, "unread": counted.unread})


def _resolved(user: User) -> QuerySet[AISession]:
    resolved = AISession.objects.filter(account_id=user.account_id or 0, status=AISession.Status.RESOLVED)
    own = newest([resolved.filter(user=user), resolved.filter(handler=user)], count=RESOLVED_ROWS, by="resolved_at")
    return own.select_related("user", "handler")


def _waiting_for(user: User) -> list[SessionHandoff]:
    return list(for_cards(rows_for(user), WAITING_ROWS))


def _handed_off_by(user: User) -> QuerySet[SessionHandoff]:
    mine = SessionHandoff.objects.escalations().live().filter(author=user)
    return for_cards(mine.select_related("session", "claimed_by", "target").order_by("-created_at"), OWN_ROWS)


@require_GET
def bell(request: HttpRequest) -> HttpResponse:
    """The list behind the bell."""
    notes = Notification.objects.filter(user=person(request)).select_related("handoff__claimed_by", "session__handler")[:BELL_ROWS]
    return render(request, "escalations/bell.html", {"notes": notes, "most": BELL_ROWS})


@require_GET
def open_note(request: HttpRequest, pk: int) -> HttpResponse:
    """Marks the notification as read and redirects to the context screen, or to the session."""
    note = get_object_or_404(Notification, pk=pk, user=person(request))
    Notification.objects.filter(pk=pk, read_at=None).update(read_at=timezone.now())
    return redirect("handoff", pk=note.handoff_id) if note.handoff_id else redirect("session", pk=note.session_id)


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    Notification.objects.filter(user=person(request), read_at=None).update(read_at=timezone.now())
    return redirect("bell")
