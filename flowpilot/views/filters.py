"""The filters of the list of sessions: read from the address, applied to rows, written into new addresses."""

from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import reverse

from accounts.models import User
from accounts.permissions import is_lead
from flowpilot.access import readable_by, reasons_to_read
from flowpilot.models import AISession, Priority
from flowpilot.search.terms import LONGEST

VIEWS = {"mine": "Mine", "open": "Open", "all": "All"}
OPEN = ("active", "paused", "requesting_escalation")
SORTS = {"relevance": "Relevance", "newest": "Newest"}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for: a view, a search, filters, an order. Unknown values are ignored."""

    show: str = "mine"
    q: str = ""
    status: str = ""
    client: str = ""
    domain: str = ""
    priority: str = ""
    person: str = ""
    sort: str = "relevance"

    FILTERS: ClassVar[tuple[str, ...]] = ("status", "client", "domain", "priority", "person")

    @classmethod
    def of(cls, sent: QueryDict) -> "Filters":
        text = {name: sent.get(name, "").replace("\x00", "").strip()[:LONGEST] for name in (*cls.FILTERS, "q", "show", "sort")}
        known = {
            "show": VIEWS,
            "sort": SORTS,
            "status": AISession.Status.values,
            "priority": [priority.slug for priority in Priority],
        }
        text |= {name: "" for name, words in known.items() if text[name] not in words}
        if not (text["person"].isascii() and text["person"].isdigit() and len(text["person"]) < 10):
            text["person"] = ""
        return cls(**{name: value for name, value in text.items() if value})

    @property
    def is_filtered(self) -> bool:
        return any(getattr(self, name) for name in self.FILTERS)

    def address(self, **changes: Any) -> str:
        """The address with `changes`, without empty and default values. It is the first page unless `changes` has `page`."""
        wanted = {name: getattr(self, name) for name in ("show", "q", *self.FILTERS, "sort")} | changes
        usual = {"show": "mine", "sort": "relevance"}
        query = urlencode({name: value for name, value in wanted.items() if value and usual.get(name) != value})
        return reverse("sessions") + (f"?{query}" if query else "")

    def apply(self, rows: QuerySet[AISession]) -> QuerySet[AISession]:
        """Applies the filters, but not the view."""
        same = {name: getattr(self, name) for name in ("status", "client", "domain") if getattr(self, name)}
        if self.priority:
            same["priority"] = Priority.from_slug(self.priority)
        if self.person:
            rows = rows.filter(Q(user_id=int(self.person)) | Q(handler_id=int(self.person)))
        return rows.filter(**same)

    def reasons(self, show: str, user: User) -> list[QuerySet[AISession]]:
        """The sessions of a view with these filters, for `flowpilot.lists`: one queryset for each reason why a session is in it."""
        of_account = AISession.objects.filter(account_id=user.account_id or 0)
        found: list[QuerySet[AISession]]
        if show == "mine":
            found = [of_account.filter(user=user), of_account.filter(handler=user)]
        elif show == "open":
            found = [readable_by(user).filter(status__in=OPEN)]
        elif self.person and is_lead(user):
            found = [of_account.filter(user_id=int(self.person)), of_account.filter(handler_id=int(self.person))]
        else:
            found = reasons_to_read(user)
        return [self.apply(rows) for rows in found]


def in_view(user: User) -> dict[str, Q]:
    """Which of the sessions that somebody may read each view shows."""
    return {"mine": Q(user=user) | Q(handler=user), "open": Q(status__in=OPEN), "all": Q()}
