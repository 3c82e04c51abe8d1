"""The application, with one more address: the least that a claim can do, behind the same server, middleware and sign-in."""

from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path

# In this order: the first sets Django up.
from resolutionflow import asgi, urls

application = asgi.application

BARE = (
    "UPDATE handoffs_sessionhandoff SET state = 'claimed', claimed_by_id = %s, claimed_at = now() "
    "WHERE id = %s AND account_id = %s AND state = 'open' AND claimed_by_id IS NULL AND NOT author_id = %s"
)
EVENT = (
    "WITH counter AS (UPDATE accounts_eventcounter SET last = last + 1 WHERE account_id = %(account)s RETURNING last) "
    "INSERT INTO accounts_event (account_id, number, kind, at, by_id, handoff, from_state, to_state, details) "
    "SELECT %(account)s, last, 'handoff_claimed', now(), %(by)s, %(handoff)s, 'open', 'claimed', '{}' FROM counter"
)


def bare_claim(request: HttpRequest, pk: Any) -> JsonResponse:
    user: Any = request.user
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BARE, [user.pk, pk, user.account_id, user.pk])
        won = cursor.rowcount
        cursor.execute(EVENT, {"account": user.account_id, "by": user.pk, "handoff": pk})
    return JsonResponse({"handoff": str(pk)}, status=200 if won else 409)


urls.urlpatterns.append(path("bench/claim/<uuid:pk>/", bare_claim))
