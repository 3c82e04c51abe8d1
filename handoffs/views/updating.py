"""Share update: a status update for an audience; for the context `escalation` the saved summary, without a new generation."""

import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.answers import invalid, wants_json
from assistant import ask
from assistant.usage import Caller
from flowpilot.access import get_readable
from flowpilot.casefile import case_of
from flowpilot.views.answering import fault, person
from handoffs.assessment import state_now
from handoffs.forms import StatusUpdateForm
from handoffs.models import SessionHandoff


@require_http_methods(["GET", "POST"])
def status_update(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """GET the form. POST `context`, `audience`, `length`; JSON `{"text", "source"}`, `source` being saved (the handoff's prose) or
    written (made now)."""
    session = get_readable(person(request), pk)
    handed_off = SessionHandoff.objects.filter(session_id=pk, intent=SessionHandoff.Intent.ESCALATE).exists()
    page = {"session": session, "handed_off": handed_off, "asked": {"context": "escalation" if handed_off else "progress"}}
    if request.method == "GET":
        return render(request, "handoffs/update.html", page)
    form = StatusUpdateForm(request.POST)
    if not form.is_valid():
        return invalid(form) if wants_json(request) else fault(request, session, form)
    asked = form.cleaned_data
    audience, length = asked["audience"] or "ticket", asked["length"] or "short"
    text, source = _saved(session.pk) if asked["context"] == "escalation" else ("", "")
    if not text:
        text, source = (
            ask.update(
                case_of(session), Caller(session.account_id, session.pk), context=asked["context"], audience=audience, length=length
            ).result.text,
            "written",
        )
    if wants_json(request):
        return JsonResponse({"text": text, "source": source})
    return render(request, "handoffs/update.html", {**page, "asked": asked, "text": text, "source": source})


def _saved(session_id: uuid.UUID) -> tuple[str, str]:
    """The summary of the latest escalation; if no assessment is ready, what its author needs."""
    handoff = (
        SessionHandoff.objects.select_related("author")
        .filter(session_id=session_id, intent=SessionHandoff.Intent.ESCALATE)
        .order_by("-created_at")
        .first()
    )
    if handoff is None:
        return "", ""
    state, _ = state_now(handoff)
    if state == SessionHandoff.Assessed.READY and handoff.assessment:
        return handoff.assessment["summary_prose"], "saved"
    return f"{handoff.author} escalated this: {handoff.needs}", "saved"
