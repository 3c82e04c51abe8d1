"""Web, worker and PostgreSQL are killed while people work: what was acknowledged is there, and everything owed comes, once."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from django.db import OperationalError, connection, connections
from procrastinate.contrib.django.models import ProcrastinateJob
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from accounts.models import Event, EventCounter
from accounts.permissions import MAY_CLAIM
from flowpilot.models import AISession, SessionStep
from handoffs.models import SessionHandoff
from resolutionflow.embedded import places
from resolutionflow.embedded.server import Cluster
from tests.factories import AccountFactory, UserFactory
from tests.provider import scripted
from tests.system.conftest import DATABASE_AWAY, SCALE, Site, eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

KILLS = 3 * SCALE
PEOPLE = 3
# Seconds between two things that one person does.
PAUSE = 4.0 if SCALE == 1 else 0.5
# A dead worker's jobs are back within a minute; then they still have to be done.
OWED_WITHIN = 120


@pytest.fixture
def own_cluster(transactional_db, monkeypatch):
    """A PostgreSQL of this test alone, which keeps what it has acknowledged; Django's connection leads to it. With the tests' tables."""
    before = dict(connection.settings_dict)
    folder = Path(tempfile.mkdtemp(prefix="kills-", dir=places.state_dir()))
    folder.chmod(0o755)
    places.hand_over(folder)
    with monkeypatch.context() as patched:
        patched.setenv("RESOLUTIONFLOW_STATE_DIR", str(folder))
        cluster = Cluster("main")
    try:
        cluster.enter()
        programs = places.find_programs(None, near=places.PROJECT, far=places.PROJECT)
        dump = subprocess.run(
            [programs / "pg_dump", "-h", before["HOST"], "-U", before["USER"], before["NAME"]], capture_output=True, check=True
        )
        load = [programs / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", cluster.socket_dir, "-U", "postgres", places.DATABASE]
        subprocess.run(load, input=dump.stdout, stdout=subprocess.DEVNULL, check=True)
        connections.close_all()
        connection.settings_dict |= {"HOST": str(cluster.socket_dir), "NAME": places.DATABASE}
        yield cluster
    finally:
        connections.close_all()
        connection.settings_dict |= {"HOST": before["HOST"], "NAME": before["NAME"]}
        cluster.leave()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(cluster.far.parent, ignore_errors=True)


class OpenPage(threading.Thread):
    """What a page's script does: connects again whenever it was cut, says which event it knows, fetches where it is told to."""

    def __init__(self, site, cookie):
        super().__init__(daemon=True)
        self.site, self.cookie = site, cookie
        self.known = 0
        self.gaps = []
        self.ending = threading.Event()

    def run(self):
        while not self.ending.is_set():
            with contextlib.suppress(OSError, TimeoutError, WebSocketException, EOFError):
                self.listen(random.choice(self.site.ports))
            time.sleep(0.3)

    def listen(self, port):
        where = f"ws://127.0.0.1:{port}/ws/escalations/?n={self.known}"
        with connect(where, additional_headers={"Cookie": self.cookie}, open_timeout=10, max_size=None) as page:
            received = 0
            while not self.ending.is_set():
                try:
                    frame = json.loads(page.recv(timeout=0.5))
                except TimeoutError:
                    continue
                received += 1
                page.send(f"ok {received}")
                if frame.get("missed"):
                    self.known = frame["n"]
                alone = [frame] if "n" in frame and not frame.keys() & {"hello", "ping"} else []
                for event in frame.get("events", alone):
                    if event["n"] > self.known + 1:
                        self.gaps.append((self.known, event["n"]))
                    self.known = max(self.known, event["n"])


class Storm:
    """People who open, write, escalate, claim and resolve, at whichever web process answers. Keeps what was acknowledged."""

    def __init__(self, site, people):
        self.site = site
        self.people = {person.pk: site.cookie(person) for person in people}
        self.said, self.escalated, self.claimed, self.resolved = {}, {}, {}, set()
        self.maybe_claimed = set()
        self.ending = threading.Event()
        self.faults = []

    def ask(self, who, path, fields, good=(200, 201)):
        """The JSON answer, or None where the answer may be lost. Any refusal is for the caller to know."""
        status, body = self.site.post(path, self.people[who], fields, port=random.choice(self.site.ports))
        if status in good:
            return body
        if status not in (0, 503, 403, 404, 409, 410):
            self.faults.append((path, status, body))
        return None

    def author(self, who):
        while not self.ending.is_set():
            opened = self.ask(who, "/sessions/new/", {"text": "Outlook asks for the password.", "title": "Outlook"})
            if opened is None:
                time.sleep(0.1)
                continue
            session = opened["session"]
            for _ in range(1 if SCALE == 1 else 2):
                text = f"We restarted it, {uuid.uuid4()}"
                if self.ask(who, f"/sessions/{session}/messages/", {"text": text}):
                    self.said[text] = session
            if random.random() < 0.3:
                if self.ask(who, f"/sessions/{session}/resolve/", {}):
                    self.resolved.add(session)
            elif handed := self.ask(who, f"/sessions/{session}/escalate/", {"reason": "May I?", "priority": "high"}):
                self.escalated[handed["handoff"]] = who
            time.sleep(random.uniform(0.5, 1.5) * PAUSE)

    def claimer(self, who):
        while not self.ending.is_set():
            waiting = [
                pk for pk, author in list(self.escalated.items()) if author != who and pk not in self.claimed and random.random() < 0.5
            ]
            for pk in waiting[:1]:
                self.maybe_claimed.add(pk)
                if self.ask(who, f"/handoffs/{pk}/claim/", {"begin": "own"}):
                    self.claimed.setdefault(pk, who)
            time.sleep(random.uniform(0.5, 1.5) * PAUSE)

    def start(self):
        acts = [(self.author, pk) for pk in list(self.people)[:2]] + [(self.claimer, pk) for pk in self.people]
        self.threads = [threading.Thread(target=act, args=(pk,), daemon=True) for act, pk in acts]
        for thread in self.threads:
            thread.start()

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(90)
            assert not thread.is_alive()


