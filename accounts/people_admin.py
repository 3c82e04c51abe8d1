"""Managing the people of an account, and changing your own name and password.

    admins and owners   add people, change name and role, set passwords, deactivate, activate
    only owners         change owners, or make somebody an owner
    nobody              changes their own role, deactivates themselves, removes the last active owner, changes staff

Staff use the admin (`staff=True`), which has checked their permissions; the last owner is protected from them, too. Each change is one
UPDATE, with the values that were read in its WHERE, and one event, whose details contain ids and never a password.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.events import NewEvent, record
from accounts.models import Account, Role, User
from accounts.people import Person, read_person
from accounts.people_events import PasswordSet, PersonActivated, PersonAdded, PersonChanged, PersonDeactivated, PersonEvent
from accounts.permissions import LEADS
from accounts.signals import Leaving, work_ending
from accounts.verbs import Refuse, verb
from redaction.invisible import one_line

# The same for addresses that nobody could use and for those of people whom the account has no business to know of.
ADDRESS_REFUSED = "This address can't be used. Check it, or ask staff to add this person."
# Without letters and digits that are easily confused when somebody reads them out on the phone.
_CLEAR = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Access:
    """A person with a new password. `generated` is the password if it was generated (it is shown once), else empty."""

    person: User
    generated: str = ""


def assignable_roles(role: str) -> list[Role]:
    """The roles that somebody with `role` may give to others."""
    if role == Role.OWNER:
        return list(Role)
    return [Role.ADMIN, Role.ENGINEER, Role.VIEWER] if role in LEADS else []


def generate_password() -> str:
    """Four groups of four characters: about 79 bits, easy to read out."""
    return "-".join("".join(secrets.choice(_CLEAR) for _ in range(4)) for _ in range(4))


def lock_people(account_id: int) -> None:
    """Makes other changes to the people of this account wait until commit, so that counting its owners is reliable. It changes no key, so
    sessions, steps and events of the account can be written meanwhile."""
    Account.objects.filter(pk=account_id).update(name=F("name"))


def has_another_owner(person: Person) -> bool:
    """Whether the account has an active owner besides this one. Reliable only after `lock_people`."""
    return User.objects.filter(account_id=person.account_id, role=Role.OWNER, is_active=True).exclude(pk=person.id).exists()


def is_only_owner(person: Person) -> bool:
    return bool(person.account_id and person.is_active and person.role == Role.OWNER and not has_another_owner(person))


@verb
def add(*, by: User, name: str, email: str, role: str, password: str | None) -> Access:
    """Adds somebody to the account of `by`. Without a password, one is generated."""
    first = read_person(by)
    if first is not None and first.account_id:
        lock_people(first.account_id)
    actor = read_person(by)
    if actor is None or not actor.is_active:
        raise Refuse("inactive", "This person has been deactivated.")
    if not actor.is_lead or not actor.account_id or actor.account_id != (first and first.account_id):
        raise Refuse("not_allowed", "Only admins and owners can add people.")
    if role not in assignable_roles(actor.role):
        raise _bad_role(role)
    person = User(name=_clean_name(name), email=_clean_email(email), role=role, account_id=actor.account_id)
    raw = _checked_password(password, person)
    _check_email_unused(person)
    person.password = make_password(raw)
    try:
        with transaction.atomic():
            person.save(force_insert=True)
    except IntegrityError:
        # Somebody, perhaps in another account, has just taken the address.
        raise _invalid("email", ADDRESS_REFUSED) from None
    record(PersonAdded(account_id=actor.account_id, by_id=actor.id, to_state=role, person=person.pk, role=role))
    return Access(person, "" if password else raw)


@verb
def change(pk: int, *, by: User, name: str, role: str, staff: bool = False) -> User:
    """Changes somebody's name or role. Writes nothing and records no event if nothing changes."""
    actor, subject = _authorize(pk, by, staff=staff)
    name = _clean_name(name)
    if role not in Role.values:
        raise _bad_role(role)
    if role != subject.role:
        if subject.id == actor.id:
            raise Refuse("not_allowed", "You can't change your own role. Another admin or owner can.")
        if not staff and role not in assignable_roles(actor.role):
            raise _bad_role(role)
        if is_only_owner(subject):
            raise _last_owner(subject)
    changed = [field for field, new, old in (("name", name, subject.name), ("role", role, subject.role)) if new != old]
    if changed:
        _write(subject, name=name, role=role)
        reassigned = _reassign_work(subject, actor, Leaving.VIEWER) if role == Role.VIEWER and subject.role != role else []
        roles = {"from_state": subject.role, "to_state": role} if "role" in changed else {}
        _publish(PersonChanged, actor, subject, *reassigned, fields=changed, **roles)
    return User.objects.get(pk=pk)


