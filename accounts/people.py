"""People as the database has them now, and whether they are online."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.permissions import MAY_CLAIM, is_lead, is_staff_for, may_work

# Somebody is online while they have a page open. A page that was killed counts for this long, as with presence on a handoff.
ONLINE_FOR = timedelta(seconds=40)


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the database has them now, not as a request or a form loaded them."""

    id: int
    name: str
    role: str
    # 0 for staff without an account: no row has that id.
    account_id: int
    is_active: bool
    is_staff: bool
    is_superuser: bool

    @property
    def may_work(self) -> bool:
        return may_work(self)

    @property
    def is_lead(self) -> bool:
        """An admin or owner: may do to a handoff what its claimer may."""
        return is_lead(self)

    def is_staff_for(self, account_id: int) -> bool:
        """Staff who may act in that account: superusers in all, other staff in their own."""
        return is_staff_for(self, account_id)

    @property
    def short_name(self) -> str:
        return self.name.split()[0] if self.name.strip() else "Somebody"


def read_person(user: User | int) -> Person | None:
    """Reads role, activity and account with one plain SELECT; the first statement of every verb's transaction."""
    pk = user if isinstance(user, int) else user.pk
    row = User.objects.filter(pk=pk).values("id", "name", "role", "account_id", "is_active", "is_staff", "is_superuser").first()
    if row is None:
        return None
    row["account_id"] = row["account_id"] or 0
    return Person(**row)


# Writes what is there already: that locks the row until commit, and returns it in the same statement.
_HOLD = """
UPDATE accounts_user SET name = name WHERE id = %s
RETURNING id, name, role, coalesce(account_id, 0), is_active, is_staff, is_superuser
"""


def hold_person(user: User | int) -> Person | None:
    """Like `read_person`, and what it says holds until commit, because changing the person waits. For verbs that give somebody a session:
    a deactivation at the same time then finds that session and reassigns it."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [user if isinstance(user, int) else user.pk])
        row = cursor.fetchone()
    return Person(*row) if row else None


def who_may_claim(account_id: int) -> QuerySet[User]:
    """The account's active engineers, admins and owners."""
    return User.objects.filter(account_id=account_id, is_active=True, role__in=MAY_CLAIM)


@dataclass(frozen=True, slots=True)
class Availability:
    """What colleagues see of somebody: whether they are online, when they last were, and how many active sessions they handle.

    `_person_state.html` shows it. `kind` is here, busy (online, with active sessions) or away; docs/contract.md has these words.
    """

    online: bool
    busy_with: int = 0
    seen_at: datetime | None = None

    @property
    def kind(self) -> str:
        return "away" if not self.online else "busy" if self.busy_with else "here"

    @property
    def since(self) -> str:
        """When they were last online: the time, or the date where it was not today; empty for people who never were."""
        if self.seen_at is None:
            return ""
        seen, today = timezone.localtime(self.seen_at), timezone.localdate()
        if seen.date() == today:
            return f"{seen:%H:%M}"
        return f"{seen.day} {seen:%b}" if seen.year == today.year else f"{seen.day} {seen:%b %Y}"

    def __str__(self) -> str:
        busy = f", busy with {self.busy_with}" if self.busy_with else ""
        return f"Online{busy}" if self.online else f"Away{f' since {self.since}' if self.since else ''}{busy}"


def availability_of(user: User, *, busy_with: int = 0, now: datetime | None = None) -> Availability:
    """The availability of `user` at `now`. `flowpilot.workload` counts how many sessions they handle."""
    seen_at = user.last_here_at
    online = seen_at is not None and (now or timezone.now()) - seen_at <= ONLINE_FOR
    return Availability(online, busy_with, seen_at)
