"""From the commit of an event to the last of a thousand sockets; a burst; connecting; and a restart. Daphne and uvicorn in turn.

Run: `.venv/bin/python -m bench.fanout [sockets]`. The sockets belong to as many people of one account, in a process of their own
(bench/pages_on_sockets.py). The floor is a bare ASGI application under uvicorn that sends the same text to the same sockets
(bench/floor.py). CPU is the server process's own, user and system. Every event carries a card, as an escalation does.
"""

import json
import os
import queue
import resource
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench import ground
from bench.table import Row

ground.set_up()

import psutil  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.events import record  # noqa: E402
from accounts.models import EventCounter, User  # noqa: E402
from handoffs.events import HandoffReleased  # noqa: E402
from handoffs.models import SessionHandoff  # noqa: E402
from tests.factories import hand_off, make_session  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
EVENTS, WARM_UP, BURST, IDLE_SECONDS = 40, 5, 300, 30
PATIENCE = 180
SERVERS = {
    "daphne": [
        *["-m", "daphne", "-v", "0", "-e", "tcp:port={port}:interface=127.0.0.1:backlog=2048"],
        *["--ping-interval", "20", "--ping-timeout", "30"],
    ],
    "uvicorn": [
        *["-m", "uvicorn", "--host", "127.0.0.1", "--port", "{port}", "--lifespan", "off", "--log-level", "warning", "--no-access-log"],
        *["--ws", "websockets-sansio", "--ws-per-message-deflate", "false", "--backlog", "2048"],
    ],
}


class Server:
    def __init__(self, kind: str, application: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.command = [sys.executable, *(part.format(port=self.port) for part in SERVERS[kind]), application]
        self.env = {
            **os.environ,
            "RESOLUTIONFLOW_CLUSTER": "test",
            "HTTP_ONLY": "true",
            "SECRET_KEY": settings.SECRET_KEY,
            "DJANGO_SETTINGS_MODULE": "resolutionflow.settings",
        }

    def start(self) -> float:
        """Seconds until the port takes connections."""
        began = time.monotonic()
        self.process = subprocess.Popen(self.command, cwd=ROOT, env=self.env, stdout=subprocess.DEVNULL)
        self.cpu_of = psutil.Process(self.process.pid)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return time.monotonic() - began
            except OSError:
                assert self.process.poll() is None, "the server ended"
                assert time.monotonic() - began < PATIENCE, "the server did not start"
                time.sleep(0.02)

    def cpu(self) -> float:
        spent = self.cpu_of.cpu_times()
        return float(spent.user + spent.system)

    def stop(self, how: int = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)


class Pages:
    def __init__(self, port: int, keys: list[str], number: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.pages_on_sockets"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.said: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.began = time.monotonic()
        self.closed: dict[int, int] = {}
        self.last: dict[str, Any] = {}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"connect": {"port": port, "keys": keys, "n": number}}) + "\n")
        self.process.stdin.flush()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.put(json.loads(line))

    def until(self, key: str, value: int) -> float:
        """When (of the monotonic clock) they said this."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                said = self.said.get(timeout=1)
            except queue.Empty:
                continue
            if "closed" in said:
                self.closed[said["closed"]] = self.closed.get(said["closed"], 0) + 1
            elif "refused" in said:
                print("refused:", said["refused"].splitlines()[:1])
            else:
                self.last = said
            if said.get(key) == value:
                return float(said["at"])
        raise AssertionError(f"{key} {value} never came; the last was {self.last}, closed {self.closed}")

    def end(self) -> None:
        self.process.kill()
        self.process.wait(10)


@dataclass
class Result:
    name: str
    connect_cpu: float = 0
    connect_all: float = 0
    times: list[float] = field(default_factory=list)
    delivery: float = 0
    burst: str = "-"
    idle: str = "-"
    restart: str = "-"

    def p(self, percent: int) -> float:
        return statistics.quantiles(self.times, n=100, method="inclusive")[percent - 1] * 1000


def people_with_sessions(account: Any, count: int) -> list[str]:
    """The session keys of as many new colleagues."""
    mark = secrets.token_hex(4)
    people = User.objects.bulk_create(
        [User(account=account, email=f"{n}@{mark}.example.com", name=f"Colleague {n}", password="!") for n in range(count)]  # noqa: S106
    )
    rows = []
    for user in people:
        data = {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
        expires = timezone.now() + timedelta(days=1)
        rows.append(Session(session_key=secrets.token_hex(16), session_data=SessionStore().encode(data), expire_date=expires))
    Session.objects.bulk_create(rows)
    return [row.session_key for row in rows]


class Publisher:
    """Records events that put the same card into every queue."""

    def __init__(self, ana: Any) -> None:
        self.ana = ana
        self.handoff: SessionHandoff = hand_off(make_session(ana, title="Outlook asks for the password again"), ana, needs="What next?")

    def __call__(self) -> tuple[int, float]:
        """The event's number, and the moment just before its commit."""
        with transaction.atomic():
            event = HandoffReleased(
                account_id=self.ana.account_id,
                by_id=self.ana.pk,
                session=self.handoff.session_id,
                handoff=self.handoff.pk,
                noted=False,
            )
            number = record(event)[-1].number
            began = time.monotonic()
        return number, began

    def number(self) -> int:
        return EventCounter.objects.get(account=self.ana.account_id).last


