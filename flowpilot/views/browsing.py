"""The list of sessions with its search and filters, and intake."""

from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_http_methods

from accounts.answers import htmx_of, invalid, is_htmx, refuse, wants_json
from accounts.models import User
from accounts.permissions import MAY_CLAIM
from accounts.verbs import Refused
from flowpilot.access import readable_by
from flowpilot.forms import IntakeForm
from flowpilot.lists import count_up_to, newest
from flowpilot.models import AISession, Priority
from flowpilot.search.query import search, understand
from flowpilot.search.snippets import explain
from flowpilot.search.terms import Wanted
from flowpilot.search.typos import offers
from flowpilot.sessions import open_session
from flowpilot.views.answering import LAST_STEPS, person
from flowpilot.views.choices import choices_for
from flowpilot.views.filters import SORTS, VIEWS, Filters, in_view
from flowpilot.views.pages import Count, Page

# Large columns that the list does not show.
UNSEEN = ("escalation_package", "origin", "status_reason")


@require_GET
def sessions(request: HttpRequest) -> HttpResponse:
    """Sessions that the person may read, searched and filtered. Typing in the search requests this page, too, and takes its rows."""
    user, asked = person(request), Filters.of(request.GET)
    readable = readable_by(user)
    wanted = understand(asked.q, among=readable, account_id=user.account_id or 0) if asked.q else None
    if wanted is None:
        counts, page = _listed(request, asked, user)
    else:
        counts, page = _found(request, asked, user, search(readable, wanted))
    _add_reasons(page.rows, wanted)
    typing = is_htmx(request) and not htmx_of(request).history_restore_request
    context = {
        **_context(asked, user, page, counts),
        "instead": wanted.instead if wanted else (),
        # While somebody types, the page has the filters already.
        "choices": [] if typing else _choices(asked, user),
        "offers": _offers(asked, wanted, readable) if wanted and not counts["all"] and not asked.is_filtered else [],
    }
    response = render(request, "flowpilot/sessions.html", context)
    patch_vary_headers(response, ["HX-Request"])
    if typing:
        response["HX-Replace-Url"] = asked.address()
    return response


def _listed(request: HttpRequest, asked: Filters, user: User) -> tuple[dict[str, Count], Page]:
    """How many sessions each view has, and a page of the chosen one, newest first."""
    views = {name: asked.reasons(name, user) for name in VIEWS}
    counts = {name: Count(count_up_to(Count.MOST + 1, reasons)) for name, reasons in views.items()}

    def rows(start: int, end: int) -> QuerySet[AISession]:
        return _shown(newest(views[asked.show], start=start, count=end - start))

    return counts, Page.of(request.GET, counts[asked.show], rows)


def _found(request: HttpRequest, asked: Filters, user: User, found: QuerySet[AISession]) -> tuple[dict[str, Count], Page]:
    """The same of what a search has found, best first unless asked otherwise."""
    rows, views = asked.apply(found), in_view(user)
    counted = rows.order_by().aggregate(**{name: models.Count("pk", filter=which) for name, which in views.items()})
    rows = _shown(rows.filter(views[asked.show]))
    if asked.sort == "newest":
        rows = rows.order_by("-updated_at", "pk")
    counts = {name: Count(number) for name, number in counted.items()}
    return counts, Page.of(request.GET, counts[asked.show], lambda start, end: rows[start:end])


def _shown(rows: QuerySet[AISession]) -> QuerySet[AISession]:
    return rows.select_related("user", "handler").defer(*UNSEEN)


def _context(asked: Filters, user: User, page: Page, counts: dict[str, Count]) -> dict[str, Any]:
    return {
        "page": page,
        "asked": asked,
        "words": asked.q,
        "views": [(name, label, counts[name], asked.address(show=name)) for name, label in VIEWS.items()],
        "elsewhere": counts["all"],
        "sorts": [(name, label, asked.address(sort=name)) for name, label in SORTS.items()],
        "active": _active(asked, user),
        "everywhere": asked.address(show="all"),
        "unfiltered": asked.address(**dict.fromkeys(Filters.FILTERS, "")),
        "wordless": asked.address(q="", sort=""),
        "before": asked.address(page=page.number - 1) if page.number > 1 else "",
        "after": asked.address(page=page.number + 1) if page.has_next else "",
    }


