"""What a claim costs over HTTP, with one client and with eight, beside a bare UPDATE and an event through the same server.

Run: `.venv/bin/python -m bench.claim_http [claims of each] [daphne|uvicorn]`. Makes a database of its own (bench_claim_http) on the tests'
embedded server. Every client keeps its connection and claims as a colleague of its own; floor and claims alternate in batches.
"""

import argparse
import http.client
import json
import logging
import statistics
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from bench import ground
from bench.table import Row, show

CLIENTS = (1, 8)
BATCHES = 5
FLOOR, CLAIM = "/bench/claim/{}/", "/handoffs/{}/claim/"
TOKEN = "b" * 32


@dataclass
class Measured:
    times: list[float] = field(default_factory=list)
    claims: int = 0
    seconds: float = 0
    cpu: float = 0

    @property
    def median(self) -> float:
        return statistics.median(self.times) * 1000

    @property
    def rate(self) -> float:
        return self.claims / self.seconds


def claims(port: int, key: str, address: str, ids: list[uuid.UUID], times: list[float]) -> None:
    """One client: one connection, one claim after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {
        "Cookie": f"sessionid={key}; csrftoken={TOKEN}",
        "X-CSRFToken": TOKEN,
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    for pk in ids:
        began = time.perf_counter()
        connection.request("POST", address.format(pk), "begin=own", headers)
        answer = connection.getresponse()
        body = answer.read()
        times.append(time.perf_counter() - began)
        assert answer.status == 200, f"{address}: {answer.status} {body[:200]!r}"
        assert json.loads(body)["handoff"] == str(pk)
    connection.close()


def batch(server: Any, keys: list[str], address: str, ids: list[uuid.UUID], into: Measured) -> None:
    shares = [ids[number :: len(keys)] for number in range(len(keys))]
    threads = [
        threading.Thread(target=claims, args=(server.port, key, address, share, into.times))
        for key, share in zip(keys, shares, strict=True)
    ]
    began, cpu = time.perf_counter(), server.cpu()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    into.seconds += time.perf_counter() - began
    into.cpu += server.cpu() - cpu
    into.claims += len(ids)


def measure(count: int, kind: str) -> dict[int, tuple[Measured, Measured]]:
    """Floor and claim, by the number of clients."""
    from bench.fanout import Server, people_with_sessions
    from tests.factories import hand_off, make_session

    ana, _ = ground.two_people()
    keys = people_with_sessions(ana.account, max(CLIENTS))
    server = Server(kind, "bench.claim_server:application")
    server.start()
    results = {}
    try:
        for clients in CLIENTS:
            floor, claim, warm = Measured(), Measured(), Measured()
            for number in range(BATCHES + 1):
                for address, into in ((FLOOR, floor), (CLAIM, claim)):
                    ids = [hand_off(make_session(ana), ana).pk for _ in range(max(count // BATCHES, clients))]
                    # The first batch warms up.
                    batch(server, keys[:clients], address, ids, into if number else warm)
            results[clients] = (floor, claim)
    finally:
        server.stop()
    return results


def rows(*, quick: bool) -> list[Row]:
    return rows_of(40 if quick else 200, "uvicorn")


def rows_of(count: int, kind: str) -> list[Row]:
    with ground.own_database("bench_claim_http"):
        ground.set_up()
        logging.getLogger().setLevel(logging.WARNING)
        table = []
        for clients, (floor, claim) in measure(count, kind).items():
            work = f"claim over HTTP, {clients} client{'s' if clients > 1 else ''} ({kind})"
            cpu = [f"{each.cpu / each.claims * 1000:.1f} ms of CPU" for each in (floor, claim)]
            at = [f"{each.median:.1f} ms, {each.rate:.0f}/s, {spent}" for each, spent in zip((floor, claim), cpu, strict=True)]
            table.append(Row(work, *at, f"{claim.median / floor.median:.2f}", "1.6; 45/s"))
        return table


def main() -> int:
    parser = argparse.ArgumentParser("bench.claim_http", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=200, help="claims of each kind and number of clients (200)")
    parser.add_argument("server", nargs="?", choices=("daphne", "uvicorn"), default="uvicorn")
    given = parser.parse_args()
    show(rows_of(given.count, given.server))
    return 0


if __name__ == "__main__":
    sys.exit(main())
