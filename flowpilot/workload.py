"""How many sessions people work on, and who is most available."""

from datetime import datetime

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from accounts.people import availability_of
from flowpilot.models import AISession


def with_session_counts(people: QuerySet[User]) -> QuerySet[User]:
    """The people with `active_sessions`: how many active sessions each of them handles."""
    active = AISession.objects.filter(handler=OuterRef("pk"), status=AISession.Status.ACTIVE).order_by().values("handler")
    return people.annotate(active_sessions=Coalesce(Subquery(active.annotate(n=Count("pk")).values("n")), 0))


def with_availability(people: QuerySet[User], *, now: datetime | None = None) -> list[User]:
    """The people, by name, each with `active_sessions` and `state` (`accounts.people.Availability`), in one query."""
    now = now or timezone.now()
    found = list(with_session_counts(people))
    for person in found:
        person.state = availability_of(person, busy_with=person.active_sessions, now=now)  # type: ignore[attr-defined]
    return sorted(found, key=lambda person: (str(person).casefold(), person.pk))


def most_available_first(people: QuerySet[User], *, now: datetime | None = None) -> list[User]:
    """Online people first, then those with the fewest sessions, then by name."""
    found = with_availability(people, now=now)
    return sorted(found, key=lambda person: (not person.state.online, person.state.busy_with))  # type: ignore[attr-defined]