@verb
def set_password(pk: int, *, by: User, password: str | None) -> Access:
    """Sets somebody else's password (or generates one), which signs them out everywhere. The same password again changes nothing."""
    actor, subject = _authorize(pk, by)
    if subject.id == actor.id:
        raise Refuse("not_allowed", "Change your own password on your account page.")
    person = User.objects.get(pk=pk)
    raw = _checked_password(password, person)
    if password and check_password(password, person.password):
        return Access(person)
    _write(subject, password=make_password(raw))
    _publish(PasswordSet, actor, subject)
    return Access(person, "" if password else raw)


@verb
def deactivate(pk: int, *, by: User, staff: bool = False) -> User:
    """Deactivates somebody: signs them out at their next request, stops notifications and claims. Apps above reassign their work, in the
    same transaction."""
    actor, subject = _authorize(pk, by, staff=staff)
    if subject.id == actor.id:
        raise Refuse("not_allowed", "You can't deactivate yourself. Another admin or owner can.")
    if subject.is_active:
        if is_only_owner(subject):
            raise _last_owner(subject)
        _write(subject, is_active=False)
        reassigned = _reassign_work(subject, actor, Leaving.DEACTIVATED)
        _publish(PersonDeactivated, actor, subject, *reassigned, from_state="active", to_state="inactive")
    return User.objects.get(pk=pk)


@verb
def activate(pk: int, *, by: User, staff: bool = False) -> User:
    """Lets somebody sign in again, with the password and role they had."""
    actor, subject = _authorize(pk, by, staff=staff)
    if not subject.is_active:
        _write(subject, is_active=True)
        _publish(PersonActivated, actor, subject, from_state="inactive", to_state="active")
    return User.objects.get(pk=pk)


@verb
def change_own_name(*, by: User, name: str) -> User:
    person = _read_oneself(by)
    name = _clean_name(name)
    if name != person.name:
        _write(person, name=name)
        _publish(PersonChanged, person, person, fields=["name"])
    return User.objects.get(pk=person.id)


@verb
def change_own_password(*, by: User, password: str) -> User:
    """The form has checked the current password. That password is in the WHERE, so of two changes at the same time one is refused."""
    person = _read_oneself(by)
    raw = _checked_password(password, by)
    if not User.objects.filter(pk=person.id, is_active=True, password=by.password).update(password=make_password(raw)):
        raise Refuse("person_changed", "Your password was just changed elsewhere. Sign in with the new one.")
    _publish(PasswordSet, person, person)
    return User.objects.get(pk=person.id)


def record_saved(before: Person | None, person: User, *, by: User | int) -> None:
    """Records the events of a person saved in the admin, in its transaction. `before` is None for a new person."""
    actor, subject = read_person(by), read_person(person)
    assert actor is not None and subject is not None
    if before is None:
        _publish(PersonAdded, actor, subject, to_state=subject.role, role=subject.role)
        return
    why = _why_leaving(before, subject)
    reassigned = _reassign_work(before, actor, why) if why else []
    if reassigned:
        # These belong to the account in which the person worked, which may no longer be theirs.
        record(*reassigned)
    changed = [name for name in ("name", "role") if getattr(before, name) != getattr(subject, name)]
    if changed:
        roles = {"from_state": before.role, "to_state": subject.role} if "role" in changed else {}
        _publish(PersonChanged, actor, subject, fields=changed, **roles)
    if before.is_active != subject.is_active:
        was, now = ("active", "inactive") if before.is_active else ("inactive", "active")
        _publish(PersonDeactivated if before.is_active else PersonActivated, actor, subject, from_state=was, to_state=now)


# --- permissions -----------------------------------------------------------------------------------------


def _authorize(pk: int, by: User, *, staff: bool = False) -> tuple[Person, Person]:
    """Who acts, and on whom, as the database has them once the account is locked. Raises `Refuse` where it is not allowed."""
    _, subject = _read_both(pk, by, staff=staff)
    lock_people(subject.account_id)
    # Read again: while this waited for the lock, either of them may have changed.
    actor, subject = _read_both(pk, by, staff=staff)
    if not actor.is_active:
        raise Refuse("inactive", "This person has been deactivated.")
    if staff:
        if not actor.is_staff_for(subject.account_id) or (subject.is_superuser and not actor.is_superuser):
            raise Refuse("not_allowed", "Staff can only change people of their own account, and only superusers can change superusers.")
        return actor, subject
    if not actor.is_lead:
        raise Refuse("not_allowed", "Only admins and owners can manage people.")
    # Anyone who can set the password of a member of staff could sign in as them.
    if (subject.is_staff or subject.is_superuser) and subject.id != actor.id:
        raise Refuse("not_allowed", f"{subject.name} is staff. Only staff can change them.")
    if subject.role == Role.OWNER and actor.role != Role.OWNER:
        raise Refuse("not_allowed", "Only owners can change owners.")
    return actor, subject


