"""Escalating, parking, resuming and taking over."""

import uuid
from typing import Any
from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.answers import htmx_of, invalid, is_htmx, person_json, refuse, toast, wants_json
from accounts.people import who_may_claim
from accounts.permissions import may_work
from accounts.verbs import Refused
from flowpilot.access import get_readable, get_writable, may_take_over
from flowpilot.models import AISession, Fix, Task
from flowpilot.views.answering import answer, fault, person
from flowpilot.workload import most_available_first
from handoffs import opening, parking, taking_over
from handoffs.forms import EscalateForm, ParkForm, TakeOverForm


@require_http_methods(["GET", "POST"])
def escalate(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """GET the form, POST it. Slow work is done in jobs."""
    user = person(request)
    if request.method == "GET":
        session = get_writable(user, pk)
        form = EscalateForm(by=user, initial={"priority": session.priority_slug})
        return render(request, "handoffs/escalate.html", _dialog(session, form, user))
    form = EscalateForm(request.POST, by=user)
    if not (form.is_valid() and may_work(user)):
        session = get_writable(user, pk)
        return invalid(form) if wants_json(request) else render(request, "handoffs/escalate.html", _dialog(session, form, user), status=422)
    fields = form.cleaned_data
    opened = opening.open_handoff(
        pk, by=user, needs=fields["reason"], priority=fields["priority"], target=fields["target"], fix_outcome=fields["fix_outcome"]
    )
    if isinstance(opened, Refused):
        if opened.error == "not_found":
            raise Http404
        return refuse(request, opened, back=f"/sessions/{pk}/", back_text="Back to the session")
    if wants_json(request):
        body = {"handoff": str(opened.handoff.pk), "session": str(pk), "handed_off_by": person_json(opened.handoff.author)}
        return JsonResponse(body, status=201 if opened.created else 200)
    count = who_may_claim(opened.handoff.account_id).exclude(pk=user.pk).count()
    notified = "1 colleague has been notified" if count == 1 else f"{count} colleagues have been notified"
    toast(request, f"Escalated. {notified}. You can withdraw it until someone claims it.")
    return HttpResponseClientRedirect("/") if is_htmx(request) else redirect("dashboard")


def _dialog(session: AISession, form: EscalateForm, user: Any) -> dict[str, Any]:
    """The dialog: whether the fix worked, people with their workload, what the colleague will get, what is missing."""
    people = most_available_first(who_may_claim(session.account_id).exclude(pk=user.pk))
    tasks = list(session.tasks.all())
    open_tasks = [task for task in tasks if not task.is_settled]
    # What is missing, and the card where it can be added.
    missing: list[tuple[str, str, int | None]] = []
    missing += [("Not answered: ", task.title, task.number) for task in open_tasks if task.kind == Task.Kind.QUESTION][:2]
    missing += [("Not done: ", task.title, task.number) for task in open_tasks if task.kind == Task.Kind.CHECK][:2]
    if not session.client:
        missing.append(("No client.", "", None))
    if not session.ticket:
        missing.append(("No ticket.", "", None))
    unsent = [task for task in tasks if task.can_be_sent]
    return {
        "session": session,
        "form": form,
        "people": people,
        "unsettled": session.fixes.filter(current=True, outcome__in=Fix.UNSETTLED).first(),
        "facts": session.facts.count(),
        "done": sum(1 for task in tasks if task.state == Task.State.DONE) + session.fixes.exclude(outcome=Fix.Outcome.PROPOSED).count(),
        "open": len(open_tasks),
        "unsent": len(unsent),
        "missing": missing,
        "parked": session.status == AISession.Status.PAUSED,
    }


@require_POST
def park(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    session = get_writable(person(request), pk)
    form = ParkForm(request.POST)
    if not form.is_valid():
        return fault(request, session, form)
    parked = parking.park(pk, by=person(request), needs=form.cleaned_data["reason"])
    if not isinstance(parked, Refused) and wants_json(request):
        return JsonResponse({"handoff": str(parked.handoff.pk), "session": str(pk)}, status=201)
    if not isinstance(parked, Refused) and urlsplit(htmx_of(request).current_url or "").path.endswith("/escalate/"):
        # The dialog was open as a page of its own: go to the session.
        return HttpResponseClientRedirect(f"/sessions/{pk}/")
    return answer(request, session, parked)


@require_POST
def resume(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    session = get_readable(person(request), pk)
    resumed = parking.resume(pk, by=person(request))
    body = None if isinstance(resumed, Refused) else {"session": str(pk), "status": AISession.Status.ACTIVE, "handoff": str(resumed.pk)}
    return answer(request, session, resumed, json=body)


@require_POST
def take_over(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """POST `reason`; admins and owners only."""
    session = get_readable(person(request), pk)
    form = TakeOverForm(request.POST)
    if not form.is_valid() and may_take_over(person(request), session):
        return fault(request, session, form)
    return answer(request, session, taking_over.take_over(pk, by=person(request), reason=form.cleaned_data.get("reason", "")))
