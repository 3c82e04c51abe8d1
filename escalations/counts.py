"""The counts around every page: how many escalations are open, and how many notifications are unread."""

from dataclasses import dataclass

from django.db.models import F, Func, IntegerField, QuerySet, Subquery

from accounts.models import User
from escalations.models import Notification
from escalations.queue import waiting_for
from handoffs.models import SessionHandoff


@dataclass(frozen=True, slots=True)
class Counts:
    open: int
    unread: int


def counts_of(user: User) -> Counts:
    """Both in one query."""
    counted = User.objects.filter(pk=user.pk).values_list(_count(waiting_for(user)), _count(_unread(user)))
    return Counts(*counted.get())


def unread_of(user: User) -> int:
    """The second alone, for a page that has counted the first."""
    return _unread(user).count()


def _unread(user: User) -> QuerySet[Notification]:
    return Notification.objects.filter(user=user, read_at=None)


def _count(rows: QuerySet[Notification] | QuerySet[SessionHandoff]) -> Subquery:
    return Subquery(rows.order_by().annotate(n=Func(F("pk"), function="count")).values("n"), output_field=IntegerField())
