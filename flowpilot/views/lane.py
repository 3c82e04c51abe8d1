"""The task lane: cards, sending, facts and the fix."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from flowpilot import fixes, lane, proposals
from flowpilot.access import get_writable
from flowpilot.forms import FactForm, FixForm, ProposalForm, TaskForm
from flowpilot.models import AISession, Task
from flowpilot.views.answering import answer, fault, person


@require_POST
def task(request: HttpRequest, pk: uuid.UUID, card: int) -> HttpResponse:
    session = get_writable(person(request), pk)
    form = TaskForm(request.POST)
    if not form.is_valid():
        return fault(request, session, form)
    action, text = form.cleaned_data["action"], form.cleaned_data["answer"]
    if action == "reopen":
        return answer(request, session, lane.reopen(pk, card, by=person(request)), at=f"#task-lane-card-{card}")
    state = {"done": Task.State.DONE, "skip": Task.State.SKIPPED}[action]
    return answer(request, session, lane.settle(pk, card, by=person(request), state=state, answer=text), at="#lane")


@require_POST
def send(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    session = get_writable(person(request), pk)
    return answer(request, session, lane.send(pk, by=person(request), reply=session.status == AISession.Status.ACTIVE))


@require_POST
def add_fact(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    session = get_writable(person(request), pk)
    form = FactForm(request.POST)
    if not form.is_valid():
        return fault(request, session, form)
    return answer(request, session, lane.add_fact(pk, by=person(request), **form.cleaned_data), at="#lane")


@require_POST
def drop_fact(request: HttpRequest, pk: uuid.UUID, card: int) -> HttpResponse:
    session = get_writable(person(request), pk)
    return answer(request, session, lane.drop_fact(pk, card, by=person(request)), at="#lane")


@require_POST
def fix(request: HttpRequest, pk: uuid.UUID, card: int) -> HttpResponse:
    session = get_writable(person(request), pk)
    form = FixForm(request.POST)
    if not form.is_valid():
        return fault(request, session, form)
    told = fixes.report_outcome(pk, card, by=person(request), reply=session.status == AISession.Status.ACTIVE, **form.cleaned_data)
    return answer(request, session, told)


@require_POST
def proposal(request: HttpRequest, pk: uuid.UUID, offer: uuid.UUID) -> HttpResponse:
    """Decides what FlowPilot proposes: `decision` accept (a fact with the technician's own words in `text`) or dismiss."""
    session = get_writable(person(request), pk)
    form = ProposalForm(request.POST)
    if not form.is_valid():
        return fault(request, session, form)
    by, text = person(request), form.cleaned_data["text"]
    if form.cleaned_data["decision"] == "dismiss":
        return answer(request, session, proposals.dismiss(pk, offer, by=by), at="#lane")
    return answer(
        request, session, proposals.accept(pk, offer, by=by, text=text, reply=session.status == AISession.Status.ACTIVE), at="#lane"
    )
