"""Metrics: time to claim and time to first action, from the event log, and how claimers judged the assessments.

A claim is timed from the handoff or release before it. The first action is the claimer's own first message, answer, check result, note or
fix outcome between the claim and the release or return; briefings, event steps, replies and imported steps don't count.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

PERIODS = {"7d": 7, "30d": 30, "90d": 90}

DEFINITION = (
    "time_to_claim: from the escalation (or the latest release before the claim) to the claim. time_to_first_action: from the claim to the "
    "claimer's first message, answer, check result, note or fix outcome before they release or return the session. A claim counts in the "
    "period it falls in; unclaimed handoffs are left out of the times. Times are measured in ResolutionFlow only. assessments: how many "
    "were judged by claimers, entry by entry, and how often they named something missing; each person's latest judgement counts, in the "
    "period it was given."
)
PARTS = ("summary", "known", "corrected", "tried", "cause", "step")

# Materialized: otherwise each of the figures at the end runs every subquery above it again.
# A claim ends when the handoff is released, returned or superseded. Order is by number, not time: numbers come in commit order.
_SQL = """
WITH claims AS MATERIALIZED (
    SELECT c.handoff, c.session, c.by_id, c.number, c.at,
           (SELECT o.at FROM accounts_event o
             WHERE o.handoff = c.handoff AND o.number < c.number AND o.kind IN ('handoff_opened', 'handoff_released')
             ORDER BY o.number DESC LIMIT 1) AS queued_at,
           (SELECT min(e.number) FROM accounts_event e
             WHERE e.handoff = c.handoff AND e.number > c.number
               AND e.kind IN ('handoff_released', 'handoff_returned', 'handoff_superseded')) AS ended
      FROM accounts_event c
     WHERE c.account_id = %(account)s AND c.kind = 'handoff_claimed' AND c.at >= %(since)s AND c.at <= %(until)s
), acted AS MATERIALIZED (
    SELECT c.*,
           (SELECT a.at FROM accounts_event a
             WHERE a.session = c.session AND a.by_id = c.by_id AND a.number > c.number
               AND (c.ended IS NULL OR a.number < c.ended)
               AND a.at <= %(until)s
               AND a.kind IN ('session_stepped', 'fix_settled') AND a.details->>'begun_by' = 'person'
             ORDER BY a.number LIMIT 1) AS acted_at
      FROM claims c
), times AS (
    -- greatest() ignores NULL: without the CASE, what never happened would count as 0 seconds.
    SELECT CASE WHEN queued_at IS NOT NULL THEN greatest(extract(epoch FROM at - queued_at), 0) END AS to_claim,
           CASE WHEN acted_at IS NOT NULL THEN greatest(extract(epoch FROM acted_at - at), 0) END AS to_act
      FROM acted
)
SELECT count(to_claim), avg(to_claim),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY to_claim), percentile_cont(0.95) WITHIN GROUP (ORDER BY to_claim),
       count(to_act), avg(to_act),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY to_act), percentile_cont(0.95) WITHIN GROUP (ORDER BY to_act),
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
    claimed, claim_times, acted, act_times, handed_off = row[0], row[1:4], row[4], row[5:8], row[8]
    return {
        "period": period,
        "handed_off": handed_off,
        "claimed": claimed,
        "acted_on": acted,
        "time_to_claim": _seconds(claim_times),
        "time_to_first_action": _seconds(act_times),
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


def _seconds(times: Any) -> dict[str, float | None]:
    average, median, p95 = (None if value is None else round(float(value), 1) for value in times)
    return {"average_s": average, "median_s": median, "p95_s": p95}
