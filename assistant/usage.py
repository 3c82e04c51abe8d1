"""Whom the assistant works for, what its calls use, and the limits per account and day."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from assistant.models import DailyUsage


@dataclass(frozen=True, slots=True)
class Caller:
    """Usage and limits are per account and day. Without an account (a command that reads a file) nothing is counted, no limit
    applies and the database is not used."""

    account_id: int | None = None
    session_id: uuid.UUID | None = None


def take_call(caller: Caller, *, calls_per_day: int, tokens_per_day: int, at: datetime) -> bool:
    """Counts one call for the account's day (in the installation's time zone). False if its limit of calls or tokens is reached; 0 means no
    limit. One conditional update, so that parallel workers never exceed the limit. A call's tokens are not known, and not counted, until it
    ends."""
    if caller.account_id is None:
        return True
    day = timezone.localdate(at)
    rows = DailyUsage.objects.filter(account_id=caller.account_id, day=day)
    left = rows
    if calls_per_day:
        left = left.filter(calls__lt=calls_per_day)
    if tokens_per_day:
        left = left.filter(tokens__lt=tokens_per_day)
    if left.update(calls=F("calls") + 1):
        return True
    if rows.exists():
        return False
    # Another worker may insert the same day at the same moment; either row will do.
    DailyUsage.objects.bulk_create([DailyUsage(account_id=caller.account_id, day=day)], ignore_conflicts=True)
    return bool(left.update(calls=F("calls") + 1))


def add_tokens(caller: Caller, tokens: int, *, at: datetime) -> None:
    """Counts a call's tokens after it ended. `at`: when the call was counted."""
    if caller.account_id is not None and tokens:
        DailyUsage.objects.filter(account_id=caller.account_id, day=timezone.localdate(at)).update(tokens=F("tokens") + tokens)
