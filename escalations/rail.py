"""What stands in the frame of every page: the live count of open escalations and the bell's unread count."""

from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.functional import SimpleLazyObject

from accounts.models import EventCounter
from accounts.people import MAY_CLAIM
from escalations.models import Notification
from escalations.queue import rows_for


def rail(request: HttpRequest) -> dict[str, Any]:
    """Lazy: a fragment that draws no frame asks nothing."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or user.account_id is None:
        return {}
    # Whoever is signed in can press something on every page: the cookie that proves where it came from is always there.
    get_token(request)
    return {
        "open_count": SimpleLazyObject(lambda: rows_for(user).count()),
        "unread_count": SimpleLazyObject(lambda: Notification.objects.filter(user=user, read_at=None).count()),
        # The number that this page is as new as; the socket tells where it is now. Read first, so a page is never newer than it says.
        "event_number": EventCounter.objects.filter(account_id=user.account_id).values_list("last", flat=True).first() or 0,
        "may_claim": user.role in MAY_CLAIM,
    }
