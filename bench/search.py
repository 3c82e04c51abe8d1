"""What a search costs beside a bare list by primary key, and beside the substring search that it replaced.

Run: `.venv/bin/python -m bench.search [sessions] [steps of each]`. Makes an account with as many sessions (2,000 of 50 steps unless told),
and as many again in another account; both are taken away at the end. Prints medians, and ratios to the floor of the same run.
"""

import os
import random
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import ground

ground.set_up()

from django.db import connection, transaction  # noqa: E402
from django.db.models import Q  # noqa: E402
from django.utils import timezone  # noqa: E402

from flowpilot import sessions  # noqa: E402
from flowpilot.access import readable_by  # noqa: E402
from flowpilot.models import AISession, SessionHolder, SessionStep  # noqa: E402
from flowpilot.search.query import search, understand  # noqa: E402
from flowpilot.search.snippets import explain  # noqa: E402

ROUNDS = 20
PER_PAGE = 30
CLIENTS = ["Northgate Dental", "Harbour Logistics", "Kestrel Optics", "Müller & Söhne", "Fairview School", "Orchard Vets", "Bluepeak Law"]
CASES = {
    "error code, in one step of one session": "0x80c41b58",
    "host name, in 1 session of 200": "HL-DC07",
    "client, a seventh of all": "kestrel",
    "common word, in nearly every session": "server",
    "two words, in different places": "kestrel HL-DC07",
    "beginning of a word": "authent",
    "phrase": '"windows credential manager"',
    "typing mistake": "kestrle",
}


def vocabulary() -> list[str]:
    """Words as technicians use them: those of the playbooks, the frequent first."""
    text = "\n".join(path.read_text() for path in sorted(Path("playbooks/entries").glob("*.yaml")))
    words = re.findall(r"[A-Za-z][a-z]{2,}", text)
    return sorted(set(words), key=lambda word: (-words.count(word), word))


def fill(user: Any, sessions: int, steps: int) -> None:
    chance = random.Random(7)  # noqa: S311 (words, no secrets)
    words = vocabulary()
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    now = timezone.now()

    def say(count: int) -> str:
        return " ".join(chance.choices(words, weights, k=count)).capitalize()

    for number in range(sessions):
        session = AISession(
            account_id=user.account_id, user=user, handler=user, title=say(8), client=chance.choice(CLIENTS), ticket=f"{40000 + number}",
            domain="Microsoft 365", problem_summary=say(40), step_count=steps,
        )  # fmt: skip
        texts = [say(chance.randint(10, 70)) for _ in range(steps)]
        texts[3] += f" Host HL-DC{number % 200:02}." + (" Windows Credential Manager holds it." if number % 3 else "")
        texts[5] += f" Error 0x80c4{number * 7 % 65536:04x}."
        with transaction.atomic():
            session.save(force_insert=True)
            SessionHolder.objects.create(session=session, user=user, since=now)
            SessionStep.objects.bulk_create(
                SessionStep(session=session, number=index, kind="message", author_kind="person", author=user, text=text, at=now)
                for index, text in enumerate(texts, 1)
            )


def found_by_substring(user: Any, text: str) -> int:
    """As the page searched before: a few columns of the session, nothing of its steps."""
    rows = readable_by(user).select_related("user", "handler")
    rows = rows.filter(
        Q(title__icontains=text) | Q(client__icontains=text) | Q(ticket__icontains=text) | Q(problem_summary__icontains=text)
        | Q(user__name__icontains=text) | Q(handler__name__icontains=text)
    )  # fmt: skip
    list(rows.order_by("-updated_at", "pk")[:PER_PAGE])
    return rows.count()


def found_by_substring_in_steps(user: Any, text: str) -> int:
    """The same, were it to look into the steps as well."""
    rows = readable_by(user).filter(Q(title__icontains=text) | Q(client__icontains=text) | Q(steps__text__icontains=text)).distinct()
    list(rows.order_by("-updated_at", "pk")[:PER_PAGE])
    return rows.count()


def found(user: Any, text: str) -> int:
    """What the page does: read what was typed, count, the first rows, and why each was found."""
    readable = readable_by(user).select_related("user", "handler")
    wanted = understand(text, among=readable, account_id=user.account_id)
    rows = search(readable, wanted)
    count = rows.count()
    explain(list(rows[:PER_PAGE]), wanted)
    return count


