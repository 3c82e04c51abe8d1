"""Answers that every room gives alike: JSON or a page, refusals, and what a person reads when the database is away."""

import sys
from typing import Any

import structlog
from django.contrib import messages
from django.db import InterfaceError, OperationalError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django_htmx.middleware import HtmxDetails
from psycopg_pool import PoolTimeout

from accounts.models import User
from accounts.verbs import Refused

log = structlog.get_logger("answers")

AWAY = (OperationalError, InterfaceError, PoolTimeout)

HEADINGS = {
    401: "Sign in first",
    403: "You don't have permission to do this",
    404: "Not found",
    409: "Someone else was faster",
    410: "No longer open",
    422: "Check your input",
    500: "Something went wrong",
    503: "The database is unavailable",
}


def wants_json(request: HttpRequest) -> bool:
    """Whether the caller prefers JSON to a page. A browser does not, and neither does somebody who accepts anything."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def htmx_of(request: HttpRequest) -> HtmxDetails:
    """What HTMX says about the request: which page it comes from, for instance."""
    details: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return details


def is_htmx(request: HttpRequest) -> bool:
    """Whether HTMX sent the request: it is answered with a fragment or a redirect header."""
    return bool(htmx_of(request))


def person_json(user: User | None) -> dict[str, Any] | None:
    return {"id": user.pk, "name": str(user)} if user else None


def _toast(detail: str, error: str, status: int) -> HttpResponse:
    """What went wrong is said where toasts are; the place that was pressed stays as it is, with what was typed."""
    # Without the request: its context would ask a database that may be what is missing.
    response = HttpResponse(render_to_string("_refused.html", {"detail": detail, "error": error}), status=status)
    response["HX-Retarget"], response["HX-Reswap"], response["HX-Reselect"] = "#toasts", "beforeend", "[data-toast]"
    return response


def refusal_page(
    request: HttpRequest, status: int, detail: str, *, heading: str = "", back: str = "/", back_text: str = "Home"
) -> HttpResponse:
    context = {
        "heading": heading or HEADINGS.get(status, "Refused"),
        "detail": detail,
        "back": back,
        "back_text": back_text,
        "status": status,
    }
    return render(request, "refused.html", context, status=status)


def refuse(request: HttpRequest, refused: Refused, *, back: str = "/escalations/", back_text: str = "Back to the queue") -> HttpResponse:
    """The answer to a verb that did not happen: JSON with `error` and `detail`, a toast for HTMX, or a page with the way back."""
    if wants_json(request):
        return JsonResponse({"error": refused.error, "detail": refused.detail, **refused.extra}, status=refused.status)
    if is_htmx(request):
        return _toast(refused.detail, refused.error, refused.status)
    return refusal_page(request, refused.status, refused.detail, back=back, back_text=back_text)


def invalid(form: BaseForm) -> JsonResponse:
    """422 with the faults of a form, by field."""
    fields = {name: [str(e) for e in errors] for name, errors in form.errors.items()}
    first = next((e for errors in fields.values() for e in errors), "Check the fields.")
    return JsonResponse({"error": "invalid", "detail": first, "fields": fields}, status=422)


def toast(request: HttpRequest, text: str) -> None:
    """A short word on the next page that this person sees."""
    messages.success(request, text)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"error": "not_found", "detail": "This doesn't exist, or you don't have access to it."}, status=404)
    if is_htmx(request):
        return _toast("This no longer exists, or you don't have access to it.", "not_found", 404)
    return refusal_page(request, 404, "This page doesn't exist, or you don't have access to it.")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What Django itself refuses: a body that is too large, too many fields, a host that is not ours."""
    detail = "The request was too large or incomplete. Nothing was changed, and what you typed is still on the page."
    if wants_json(request):
        return JsonResponse({"error": "invalid", "detail": detail, "fields": {}}, status=400)
    if is_htmx(request):
        return _toast(detail, "invalid", 400)
    return HttpResponse(_PLAIN.format(heading="Request too large", detail=detail), status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"error": "not_allowed", "detail": "You don't have permission to do this."}, status=403)
    return refusal_page(request, 403, "Your role doesn't allow this. An admin or owner of your account can change your role.")


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    detail = "This page is out of date, or cookies are off. Nothing was changed. Reload the page and try again."
    if wants_json(request):
        return JsonResponse({"error": "not_allowed", "detail": detail}, status=403)
    if is_htmx(request):
        return _toast(detail, "not_allowed", 403)
    return refusal_page(request, 403, detail, heading="Please try again")


def too_many(request: HttpRequest, refused: Refused) -> HttpResponse:
    """Too many tries at a password, where the form has no place to say so."""
    if wants_json(request):
        response: HttpResponse = JsonResponse({"error": refused.error, "detail": refused.detail}, status=429)
    elif is_htmx(request):
        response = _toast(refused.detail, refused.error, 429)
    else:
        response = render(request, "429.html", {"detail": refused.detail}, status=429)
    response["Retry-After"] = str(refused.extra["retry_after"])
    return response


def failed(request: HttpRequest) -> HttpResponse:
    if isinstance(sys.exc_info()[1], AWAY):
        # Met before a view was called (the sign-in reads the session), or while an error page was drawn.
        log.error("database away", error=type(sys.exc_info()[1]).__name__)
        return database_away(request)
    number = getattr(request, "request_id", "")[:12]
    detail = f"Nothing was changed. If it happens again, give your admin the number {number}."
    if wants_json(request):
        return JsonResponse({"error": "failed", "detail": detail}, status=500)
    return refusal_page(request, 500, detail)


class NoNul:
    """Takes NULs out of query strings: PostgreSQL refuses them, and no page is to answer 500 to an address."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # While, not if: taking the middle out of "%0%000" makes a new one.
        while "%00" in request.META.get("QUERY_STRING", "") or "\x00" in request.META.get("QUERY_STRING", ""):
            request.META["QUERY_STRING"] = request.META["QUERY_STRING"].replace("%00", "").replace("\x00", "")
        return self.get_response(request)


class NotStored:
    """Keeps answers out of every cache: each may hold clients' data, or a form that is valid for one person only.

    Without it, pressing Back after somebody has signed out would show their last pages. Static files are
    answered earlier and keep their own headers.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self.get_response(request)
        if "no-store" not in response.headers.get("Cache-Control", ""):
            response["Cache-Control"] = "private, no-store"
        return response


class DatabaseAway:
    """Answers 503 with a human sentence, on a page that needs no database, when PostgreSQL does not answer."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, AWAY):
            log.error("database away", error=type(exception).__name__)
            return database_away(request)
        return None


def database_away(request: HttpRequest) -> HttpResponse:
    detail = "Nothing is lost: what you typed is still on the page. Try again in a moment."
    if wants_json(request):
        return JsonResponse({"error": "unavailable", "detail": detail}, status=503)
    if is_htmx(request):
        return _toast(f"The database is unavailable. {detail}", "unavailable", 503)
    response = HttpResponse(_PLAIN.format(heading="The database is unavailable", detail=detail), status=503)
    response["Retry-After"] = "5"
    return response


# Whole in itself: the ordinary page needs the database for the rail and the bell.
_PLAIN = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{heading} · ResolutionFlow</title><link rel="stylesheet" href="/static/css/tokens.css">
<link rel="stylesheet" href="/static/css/app.css">
<main class="page refused"><h1>{heading}</h1><p>{detail}</p></main></html>"""
