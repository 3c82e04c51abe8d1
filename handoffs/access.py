"""Who may see a handoff: whole, as a short word about who has it, or not at all."""

import uuid

from django.http import Http404

from accounts.models import User
from flowpilot.access import may_read
from handoffs.models import SessionHandoff


def get_for(user: User, pk: uuid.UUID) -> tuple[SessionHandoff, bool]:
    """The handoff, and whether `user` may read its content. A foreign id is a 404, and so is a parked one to whoever may not read
    the session; the link of an escalated one stays good for the whole account (docs/contract.md)."""
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