def cost_of_the_index(user: Any, rounds: int = 150) -> tuple[float, float]:
    """The median of `say()`, with the trigger that keeps the index and without it; by turns, and all of it taken back."""
    times: dict[bool, list[float]] = {True: [], False: []}
    pk = AISession.objects.filter(account_id=user.account_id).values_list("pk", flat=True).first()
    text = "The host HL-DC02 answers again after the change of its address, and backups are running. " * 3
    with transaction.atomic():
        for turn in range(6):
            indexed = turn % 2 == 0
            with connection.cursor() as cursor:
                # Trigger events that still wait for the commit would be in the way.
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute(f"ALTER TABLE flowpilot_sessionstep {'ENABLE' if indexed else 'DISABLE'} TRIGGER flowpilot_search_steps_new")
            for _ in range(rounds // 3):
                began = time.perf_counter()
                sessions.post(pk, by=user, text=text, reply=False)
                times[indexed].append((time.perf_counter() - began) * 1000)
        transaction.set_rollback(True)
    return statistics.median(times[True]), statistics.median(times[False])


def timed(act: Callable[[], int]) -> tuple[float, int]:
    began = time.perf_counter()
    count = act()
    return (time.perf_counter() - began) * 1000, count


def median(act: Callable[[], int], rounds: int = ROUNDS) -> tuple[float, int]:
    act()
    results = [timed(act) for _ in range(rounds)]
    return statistics.median(ms for ms, _ in results), results[0][1]


def main() -> None:
    sessions, steps = (int(argument) for argument in (sys.argv[1:] + ["2000", "50"][len(sys.argv) - 1 :])[:2])
    ana, _ = ground.two_people()
    other, _ = ground.two_people()
    people = (ana, other)
    try:
        type(ana).objects.filter(pk__in=[person.pk for person in people]).update(role="admin")
        ana.refresh_from_db()
        began = time.perf_counter()
        for person in people:
            fill(person, sessions, steps)
        took = time.perf_counter() - began
        with connection.cursor() as cursor:
            for table in ("flowpilot_searchentry", "flowpilot_sessionstep", "flowpilot_aisession"):
                cursor.execute(f"VACUUM ANALYZE {table}")
            cursor.execute(
                "SELECT pg_size_pretty(pg_table_size('flowpilot_sessionstep')), pg_size_pretty(pg_table_size('flowpilot_searchentry')), "
                "pg_size_pretty(pg_relation_size('search_words'))"
            )
            sizes = cursor.fetchone()
        print(f"cores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}; two accounts, in each {sessions} sessions, {sessions * steps} steps")
        print(f"filled in {took:.0f} s; steps {sizes[0]}, entries {sizes[1]}, index of words {sizes[2]}")
        indexed, bare = cost_of_the_index(ana)
        print(f"a message written: {indexed:.2f} ms; without the index {bare:.2f} ms; ratio {indexed / bare:.2f}")
        ids = list(AISession.objects.filter(account_id=ana.account_id).values_list("pk", flat=True)[:PER_PAGE])
        floor, _ = median(lambda: len(AISession.objects.select_related("user", "handler").filter(pk__in=ids)))
        print(f"floor: {PER_PAGE} rows by primary key {floor:.2f} ms")
        print(" " * 42 + "".join(f"{name:>12}{'ratio':>7}{'found':>7}" for name in ("search", "icontains", "and steps")))
        for name, text in CASES.items():
            plain = text.strip('"')
            ours, count = median(lambda text=text: found(ana, text))  # type: ignore[misc]
            old, old_count = median(lambda plain=plain: found_by_substring(ana, plain))  # type: ignore[misc]
            full, full_count = median(lambda plain=plain: found_by_substring_in_steps(ana, plain), rounds=3)  # type: ignore[misc]
            print(
                f"{name:42}{ours:9.1f} ms{ours / floor:7.1f}{count:7}{old:9.1f} ms{old / floor:7.1f}{old_count:7}"
                f"{full:9.1f} ms{full / floor:7.1f}{full_count:7}"
            )
    finally:
        accounts = [person.account_id for person in people]
        ours = AISession.objects.filter(account_id__in=accounts)
        for rows in (SessionStep.objects.filter(session__in=ours), SessionHolder.objects.filter(session__in=ours), ours):
            rows._raw_delete(rows.db)
        ground.tidy()


if __name__ == "__main__":
    main()
