"""Finds the handoff for a verb. Handoffs of other accounts, and parked ones that the person may not read, are a 404."""

import uuid

from accounts.models import User
from accounts.people import Person, hold_person, read_person
from accounts.verbs import Refuse
from flowpilot.access import may_read
from flowpilot.guards import NOT_FOUND
from handoffs.models import SessionHandoff

INACTIVE = "You are no longer active in this account."


def member(by: User | int, *, holds: bool = False) -> Person:
    """The person who acts, as the database has them now (with `holds`, until commit). Raises `Refuse` if they don't exist."""
    person = hold_person(by) if holds else read_person(by)
    if person is None:
        raise Refuse("not_found", NOT_FOUND)
    return person


def look_up(pk: uuid.UUID, person: Person, *, staff: bool = False) -> SessionHandoff:
    """The handoff, if it belongs to the person's account (or they are a superuser and `staff` is set). Raises `Refuse` otherwise."""
    # Only whom every verb names: the session and the claimer are wide rows, which most verbs do not read.
    rows = SessionHandoff.objects.select_related("author")
    if not (staff and person.is_superuser):
        rows = rows.filter(account_id=person.account_id)
    handoff = rows.filter(pk=pk).first()
    if handoff is None:
        raise Refuse("not_found", NOT_FOUND)
    return handoff


def hide_parked(handoff: SessionHandoff, person: Person) -> None:
    """Raises a 404 for a parked handoff whose session the person may not read."""
    if handoff.intent == SessionHandoff.Intent.PARK and not may_read(person, handoff.session_id):
        raise Refuse("not_found", NOT_FOUND)


def look_up_active(pk: uuid.UUID, by: User, *, staff: bool = False) -> tuple[Person, SessionHandoff]:
    """The person and the handoff. Raises `Refuse` if either is missing, or the person is inactive."""
    person = member(by)
    handoff = look_up(pk, person, staff=staff)
    if not person.is_active:
        raise Refuse("inactive", INACTIVE)
    hide_parked(handoff, person)
    return person, handoff