def _read_both(pk: int, by: User, *, staff: bool) -> tuple[Person, Person]:
    actor, subject = read_person(by), read_person(pk)
    if actor is None or subject is None:
        raise _unknown_person()
    if not staff and not (actor.account_id and actor.account_id == subject.account_id):
        raise _unknown_person()
    return actor, subject


def _read_oneself(by: User) -> Person:
    person = read_person(by)
    if person is None or not person.is_active:
        raise Refuse("inactive", "This person has been deactivated.")
    return person


# --- writing ------------------------------------------------------------------------------------------------------


def _write(subject: Person, **changes: Any) -> None:
    """The guarded UPDATE: on this table's columns only, with what was checked in its WHERE."""
    rows = User.objects.filter(pk=subject.id, role=subject.role, is_active=subject.is_active, is_staff=subject.is_staff)
    rows = rows.filter(account_id=subject.account_id) if subject.account_id else rows.filter(account=None)
    if not rows.update(**changes):
        raise Refuse("person_changed", f"Nothing was changed: someone else just changed {subject.name}. Reload and try again.")


def _publish(event: type[PersonEvent], actor: Person, subject: Person, *further: NewEvent, **details: Any) -> None:
    # Staff without an account have no event log.
    if subject.account_id:
        record(event(account_id=subject.account_id, by_id=actor.id, person=subject.id, **details), *further)


def _reassign_work(subject: Person, actor: Person, why: Leaving, *, at: datetime | None = None) -> list[NewEvent]:
    """Lets the apps above reassign the work of somebody who can no longer do it. Returns their events."""
    if not subject.account_id:
        return []
    answers: list[tuple[Any, Any]] = work_ending.send(sender=None, person=subject, by=actor, why=why, at=at or timezone.now())
    return [event for _, events in answers for event in events or ()]


def _why_leaving(before: Person, now: Person) -> Leaving | None:
    """Why they can no longer work where they worked before; None where they still can, or never could."""
    if not before.may_work:
        return None
    if before.account_id != now.account_id:
        return Leaving.MOVED
    if not now.is_active:
        return Leaving.DEACTIVATED
    return None if now.may_work else Leaving.VIEWER


# --- checking input ------------------------------------------------------------------------------------------------


def _clean_name(name: str) -> str:
    """The name as it is stored. Raises `Refuse` where it has no visible character, or is too long."""
    name = one_line(name)
    if not any(sign.isprintable() for sign in name):
        raise _invalid("name", "Enter a name.")
    if len(name) > 120:
        raise _invalid("name", "Use at most 120 characters.")
    return name


def _clean_email(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise _invalid("email", ADDRESS_REFUSED) from None
    if one_line(email) != email or len(email) > 254:
        raise _invalid("email", ADDRESS_REFUSED)
    return email


def _checked_password(password: str | None, person: User) -> str:
    """The password, or a generated one. Raises `Refuse` with the messages of Django's validators."""
    if password is None:
        return generate_password()
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise Refuse("invalid", error.messages[0], fields={"password1": error.messages}) from None
    return password


def _check_email_unused(person: User) -> None:
    other = User.objects.alias(lower=Lower("email")).filter(lower=person.email).first()
    if other is None:
        return
    if other.account_id != person.account_id:
        raise _invalid("email", ADDRESS_REFUSED)
    inactive = "" if other.is_active else " and is deactivated. Activate them instead"
    raise _invalid("email", f"{other} already has this address{inactive}.")


def _invalid(field: str, text: str) -> Refuse:
    return Refuse("invalid", text, fields={field: [text]})


def _bad_role(role: str) -> Refuse:
    if role == Role.OWNER:
        return Refuse("not_allowed", "Only owners can make someone an owner.")
    return _invalid("role", "Choose a role from the list.")


def _last_owner(subject: Person) -> Refuse:
    return Refuse("last_owner", f"{subject.name} is the only active owner. Make someone else an owner first.")


def _unknown_person() -> Refuse:
    return Refuse("not_found", "This person doesn't exist, or is not in your account.")
