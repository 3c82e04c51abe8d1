"""What a claim through `handoffs.claiming.claim` costs over the bare SQL UPDATE, on the same connection in the same run.

Run: `.venv/bin/python -m bench.claim [rounds]`. Prints medians and their ratio. Rounds alternate, so that noise hits both alike.
"""

import os
import statistics
import sys
import time
import uuid

from bench import ground
from bench.table import Row

ground.set_up()

from django.db import connection, transaction  # noqa: E402

from handoffs.claiming import claim  # noqa: E402
from tests.factories import hand_off, make_session  # noqa: E402

BARE = (
    "UPDATE handoffs_sessionhandoff SET state = 'claimed', claimed_by_id = %s, claimed_at = now() "
    "WHERE id = %s AND account_id = %s AND state = 'open' AND claimed_by_id IS NULL AND NOT author_id = %s"
)


def once(pk: uuid.UUID, ana: object, bo: object, *, bare: bool) -> float:
    """Seconds for one claim, committed."""
    began = time.perf_counter()
    if bare:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(BARE, [bo.pk, pk, bo.account_id, bo.pk])
            assert cursor.rowcount == 1
    else:
        claimed = claim(pk, by=bo, begin="own")
        assert claimed.handoff.claimed_by_id == bo.pk
    return time.perf_counter() - began


def measure(rounds: int) -> dict[bool, list[float]]:
    """Seconds of each bare UPDATE (True) and each claim (False)."""
    ana, bo = ground.two_people()
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * (rounds + 20)):
        handoff = hand_off(make_session(ana), ana)
        bare = number % 2 == 0
        spent = once(handoff.pk, ana, bo, bare=bare)
        if number >= 40:
            times[bare].append(spent)
    ground.tidy()
    return times


def rows(*, quick: bool) -> list[Row]:
    times = measure(50 if quick else 300)
    bare, verb = (statistics.median(times[kind]) * 1000 for kind in (True, False))
    return [Row("claim verb", f"{bare:.2f} ms", f"{verb:.2f} ms", f"{verb / bare:.1f}", "6")]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    times = measure(rounds)
    bare_ms, verb_ms = (statistics.median(times[kind]) * 1000 for kind in (True, False))
    spread = {kind: statistics.quantiles(times[kind], n=20) for kind in times}
    print(f"rounds {rounds}, cores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}")
    print(f"bare UPDATE  median {bare_ms:6.2f} ms   p5 to p95 {spread[True][0] * 1000:.2f} to {spread[True][-1] * 1000:.2f}")
    print(f"claim()      median {verb_ms:6.2f} ms   p5 to p95 {spread[False][0] * 1000:.2f} to {spread[False][-1] * 1000:.2f}")
    print(f"ratio        {verb_ms / bare_ms:.1f}")


if __name__ == "__main__":
    main()
