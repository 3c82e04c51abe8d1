"""Lists of sessions that are there for one of several reasons (somebody opened them, or handles them, or ...), newest first.

One query with an OR would read all sessions of the account, or all of a person's, to find the newest 30. Here each reason is a queryset
of its own, which PostgreSQL reads in order from an index and only as far as the list goes.
"""

from collections.abc import Sequence

from django.db.models import QuerySet

from flowpilot.models import AISession

Reasons = Sequence[QuerySet[AISession]]


def newest(reasons: Reasons, *, start: int = 0, count: int, by: str = "updated_at") -> QuerySet[AISession]:
    """`count` sessions from `start` on, each once."""
    end = start + count
    if len(reasons) == 1:
        return reasons[0].order_by(f"-{by}", "pk")[start:end]
    first, *others = [reason.order_by(f"-{by}", "pk").values("pk")[:end] for reason in reasons]
    return AISession.objects.filter(pk__in=first.union(*others)).order_by(f"-{by}", "pk")[start:end]


def count_up_to(most: int, reasons: Reasons) -> int:
    """How many there are, each once; `most` where there are as many or more."""
    first, *others = [reason.order_by().values("pk")[:most] for reason in reasons]
    # Who has that many for the first reason alone is spared the others.
    counted = first.count()
    return min(first.union(*others).count(), most) if others and counted < most else counted
