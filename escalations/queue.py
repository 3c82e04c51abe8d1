"""The queue: which open handoffs somebody sees, and in which order."""

from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When

from accounts.models import User
from escalations.models import Seen
from handoffs.models import SessionHandoff


def rows_for(user: User) -> QuerySet[SessionHandoff]:
    """Open handoffs of the account except the viewer's own: higher priority first, in it those aimed at the viewer, then the oldest."""
    return (
        SessionHandoff.objects.waiting()
        .filter(account_id=user.account_id or -1)
        .exclude(author_id=user.pk)
        .annotate(for_me=Case(When(target_id=user.pk, then=Value(1)), default=Value(0), output_field=IntegerField()))
        .order_by("-priority", "-for_me", "created_at", "pk")
        .select_related("session", "author", "target")
    )


def seen_by(user: User) -> set[Any]:
    return set(Seen.objects.filter(user=user, handoff__state=SessionHandoff.State.OPEN).values_list("handoff_id", flat=True))


def mark_seen(user: User, handoff: SessionHandoff) -> None:
    Seen.objects.bulk_create([Seen(user=user, handoff=handoff)], ignore_conflicts=True)


def row_json(handoff: SessionHandoff) -> dict[str, Any]:
    session = handoff.session
    return {
        "id": str(handoff.pk),
        "session": str(handoff.session_id),
        "problem": session.title,
        "client": session.client,
        "ticket": session.ticket,
        "domain": session.domain,
        "priority": handoff.priority_slug,
        "needs": handoff.needs,
        "escalated_by": {"id": handoff.author_id, "name": str(handoff.author)},
        "target": {"id": handoff.target_id, "name": str(handoff.target)} if handoff.target else None,
        "created_at": handoff.created_at.isoformat(),
        "steps": session.step_count,
    }
