"""What the queue costs with 14, 100, 1,000 and 10,000 open escalations, beside a bare page of 50 rows.

Run: `.venv/bin/python -m bench.queue [open ...] [--profile]`. Makes a database of its own (bench_queue) on the tests' embedded server and
drops it at the end. The floor goes through the same middleware and test client: one query for 50 rows by primary key, and a template that
prints a line for each. Prints medians of 20 in shuffled order, ratios to the floor of the same size, and the process's memory afterwards.
"""

import argparse
import cProfile
import logging
import os
import pstats
import random
import statistics
import sys
import time
import uuid
from typing import Any

import psutil

from bench import ground
from bench.table import Row

ROUNDS = 20
SIZES = [14, 100, 1_000, 10_000]
ROWS = 50
# What was escalated before and has ended, as in an account that has been at work for a while.
ENDED = 10_000
JSON = {"accept": "application/json"}
HTML = {"accept": "text/html"}

SESSIONS = """
INSERT INTO flowpilot_aisession (id, account_id, user_id, handler_id, title, problem_summary, client, ticket, domain, priority, status,
       status_reason, confidence, playbook, escalation_package, ticket_notes, origin, import_key, step_count, card_count, secret_count,
       created_at, updated_at)
SELECT md5(%(mark)s || n)::uuid, %(account)s, (%(authors)s::bigint[])[1 + n %% %(people)s], (%(authors)s::bigint[])[1 + n %% %(people)s],
       'Case ' || n || ': Outlook asks for the password again and again', %(text)s, 'Client ' || n %% 150, 40000 + n,
       'Domain ' || n %% 12, 2, %(status)s, '', 0.5, '', %(snapshot)s, '', '{}', '', 24, 8, 0, now(), now()
  FROM generate_series(1, %(count)s) AS n
"""
HANDOFFS = """
INSERT INTO handoffs_sessionhandoff (id, account_id, session_id, author_id, intent, state, needs, target_id, priority, snapshot, tried,
       created_at, claimed_by_id, claimed_at, begin, ended_at, ended_note, assessment_state, assessment, assessment_reason,
       assessment_asked_at, assessment_by, assessment_generation, assessed_generation, renewed_after)
SELECT md5(%(mark)s || 'h' || n)::uuid, %(account)s, md5(%(mark)s || n)::uuid, (%(authors)s::bigint[])[1 + n %% %(people)s], 'escalate',
       %(state)s, 'May I delete the stored credentials of case ' || n || '? ' || left(%(text)s, 150),
       CASE WHEN n %% 50 = 1 THEN %(bo)s WHEN n %% 7 = 0 THEN (%(authors)s::bigint[])[1 + (n + 1) %% %(people)s] END,
       (ARRAY[2, 2, 2, 2, 2, 2, 1, 3, 3, 4])[1 + n %% 10], %(snapshot)s, 8, now() - n * interval '5 minutes',
       CASE WHEN %(state)s = 'returned' THEN %(bo)s::bigint END, CASE WHEN %(state)s = 'returned' THEN now() END, '', NULL, '',
       'ready', %(snapshot)s, '', now(), 'offline', 1, 1, 0
  FROM generate_series(1, %(count)s) AS n
"""


