"""The verbs of a handoff, as queryset methods with keyword `by`. Each transition is one filtered UPDATE on the row's own columns; the row
count is the answer. Rows are taken in the order handoff, session, counter."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models

from accounts.models import User
from handoffs import claiming, giving_back, opening, parking

if TYPE_CHECKING:
    from handoffs.models import SessionHandoff


class HandoffQuerySet(models.QuerySet["SessionHandoff"]):
    def waiting(self) -> "HandoffQuerySet":
        return self.filter(state="open")

    def live(self) -> "HandoffQuerySet":
        return self.filter(state__in=("open", "claimed", "parked"))

    def open(
        self,
        session_id: uuid.UUID,
        *,
        by: User,
        needs: str,
        priority: int | None = None,
        target: User | None = None,
        fix_outcome: str = "",
        at: datetime | None = None,
    ) -> "opening.Opened | Any":
        """Hands a session off to colleagues; pressed again by the author of the still open handoff, the same answer and no change."""
        return opening.open_handoff(session_id, by=by, needs=needs, priority=priority, target=target, fix_outcome=fix_outcome, at=at)

    def park(self, session_id: uuid.UUID, *, by: User, needs: str = "", at: datetime | None = None) -> "opening.Opened | Any":
        """Pauses a session with the same package; tells nobody."""
        return parking.park(session_id, by=by, needs=needs, at=at)

    def resume(self, session_id: uuid.UUID, *, by: User, at: datetime | None = None) -> "SessionHandoff | Any":
        """Takes up a parked session again: whoever parked it, an admin or owner."""
        return parking.resume(session_id, by=by, at=at)

    def claim(self, pk: uuid.UUID, *, by: User, begin: str = "own", at: datetime | None = None) -> "claiming.Claimed | Any":
        """Claims an open handoff for `by`: exactly one can. `begin` is continue, analysis or own."""
        return claiming.claim(pk, by=by, begin=begin, at=at)

    def release(self, pk: uuid.UUID, *, by: User, note: str = "", at: datetime | None = None) -> "SessionHandoff | Any":
        """Back to the queue, the same row."""
        return giving_back.release(pk, by=by, note=note, at=at)

    def give_back(self, pk: uuid.UUID, *, by: User, note: str, at: datetime | None = None) -> "SessionHandoff | Any":
        """Returns a claimed session to its opener, with instructions."""
        return giving_back.give_back(pk, by=by, note=note, at=at)

    def withdraw(self, pk: uuid.UUID, *, by: User, note: str = "", at: datetime | None = None) -> "SessionHandoff | Any":
        """Takes an open handoff back, before anybody has claimed it."""
        return giving_back.withdraw(pk, by=by, note=note, at=at)
