"""Metrics: time to claim and time to first action, from the times of each claim, and how claimers judged the assessments.

A claim is timed from the handoff or release before it. The first action is the claimer's own first message, answer, check result, note or
fix outcome between the claim and the release or return; briefings, event steps, replies and imported steps don't count.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import EventCounter
from escalations.models import KeptFigures

PERIODS = {"7d": 7, "30d": 30, "90d": 90}

DEFINITION = (
    "time_to_claim: from the escalation (or the latest release before the claim) to the claim. time_to_first_action: from the claim to the "
    "claimer's first message, answer, check result, note or fix outcome before they release or return the session. A claim counts in the "
    "period it falls in; unclaimed handoffs are left out of the times. Times are measured in ResolutionFlow only. assessments: how many "
    "were judged by claimers, entry by entry, and how often they named something missing; each person's latest judgement counts, in the "
    "period it was given."
)
PARTS = ("summary", "known", "corrected", "tried", "cause", "step")

# Figures of more claims and escalations than this are kept and shown with their time; fewer are counted each time, which takes some ms.
MANY = 5_000
KEPT_FOR = timedelta(minutes=1)
# After this, `keep_all` computes them again even where nothing has happened.
OLD = timedelta(hours=1)
# The period of the figures above the queue.
ABOVE_THE_QUEUE = "7d"

# From the claims' kept times (`ClaimTimes`) alone. An action after the period is not in it.
_SQL = """
WITH times AS (
    -- greatest() ignores NULL: without the CASE, what never happened would count as 0 seconds.
    SELECT CASE WHEN queued_at IS NOT NULL THEN greatest(date_part('epoch', claimed_at - queued_at), 0) END AS to_claim,
           CASE WHEN acted_at <= %(until)s THEN greatest(date_part('epoch', acted_at - claimed_at), 0) END AS to_act
      FROM escalations_claimtimes
     WHERE account_id = %(account)s AND claimed_at >= %(since)s AND claimed_at <= %(until)s
)
SELECT count(to_claim), avg(to_claim), percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY to_claim),
       count(to_act), avg(to_act), percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY to_act),
       (SELECT count(*) FROM accounts_event h
         WHERE h.account_id = %(account)s AND h.kind = 'handoff_opened' AND h.at >= %(since)s AND h.at <= %(until)s)
  FROM times
"""

_JUDGED = """
SELECT (SELECT count(*) FROM (SELECT handoff_id FROM handoffs_entryjudgement j
                               WHERE j.account_id = %(account)s AND j.at >= %(since)s AND j.at <= %(until)s
                               UNION
                              SELECT handoff_id FROM handoffs_missingentry m
                               WHERE m.account_id = %(account)s AND m.at >= %(since)s AND m.at <= %(until)s) AS either),
       (SELECT count(*) FROM handoffs_missingentry m
         WHERE m.account_id = %(account)s AND m.at >= %(since)s AND m.at <= %(until)s),
       (SELECT coalesce(jsonb_object_agg(part || ' ' || verdict, n), '{}')
          FROM (SELECT part, verdict, count(*) AS n FROM handoffs_entryjudgement j
                 WHERE j.account_id = %(account)s AND j.at >= %(since)s AND j.at <= %(until)s GROUP BY part, verdict) AS counted)
"""


def figures(account_id: int, period: str, *, now: datetime | None = None) -> dict[str, Any]:
    """The metrics of an account over a period (`7d`, `30d`, `90d`). Times are in seconds, None where there are none. Raises `KeyError` for
    other periods."""
    until = now or timezone.now()
    since = until - timedelta(days=PERIODS[period])
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"account": account_id, "since": since, "until": until})
        row = cursor.fetchone()
        cursor.execute(_JUDGED, {"account": account_id, "since": since, "until": until})
        judged = cursor.fetchone()
    claimed, claim_average, claim_percentiles, acted, act_average, act_percentiles, handed_off = row
    return {
        "period": period,
        "handed_off": handed_off,
        "claimed": claimed,
        "acted_on": acted,
        "time_to_claim": _seconds(claim_average, claim_percentiles),
        "time_to_first_action": _seconds(act_average, act_percentiles),
        "assessments": _assessments(*judged),
        "metric_definition": DEFINITION,
    }


def _assessments(judged: int, missing: int, counts: str | dict[str, int]) -> dict[str, Any]:
    found = json.loads(counts) if isinstance(counts, str) else counts
    by_part = {part: {verdict: found.get(f"{part} {verdict}", 0) for verdict in ("right", "wrong")} for part in PARTS}
    return {
        "judged": judged,
        "entries_right": sum(each["right"] for each in by_part.values()),
        "entries_wrong": sum(each["wrong"] for each in by_part.values()),
        "missing": missing,
        "by_part": by_part,
    }


def _seconds(average: float | None, percentiles: list[float] | None) -> dict[str, float | None]:
    average, median, p95 = (None if value is None else round(value, 1) for value in (average, *(percentiles or (None, None))))
    return {"average_s": average, "median_s": median, "p95_s": p95}


# --- kept -----------------------------------------------------------------------------------------------------------


def current(account_id: int, period: str) -> tuple[dict[str, Any], datetime]:
    """The metrics up to now and when that was. Where a period has `MANY` claims and escalations, they may be as old as `KEPT_FOR`, and one
    of all that ask at the same time computes them; the others get what it had before."""
    now = timezone.now()
    rows = KeptFigures.objects.filter(account=account_id, period=period)
    kept = rows.first()
    if kept is None or not _are_many(kept.found) or rows.filter(due_at__lte=now).update(due_at=now + KEPT_FOR):
        found = figures(account_id, period, now=now)
        if _are_many(found):
            keep(account_id, period, now=now, found=found)
        return found, now
    return {**kept.found, "metric_definition": DEFINITION}, kept.at


def last_kept(account_id: int | None, period: str) -> KeptFigures | None:
    """What was computed last, without computing anything."""
    return KeptFigures.objects.filter(account=account_id, period=period).first()


def keep(account_id: int, period: str, *, now: datetime | None = None, found: dict[str, Any] | None = None) -> None:
    """Computes the metrics, unless they are given, and keeps them."""
    now = now or timezone.now()
    event = EventCounter.objects.filter(account=account_id).values_list("last", flat=True).first() or 0
    found = found or figures(account_id, period, now=now)
    row = KeptFigures(account_id=account_id, period=period, at=now, event=event, found=found, due_at=now + KEPT_FOR)
    KeptFigures.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["account", "period"], update_fields=["at", "event", "found", "due_at"]
    )


def keep_all(period: str, *, now: datetime | None = None) -> None:
    """Keeps the metrics of each account in which something has happened since, or that are old (what is over leaves the period)."""
    now = now or timezone.now()
    fresh = KeptFigures.objects.filter(account=OuterRef("pk"), period=period, event=OuterRef("last"), at__gte=now - OLD)
    for account_id in EventCounter.objects.filter(~Exists(fresh)).values_list("pk", flat=True):
        keep(account_id, period, now=now)


def _are_many(found: dict[str, Any]) -> bool:
    return bool(found["handed_off"] + found["claimed"] > MANY)