def floor(keys: list[str], size: int) -> Result:
    result = Result("floor: bare ASGI, uvicorn")
    server = Server("uvicorn", "bench.floor:application")
    server.start()
    pages = Pages(server.port, keys, 0)
    try:
        result.connect_all = pages.until("open", len(keys)) - pages.began
        result.connect_cpu = server.cpu() / len(keys)
        for number in range(1, EVENTS + WARM_UP + 1):
            if number == WARM_UP + 1:
                before = server.cpu()
            body = json.dumps({"n": number, "card": "x" * size}).encode()
            began = time.monotonic()
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{server.port}/", data=body), timeout=30).close()
            at = pages.until("complete", number)
            if number > WARM_UP:
                result.times.append(at - began)
            time.sleep(0.1)
        result.delivery = (server.cpu() - before) / EVENTS / len(keys)
    finally:
        pages.end()
        server.stop()
    return result


def measure(kind: str, keys: list[str], publish: Publisher) -> Result:
    result = Result(kind)
    count = len(keys)
    server = Server(kind, "resolutionflow.asgi:application")
    server.start()
    urllib.request.urlopen(f"http://127.0.0.1:{server.port}/healthz", timeout=30).close()
    before = server.cpu()
    pages = Pages(server.port, keys, publish.number())
    try:
        result.connect_all = pages.until("open", count) - pages.began
        result.connect_cpu = (server.cpu() - before) / count

        time.sleep(2)
        for number in range(EVENTS + WARM_UP):
            if number == WARM_UP:
                before = server.cpu()
            event, began = publish()
            at = pages.until("complete", event)
            if number >= WARM_UP:
                result.times.append(at - began)
            time.sleep(0.1)
        result.delivery = (server.cpu() - before) / EVENTS / count

        before, began = server.cpu(), time.monotonic()
        event = [publish()[0] for _ in range(BURST)][-1]
        committed = time.monotonic()
        at = pages.until("complete", event)
        spent = (server.cpu() - before) / BURST / count
        lost = pages.last["lost"]
        result.burst = f"last {at - committed:.1f} s after its commit ({at - began:.1f} s in all), {spent * 1e6:.0f} us, {lost} gaps"

        time.sleep(5)
        before = server.cpu()
        time.sleep(IDLE_SECONDS)
        result.idle = f"{(server.cpu() - before) / IDLE_SECONDS * 100:.1f} % of a core"

        server.stop(signal.SIGKILL)
        missed = [publish()[0] for _ in range(5)][-1]
        opening = server.start()
        opened = time.monotonic()
        at = pages.until("complete", missed)
        result.restart = f"port {opening:.1f} s, all true {at - opened:.1f} s later, {pages.last['fetches']} fetches"
        result.restart += f", {server.cpu() / count * 1000:.1f} ms of CPU each with the start"
        if pages.closed:
            result.restart += f", closed: {pages.closed}"
    finally:
        pages.end()
        server.stop()
    return result


def measured(count: int, kinds: list[str]) -> list[Result]:
    """The floor's result, and that of each server."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard != resource.RLIM_INFINITY else 65536, hard))
    ana, _ = ground.two_people()
    keys = people_with_sessions(ana.account, count)
    publish = Publisher(ana)
    try:
        return [floor(keys, 2500), *(measure(kind, keys, publish) for kind in kinds)]
    finally:
        ground.tidy()


def rows(*, quick: bool) -> list[Row]:
    count = 100 if quick else 1000
    base, *results = measured(count, list(SERVERS))
    table = []
    for one in results:
        for percent in (50, 99):
            work = f"event to the last of {count:,} sockets, p{percent}, {one.name}"
            at = [f"{each.p(percent):.0f} ms" for each in (base, one)]
            table.append(Row(work, *at, f"{one.p(percent) / base.p(percent):.1f}", "2" if one.name == "uvicorn" else "5"))
        spent = [f"{each.delivery * 1e6:.0f} us" for each in (base, one)]
        table.append(Row(f"CPU of a delivery, {one.name}", *spent, f"{one.delivery / base.delivery:.1f}", "60 us (uvicorn)"))
        table.append(Row(f"restart, {one.name}", "-", one.restart, "-", "port in 2 s, all true in 10 s"))
    return table


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    results = measured(count, sys.argv[2].split(",") if len(sys.argv) > 2 else list(SERVERS))
    base = results[0]
    print(f"{count} sockets, cores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}, {EVENTS} events, a burst of {BURST}\n")
    print("| | last socket, p50 | p99 | x floor | CPU a delivery | x floor | connect, CPU each | all hellos |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for one in results:
        print(
            f"| {one.name} | {one.p(50):.0f} ms | {one.p(99):.0f} ms | {one.p(50) / base.p(50):.1f} | {one.delivery * 1e6:.0f} us "
            f"| {one.delivery / base.delivery:.1f} | {one.connect_cpu * 1000:.2f} ms | {one.connect_all:.1f} s |"
        )
    for one in results[1:]:
        print(f"\n{one.name}: burst: {one.burst}; idle: {one.idle}; restart: {one.restart}")


if __name__ == "__main__":
    main()
