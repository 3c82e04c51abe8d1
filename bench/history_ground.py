"""An account with a long history, for bench/history.py: closed sessions, handoffs, holders, notifications and events over three years.

The rows are made inside PostgreSQL, without triggers; afterwards the times of the claims are filled in as their migration does. The search
does not know the closed sessions: no page of this benchmark searches.
"""

import importlib
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from bench.queue import HTML, JSON

PEOPLE, OPEN, YEARS = 20, 14, 3

# One row for each closed session, from which the statements below make theirs. `n` comes in order of time.
PLAN = """
CREATE TEMPORARY TABLE plan AS
SELECT n, gen_random_uuid() AS session, gen_random_uuid() AS handoff,
       people[1 + n %% cardinality(people)] AS opener, people[1 + (n + 1 + n / 7 %% 11) %% cardinality(people)] AS claimer,
       people[1 + (n + 13) %% cardinality(people)] AS other, n %% 10 = 0 AS released, n %% 20 = 3 AS returned, n %% 7 <> 0 AS acted,
       now() - (%(rows)s - n + 1) * (%(span)s::interval / %(rows)s) - interval '1 day' AS at,
       (-600 * ln(1 - random())) * interval '1 second' AS to_claim, (-300 * ln(1 - random())) * interval '1 second' AS to_act
  FROM generate_series(1, %(rows)s) AS n, (VALUES (%(people)s::bigint[])) AS all_of_them (people)
"""
FILLS = [
    """
    INSERT INTO flowpilot_aisession (id, account_id, user_id, handler_id, title, problem_summary, client, ticket, domain, priority, status,
           status_reason, confidence, playbook, ticket_notes, origin, import_key, step_count, card_count, secret_count, created_at,
           updated_at, resolved_at)
    SELECT session, %(account)s, opener, CASE WHEN returned THEN opener ELSE claimer END,
           'Case ' || n || ': Outlook asks for the password again and again', 'It began this morning, on every machine of the front desk.',
           'Client ' || n * 7 %% 151, 40000 + n, 'Domain ' || n %% 12, (ARRAY[2, 2, 2, 2, 2, 2, 1, 3, 3, 4])[1 + n %% 10],
           CASE WHEN n %% 9 = 0 THEN 'abandoned' ELSE 'resolved' END, '', 0.7, '', 'Cleared the credentials.', '{}', '', 24, 8, 0,
           at - interval '30 minutes', at + to_claim + interval '2 hours',
           CASE WHEN n %% 9 <> 0 THEN at + to_claim + interval '2 hours' END
      FROM plan
    """,
    """
    INSERT INTO handoffs_sessionhandoff (id, account_id, session_id, author_id, intent, state, needs, target_id, priority, snapshot, tried,
           created_at, claimed_by_id, claimed_at, begin, ended_at, ended_note, assessment_state, assessment, assessment_reason,
           assessment_asked_at, assessment_by, assessment_generation, assessed_generation, renewed_after)
    SELECT handoff, %(account)s, session, opener, 'escalate', CASE WHEN returned THEN 'returned' ELSE 'claimed' END,
           'May I delete the stored credentials of case ' || n || '?', NULL, 2, '{"title": "Outlook", "done_tasks": [], "fixes": []}', 0,
           at, claimer, at + to_claim, 'own', CASE WHEN returned THEN at + to_claim + interval '1 hour' END, '', 'ready',
           '{"summary_prose": "It asks for it.", "what_we_know": [], "tried": [], "suggested_steps": []}', '', at, 'offline', 1, 1, 0
      FROM plan
    """,
    """
    INSERT INTO flowpilot_sessionholder (session_id, user_id, since, until)
    SELECT session, opener, at - interval '30 minutes', at FROM plan
    UNION ALL SELECT session, claimer, at + to_claim, NULL FROM plan WHERE NOT returned
    UNION ALL SELECT session, claimer, at + to_claim, at + to_claim + interval '1 hour' FROM plan WHERE returned
    UNION ALL SELECT session, opener, at + to_claim + interval '1 hour', NULL FROM plan WHERE returned
    """,
    """
    INSERT INTO escalations_notification (account_id, user_id, handoff_id, kind, title, created_at, read_at)
    SELECT %(account)s, person, handoff, 'handoff_opened', 'Case ' || n, at, at + interval '1 day'
      FROM plan, LATERAL (VALUES (claimer), (other)) AS told (person)
    """,
    "INSERT INTO escalations_seen (user_id, handoff_id, at) SELECT claimer, handoff, at FROM plan",
    """
    INSERT INTO handoffs_entryjudgement (account_id, handoff_id, by_id, generation, part, entry, text, verdict, note, at)
    SELECT %(account)s, handoff, claimer, 1, part, 0, 'The credentials are stale.', CASE WHEN n %% 3 = 0 THEN 'wrong' ELSE 'right' END, '',
           at + to_claim + interval '1 hour'
      FROM plan, unnest(ARRAY['known', 'cause', 'step']) AS part WHERE n %% 10 = 1
    """,
    """
    INSERT INTO accounts_event (account_id, number, kind, at, by_id, session, handoff, from_state, to_state, details)
    SELECT %(account)s, 9 * n + place, kind, happened, by_id, session, of_handoff, '', '', details::jsonb
      FROM plan, LATERAL (VALUES
           (0, 'session_opened', at - interval '30 minutes', opener, NULL, '{}', true),
           (1, 'session_stepped', at - interval '29 minutes', opener, NULL, '{"first": 1, "last": 1, "begun_by": "person"}', true),
           (2, 'handoff_opened', at, opener, handoff, '{"priority": "normal"}', true),
           (3, 'handoff_claimed', at + to_claim / 3, other, handoff, '{"begin": "own"}', released),
           (4, 'handoff_released', at + to_claim / 2, other, handoff, '{"noted": false}', released),
           (5, 'handoff_claimed', at + to_claim, claimer, handoff, '{"begin": "own"}', true),
           (6, 'session_stepped', at + to_claim + to_act, claimer, NULL, '{"first": 20, "last": 20, "begun_by": "person"}', acted),
           (7, 'handoff_returned', at + to_claim + interval '1 hour', claimer, handoff, '{"noted": true}', returned),
           (8, 'session_resolved', at + to_claim + interval '2 hours', claimer, NULL, '{}', true)
           ) AS told (place, kind, happened, by_id, of_handoff, details, so) WHERE so
    """,
    """
    INSERT INTO accounts_eventcounter (account_id, last) SELECT %(account)s, max(number) FROM accounts_event WHERE account_id = %(account)s
    ON CONFLICT (account_id) DO UPDATE SET last = excluded.last
    """,
    "DROP TABLE plan",
]


