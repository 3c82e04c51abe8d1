"""The demo's accounts and people. Stories refer to them by key."""

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import Account, User

PASSWORD = "TestPass123!"  # noqa: S105 - the published password of the demo people

ACCOUNTS = {"acme-msp": "Acme MSP", "globex-it": "Globex IT"}


class WrongPerson(Exception):
    """A demo email address is used in another account. The message is shown to the user."""


@dataclass(frozen=True, slots=True)
class Cast:
    """One of the demo's people. `account` is a slug, or None for staff without an account."""

    name: str
    email: str
    role: str
    account: str | None


PEOPLE = {
    "ana": Cast("Ana Reyes", "engineer@resolutionflow.example.com", "engineer", "acme-msp"),
    "dana": Cast("Dana Okafor", "teamadmin@resolutionflow.example.com", "admin", "acme-msp"),
    "bo": Cast("Bo Lindqvist", "senior@resolutionflow.example.com", "engineer", "acme-msp"),
    "priya": Cast("Priya Raman", "owner@resolutionflow.example.com", "owner", "acme-msp"),
    "vic": Cast("Vic Tan", "viewer@resolutionflow.example.com", "viewer", "acme-msp"),
    "sam": Cast("Sam Whitfield", "sam.whitfield@resolutionflow.example.com", "engineer", "acme-msp"),
    "mei": Cast("Mei Sato", "mei.sato@resolutionflow.example.com", "engineer", "acme-msp"),
    "leo": Cast("Leo Marsh", "engineer@globex.example.com", "engineer", "globex-it"),
    "eve": Cast("Eve Stone", "owner@globex.example.com", "owner", "globex-it"),
    "staff": Cast("Robin Hale", "staff@resolutionflow.example.com", "engineer", None),
}


@transaction.atomic
def create_people() -> tuple[dict[str, User], int]:
    """Creates missing demo people. Returns all of them by key, and how many were created.

    Existing people are not changed: somebody may have changed their name, role or password. Raises `WrongPerson` if an address is used in
    another account.
    """
    accounts = {slug: Account.objects.get_or_create(slug=slug, defaults={"name": name})[0] for slug, name in ACCOUNTS.items()}
    known = User.objects.filter(email__in=[cast.email for cast in PEOPLE.values()]).select_related("account")
    present = {user.email: user for user in known}
    people, made, password = {}, 0, ""
    for key, cast in PEOPLE.items():
        user = present.get(cast.email)
        account = accounts[cast.account] if cast.account else None
        if user is None:
            password = password or make_password(PASSWORD)
            user = _make(cast, account, password)
            made += 1
        elif user.account_id != (account.pk if account else None):
            raise WrongPerson(f"{cast.email} belongs to {user.account or 'somebody without an account'}. Nothing was changed.")
        people[key] = user
    return people, made


def _make(cast: Cast, account: Account | None, password: str) -> User:
    """`password` is a hash, shared by all: hashing is slow, and this password is public anyway."""
    staff = account is None
    user = User.objects.create_user(cast.email, name=cast.name, role=cast.role, account=account, is_staff=staff, is_superuser=staff)
    user.password = password
    user.save(update_fields=["password"])
    return user
