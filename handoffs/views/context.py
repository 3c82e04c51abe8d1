"""The handoff context screen, before the claim and as an overlay after it."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts.answers import person_json, refuse, wants_json
from accounts.verbs import Refused
from flowpilot.models import SessionStep
from flowpilot.views.answering import person
from handoffs import assessment, judging
from handoffs.access import get_for
from handoffs.models import SessionHandoff
from handoffs.permissions import Action, actions
from handoffs.presenting import cited, judge_id, known_rows, names_of, tally, tried_rows, why_confident, with_judgements
from handoffs.refusals import ended_error
from handoffs.signals import handoff_opened_by
from handoffs.views.judging import missing_by

# A transcript shows this many of its last steps; all of them with ?all=1.
MOST_STEPS = 120
# This many facts are shown before "show more" (fewer if there are corrections), so that what was tried is on the first screen, too.
MOST_KNOWN = 9


@require_GET
def context(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The screen. For people who may not read the session: 410 with the reason if it has ended, else a short page that says who has it."""
    user = person(request)
    handoff, readable = get_for(user, pk)
    if not readable:
        return _short(request, handoff)
    handoff_opened_by.send(sender=None, handoff=handoff, user=user)
    if wants_json(request):
        return JsonResponse(_json(handoff))
    return render(request, "handoffs/context.html", screen(request, handoff))


@require_GET
def summary(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The part with the assessment, fetched again when that is ready."""
    handoff, readable = get_for(person(request), pk)
    if not readable:
        return _short(request, handoff)
    return render(request, "handoffs/_summary.html", screen(request, handoff))


@require_POST
def ask_again(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Requests the assessment again, if it is unavailable."""
    handoff, readable = get_for(person(request), pk)
    if not readable:
        return _short(request, handoff)
    asked = assessment.ask_again(pk, by=person(request))
    if isinstance(asked, Refused):
        return refuse(request, asked)
    return render(request, "handoffs/_summary.html", screen(request, asked))


def screen(request: HttpRequest, handoff: SessionHandoff) -> dict[str, Any]:
    user = person(request)
    state, reason = assessment.state_now(handoff)
    session = handoff.session
    steps = session.steps.select_related("author")
    shown = steps if request.GET.get("all") == "1" else steps.filter(number__gt=max(0, session.step_count - MOST_STEPS))
    frozen = handoff.snapshot.get("step_count", 0)
    made = (handoff.assessment or {}) if state == SessionHandoff.Assessed.READY else {}
    kinds = _kinds(handoff, shown, made)
    judges = bool(made) and judging.may_judge(user, handoff)
    judged = {(j.part, j.entry): j for j in handoff.judgements.filter(by=user)} if judges else {}
    possible = actions(user, handoff)
    tried = tried_rows(handoff, state, names_of(shown))
    return {
        "handoff": handoff,
        "session": session,
        "steps": shown,
        "hidden": max(0, session.step_count - MOST_STEPS) if request.GET.get("all") != "1" else 0,
        "state": state,
        "reason": reason,
        "made": made,
        "by_model": handoff.assessment_by if handoff.assessment_by not in ("", "offline") else "",
        "why_confident": why_confident(made, kinds) if made else "",
        "known": with_judgements("known", known_rows(handoff, kinds, state), judged),
        "corrected": with_judgements("corrected", made.get("corrected", []), judged),
        "tried": with_judgements("tried", tried, judged),
        "next_steps": with_judgements("step", made.get("suggested_steps", []), judged),
        "judges": judges,
        "judged": {part: judged.get((part, 0)) for part in ("cause", "summary")},
        "spots": {part: judge_id(part, 0) for part in ("cause", "summary")},
        "missing": missing_by(request, handoff) if judges else (),
        "tally": tally(tried),
        "MOST_ROWS": MOST_KNOWN - (3 if made.get("corrected") else 0),
        "new_steps": _new_since(handoff, frozen),
        "seen_upto": handoff.assessed_upto or frozen,
        "open_tasks": handoff.snapshot.get("open_tasks", []),
        "done_tasks": handoff.snapshot.get("done_tasks", []),
        "mine": handoff.author_id == user.pk,
        "can_claim": Action.CLAIM in possible,
        "can_withdraw": Action.WITHDRAW in possible,
        "overlay": request.GET.get("overlay") == "1",
        "solo": True,
    }


def _kinds(handoff: SessionHandoff, shown: Any, made: dict[str, Any]) -> dict[int, str]:
    """The kind of each step that is shown or cited. A command's output counts as a check."""
    kinds = {step.number: SessionStep.Kind.CHECK if step.command else step.kind for step in shown}
    earlier = cited(made) - set(kinds)
    if earlier:
        rows = SessionStep.objects.filter(session_id=handoff.session_id, number__in=earlier).values_list("number", "kind", "command")
        kinds |= {number: SessionStep.Kind.CHECK if command else kind for number, kind, command in rows}
    return kinds


def _new_since(handoff: SessionHandoff, frozen: int) -> int:
    """How many steps there are since the summary, not counting event steps."""
    upto = handoff.assessed_upto or frozen
    return SessionStep.objects.filter(session_id=handoff.session_id, number__gt=upto).exclude(kind=SessionStep.Kind.SYSTEM).count()


def _short(request: HttpRequest, handoff: SessionHandoff) -> HttpResponse:
    """What the rest of the account sees of a claimed handoff: who has it since when, but no content."""
    if handoff.has_ended:
        return refuse(request, ended_error(handoff).refused)
    if wants_json(request):
        return JsonResponse(
            {
                "handoff": str(handoff.pk),
                "status": handoff.state,
                "claimed_by": person_json(handoff.claimed_by),
                "claimed_at": _iso(handoff.claimed_at),
            }
        )
    return render(request, "handoffs/taken.html", {"handoff": handoff})


def _iso(when: Any) -> str | None:
    return when.isoformat() if when else None


def _json(handoff: SessionHandoff) -> dict[str, Any]:
    state, _ = assessment.state_now(handoff)
    return {
        "handoff": str(handoff.pk),
        "session": str(handoff.session_id),
        "status": handoff.state,
        "handed_off_by": person_json(handoff.author),
        "needs": handoff.needs,
        "snapshot": handoff.snapshot,
        "assessment_state": state,
        "assessment": handoff.assessment if state == SessionHandoff.Assessed.READY else None,
    }