class Ground:
    """The account of one size: Bo, an engineer, and Lea, an admin, who look at its pages."""

    def __init__(self, rows: int) -> None:
        from accounts.models import Account, User

        slug = f"history-{rows}"
        if not Account.objects.filter(slug=slug).exists():
            for suffix in ("-beside", ""):
                _fill(slug + suffix, rows)
        self.account = Account.objects.get(slug=slug)
        self.bo = User.objects.get(account=self.account, email__startswith="bo@")
        self.lea = User.objects.get(account=self.account, email__startswith="lea@")

    def pages(self) -> dict[str, tuple[Any, str, dict[str, str]]]:
        """By name: who asks, the address, the headers."""
        from flowpilot.models import AISession
        from handoffs.models import SessionHandoff

        short, long = (AISession.objects.get(account=self.account, step_count__gte=low, step_count__lt=low + 100) for low in (60, 2000))
        handed_off = {session.step_count: SessionHandoff.objects.get(session=session).pk for session in (short, long)}
        sessions = {
            "": "",
            ", open": "?show=open",
            ", all": "?show=all",
            ", all, page 20": "?show=all&page=20",
            ", a client": "?show=all&client=Client+7",
            ", a domain": "?show=all&domain=Domain+7",
            ", a status": "?show=all&status=abandoned",
            ", a status nobody has": "?show=all&status=paused",
            ", a priority": "?show=all&priority=urgent",
            ", a person": f"?show=all&person={self.lea.pk}",
            ", client and domain": "?show=all&client=Client+7&domain=Domain+7",
        }
        pages = {
            "floor": (self.bo, "/bench/bare/", HTML),
            "home": (self.bo, "/", HTML),
            "queue": (self.bo, "/escalations/", HTML),
            "queue, JSON": (self.bo, "/escalations/", JSON),
            "counts": (self.bo, "/counts/", JSON),
            "bell": (self.bo, "/bell/", HTML),
            "people": (self.bo, "/people/", HTML),
            "people, JSON": (self.bo, "/people/", JSON),
            "a person": (self.lea, f"/people/{self.bo.pk}/", HTML),
            **{f"metrics, {period}": (self.bo, f"/escalations/metrics/?period={period}", HTML) for period in ("7d", "30d", "90d")},
            **{f"metrics, {period}, JSON": (self.bo, f"/escalations/metrics/?period={period}", JSON) for period in ("7d", "30d", "90d")},
            **{f"sessions{name}": (self.bo, f"/sessions/{query}", HTML) for name, query in sessions.items()},
            **{f"sessions of an admin{name}": (self.lea, f"/sessions/{query}", HTML) for name, query in sessions.items()},
        }
        for session in (short, long):
            pages[f"workspace, {session.step_count} steps"] = (self.bo, f"/sessions/{session.pk}/", HTML)
            pages[f"workspace, {session.step_count} steps, JSON"] = (self.bo, f"/sessions/{session.pk}/", JSON)
            pages[f"context, {session.step_count} steps"] = (self.bo, f"/handoffs/{handed_off[session.step_count]}/", HTML)
            pages[f"context, {session.step_count} steps, JSON"] = (self.bo, f"/handoffs/{handed_off[session.step_count]}/", JSON)
        return pages


