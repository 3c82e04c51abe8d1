"""Claiming, releasing, withdrawing and returning."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.answers import invalid, is_htmx, person_json, refuse, toast, wants_json
from accounts.models import User
from accounts.verbs import Refused
from flowpilot.models import AISession
from flowpilot.views.answering import person
from handoffs import claiming, releasing, returning, withdrawing
from handoffs.forms import NoteForm
from handoffs.models import SessionHandoff


class _Verb(Protocol):
    """Release, withdraw or return."""

    def __call__(self, pk: uuid.UUID, *, by: User, note: str) -> SessionHandoff | Refused: ...


@require_POST
def claim(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """POST `begin` = continue, analysis or own. The claimer is redirected to the session; others see in the queue who has it."""
    begin = request.POST.get("begin") or SessionHandoff.Begin.OWN
    result = claiming.claim(pk, by=person(request), begin=begin)
    if isinstance(result, Refused):
        return _lost(request, pk, result)
    handoff = result.handoff
    if wants_json(request):
        return JsonResponse(
            {
                "handoff": str(handoff.pk),
                "session": str(handoff.session_id),
                "handed_off_by": person_json(handoff.author),
                "claimed_by": person_json(handoff.claimed_by),
                "claimed_at": handoff.claimed_at.isoformat() if handoff.claimed_at else None,
            }
        )
    where = f"/sessions/{handoff.session_id}/" + ("?compose=1" if handoff.begin == SessionHandoff.Begin.OWN else "")
    return HttpResponseClientRedirect(where) if is_htmx(request) else redirect(where)


def _lost(request: HttpRequest, pk: uuid.UUID, refused: Refused) -> HttpResponse:
    """In the queue, the card shows who has it (409). On the context screen: back to the queue, with a toast. Plain forms get a page."""
    if wants_json(request):
        return refuse(request, refused)
    if is_htmx(request):
        if request.POST.get("from") == "queue" and refused.error == "already_claimed" and _just_now(refused):
            handoff = SessionHandoff.objects.select_related("session", "author", "target", "claimed_by").get(pk=pk)
            context = {"handoff": handoff, "taken_by": handoff.claimed_by, "detail": refused.detail}
            return render(request, "escalations/_card.html", context, status=refused.status)
        if refused.error in ("already_claimed", "withdrawn", "returned", "superseded", "session_changed"):
            messages.warning(request, refused.detail)
            return HttpResponseClientRedirect("/escalations/", status=200)
    return refuse(request, refused)


def _just_now(refused: Refused) -> bool:
    """Whether a page may still show the card: pages hear of a claim within a minute. Later, it would show its content to anybody."""
    return timezone.now() - datetime.fromisoformat(refused.extra["claimed_at"]) < timedelta(minutes=2)


def _act(request: HttpRequest, pk: uuid.UUID, act: _Verb, done: Callable[[SessionHandoff, User], str]) -> HttpResponse:
    form = NoteForm(request.POST)
    if not form.is_valid():
        return (
            invalid(form)
            if wants_json(request)
            else refuse(request, Refused("invalid", str(form.errors["note"][0])), back="/", back_text="Home")
        )
    result = act(pk, by=person(request), note=form.cleaned_data["note"])
    if isinstance(result, Refused):
        return refuse(request, result, back="/", back_text="Home")
    if wants_json(request):
        result.session.refresh_from_db()
        return JsonResponse({"session": str(result.session_id), "status": result.session.status, "handoff": str(result.pk)})
    toast(request, done(result, person(request)))
    return HttpResponseClientRedirect("/") if is_htmx(request) else redirect("dashboard")


@require_POST
def release(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _act(request, pk, releasing.release, lambda *_: "Released. It is back in the queue.")


def _who_goes_on(handoff: SessionHandoff, user: User) -> str:
    handler = AISession.objects.values_list("handler_id", flat=True).get(pk=handoff.session_id)
    if handler == handoff.author_id:
        return "Withdrawn. The session is back with the person who escalated it."
    return "Withdrawn. The person who escalated it can't work any more, so you handle the session now."


@require_POST
def withdraw(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _act(request, pk, withdrawing.withdraw, _who_goes_on)


@require_POST
def return_to_opener(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _act(request, pk, returning.return_to_opener, lambda *_: "Returned, with your instructions.")
