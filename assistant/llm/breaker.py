"""The breaker: after some calls in a row that met a dead provider, it is left alone for a while. Kept in the database, so that all
processes know it. A call goes ahead again after the rest, one at a time, and the first that succeeds closes it."""

from datetime import datetime, timedelta

from django.db.models import F

from assistant.faults import TRIPS, Fault, Unavailable
from assistant.llm.config import Config
from assistant.models import CircuitBreaker

# However long a provider asks for: after this somebody tries again.
LONGEST_REST = 900


def pass_or_raise(config: Config, *, at: datetime) -> None:
    """Raises `Unavailable` (resting) while the provider has its rest. Of all who come after it, one goes ahead and tries."""
    row = CircuitBreaker.objects.filter(key=config.where).values("failures", "open_until").first()
    if row is None or row["open_until"] is None:
        return
    # Whoever moves the time on is the one who tries; the value just read goes into the WHERE.
    tried = CircuitBreaker.objects.filter(key=config.where, open_until=row["open_until"], open_until__lte=at).update(
        open_until=at + timedelta(seconds=config.rest_seconds)
    )
    if not tried:
        raise Unavailable(Fault.RESTING)


def note(config: Config, fault: Fault | None, *, at: datetime, wait: float = 0) -> None:
    """Counts a call's end. An answer that is merely bad says nothing against the provider. `wait`: seconds that the provider itself asked
    to be left alone for; where that is longer than the rest, it gets them."""
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
