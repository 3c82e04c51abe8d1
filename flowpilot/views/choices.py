"""What the filters of the sessions page offer: clients and domains of sessions that the person may read."""

from collections.abc import Iterable

from django.db import connection

from accounts.models import User
from accounts.permissions import is_lead
from flowpilot.access import reasons_to_read

# The most options of a select. Where somebody can't read all, they come from this many sessions that they opened, as many that they handle,
# that wait, and that they once handled. The search finds the rest.
MOST_CHOICES = 500
LOOKED_AT = 200

# From one value to the next in the index, however many sessions have it: PostgreSQL's DISTINCT would read all of them.
_VALUES = """
WITH RECURSIVE found AS (
    SELECT ''::text AS value, 0 AS n
    UNION ALL
    SELECT (SELECT s.{column}::text FROM flowpilot_aisession AS s
             WHERE s.account_id = %(account)s AND s.{column} > found.value ORDER BY s.{column} LIMIT 1), n + 1
      FROM found WHERE found.value IS NOT NULL AND n < %(most)s
)
SELECT value FROM found WHERE value <> ''
"""


def choices_for(user: User) -> dict[str, set[str]]:
    """By filter (client, domain), the values. Of admins and owners all of the account's; of others, those of their newest sessions."""
    if is_lead(user):
        return {name: set(_all_of_account(name, user)) for name in ("client", "domain")}
    rows: set[tuple[str, str]] = set()
    for reason in reasons_to_read(user):
        rows.update(reason.order_by("-updated_at", "pk").values_list("client", "domain")[:LOOKED_AT])
    return {"client": {client for client, _ in rows if client}, "domain": {domain for _, domain in rows if domain}}


def _all_of_account(name: str, user: User) -> Iterable[str]:
    with connection.cursor() as cursor:
        cursor.execute(_VALUES.format(column=name), {"account": user.account_id, "most": MOST_CHOICES})
        return [value for (value,) in cursor.fetchall()]
