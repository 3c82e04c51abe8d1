"""Judging the assessment, entry by entry, and reporting what was missing."""

import uuid
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.answers import invalid, is_htmx, refuse, wants_json
from accounts.verbs import Refused
from flowpilot.views.answering import person
from handoffs import judging
from handoffs.access import get_for
from handoffs.forms import JudgeForm, MissingForm
from handoffs.models import SessionHandoff
from handoffs.presenting import judge_id


@require_POST
def judge(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """POST `part`, `entry`, `verdict`, `note`; JSON gets the judgement, HTMX the two buttons of that entry, a plain form the screen."""
    handoff, _ = get_for(person(request), pk)
    if not judging.may_judge(person(request), handoff):
        return _refuse(request, pk, Refused("not_allowed", judging.NOT_YOURS))
    form = JudgeForm(request.POST)
    if not form.is_valid():
        return _fault(request, pk, form)
    asked = form.cleaned_data
    # The buttons send no note; the form of the note does, even if it is empty.
    note = asked["note"] if "note" in request.POST else None
    kept = judging.judge(
        pk,
        by=person(request),
        part=asked["part"],
        entry=asked["entry"],
        verdict=asked["verdict"],
        note=note,
        generation=asked["generation"],
    )
    if isinstance(kept, Refused):
        return _refuse(request, pk, kept)
    if wants_json(request):
        body = {"part": kept.part, "entry": kept.entry, "verdict": kept.verdict, "note": kept.note}
        return JsonResponse({"handoff": str(pk), **body})
    if is_htmx(request):
        context = {"handoff": handoff, "part": kept.part, "entry": kept.entry, "judged": kept, "spot": judge_id(kept.part, kept.entry)}
        return render(request, "handoffs/_judge.html", context)
    return redirect(f"{_screen(pk)}#{judge_id(kept.part, kept.entry)}")


@require_POST
def missing(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """POST `text`, and `step` if a step has it. Answers like `judge`."""
    handoff, _ = get_for(person(request), pk)
    if not judging.may_judge(person(request), handoff):
        return _refuse(request, pk, Refused("not_allowed", judging.NOT_YOURS))
    form = MissingForm(request.POST)
    if not form.is_valid():
        return _fault(request, pk, form)
    asked = form.cleaned_data
    kept = judging.report_missing(pk, by=person(request), text=asked["text"], step=asked["step"], generation=asked["generation"])
    if isinstance(kept, Refused):
        return _refuse(request, pk, kept)
    if wants_json(request):
        return JsonResponse({"handoff": str(pk), "text": kept.text, "step": kept.step})
    if is_htmx(request):
        return render(request, "handoffs/_missing.html", {"handoff": handoff, "missing": missing_by(request, handoff)})
    return redirect(f"{_screen(pk)}#missing")


def missing_by(request: HttpRequest, handoff: SessionHandoff) -> Any:
    """What this person reported as missing, in order."""
    return handoff.missing.filter(by=person(request))


def _screen(pk: uuid.UUID) -> str:
    return reverse("handoff", args=[pk]) + "?overlay=1"


def _refuse(request: HttpRequest, pk: uuid.UUID, refused: Refused) -> HttpResponse:
    return refuse(request, refused, back=_screen(pk), back_text="Back to the context")


def _fault(request: HttpRequest, pk: uuid.UUID, form: Form) -> HttpResponse:
    if wants_json(request):
        return invalid(form)
    return _refuse(request, pk, Refused("invalid", next(str(e) for errors in form.errors.values() for e in errors)))
