"""The circuit breaker: after several failed calls in a row, stops calling a provider for a while. Stored in the database, so that all
processes share it. After the pause one call at a time is let through, and the first success closes the breaker."""

from datetime import datetime, timedelta

from django.db.models import F

from assistant.faults import TRIPS, Fault, Unavailable
from assistant.llm.config import Config
from assistant.models import CircuitBreaker

# The longest pause, whatever the provider asks for.
LONGEST_REST = 900


def pass_or_raise(config: Config, *, at: datetime) -> None:
    """Raises `Unavailable` while the breaker is open. After that, one of the waiting callers gets through and tries."""
    row = CircuitBreaker.objects.filter(key=config.where).values("failures", "open_until").first()
    if row is None or row["open_until"] is None:
        return
    # The process that moves the time forward makes the trial call. The value just read goes into the WHERE, so only one succeeds.
    tried = CircuitBreaker.objects.filter(key=config.where, open_until=row["open_until"], open_until__lte=at).update(
        open_until=at + timedelta(seconds=config.rest_seconds)
    )
    if not tried:
        raise Unavailable(Fault.RESTING)


def note(config: Config, fault: Fault | None, *, at: datetime, wait: float = 0) -> None:
    """Records how a call ended. A bad answer does not count against the provider. `wait`: seconds the provider asked us to wait, used if
    longer than the usual pause."""
    rows = CircuitBreaker.objects.filter(key=config.where)
    if fault is None or fault not in TRIPS:
        rows.exclude(failures=0, open_until=None).update(failures=0, open_until=None, why="")
        return
    CircuitBreaker.objects.get_or_create(key=config.where)
    rows.update(failures=F("failures") + 1, why=fault.value)
    if fault is Fault.BUSY and wait > config.rest_seconds:
        rows.update(open_until=at + timedelta(seconds=min(wait, LONGEST_REST)))
    else:
        rows.filter(failures__gte=config.trips_after).update(open_until=at + timedelta(seconds=config.rest_seconds))
