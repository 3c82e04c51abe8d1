"""For whom the assistant works, what each call costs, and the caps per account and day."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from assistant.models import DailyUsage


@dataclass(frozen=True, slots=True)
class Caller:
    """Usage is counted per account, and caps hold per account and day. Without an account (a command on a file) nobody's usage is counted,
    no cap holds, and no database is asked."""

    account_id: int | None = None
    session_id: uuid.UUID | None = None


def take_call(caller: Caller, *, calls_per_day: int, tokens_per_day: int, at: datetime) -> bool:
    """Takes one call out of the account's day (by the installation's time zone). False where its cap of calls or tokens is reached; 0 is no
    cap. One conditional update, so that workers at once never make more calls than the cap allows. The tokens of calls under way are not
    known yet: they count from the end of the call on."""
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
    # Somebody may begin the same day at the same moment: theirs stands.
    DailyUsage.objects.bulk_create([DailyUsage(account_id=caller.account_id, day=day)], ignore_conflicts=True)
    return bool(left.update(calls=F("calls") + 1))


def add_tokens(caller: Caller, tokens: int, *, at: datetime) -> None:
    """Counts what a call cost when it has ended. `at`: when it was taken."""
    if caller.account_id is not None and tokens:
        DailyUsage.objects.filter(account_id=caller.account_id, day=timezone.localdate(at)).update(tokens=F("tokens") + tokens)