class Ground:
    """An account with twenty authors and Bo, who looks at the queue; `fill` changes how many escalations wait for him."""

    def __init__(self) -> None:
        from tests.factories import UserFactory

        ana, self.bo = ground.two_people()
        self.authors = [ana.pk, *(UserFactory(account=ana.account).pk for _ in range(19))]
        self._insert("ended", ENDED, status="resolved", state="returned")

    def _insert(self, mark: str, count: int, *, status: str, state: str) -> None:
        from django.db import connection
        from psycopg.types.json import Jsonb

        chance = random.Random(7)  # noqa: S311 (words, no secrets)
        words = ["".join(chance.choices("abcdefghijklmnopqrst", k=chance.randint(3, 9))) for _ in range(2000)]

        def say(length: int) -> str:
            return " ".join(chance.choices(words, k=length))

        snapshot = {
            "title": say(8),
            "done_tasks": [{"state": "done", "title": say(12)} for _ in range(8)],
            "fixes": [{"outcome": "proposed", "title": say(12)}],
            "last_steps": [{"text": say(80), "kind": "message"} for _ in range(20)],
        }
        values = {
            "mark": f"{mark}-{uuid.uuid4()}",
            "account": self.bo.account_id,
            "authors": self.authors,
            "people": len(self.authors),
            "bo": self.bo.pk,
            "count": count,
            "status": status,
            "state": state,
            "text": say(60),
            "snapshot": Jsonb(snapshot),
        }
        with connection.cursor() as cursor:
            cursor.execute(SESSIONS, values)
            cursor.execute(HANDOFFS, values)

    def fill(self, count: int) -> None:
        from django.db import connection

        account = [self.bo.account_id]
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM escalations_seen WHERE handoff_id IN "
                "(SELECT id FROM handoffs_sessionhandoff WHERE account_id = %s AND state = 'open')",
                account,
            )
            cursor.execute("DELETE FROM handoffs_sessionhandoff WHERE account_id = %s AND state = 'open'", account)
            cursor.execute("DELETE FROM flowpilot_aisession WHERE account_id = %s AND status = 'requesting_escalation'", account)
        self._insert("open", count, status="requesting_escalation", state="open")
        with connection.cursor() as cursor:
            # A third has been opened by Bo, two of a hundred were escalated by him.
            cursor.execute(
                "INSERT INTO escalations_seen (user_id, handoff_id, at) SELECT %s, id, now() FROM handoffs_sessionhandoff "
                "WHERE account_id = %s AND state = 'open' AND random() < 0.3",
                [self.bo.pk, *account],
            )
            cursor.execute(
                "UPDATE handoffs_sessionhandoff SET author_id = %s, target_id = NULL "
                "WHERE account_id = %s AND state = 'open' AND random() < 0.02",
                [self.bo.pk, *account],
            )
            cursor.execute(
                "UPDATE flowpilot_aisession AS s SET handler_id = h.author_id FROM handoffs_sessionhandoff AS h "
                "WHERE h.session_id = s.id AND h.state = 'open' AND s.handler_id <> h.author_id"
            )
            for table in ("flowpilot_aisession", "handoffs_sessionhandoff", "escalations_seen"):
                cursor.execute(f"VACUUM ANALYZE {table}")


def bare_page(request: Any) -> Any:
    """The floor: 50 rows by primary key, a line for each."""
    from django.http import HttpResponse
    from django.template import engines

    from handoffs.models import SessionHandoff

    rows = SessionHandoff.objects.filter(pk__in=bare_page.ids).values_list("needs", "created_at")  # type: ignore[attr-defined]
    template = engines["django"].from_string("<ol>{% for needs, at in rows %}<li>{{ at }} {{ needs }}</li>{% endfor %}</ol>")
    return HttpResponse(template.render({"rows": rows}, request))


