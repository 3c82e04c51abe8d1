"""Revealing, hiding and removing a secret of a session. Browsers and proxies never store these answers."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.answers import is_htmx, refuse, wants_json
from accounts.verbs import Refused
from flowpilot.access import get_readable, get_writable, may_write
from flowpilot.models import AISession, Secret
from flowpilot.revealing import NOT_THERE
from flowpilot.revealing import remove as remove_it
from flowpilot.revealing import reveal as reveal_it
from flowpilot.templatetags.hidden import secret_chip, urls_of
from flowpilot.views.answering import person
from redaction.kinds import label


def _refused(request: HttpRequest, session: AISession, refused: Refused) -> HttpResponse:
    return refuse(request, refused, back=f"/sessions/{session.pk}/", back_text="Back to the session")


def _page(request: HttpRequest, session: AISession, heading: str, detail: str, **more: Any) -> HttpResponse:
    context = {"session": session, "heading": heading, "detail": detail, **more}
    return render(request, "flowpilot/secret.html", context)


@never_cache
@require_POST
def reveal(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    session = get_writable(person(request), pk)
    revealed = reveal_it(pk, number, by=person(request))
    if isinstance(revealed, Refused):
        return _refused(request, session, revealed)
    if wants_json(request):
        return JsonResponse({"session": str(pk), "secret": number, "kind": revealed.kind, "value": revealed.value})
    if is_htmx(request):
        return render(request, "flowpilot/_revealed_secret.html", {"revealed": revealed, **urls_of(Secret(session_id=pk, number=number))})
    detail = f"From “{session.title}”. Its timeline shows that you revealed it."
    return _page(request, session, f"{label(revealed.kind)} revealed", detail, revealed=revealed)


@never_cache
@require_GET
def fold(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    """The chip of a secret, which hides it again after it was revealed."""
    session = get_readable(person(request), pk)
    secret = Secret.objects.filter(session_id=pk, number=number).first()
    if secret is None:
        return _refused(request, session, Refused("not_found", NOT_THERE))
    return HttpResponse(secret_chip(secret, may_reveal=may_write(person(request), session)))


@never_cache
@require_POST
def remove(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    session = get_writable(person(request), pk)
    if not (wants_json(request) or is_htmx(request) or request.POST.get("sure")):
        # Without JavaScript there was no confirmation yet.
        return _page(
            request, session, "Remove it for good?", "It can't be restored. The session will still show that there was a secret.", asks=True
        )
    removed = remove_it(pk, number, by=person(request))
    if isinstance(removed, Refused):
        return _refused(request, session, removed)
    if wants_json(request):
        return JsonResponse({"session": str(pk), "secret": number, "kind": removed.kind, "removed": True})
    if is_htmx(request):
        return HttpResponse(secret_chip(removed, may_reveal=False))
    return _page(
        request, session, f"{label(removed.kind)} removed", f"It can't be restored. “{session.title}” still shows that there was a secret."
    )
