"""What every page shows around its content: how many escalations are open, and how many notifications are unread."""

from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.functional import SimpleLazyObject

from accounts.models import EventCounter
from accounts.permissions import MAY_CLAIM
from escalations.counts import counts_of


def rail(request: HttpRequest) -> dict[str, Any]:
    """The counts are lazy: fragments, which don't show them, run no query."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or user.account_id is None:
        return {}
    # Every page has buttons, so it always needs the CSRF cookie.
    get_token(request)
    counts: Any = SimpleLazyObject(lambda: counts_of(user))
    return {
        "open_count": SimpleLazyObject(lambda: counts.open),
        "unread_count": SimpleLazyObject(lambda: counts.unread),
        # The event number that this page is up to date with; the socket tells the current one.
        "event_number": getattr(request, "event_number", 0),
        "may_claim": user.role in MAY_CLAIM,
    }


class EventNumber:
    """Reads the account's event number before a view reads anything else. Events that are committed while the page is being made then have
    higher numbers, and the page fetches them."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        user = getattr(request, "user", None)
        if request.method == "GET" and user is not None and user.is_authenticated and user.account_id is not None:
            number = EventCounter.objects.filter(account_id=user.account_id).values_list("last", flat=True).first()
            request.event_number = number or 0  # type: ignore[attr-defined]
