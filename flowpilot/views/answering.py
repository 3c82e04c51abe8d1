"""How the workspace answers a form: JSON, the live fragment for HTMX, or the page."""

from typing import Any

from django.conf import settings
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render

from accounts.answers import invalid, is_htmx, refuse, wants_json
from accounts.models import User
from accounts.permissions import is_lead
from accounts.snapshots import one_snapshot
from accounts.verbs import Refused
from flowpilot.access import can_be_taken_over, get_readable, may_write, why_read_only
from flowpilot.holders import holders_of
from flowpilot.lane import preview
from flowpilot.models import AISession, Fix, Priority, Proposal, Task
from flowpilot.overdue import notes_are_overdue, reply_is_overdue

# How many of the last steps a workspace shows at first; earlier ones are loaded on request.
LAST_STEPS = 60


def person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def state_json(session: AISession) -> dict[str, Any]:
    package = session.escalation_package or {}
    return {"session": str(session.pk), "status": session.status, "handoff": package.get("handoff_id")}


def lane_context(session: AISession) -> dict[str, Any]:
    tasks = list(session.tasks.select_related("sent_as", "by"))
    fixes = list(session.fixes.select_related("by"))
    sendable = [task for task in tasks if task.can_be_sent]
    unsent = [task for task in tasks if task.sent_as_id is None]
    return {
        "facts": list(session.facts.select_related("source", "by")),
        "proposals": list(session.proposals.filter(state=Proposal.State.OPEN).select_related("source")),
        "repeats": list(session.repeats.select_related("done_in__author")),
        "questions": [task for task in tasks if task.kind == Task.Kind.QUESTION],
        "questions_done": sum(1 for task in tasks if task.kind == Task.Kind.QUESTION and task.is_settled),
        "checks": [task for task in tasks if task.kind == Task.Kind.CHECK],
        "checks_done": sum(1 for task in tasks if task.kind == Task.Kind.CHECK and task.is_settled),
        "fixes": fixes,
        "fix": next((fix for fix in fixes if fix.current), None),
        "open_tasks": sum(1 for task in tasks if not task.is_settled),
        "done_tasks": sum(1 for task in tasks if task.state == Task.State.DONE),
        "skipped_tasks": sum(1 for task in tasks if task.state == Task.State.SKIPPED),
        "sendable": len(sendable),
        "unsent": len(unsent),
        "preview": preview(sendable),
    }


def workspace_context(request: HttpRequest, session: AISession) -> dict[str, Any]:
    user = person(request)
    why_not = why_read_only(user, session)
    return {
        "session": session,
        "can_write": not why_not,
        "why_not": why_not,
        "may_write": may_write(user, session),
        "may_resume": session.handler_id == user.pk or is_lead(user),
        "can_take_over": can_be_taken_over(user, session),
        "holders": holders_of(session),
        "priorities": Priority,
        "outcomes": Fix.Outcome,
        "reply_overdue": reply_is_overdue(session),
        "notes_overdue": notes_are_overdue(session),
        "streams": settings.ASSISTANT == "llm",
        **lane_context(session),
    }


def after(request: HttpRequest) -> int:
    """The last step that the page has."""
    sent = request.POST.get("after") or request.GET.get("after") or "0"
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 9 else 0


def live(request: HttpRequest, session: AISession) -> HttpResponse:
    """What has changed since the page's last step: new steps, header, fix, lane. The page leaves fields that somebody is typing in."""
    steps = session.steps.filter(number__gt=after(request)).select_related("author")
    context = {**workspace_context(request, session), "steps": steps}
    return render(request, "flowpilot/_live.html", context)


def answer(request: HttpRequest, session: AISession, result: Any, *, json: dict[str, Any] | None = None, at: str = "") -> HttpResponse:
    """The answer to a verb of the workspace, done or refused. `at` is the anchor to which forms without JavaScript return."""
    if isinstance(result, Refused):
        return refuse(request, result, back=f"/sessions/{session.pk}/", back_text="Back to the session")
    with one_snapshot():
        fresh = get_readable(person(request), session.pk)
        if wants_json(request):
            return JsonResponse(json or state_json(fresh))
        if is_htmx(request):
            return live(request, fresh)
    return redirect(f"/sessions/{session.pk}/{at}")


def fault(request: HttpRequest, session: AISession, form: BaseForm) -> HttpResponse:
    """422 for an invalid form."""
    if wants_json(request):
        return invalid(form)
    detail = next((str(e) for errors in form.errors.values() for e in errors), "Check the fields.")
    return refuse(request, Refused("invalid", detail), back=f"/sessions/{session.pk}/", back_text="Back to the session")
