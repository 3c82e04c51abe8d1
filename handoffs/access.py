"""Who may see a handoff: all of it, only who has claimed it, or nothing."""

import uuid

from django.http import Http404

from accounts.models import User
from flowpilot.access import may_read
from handoffs.models import SessionHandoff


def get_for(user: User, pk: uuid.UUID) -> tuple[SessionHandoff, bool]:
    """The handoff, and whether `user` may read its content. Raises `Http404` for a foreign id, and for a parked one whose session they may
    not read; the link of an escalation keeps working for the whole account (docs/contract.md)."""
    handoff = (
        SessionHandoff.objects.select_related("session__user", "session__handler", "author", "claimed_by", "target", "account")
        .filter(pk=pk, account_id=user.account_id or -1)
        .first()
    )
    if handoff is None:
        raise Http404
    readable = may_read(user, handoff.session_id)
    if handoff.intent == SessionHandoff.Intent.PARK and not readable:
        raise Http404
    return handoff, readable
