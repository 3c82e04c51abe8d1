"""The workspace: the conversation, and what ends or reopens it."""

import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts.answers import wants_json
from accounts.snapshots import one_snapshot
from flowpilot import drafts, overdue, sessions, ticketnotes
from flowpilot.access import get_readable, get_writable
from flowpilot.forms import MessageForm, NotesForm
from flowpilot.models import AISession, SessionStep
from flowpilot.views.answering import LAST_STEPS, answer, fault, live, person, state_json, workspace_context


@require_GET
@one_snapshot()
def workspace(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The session. `?all=1` shows every step; otherwise the last ones, with a link to the earlier ones."""
    session = get_readable(person(request), pk)
    if wants_json(request):
        return JsonResponse({**state_json(session), "title": session.title, "steps": session.step_count})
    show_all = request.GET.get("all") == "1"
    steps = session.steps.select_related("author")
    hidden = 0 if show_all else max(0, session.step_count - LAST_STEPS)
    context = {
        **workspace_context(request, session),
        "steps": steps.filter(number__gt=hidden),
        "hidden": hidden,
        "compose": request.GET.get("compose") == "1",
    }
    return render(request, "flowpilot/workspace.html", context)


@require_GET
@one_snapshot()
def changes(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What has changed since `after`."""
    return live(request, get_readable(person(request), pk))


@require_GET
def draft(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What FlowPilot has written so far of the requested reply; 204 where there is nothing yet."""
    session = get_readable(person(request), pk)
    text = drafts.so_far(session)
    if not text:
        return HttpResponse(status=204)
    return render(request, "flowpilot/_draft.html", {"text": text, "session": session})


@require_POST
def messages(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    session = get_writable(person(request), pk)
    form = MessageForm(request.POST)
    if not form.is_valid():
        return fault(request, session, form)
    kind = form.cleaned_data["kind"] or SessionStep.Kind.MESSAGE
    said = sessions.post(pk, by=person(request), text=form.cleaned_data["text"], kind=kind, reply=session.status == AISession.Status.ACTIVE)
    return answer(request, session, said, json={"session": str(pk), "step": getattr(said, "number", None)})


@require_POST
def resolve(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    session = get_writable(person(request), pk)
    return answer(request, session, sessions.resolve(pk, by=person(request)))


@require_POST
def abandon(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    session = get_writable(person(request), pk)
    return answer(request, session, sessions.abandon(pk, by=person(request)))


@require_POST
def reopen(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    session = get_writable(person(request), pk)
    return answer(request, session, sessions.reopen(pk, by=person(request)))


@require_POST
def try_again(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Requests the reply or the ticket notes again, where they are overdue."""
    session = get_writable(person(request), pk)
    return answer(request, session, overdue.try_again(pk, by=person(request)))


@require_POST
def notes(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Saves the ticket notes as somebody edited them."""
    session = get_writable(person(request), pk)
    form = NotesForm(request.POST)
    if not form.is_valid():
        return fault(request, session, form)
    return answer(request, session, ticketnotes.edit(pk, by=person(request), text=form.cleaned_data["notes"]))
