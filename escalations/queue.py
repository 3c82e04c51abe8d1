"""The queue: which open handoffs somebody sees, and in which order."""

from datetime import UTC
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When

from accounts.models import User
from escalations.models import Seen
from flowpilot.models import Priority
from handoffs.models import SessionHandoff


def rows_for(user: User) -> QuerySet[SessionHandoff]:
    """Open handoffs of the account except the viewer's own: by priority, then those assigned to the viewer, then the oldest."""
    return (
        SessionHandoff.objects.waiting()
        .filter(account_id=user.account_id or -1)
        .exclude(author_id=user.pk)
        .annotate(for_me=Case(When(target_id=user.pk, then=Value(1)), default=Value(0), output_field=IntegerField()))
        .order_by("-priority", "-for_me", "created_at", "pk")
        .select_related("session", "author", "target")
    )


def sort_key(handoff: SessionHandoff, *, for_target: bool = False) -> str:
    """The order of `rows_for` as text: of two rows, the one with the smaller key comes first.

    A card is rendered once for everybody, so it carries two keys: one for its target
    (`for_target`) and one for everybody else. The page compares keys and knows nothing else about the order. Keys
    are ASCII of one width, so that Python, JavaScript and PostgreSQL (which compares ids byte by byte) agree on them.
    """
    rank = max(Priority) - handoff.priority
    created_at = handoff.created_at.astimezone(UTC).isoformat(timespec="microseconds")
    return f"{rank}|{0 if for_target else 1}|{created_at}|{handoff.pk}"


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
