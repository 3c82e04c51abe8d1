"""The filters of the queue, as the address has them: view, priority, domain, client."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, Value
from django.http import QueryDict
from django.utils.http import urlencode

from accounts.models import User
from escalations.queue import rows_for
from flowpilot.models import AISession, Priority
from handoffs.models import SessionHandoff

VIEWS = {"open": "Open", "for-me": "For me", "mine": "Escalated by me"}
# What a row can be filtered by: the name that cards carry it under (`data-` attributes), and where the database keeps it.
LOOKUPS = {
    "target": "target_id",
    "author": "author_id",
    "priority": "priority",
    "domain": "session__domain",
    "client": "session__client",
}
LONGEST = 120


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of one address. Unknown values are ignored, so that no address is an error."""

    show: str = "open"
    priority: str = ""
    domain: str = ""
    client: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        show = query.get("show", "")
        priority = query.get("priority", "")
        return cls(
            show=show if show in VIEWS else "open",
            priority=priority if priority in {one.slug for one in Priority} else "",
            domain=query.get("domain", "").strip()[:LONGEST],
            client=query.get("client", "").strip()[:LONGEST],
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.priority or self.domain or self.client)

    def address(self, **other: str) -> str:
        """The query string of these filters with `other` instead of some; empty ones are left out."""
        wanted = {"show": self.show, "priority": self.priority, "domain": self.domain, "client": self.client, **other}
        kept = {name: value for name, value in wanted.items() if value and not (name == "show" and value == "open")}
        return "?" + urlencode(kept) if kept else "?"

    def criteria(self, user: User) -> dict[str, str]:
        """The values that a row must have to be shown to `user`, by name in `LOOKUPS`.

        `rows` asks the database for them. The page gets them too, and keeps an arriving card if its `data-` attributes are equal to them.
        """
        values: dict[str, Any] = {
            "target": user.pk if self.show == "for-me" else "",
            "author": user.pk if self.show == "mine" else "",
            "priority": Priority.from_slug(self.priority).value if self.priority else "",
            "domain": self.domain,
            "client": self.client,
        }
        return {name: str(value) for name, value in values.items() if value}

    def rows(self, user: User) -> QuerySet[SessionHandoff]:
        """The handoffs that `user` sees with these filters, in the order of the queue."""
        rows = handed_off_by(user) if self.show == "mine" else rows_for(user)
        return rows.filter(**{LOOKUPS[name]: value for name, value in self.criteria(user).items()})


def handed_off_by(user: User) -> QuerySet[SessionHandoff]:
    """The open handoffs of which `user` is the author, in the order in which colleagues see them."""
    return (
        SessionHandoff.objects.waiting()
        .filter(account_id=user.account_id or -1, author_id=user.pk)
        # Nobody hands off to themselves; the order has one form for all views.
        .annotate(for_me=Value(0))
        .order_by("-priority", "created_at", "pk")
        .select_related("session", "author", "target")
    )


def choices(user: User, filters: Filters) -> dict[str, Any]:
    """The domains and clients to choose from: those of the view without filters. The chosen ones stay even when their last row is gone."""
    # Sessions that wait are those with an open handoff, and its author handles them: one index has all that is asked for.
    waiting = AISession.objects.waiting().filter(account_id=user.account_id or -1)
    waiting = waiting.filter(handler_id=user.pk) if filters.show == "mine" else waiting.exclude(handler_id=user.pk)
    pairs = set(waiting.order_by().values_list("domain", "client").distinct())
    domains = {domain for domain, _ in pairs} | {filters.domain}
    clients = {client for _, client in pairs} | {filters.client}
    return {"domains": _pairs(domains), "clients": _pairs(clients)}


def _pairs(names: set[str]) -> list[tuple[str, str]]:
    """Names as the options of a select, in order."""
    return [(name, name) for name in sorted(names - {""}, key=str.casefold)]
