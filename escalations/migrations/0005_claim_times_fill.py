"""Fills in the times of claims that are in the event log, some at a time.

Each batch holds the account's counter: the account's own writers wait for a fraction of a second, and none of them changes a claim that
is being filled in.
"""

from django.db import migrations, transaction

CLAIMS_AT_A_TIME = 2000

# What the trigger of 0004 would have kept of the claims with these numbers.
FILL = """
INSERT INTO escalations_claimtimes (account_id, number, handoff, session, by_id, queued_at, claimed_at, acted_at, ended)
SELECT c.account_id, c.number, c.handoff, c.session, c.by_id, queued.at, c.at, acted.at, ends.number
  FROM accounts_event AS c
  LEFT JOIN LATERAL (SELECT o.at FROM accounts_event AS o
                      WHERE o.handoff = c.handoff AND o.number < c.number AND o.kind IN ('handoff_opened', 'handoff_released')
                      ORDER BY o.number DESC LIMIT 1) AS queued ON true
  LEFT JOIN LATERAL (SELECT e.number FROM accounts_event AS e
                      WHERE e.handoff = c.handoff AND e.number > c.number
                        AND e.kind IN ('handoff_released', 'handoff_returned', 'handoff_superseded')
                      ORDER BY e.number LIMIT 1) AS ends ON true
  LEFT JOIN LATERAL (SELECT a.at FROM accounts_event AS a
                      WHERE a.session = c.session AND a.by_id = c.by_id AND a.number > c.number
                        AND (ends.number IS NULL OR a.number < ends.number)
                        AND a.kind IN ('session_stepped', 'fix_settled') AND a.details->>'begun_by' = 'person'
                      ORDER BY a.number LIMIT 1) AS acted ON true
 WHERE c.account_id = %(account)s AND c.kind = 'handoff_claimed' AND c.number = ANY (%(numbers)s)
ON CONFLICT DO NOTHING
"""


def fill(apps, schema_editor):
    events = apps.get_model("accounts", "Event").objects.filter(kind="handoff_claimed")
    counters = apps.get_model("accounts", "EventCounter").objects
    with schema_editor.connection.cursor() as cursor:
        for account in counters.order_by("pk").values_list("pk", flat=True):
            numbers = list(events.filter(account=account).order_by("number").values_list("number", flat=True))
            for first in range(0, len(numbers), CLAIMS_AT_A_TIME):
                with transaction.atomic():
                    cursor.execute("UPDATE accounts_eventcounter SET last = last WHERE account_id = %s", [account])
                    cursor.execute(FILL, {"account": account, "numbers": numbers[first : first + CLAIMS_AT_A_TIME]})
        cursor.execute("ANALYZE escalations_claimtimes")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("escalations", "0004_claim_times")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
