"""The queue: which open handoffs somebody sees, and in which order."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import Case, Count, IntegerField, Min, Q, QuerySet, Value, When

from accounts.models import User
from escalations.models import Seen
from flowpilot.models import Priority
from handoffs.models import SessionHandoff


def rows_for(user: User) -> QuerySet[SessionHandoff]:
    """Open handoffs of the account except the viewer's own: by priority, then those assigned to the viewer, then the oldest."""
    return (
        waiting_for(user)
        .annotate(for_me=Case(When(target_id=user.pk, then=Value(1)), default=Value(0), output_field=IntegerField()))
        .order_by("-priority", "-for_me", "created_at", "pk")
        .select_related("session", "author", "target")
    )


# What a card does not show, and what makes a row large.
_NOT_ON_CARDS = (
    "snapshot", "assessment", "assessment_reason", "session__problem_summary", "session__escalation_package", "session__ticket_notes",
    "session__status_reason", "session__origin",
)  # fmt: skip


def for_cards(rows: QuerySet[SessionHandoff], count: int) -> QuerySet[SessionHandoff]:
    """The first `count` rows with what their cards show, without snapshot and assessment, which can be a thousand times as large."""
    # Their ids first: an index has all that finding and sorting asks for, however many wait.
    first = rows.select_related(None).values("pk")[:count]
    return rows.filter(pk__in=first).defer(*_NOT_ON_CARDS)


def glance(user: User) -> dict[str, Any]:
    """How many escalations wait for `user`, how many of them for this person alone or not opened yet, since when the oldest waits, and how
    many of the user's own wait for others."""
    own = Q(author_id=user.pk)
    counted = (
        SessionHandoff.objects.waiting()
        .filter(account_id=user.account_id or -1)
        .order_by()
        .aggregate(
            waiting=Count("pk", filter=~own),
            for_me=Count("pk", filter=Q(target_id=user.pk)),
            oldest=Min("created_at", filter=~own),
            mine=Count("pk", filter=own),
        )
    )
    # What was opened is counted instead, because asking of each row whether it was takes longer.
    opened = Seen.objects.filter(user=user, handoff__in=waiting_for(user).order_by()).count()
    # More were opened than waited, where one came and was opened between the two queries.
    return {**counted, "unseen": max(counted["waiting"] - opened, 0)}


def waiting_for(user: User) -> QuerySet[SessionHandoff]:
    return SessionHandoff.objects.waiting().filter(account_id=user.account_id or -1).exclude(author_id=user.pk)


def sort_key(handoff: SessionHandoff, *, for_target: bool = False) -> str:
    """The order of `rows_for` as text: of two rows, the one with the smaller key comes first.

    A card is rendered once for everybody, so it carries two keys: one for its target
    (`for_target`) and one for everybody else. The page compares keys and knows nothing else about the order. Keys
    are ASCII of one width, so that Python, JavaScript and PostgreSQL (which compares ids byte by byte) agree on them.
    """
    rank = max(Priority) - handoff.priority
    created_at = handoff.created_at.astimezone(UTC).isoformat(timespec="microseconds")
    return f"{rank}|{0 if for_target else 1}|{created_at}|{handoff.pk}"


def cursor_of(handoff: SessionHandoff) -> str:
    """Where this row of `rows_for` stands for its viewer; `after` takes it."""
    return sort_key(handoff, for_target=bool(handoff.for_me))  # type: ignore[attr-defined]


def after(rows: QuerySet[SessionHandoff], cursor: str) -> QuerySet[SessionHandoff]:
    """The rows behind that place, also where the row it was taken from has gone. What is no cursor is ignored."""
    try:
        rank, own, at, pk = cursor.split("|")
        priority, for_me = max(Priority) - int(rank), 1 - int(own)
        created_at, pk = datetime.fromisoformat(at), str(uuid.UUID(pk))
        if created_at.tzinfo is None or not 0 <= priority <= max(Priority):
            return rows
        # At the ends of the calendar this fails; the database's driver would, otherwise.
        created_at = created_at.astimezone(UTC)
    except (ValueError, OverflowError):
        return rows
    later = Q(created_at__gt=created_at) | Q(created_at=created_at, pk__gt=pk)
    return rows.filter(Q(priority__lt=priority) | Q(priority=priority) & (Q(for_me__lt=for_me) | Q(for_me=for_me) & later))


def seen_by(user: User, rows: Sequence[SessionHandoff] | None = None) -> set[Any]:
    """The ids of those rows (or of all open ones) that `user` has opened."""
    among = {"handoff__state": SessionHandoff.State.OPEN} if rows is None else {"handoff__in": rows}
    return set(Seen.objects.filter(user=user, **among).values_list("handoff_id", flat=True))


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
