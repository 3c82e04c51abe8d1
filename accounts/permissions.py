"""What a role allows. Verbs check a person as the database has them now (`people.Person`), pages the signed-in user."""

from typing import Protocol

from accounts.models import Role

# Engineers, admins and owners work and claim; viewers only read.
MAY_CLAIM = frozenset({Role.OWNER, Role.ADMIN, Role.ENGINEER})
# Admins and owners: they manage people, and may act on every handoff of the account.
LEADS = frozenset({Role.OWNER, Role.ADMIN})


class Actor(Protocol):
    """Somebody who wants to do something: a `User` or a `Person`."""

    @property
    def id(self) -> int: ...
    @property
    def role(self) -> str: ...
    @property
    def account_id(self) -> int | None: ...
    @property
    def is_active(self) -> bool: ...
    @property
    def is_staff(self) -> bool: ...
    @property
    def is_superuser(self) -> bool: ...


def may_work(actor: Actor) -> bool:
    """May work on sessions and claim handoffs."""
    return actor.is_active and actor.role in MAY_CLAIM


def is_lead(actor: Actor) -> bool:
    """An admin or owner."""
    return actor.is_active and actor.role in LEADS


def is_staff_for(actor: Actor, account_id: int) -> bool:
    """Staff who may act in that account: superusers in all, other staff in their own."""
    return actor.is_active and (actor.is_superuser or (actor.is_staff and actor.account_id == account_id))