def measured(client: Any, pages: dict[str, tuple[str, dict[str, str]]]) -> dict[str, tuple[float, int, int]]:
    """Of each page: median in ms, queries, bytes."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    times: dict[str, list[float]] = {name: [] for name in pages}
    sizes, queries = {}, {}
    for name, (address, headers) in pages.items():
        for _ in range(2):
            answer = client.get(address, headers=headers)
            assert answer.status_code == 200, f"{address}: {answer.status_code}"
        with CaptureQueriesContext(connection) as captured:
            sizes[name] = len(client.get(address, headers=headers).content)
        queries[name] = len(captured)
    order, chance = list(pages), random.Random(7)  # noqa: S311 (an order, no secret)
    for _ in range(ROUNDS):
        chance.shuffle(order)
        for name in order:
            address, headers = pages[name]
            began = time.perf_counter()
            client.get(address, headers=headers)
            times[name].append((time.perf_counter() - began) * 1000)
    return {name: (statistics.median(times[name]), queries[name], sizes[name]) for name in pages}


def profile(client: Any, address: str) -> None:
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(ROUNDS):
        client.get(address, headers=HTML)
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(45)


def main() -> int:
    parser = argparse.ArgumentParser("bench.queue", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, metavar="open", help="how many escalations wait (14 100 1000 10000)")
    parser.add_argument("--profile", action="store_true", help="also print where the queue page spends its time")
    given = parser.parse_args()
    with ground.own_database("bench_queue"):
        # Static files as they are, without a collected copy.
        os.environ["DEMO"] = "true"
        ground.set_up()
        logging.getLogger().setLevel(logging.WARNING)
        run(given.sizes, with_profile=given.profile)
    return 0


def rows(*, quick: bool) -> list[Row]:
    with ground.own_database("bench_queue"):
        os.environ["DEMO"] = "true"
        ground.set_up()
        logging.getLogger().setLevel(logging.WARNING)
        table = []
        for size, results in run([14, 1_000] if quick else SIZES, with_profile=False):
            floor = results["floor"][0]
            for name in ("queue", "JSON"):
                now = results[name][0]
                work = f"queue {'page' if name == 'queue' else 'as JSON'}, {size:,} open"
                table.append(Row(work, f"{floor:.1f} ms", f"{now:.1f} ms", f"{now / floor:.1f}", "1.5"))
        return table


def run(sizes: list[int], *, with_profile: bool) -> list[tuple[int, dict[str, tuple[float, int, int]]]]:
    """What was measured at each size, which is also printed."""
    from django.conf import settings
    from django.test import Client
    from django.urls import path

    from handoffs.models import SessionHandoff
    from resolutionflow import urls

    urls.urlpatterns.append(path("bench/bare/", bare_page))
    settings.ALLOWED_HOSTS = ["testserver"]
    made = Ground()
    client = Client()
    client.force_login(made.bo, backend="django.contrib.auth.backends.ModelBackend")
    print(f"cores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}; medians of {ROUNDS}")
    print(f"{'open':>7}  {'':16}{'median':>10}{'ratio':>8}{'queries':>9}{'kB':>9}")
    all_results = []
    for size in sizes:
        made.fill(size)
        ids = list(SessionHandoff.objects.values_list("pk", flat=True)[:ROWS])
        bare_page.ids = ids  # type: ignore[attr-defined]
        pages = {
            "floor": ("/bench/bare/", HTML),
            "queue": ("/escalations/", HTML),
            "rows alone": ("/escalations/rows/", HTML),
            "one client": ("/escalations/?client=Client+7", HTML),
            "JSON": ("/escalations/", JSON),
            "home": ("/", HTML),
            "counts": ("/counts/", JSON),
        }
        found = client.get("/escalations/", headers=JSON).json().get("next")
        if found:
            middle = made_cursor(size, client)
            pages |= {"page 2": (found, HTML), "the middle": (middle, HTML)}
        results = measured(client, pages)
        all_results.append((size, results))
        floor = results["floor"][0]
        for name, (median, queries, length) in results.items():
            print(f"{size:7,}  {name:16}{median:7.1f} ms{median / floor:8.2f}{queries:9}{length / 1000:9.1f}")
        print(f"{'':9}process: {psutil.Process().memory_info().rss / 1e6:.0f} MB")
        if with_profile:
            profile(client, "/escalations/")
    return all_results


def made_cursor(size: int, client: Any) -> str:
    """The address of a page in the middle of the queue, reached by JSON pages of 200."""
    address = "/escalations/?limit=200"
    for _ in range(max(1, size // 400)):
        following = client.get(address, headers=JSON).json()["next"]
        if not following:
            break
        address = following
    return address.replace("limit=200", "")


if __name__ == "__main__":
    sys.exit(main())
