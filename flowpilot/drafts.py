"""A reply while it is being written: stored beside the session so that every open page can show it. It is not a step and never quoted."""

import uuid

from django.utils import timezone

from flowpilot.models import AISession, ReplyDraft


def save(session_id: uuid.UUID, step: int, text: str) -> None:
    """Saves what has come so far, as long as the reply to `step` is still requested."""
    if ReplyDraft.objects.filter(session_id=session_id, step=step).update(text=text, at=timezone.now()):
        return
    if AISession.objects.filter(pk=session_id, reply_requested_for=step).exists():
        ReplyDraft.objects.update_or_create(session_id=session_id, defaults={"step": step, "text": text, "at": timezone.now()})


def so_far(session: AISession) -> str:
    """What FlowPilot has written so far of the requested reply; "" where there is nothing yet."""
    if session.reply_requested_for is None:
        return ""
    return ReplyDraft.objects.filter(session_id=session.pk, step=session.reply_requested_for).values_list("text", flat=True).first() or ""


def discard(session_id: uuid.UUID) -> None:
    ReplyDraft.objects.filter(session_id=session_id).delete()
