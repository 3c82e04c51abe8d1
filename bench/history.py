"""What pages cost in an account with 1,000 to 1,000,000 closed escalations, beside a bare page of 50 rows.

Run: `.venv/bin/python -m bench.history [rows ...] [--keep] [--profile PAGE]`. For each size, an account of its own is filled with closed
sessions and what belongs to them (bench/history_ground.py), and a second account with as many.

Prints medians, ratios to the floor of the same size (bench/queue.py's bare page), and to the same page at the first size; then how much
memory a served process has after each page at the last size. On a server with JIT, everything is measured a second time with it
(the embedded PostgreSQL has none). Makes a database of its own (bench_history) on the tests' embedded server; `--keep` leaves it there, and
finds in it the accounts that a run before has filled.
"""

import argparse
import cProfile
import http.client
import logging
import os
import pstats
import random
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

from bench import ground
from bench.history_ground import Ground
from bench.queue import HTML, bare_page

SIZES = [1_000, 100_000, 1_000_000]
ROUNDS, LEAST_ROUNDS, PATIENCE = 21, 3, 10


def measured(pages: dict[str, tuple[Any, str, dict[str, str]]]) -> dict[str, tuple[float, int]]:
    """Of each page: median in ms, and queries. Pages that take long are asked for less often."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    clients = {}
    for person, _, _ in pages.values():
        if person.pk not in clients:
            clients[person.pk] = Client()
            clients[person.pk].force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    times: dict[str, list[float]] = {name: [] for name in pages}
    queries = {}
    for name, (person, address, headers) in pages.items():
        for _ in range(2):
            answer = clients[person.pk].get(address, headers=headers)
            assert answer.status_code == 200, f"{address}: {answer.status_code}"
        with CaptureQueriesContext(connection) as captured:
            clients[person.pk].get(address, headers=headers)
        queries[name] = len(captured)
    order, chance = list(pages), random.Random(7)  # noqa: S311 (an order, no secret)
    for _ in range(ROUNDS):
        chance.shuffle(order)
        for name in order:
            if len(times[name]) >= LEAST_ROUNDS and sum(times[name]) > PATIENCE * 1000:
                continue
            person, address, headers = pages[name]
            began = time.perf_counter()
            clients[person.pk].get(address, headers=headers)
            times[name].append((time.perf_counter() - began) * 1000)
    return {name: (statistics.median(times[name]), queries[name]) for name in pages}


def profile(person: Any, address: str, headers: dict[str, str]) -> None:
    """Where a page spends its time: statements, then functions."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    client.get(address, headers=headers)
    with CaptureQueriesContext(connection) as captured:
        client.get(address, headers=headers)
    for query in captured:
        print(f"{float(query['time']) * 1000:8.0f} ms  {query['sql'][:2000]}")
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(5):
        client.get(address, headers=headers)
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


def memory(pages: dict[str, tuple[Any, str, dict[str, str]]]) -> Iterator[tuple[str, float]]:
    """What a served process (Daphne) has in memory before its first page, and after each of these, in MB."""
    import psutil
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from bench.fanout import Server

    server = Server("daphne", "resolutionflow.asgi:application")
    server.start()
    try:
        process = psutil.Process(server.process.pid)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
        keys = {}
        for name, (person, address, headers) in {"(before the first page)": (None, "/healthz", HTML), **pages}.items():
            if person is not None and person.pk not in keys:
                store = SessionStore()
                store[SESSION_KEY], store[BACKEND_SESSION_KEY] = str(person.pk), "django.contrib.auth.backends.ModelBackend"
                store[HASH_SESSION_KEY] = person.get_session_auth_hash()
                store.create()
                keys[person.pk] = store.session_key
            cookie = {"Cookie": f"sessionid={keys[person.pk]}"} if person is not None else {}
            connection.request("GET", address, headers={**headers, **cookie})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, f"{address}: {answer.status}"
            yield name, process.memory_info().rss / 1e6
    finally:
        server.stop()


def main() -> int:
    parser = argparse.ArgumentParser("bench.history", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, metavar="rows", help="closed escalations (1000 100000 1000000)")
    parser.add_argument("--keep", action="store_true", help="leave the database, and use the accounts that are in it")
    parser.add_argument("--profile", metavar="PAGE", help="print where this page spends its time at the last size, and measure nothing")
    parser.add_argument("--only", metavar="WORD", default="", help="measure only pages with this word in their name")
    given = parser.parse_args()
    with ground.own_database("bench_history", keep=given.keep):
        # Static files as they are, without a collected copy.
        os.environ["DEMO"] = "true"
        ground.set_up()
        logging.getLogger().setLevel(logging.WARNING)
        run(given)
    return 0


def run(given: argparse.Namespace) -> None:
    from django.conf import settings
    from django.db import connection
    from django.urls import path

    from handoffs.models import SessionHandoff
    from resolutionflow import urls

    urls.urlpatterns.append(path("bench/bare/", bare_page))
    settings.ALLOWED_HOSTS = ["testserver"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_jit_available()")
        (has_jit,) = cursor.fetchone()
    if given.profile:
        profile(*Ground(given.sizes[-1]).pages()[given.profile])
        return
    for jit in ("off", "on") if has_jit else ("off",):
        with connection.cursor() as cursor:
            cursor.execute(f"SET jit = {jit}")
        print(f"cores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}; JIT {jit if has_jit else 'not available'}")
        first: dict[str, float] = {}
        for size in given.sizes:
            made = Ground(size)
            bare_page.ids = list(SessionHandoff.objects.filter(account=made.account).values_list("pk", flat=True)[:50])  # type: ignore[attr-defined]
            pages = {name: page for name, page in made.pages().items() if given.only in name or name == "floor"}
            results = measured(pages)
            first = first or {name: median for name, (median, _) in results.items()}
            print(f"{size:10,}  {'':42}{'median':>11}{'x floor':>9}{f'x {given.sizes[0]:,}':>10}{'queries':>9}")
            for name, (median, queries) in results.items():
                print(
                    f"{'':12}{name:42}{median:8.1f} ms{median / results['floor'][0]:9.2f}{median / first[name]:10.2f}{queries:9}",
                    flush=True,
                )
    print(f"\nmemory of a served process, {given.sizes[-1]:,} rows")
    for name, megabytes in memory({name: page for name, page in pages.items() if name != "floor"}):
        print(f"{'':12}{name:42}{megabytes:8.1f} MB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
