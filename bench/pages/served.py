"""The server's time and queries of each page, beside two floors."""

import gzip
import http.client
import random
import statistics
import time
from collections import Counter
from typing import Any


def queries_of(user: Any, addresses: dict[str, str]) -> dict[str, tuple[int, dict[str, int]]]:
    """How many queries each page asks, and those that it asks more than once, word for word."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    found = {}
    for name, address in addresses.items():
        caller = Client(SERVER_NAME="127.0.0.1") if name == "/healthz" else client
        caller.get(address)
        with CaptureQueriesContext(connection) as asked:
            caller.get(address)
        same = Counter(query["sql"] for query in asked.captured_queries)
        found[name] = (len(asked), {sql: times for sql, times in same.items() if times > 1})
    return found


def serve(server: Any, user: Any, cookie: str, pages: dict[str, str], rounds: int) -> dict[str, Any]:
    """Asks for one page after the other over one kept connection, each round in another order, so that noise hits all alike."""
    addresses = {"/healthz": "/healthz", "SELECT 1, signed in": "/bench/bare/", **pages}
    times: dict[str, list[float]] = {name: [] for name in addresses}
    sizes: dict[str, tuple[int, int]] = {}
    order, chance = list(addresses), random.Random(7)  # noqa: S311 (an order, no secret)
    # Nobody who asks for /healthz is signed in.
    headers = {"Cookie": f"sessionid={cookie}", "Accept": "text/html", "Accept-Encoding": "gzip"}
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for number in range(rounds + 3):
        chance.shuffle(order)
        for name in order:
            began = time.perf_counter()
            line.request("GET", addresses[name], headers={} if name == "/healthz" else headers)
            answer = line.getresponse()
            body = answer.read()
            spent = (time.perf_counter() - began) * 1000
            assert answer.status == 200, f"{addresses[name]}: {answer.status}"
            whole = gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body
            sizes[name] = (len(whole), len(body))
            if number >= 3:
                times[name].append(spent)
    line.close()
    asked = queries_of(user, addresses)
    alive, bare = (statistics.median(times[name]) for name in list(addresses)[:2])
    return {
        name: {
            **spread(spent),
            "to_healthz": round(statistics.median(spent) / alive, 1),
            "to_bare": round(statistics.median(spent) / bare, 1),
            "queries": asked[name][0],
            "twice": asked[name][1],
            "html": sizes[name][0],
            "html_sent": sizes[name][1],
        }
        for name, spent in times.items()
    }


def spread(spent: list[float]) -> dict[str, float]:
    return {"p50_ms": round(statistics.median(spent), 1), "p95_ms": round(statistics.quantiles(spent, n=20, method="inclusive")[-1], 1)}
