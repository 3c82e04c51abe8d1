"""A reply while it is being written: stored beside the session so that every open page can show it. It is not a step and never quoted.

A draft exists only while its reply is requested: whatever drops the request discards it, in the same transaction.
"""

import uuid

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from flowpilot.models import AISession, Proposal, Repeat, ReplyDraft
from flowpilot.vault.redact import redact_unstored


def save(session_id: uuid.UUID, step: int, text: str) -> None:
    """Saves what has come so far, redacted, as long as the reply to `step` is still requested."""
    text = redact_unstored(session_id, text)
    if ReplyDraft.objects.filter(session_id=session_id, step=step).update(text=text, at=timezone.now()):
        return
    with transaction.atomic():
        # Locks the session's row, as everything that drops the request does: it waits, and discards what is written here.
        requested = AISession.objects.filter(pk=session_id, reply_requested_for=step)
        if requested.update(reply_requested_for=F("reply_requested_for")):
            ReplyDraft.objects.update_or_create(session_id=session_id, defaults={"step": step, "text": text, "at": timezone.now()})


def so_far(session: AISession) -> str:
    """What FlowPilot has written so far of the requested reply; "" where there is nothing yet."""
    if session.reply_requested_for is None:
        return ""
    return ReplyDraft.objects.filter(session_id=session.pk, step=session.reply_requested_for).values_list("text", flat=True).first() or ""


# The same as `discard`, for a statement that writes more (`steps.write_numbered`).
DISCARD = "DELETE FROM flowpilot_replydraft WHERE session_id = %(session)s"


def discard(session_id: uuid.UUID) -> None:
    """To be called with the session's row locked, by whatever drops the request."""
    ReplyDraft.objects.filter(session_id=session_id).delete()


def discard_undecided(session_id: uuid.UUID) -> None:
    """What FlowPilot offered and nobody took up ends with the session: open proposals, and what it wanted to ask again. It is deleted, not
    dismissed, so that it may be proposed again after a reopening."""
    Proposal.objects.filter(session_id=session_id, state=Proposal.State.OPEN).delete()
    Repeat.objects.filter(session_id=session_id).delete()