def _fill(slug: str, rows: int) -> None:
    """An account with so many closed escalations, and what is alive: open ones, active sessions, one of 60 and one of 2,000 steps."""
    from django.apps import apps
    from django.db import connection, transaction
    from django.utils import timezone

    from accounts.models import Account
    from flowpilot.models import AISession, SessionStep
    from handoffs.claiming import claim
    from tests.factories import UserFactory, hand_off, make_session

    began = time.monotonic()
    account = Account.objects.create(name=slug, slug=slug)
    people = [UserFactory(account=account, name=f"Person {n}", email=f"{n}@{slug}.example.com") for n in range(PEOPLE - 2)]
    bo = UserFactory(account=account, name="Bo", email=f"bo@{slug}.example.com")
    lea = UserFactory(account=account, name="Lea", email=f"lea@{slug}.example.com", role="admin")
    values = {
        "account": account.pk,
        "rows": rows,
        "people": [person.pk for person in (*people, bo, lea)],
        "span": timedelta(days=365 * YEARS),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        # Without triggers: neither the search's index nor foreign keys are checked row by row.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in (PLAN, *FILLS):
            cursor.execute(statement, values)
    claim_times = importlib.import_module("escalations.migrations.0005_claim_times_fill")
    claim_times.fill(apps, SimpleNamespace(connection=connection))
    for number in range(OPEN):
        hand_off(make_session(people[number % len(people)], title=f"Open case {number}"), people[number % len(people)])
        make_session(bo, title=f"Active case {number}")
    for length in (60, 2000):
        session = make_session(people[0], title=f"A case of {length} steps")
        SessionStep.objects.bulk_create(
            SessionStep(
                session=session,
                number=number,
                kind="reply" if number % 2 else "message",
                author_kind="assistant" if number % 2 else "person",
                author=None if number % 2 else people[0],
                text=f"Step {number}: restarted the spooler on PRINT-0{number % 9}, and the queue stopped again after the next job.",
                at=timezone.now(),
            )
            for number in range(4, length + 1)
        )
        AISession.objects.filter(pk=session.pk).update(step_count=length)
        claim(hand_off(session, people[0]).pk, by=bo)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    print(f"{slug}: filled in {time.monotonic() - began:.0f} s", flush=True)