def so(question):
    """Asks Django's own connection, which the kills break as well."""

    def ask():
        try:
            return question()
        except OperationalError:
            connection.close()
            return False

    return ask


def kill_postgres(cluster):
    os.kill(cluster.postmaster(), signal.SIGKILL)
    cluster.process.wait(10)
    cluster.enter()
    connection.close()


def test_what_was_acknowledged_survives_and_what_is_owed_comes_once(own_cluster, tmp_path):
    site = Site(tmp_path)
    # Those in the middle of something may say so; whoever was killed says half a line.
    site.expect(*DATABASE_AWAY, "InterfaceError", "AdminShutdown", "CannotConnectNow", "stalled job")
    account = AccountFactory(slug="storm")
    people = [UserFactory(account=account) for _ in range(PEOPLE)]
    with scripted() as model:
        # The first job waits for its model until its worker is killed; later ones get an error, and playbooks answer.
        model.script = lambda call: call.hang() if call.number == 1 else call.error(400)
        site.env |= {"ASSISTANT": "llm", "ASSISTANT_BASE_URL": model.url, "ASSISTANT_KEY": "sk-test-0123456789abcdefABCDEF"}
        site.env |= {"ASSISTANT_QUICK_MODEL": "q", "ASSISTANT_STRONG_MODEL": "s", "ASSISTANT_TRIES": "1"}
        try:
            site.start_web()
            site.start_web()
            webs, worker = site.processes[:2], site.start_worker()
            pages = [OpenPage(site, site.cookie(person)) for person in people]
            storm = Storm(site, people)
            for page in pages:
                page.start()
            storm.start()
            for number in range(KILLS):
                match ["worker", "web", "postgres"][number % 3]:
                    case "worker":
                        if number == 0:
                            eventually(lambda: model.calls, "no job asked the model")
                        worker.kill()
                        worker = site.start_worker()
                    case "web":
                        webs[0].kill()
                        del site.ports[-2]
                        site.start_web()
                        webs = [webs[1], site.processes[-1]]
                    case "postgres":
                        kill_postgres(own_cluster)
                        eventually(lambda: site.get("/readyz") == 200, "it is not ready after PostgreSQL was killed", every=0.5)
                time.sleep(1.5)
            storm.end()

            jobs = ProcrastinateJob.objects.filter(status__in=("todo", "doing")).exclude(queue_name="housekeeping")
            owed = AISession.objects.filter(reply_requested_for__isnull=False, status="active")
            unwritten = AISession.objects.filter(status="resolved", ticket_notes="")
            pending = SessionHandoff.objects.filter(assessment_state="pending", state__in=("open", "claimed"))
            now = so(lambda: not (owed.exists() or unwritten.exists() or pending.exists() or jobs.filter(status="doing").exists()))
            eventually(now, "what is owed does not come", seconds=OWED_WITHIN, every=1)
            last = EventCounter.objects.get(account=account).last
            eventually(lambda: all(page.known >= last for page in pages), f"pages do not heal: {[page.known for page in pages]} of {last}")
        finally:
            for page in pages:
                page.ending.set()
            site.close()

    assert storm.faults == []
    assert storm.said and storm.escalated and storm.claimed
    said = Counter(SessionStep.objects.filter(kind="message", text__in=storm.said).values_list("text", flat=True))
    assert said == Counter(list(storm.said))
    assert {str(pk) for pk in SessionHandoff.objects.values_list("pk", flat=True)} >= set(storm.escalated)
    holders = {str(pk): by for pk, by in SessionHandoff.objects.values_list("pk", "claimed_by")}
    assert {pk: holders[pk] for pk in storm.claimed} == storm.claimed
    assert {str(pk) for pk in AISession.objects.filter(status="resolved").values_list("pk", flat=True)} >= storm.resolved
    # Once in effect: never two replies to the same words, one summary and one set of notes, one event for each claim.
    for session in AISession.objects.all():
        kinds = list(session.steps.filter(kind__in=("message", "reply")).order_by("number").values_list("kind", flat=True))
        assert ("reply", "reply") not in list(pairwise(kinds)), kinds
    assert set(Counter(Event.objects.filter(kind="handoff_claimed").values_list("handoff", flat=True)).values()) <= {1}
    assert set(Counter(Event.objects.filter(kind="assessment_ready").values_list("handoff", "details__generation")).values()) <= {1}
    numbers = list(Event.objects.filter(account=account).order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, last + 1))
    assert [page.gaps for page in pages] == [[]] * len(pages)
    stuck = AISession.objects.filter(status="active").exclude(handler__is_active=True, handler__role__in=MAY_CLAIM)
    assert not stuck.exists()
    assert site.complaints() == []
