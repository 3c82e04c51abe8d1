"""The times of claims, counted again from the event log alone: what is kept (`ClaimTimes`) has to equal it."""

from datetime import datetime
from typing import Any

from django.db import connection

# A claim ends when the handoff is released, returned or superseded. Order is by number, not time: numbers come in commit order.
TIMES = """
WITH claims AS MATERIALIZED (
    SELECT c.account_id, c.number, c.handoff, c.session, c.by_id, c.at,
           (SELECT o.at FROM accounts_event o
             WHERE o.handoff = c.handoff AND o.number < c.number AND o.kind IN ('handoff_opened', 'handoff_released')
             ORDER BY o.number DESC LIMIT 1) AS queued_at,
           (SELECT min(e.number) FROM accounts_event e
             WHERE e.handoff = c.handoff AND e.number > c.number
               AND e.kind IN ('handoff_released', 'handoff_returned', 'handoff_superseded')) AS ended
      FROM accounts_event c
     WHERE c.kind = 'handoff_claimed'
)
SELECT c.account_id, c.number, c.handoff, c.session, c.by_id, c.queued_at, c.at,
       (SELECT a.at FROM accounts_event a
         WHERE a.session = c.session AND a.by_id = c.by_id AND a.number > c.number
           AND (c.ended IS NULL OR a.number < c.ended)
           AND a.kind IN ('session_stepped', 'fix_settled') AND a.details->>'begun_by' = 'person'
         ORDER BY a.number LIMIT 1) AS acted_at,
       c.ended
  FROM claims c ORDER BY 1, 2
"""
KEPT = (
    "SELECT account_id, number, handoff, session, by_id, queued_at, claimed_at, acted_at, ended FROM escalations_claimtimes ORDER BY 1, 2"
)


def _rows(statement: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def counted_again() -> list[tuple]:
    return _rows(TIMES)


def kept() -> list[tuple]:
    return _rows(KEPT)


def times_of(account_id: int, *, since: datetime, until: datetime) -> tuple[Any, Any]:
    """How many were claimed and how long that took, and the same of first actions, as the metrics of a period say it."""
    claims = [row for row in counted_again() if row[0] == account_id and since <= row[6] <= until]
    to_claim = [(claimed - queued).total_seconds() for *_, queued, claimed, _, _ in claims if queued]
    to_act = [(acted - claimed).total_seconds() for *_, claimed, acted, _ in claims if acted and acted <= until]
    return _told(to_claim), _told(to_act)


def _told(times: list[float]) -> tuple[int, dict[str, float | None]]:
    times = sorted(max(time, 0) for time in times)

    def at(share: float) -> float:
        place = share * (len(times) - 1)
        below, above = times[int(place)], times[min(int(place) + 1, len(times) - 1)]
        return round(below + (above - below) * (place - int(place)), 1)

    if not times:
        return 0, {"average_s": None, "median_s": None, "p95_s": None}
    return len(times), {"average_s": round(sum(times) / len(times), 1), "median_s": at(0.5), "p95_s": at(0.95)}
