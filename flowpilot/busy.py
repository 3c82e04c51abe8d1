"""How many sessions somebody has in hands, and colleagues in the order in which one would turn to them."""

from datetime import datetime

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from accounts.people import standing_of
from flowpilot.models import AISession


def with_sessions_held(people: QuerySet[User]) -> QuerySet[User]:
    """The people with `holding`: how many active sessions each of them handles now."""
    held = AISession.objects.filter(handler=OuterRef("pk"), status=AISession.Status.ACTIVE).order_by().values("handler")
    return people.annotate(holding=Coalesce(Subquery(held.annotate(n=Count("pk")).values("n")), 0))


def with_standing(people: QuerySet[User], *, now: datetime | None = None) -> list[User]:
    """The people, by name, each with `holding` and `state` (`accounts.people.Standing`), read with one query."""
    now = now or timezone.now()
    found = list(with_sessions_held(people))
    for person in found:
        person.state = standing_of(person, busy_with=person.holding, now=now)  # type: ignore[attr-defined]
    return sorted(found, key=lambda person: (str(person).casefold(), person.pk))


def readiest_first(people: QuerySet[User], *, now: datetime | None = None) -> list[User]:
    """Whoever is here first, then with the fewest sessions, then by name."""
    found = with_standing(people, now=now)
    return sorted(found, key=lambda person: (not person.state.here, person.state.busy_with))  # type: ignore[attr-defined]
