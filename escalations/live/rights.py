"""Whether open sockets may stay open."""

from collections.abc import Sequence

from django.db import connection

from escalations.live.hub import Watcher

_SQL = """
SELECT k.session_key, u.id, u.account_id, u.role, u.password
  FROM unnest(%s::text[], %s::bigint[]) AS k (session_key, user_id)
  JOIN django_session s ON s.session_key = k.session_key AND s.expire_date > now()
  JOIN accounts_user u ON u.id = k.user_id AND u.is_active
"""


def revoked_watchers(watchers: Sequence[Watcher]) -> list[Watcher]:
    """The watchers who have signed out, were deactivated, changed role, account or password since they connected."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [[w.session_key for w in watchers], [w.user_id for w in watchers]])
        valid = set(cursor.fetchall())
    return [w for w in watchers if (w.session_key, w.user_id, w.account_id, w.role, w.password) not in valid]
