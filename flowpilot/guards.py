"""Who may write to a session. Every verb checks it here as it writes."""

import uuid
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.people import Person, hold_person, read_person
from accounts.verbs import Refuse
from flowpilot.models import AISession

Status = AISession.Status

# Statuses in which people can add to a session: while they work on it, and while it waits for a colleague.
OPEN_FOR_WRITING = (Status.ACTIVE, Status.REQUESTING)

NOT_FOUND = "This doesn't exist, or you don't have access to it."

# Why a session in that status can't be changed, for refused verbs and for pages (`access.why_read_only`).
WHY_NOT = {
    Status.PAUSED: "It is parked. Resume it first.",
    Status.RESOLVED: "It is resolved. Reopen it first.",
    Status.ABANDONED: "It was closed unresolved.",
    Status.REQUESTING: "It is waiting for a colleague.",
    Status.ACTIVE: "It is already active.",
}


def worker(by: User | int, *, holds: bool = False) -> Person:
    """The person who wants to work, as the database has them now. Raises `Refuse` for inactive people and viewers.

    With `holds`, they stay as they are until commit: for verbs that make them the handler of a session.
    """
    person = hold_person(by) if holds else read_person(by)
    if person is None or not person.is_active:
        raise Refuse("inactive", "This person is no longer active.")
    if not person.may_work:
        raise Refuse("not_allowed", "Viewers can't work on sessions.")
    return person


def writable_rows(pk: uuid.UUID, person: Person) -> QuerySet[AISession]:
    """The session's row, if `person` may write to it. Own columns only, so that the filter holds in an UPDATE under a race."""
    return AISession.objects.filter(Q(user_id=person.id) | Q(handler_id=person.id), pk=pk, account_id=person.account_id)


def lock_for_writing(pk: uuid.UUID, person: Person, *, at: datetime, **changes: Any) -> None:
    """Locks the session's row for the rest of the transaction. Raises `Refuse` where it is no longer open for writing."""
    if not writable_rows(pk, person).filter(status__in=OPEN_FOR_WRITING).update(updated_at=at, **changes):
        raise why_not(pk, person)


def why_not(pk: uuid.UUID, person: Person) -> Refuse:
    """Why a guarded update of a session met no row."""
    status = writable_rows(pk, person).values_list("status", flat=True).first()
    if status is None:
        return Refuse("not_found", NOT_FOUND)
    return Refuse("session_changed", f"Nothing was changed: the session has changed. {WHY_NOT[Status(status)]}", status=status)
