"""Signals for apps above, sent while the people of an account change."""

from enum import StrEnum

from django.dispatch import Signal


class Leaving(StrEnum):
    """Why somebody can no longer work in an account."""

    DEACTIVATED = "deactivated"
    VIEWER = "viewer"
    MOVED = "moved"


# Sent inside the transaction, once the person's row says that they can no longer work there, with `person` (as they were before), `by` (who
# changed them), `why` (a `Leaving`) and `at`. Receivers hand their work on and return events, which the sender records with its own at the
# end: rows are locked in the order account, person, handoff, session, counter. A receiver that raises `Refuse` refuses the change.
work_ending = Signal()
