"""For whom the assistant works, what each call cost, and the caps per account and day."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Sum
from django.utils import timezone


@dataclass(frozen=True, slots=True)
class Asker:
    """Usage is counted per account, and caps hold per account and day. Without an account (a command on a file) nobody's usage is counted,
    no cap holds, and no database is asked."""

    account_id: int | None = None
    session_id: uuid.UUID | None = None


def is_used_up(asker: Asker, *, calls_per_day: int, tokens_per_day: int, at: datetime) -> bool:
    """Whether the account's cap of today (by the installation's time zone) is reached. Calls under way are not counted yet, so some
    workers at once may go a few calls over it; 0 is no cap."""
    from flowpilot.models import AssistantCall

    if asker.account_id is None or not (calls_per_day or tokens_per_day):
        return False
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    spent = AssistantCall.objects.filter(account_id=asker.account_id, at__gte=midnight).aggregate(
        calls=Count("id"), tokens_in=Sum("input_tokens", default=0), tokens_out=Sum("output_tokens", default=0)
    )
    return bool(calls_per_day and spent["calls"] >= calls_per_day) or bool(
        tokens_per_day and spent["tokens_in"] + spent["tokens_out"] >= tokens_per_day
    )