def _add_reasons(rows: list[AISession], wanted: Wanted | None) -> None:
    """Why each was found. Without a search the reason is None: a missing attribute would cost a template most of a row's time."""
    reasons = explain(rows, wanted) if wanted else {}
    for session in rows:
        session.why = reasons.get(session.pk)  # type: ignore[attr-defined]
        # A workspace shows only its last steps at first; links to earlier ones request all.
        session.why_before = bool(session.why and 0 < session.why.step <= session.step_count - LAST_STEPS)  # type: ignore[attr-defined]


def _active(asked: Filters, user: User) -> list[dict[str, str]]:
    """The active filters, each with the address that removes it."""
    labels = {
        "status": dict(AISession.Status.choices).get(asked.status, ""),
        "priority": asked.priority.capitalize(),
        "person": str(User.objects.filter(pk=asked.person, account_id=user.account_id or 0).first() or "Nobody") if asked.person else "",
    }
    return [
        {"name": name, "value": str(labels.get(name) or getattr(asked, name)), "without": asked.address(**{name: ""})}
        for name in Filters.FILTERS
        if getattr(asked, name)
    ]


def _choices(asked: Filters, user: User) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """The selects: name, label of the empty option, values with labels, the chosen value."""
    found = choices_for(user)

    def of(name: str) -> list[tuple[str, str]]:
        chosen = {getattr(asked, name)} - {""}
        return [(value, value) for value in sorted(found[name] | chosen, key=str.casefold)]

    people = User.objects.filter(account_id=user.account_id or 0).order_by("name")
    choices = [
        ("status", "Any status", list(AISession.Status.choices)),
        ("client", "Any client", of("client")),
        ("domain", "Any domain", of("domain")),
        ("priority", "Any priority", [(priority.slug, priority.label) for priority in reversed(Priority)]),
        ("person", "Anyone", [(str(colleague.pk), str(colleague)) for colleague in people]),
    ]
    return [(name, empty, values, getattr(asked, name)) for name, empty, values in choices]


def _offers(asked: Filters, wanted: Wanted, readable: QuerySet[AISession]) -> list[tuple[str, str, str]]:
    """ "Did you mean": kind, text and address of each suggestion."""
    found = []
    for offer in offers(wanted, among=readable):
        if offer.session is not None:
            found.append(("Session", offer.text, reverse("session", args=[offer.session.pk])))
        elif offer.kind == "client":
            found.append(("Client", offer.text, asked.address(show="all", q="", client=offer.text)))
        elif offer.kind == "ticket":
            found.append(("Ticket", f"#{offer.text}", asked.address(show="all", q=f"#{offer.text}")))
        else:
            found.append(("Person", offer.text, asked.address(show="all", q=offer.text)))
    return found


@require_http_methods(["GET", "POST"])
def intake(request: HttpRequest) -> HttpResponse:
    """GET the form; POST opens a session and redirects to it."""
    user = person(request)
    if user.role not in MAY_CLAIM or user.account_id is None:
        return refuse(request, Refused("not_allowed", "Viewers can't open sessions."), back="/", back_text="Home")
    form = IntakeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if form.is_valid():
            fields = {**form.cleaned_data, "priority": form.cleaned_data["priority"] or 2}
            opened = open_session(by=user, **fields)
            if not isinstance(opened, Refused):
                if wants_json(request):
                    return JsonResponse({"session": str(opened.pk), "status": opened.status, "handoff": None}, status=201)
                return redirect("session", pk=opened.pk)
            form.add_error(None, opened.detail)
        if wants_json(request):
            return invalid(form)
    return render(request, "flowpilot/intake.html", {"form": form}, status=422 if form.errors else 200)
