"""What escalating costs over the test client, in an account of 12 and of 1,000 people, beside a bare UPDATE of the session and an event.

Run: `.venv/bin/python -m bench.escalate [rounds]`. Makes a database of its own (bench_escalate) on the tests' embedded server. Rounds
alternate. CPU is this process's, the database's not counted.
"""

import logging
import os
import statistics
import sys
import time
from typing import Any

from bench import ground
from bench.table import Row, show

PEOPLE = (12, 1_000)
# Of the version before issue 9, in the same account: statements, transaction control included.
BEFORE = 30


def bare(request: Any, pk: Any) -> Any:
    """The floor, behind the same middleware."""
    from django.db import connection, transaction
    from django.http import JsonResponse

    user = request.user
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE flowpilot_aisession SET status = 'requesting_escalation' WHERE id = %s AND account_id = %s AND status = 'active'",
            [pk, user.account_id],
        )
        cursor.execute(
            "WITH counter AS (UPDATE accounts_eventcounter SET last = last + 1 WHERE account_id = %(account)s RETURNING last) "
            "INSERT INTO accounts_event (account_id, number, kind, at, by_id, session, from_state, to_state, details) "
            "SELECT %(account)s, last, 'handoff_opened', now(), %(by)s, %(session)s, '', 'open', '{}' FROM counter",
            {"account": user.account_id, "by": user.pk, "session": pk},
        )
    return JsonResponse({"session": str(pk)}, status=201)


def measure(people: int, rounds: int) -> tuple[dict[str, tuple[float, float]], int]:
    """Milliseconds and CPU of the floor and of an escalation, and the statements of one."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from accounts.models import User
    from tests.factories import make_session

    ana, _ = ground.two_people()
    User.objects.bulk_create(
        User(account=ana.account, email=f"{number}@{ana.account.slug}.example.com", name=f"Colleague {number}", password="!")  # noqa: S106
        for number in range(people - 2)
    )
    client = Client()
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    spent: dict[str, list[tuple[float, float]]] = {"/bench/escalate/{}/": [], "/sessions/{}/escalate/": []}

    def post(address: str) -> tuple[float, float]:
        session = make_session(ana)
        wall, cpu = time.perf_counter(), time.process_time()
        answer = client.post(
            address.format(session.pk), {"reason": "May I delete the credentials?"}, headers={"accept": "application/json"}
        )
        assert answer.status_code == 201, answer.content
        return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000

    for number in range(rounds + 5):
        for address, times in spent.items():
            once = post(address)
            if number >= 5:
                times.append(once)
    session = make_session(ana)
    with CaptureQueriesContext(connection) as captured:
        client.post(f"/sessions/{session.pk}/escalate/", {"reason": "Once more?"}, headers={"accept": "application/json"})
    floor, ours = ((statistics.median(wall for wall, _ in each), statistics.median(cpu for _, cpu in each)) for each in spent.values())
    return {"floor": floor, "ours": ours}, len(captured)


def rows(*, quick: bool) -> list[Row]:
    return rows_of(15 if quick else 60)


def rows_of(rounds: int) -> list[Row]:
    with ground.own_database("bench_escalate"):
        # Static files as they are, without a collected copy.
        os.environ["DEMO"] = "true"
        ground.set_up()
        logging.getLogger().setLevel(logging.WARNING)
        from django.conf import settings
        from django.urls import path

        from resolutionflow import urls

        settings.ALLOWED_HOSTS = ["testserver"]
        urls.urlpatterns.append(path("bench/escalate/<uuid:pk>/", bare))
        table = []
        for people in PEOPLE:
            found, statements = measure(people, rounds)
            at = [f"{wall:.1f} ms, {cpu:.1f} ms of CPU" for wall, cpu in found.values()]
            ratio = found["ours"][0] / found["floor"][0]
            work = f"escalate POST, {people:,} people"
            table.append(Row(work, at[0], f"{at[1]}, {statements} statements", f"{ratio:.1f}", f"{BEFORE // 2} statements"))
        return table


if __name__ == "__main__":
    show(rows_of(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
