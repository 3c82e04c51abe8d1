"""An upgrade from the last schema before tables and columns were renamed, with data.

`scripts/dump-demo` makes that revision's demo, with the rows of `tests/data/upgrade/`; it is restored into a database of its own beside
the test database, and today's `migrate` runs on it.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import psutil
import psycopg
import pytest
from django.db import connection
from psycopg import sql

from assistant.results import Assessment
from escalations.tests.recount import KEPT, TIMES
from handoffs.packaging import tried_in
from resolutionflow.embedded.places import find_programs
from scripts.dump_demo import NO_REVISION, REVISION

PROJECT = Path(__file__).resolve().parent.parent
SECRETS_KEY = "only-for-the-rows-of-a-test-and-for-nothing-else"
TABLES = {
    "flowpilot_assistantcall": "assistant_assistantcall",
    "flowpilot_assistantday": "assistant_dailyusage",
    "flowpilot_assistantbreaker": "assistant_circuitbreaker",
    "flowpilot_sessionhand": "flowpilot_sessionholder",
}
COLUMNS = {
    ("flowpilot_aisession", "reply_due"): "reply_requested_for",
    ("flowpilot_aisession", "reply_due_since"): "reply_requested_at",
    ("flowpilot_fix", "told_in_id"): "reported_in_id",
}
ADDED = {("flowpilot_sessionstep", "event"), ("escalations_notification", "session_id"), ("handoffs_sessionhandoff", "tried")}
# Tables that came since, with their app and model.
NEW = {
    "accounts_signinattempt": ("accounts", "signinattempt"),
    "escalations_claimtimes": ("escalations", "claimtimes"),
    "escalations_keptfigures": ("escalations", "keptfigures"),
}
# Compared in tests of their own, not value by value.
APART = {"django_migrations", "django_content_type", "auth_permission"}
REWRITTEN = {("handoffs_sessionhandoff", "assessment"), ("flowpilot_aisession", "escalation_package")}

# One process makes the dump and the upgraded database for all tests here.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@dataclass
class Database:
    """A database beside the test database, and today's code on it."""

    name: str

    @property
    def url(self):
        """For psql, psycopg and DATABASE_URL alike; the host may be a folder."""
        server = connection.settings_dict
        where = {"host": server["HOST"], "port": server["PORT"]}
        account = quote(server["USER"] or "postgres", safe="") + (f":{quote(server['PASSWORD'], safe='')}" if server["PASSWORD"] else "")
        return f"postgresql://{account}@/{self.name}?{urlencode({key: value for key, value in where.items() if value})}"

    def rows(self, statement, *values):
        with psycopg.connect(self.url, autocommit=True) as opened:
            cursor = opened.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def one(self, statement, *values):
        (row,) = self.rows(statement, *values)
        return row[0] if len(row) == 1 else row

    def tables(self):
        return sorted(name for (name,) in self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))

    def columns(self, table):
        found = self.rows("SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s", table)
        return {name for (name,) in found}

    def contents(self):
        """Every row of every table, as {table: [{column: value}]}."""
        found = {}
        with psycopg.connect(self.url, row_factory=psycopg.rows.dict_row) as opened:
            for table in self.tables():
                found[table] = opened.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))).fetchall()
        return found

    def manage(self, *arguments, stdin=""):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("ASSISTANT", "RESOLUTIONFLOW"))}
        # DEMO, because the dump has the demo people, and so that pages need no collected static files.
        env |= {"DATABASE_URL": self.url, "SECRET_KEY": secrets.token_urlsafe(60), "SECRETS_KEY": SECRETS_KEY}
        env |= {"DEMO": "true", "HTTP_ONLY": "true"}
        command = [sys.executable, "-W", "ignore", "manage.py", *arguments]
        done = subprocess.run(command, cwd=PROJECT, env=env, input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, code):
        """Runs code in today's shell; what it last prints comes back, read as JSON."""
        return json.loads(self.manage("shell", "--no-imports", stdin=code).strip().splitlines()[-1])


@dataclass
class Upgrade:
    database: Database
    before: dict
    after: dict

    def session(self, title):
        return self.database.one("SELECT id FROM flowpilot_aisession WHERE title = %s", title)


@pytest.fixture(scope="session")
def dump(tmp_path_factory):
    """The old revision's database as SQL."""
    output = tmp_path_factory.mktemp("upgrade") / "demo.sql"
    command = [sys.executable, "scripts/dump_demo.py", REVISION, f"--output={output}"]
    env = os.environ | {"SECRETS_KEY": SECRETS_KEY}
    done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)
    if done.returncode == NO_REVISION:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return output


@pytest.fixture(scope="session")
def upgrade(dump, django_db_setup, django_db_blocker):
    """The restored database after `migrate`, and all rows before and after it."""
    test_database = connection.settings_dict["NAME"]
    server, database = Database("postgres"), Database(f"{test_database}_upgrade")
    name = sql.Identifier(database.name)
    server.rows(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
    server.rows(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
    try:
        psql = find_programs(None, near=PROJECT, far=PROJECT) / "psql"
        command = [psql, "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--file={dump}", database.url]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        before = database.contents()
        database.manage("migrate", "--no-input")
        yield Upgrade(database, before, database.contents())
    finally:
        server.rows(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


def in_order(rows):
    return sorted(rows, key=repr)


def test_tables_keep_their_rows_under_their_new_names(upgrade):
    renamed = {TABLES.get(table, table): len(rows) for table, rows in upgrade.before.items() if table not in APART}

    assert renamed == {table: len(rows) for table, rows in upgrade.after.items() if table not in APART | NEW.keys()}
    for table in ("assistant_assistantcall", "assistant_dailyusage", "assistant_circuitbreaker", "flowpilot_sessionholder"):
        assert renamed[table], f"nothing was in {table}"


def test_columns_keep_their_values_under_their_new_names(upgrade):
    for table, rows in upgrade.before.items():
        if table in APART or not rows:
            continue
        kept = [column for column in rows[0] if (table, column) not in REWRITTEN]
        was = [[row[column] for column in kept] for row in rows]
        now = [[row[COLUMNS.get((table, column), column)] for column in kept] for row in upgrade.after[TABLES.get(table, table)]]

        assert in_order(now) == in_order(was), table


def test_no_column_came_or_went_unnoticed(upgrade):
    for table, rows in upgrade.before.items():
        if rows and table not in APART:
            expected = {COLUMNS.get((table, column), column) for column in rows[0]} | {name for owner, name in ADDED if owner == table}

            assert upgrade.database.columns(TABLES.get(table, table)) == expected, table


def test_what_was_tried_is_counted_from_each_snapshot(upgrade):
    rows = upgrade.after["handoffs_sessionhandoff"]
    snapshots = [json.loads(row["snapshot"]) if isinstance(row["snapshot"], str) else row["snapshot"] for row in rows]

    assert [row["tried"] for row in rows] == [tried_in(snapshot) for snapshot in snapshots]
    assert any(row["tried"] for row in rows)


def test_a_requested_reply_and_a_reported_fix_are_among_the_rows(upgrade):
    """Else the two tests above would prove nothing for them."""
    assert [row for row in upgrade.after["flowpilot_aisession"] if row["reply_requested_for"] and row["reply_requested_at"]]
    assert [row for row in upgrade.after["flowpilot_fix"] if row["reported_in_id"]]


def test_the_events_are_read_out_of_the_sentences(upgrade):
    steps = upgrade.database.rows(
        "SELECT event FROM flowpilot_sessionstep WHERE session_id = %s AND kind = 'system' ORDER BY number",
        upgrade.session("Upgrade: every event"),
    )

    assert [event for (event,) in steps] == [
        "escalated",
        "withdrawn",
        "escalated",
        "claimed",
        "released",
        "claimed",
        "handed_over",
        "claimed",
        "returned",
        "parked",
        "resumed",
        "secret_revealed",
        "secret_removed",
        "reply_failed",
        "resolved",
        "reopened",
        "closed",
    ]


def test_every_event_step_has_an_event_and_no_other_step_has_one(upgrade):
    steps = upgrade.after["flowpilot_sessionstep"]

    assert Counter(bool(step["event"]) for step in steps if step["kind"] == "system").keys() == {True}
    assert Counter(bool(step["event"]) for step in steps if step["kind"] != "system").keys() == {False}


def test_a_handoff_that_ended_a_claim_is_handed_over_everywhere(upgrade):
    """The demo hands over, too."""
    ended = {
        (event["session"], event["at"])
        for event in upgrade.after["accounts_event"]
        if event["kind"] == "handoff_superseded" and event["from_state"] == "claimed"
    }
    steps = {(step["session_id"], step["at"]): step["event"] for step in upgrade.after["flowpilot_sessionstep"] if step["event"]}

    assert {place for place, event in steps.items() if event == "handed_over"} == {
        place for place in ended if steps.get(place) in ("escalated", "handed_over")
    }


OUTCOMES = [
    ("worked", "worked: labels come out"),
    ("partial", "worked in part: every second label"),
    ("partial", "worked in part: until noon"),
    ("no_change", "no change"),
    ("no_change", "no change: still skips"),
    ("failed", "failed: E_RIBBON_7"),
    ("did_not_last", "did not last: skips again since Tuesday"),
    ("ruled_out", "ruled out: the cable is fine"),
    ("applied", "applied, not yet verified"),
    ("not_applied", "was not applied: no ribbon in stock"),
    ("other", "result: 3 of 9 labels"),
    ("not_reported", None),
]


def test_each_try_of_an_assessment_and_of_its_package_has_a_result(upgrade):
    session = upgrade.session("Upgrade: every outcome")
    assessment = upgrade.database.one("SELECT assessment FROM handoffs_sessionhandoff WHERE session_id = %s", session)
    package = upgrade.database.one("SELECT escalation_package FROM flowpilot_aisession WHERE id = %s", session)

    assert [(entry["result"], entry["outcome"]) for entry in assessment["tried"]] == OUTCOMES
    assert package["assessment"] == assessment


def with_old_words(document):
    """A document without what the upgrade adds to it."""
    assessment = (document or {}).get("assessment", document) or {}
    for entry in assessment.get("tried", []):
        entry.pop("result", None)
        entry["outcome"] = (entry["outcome"] or "").replace("partly worked", "worked in part") or None
    return document


def test_of_assessments_and_packages_nothing_else_changed(upgrade):
    for table, column in REWRITTEN:
        was = {row["id"]: with_old_words(json.loads(json.dumps(row[column]))) for row in upgrade.before[table]}
        now = {row["id"]: with_old_words(json.loads(json.dumps(row[column]))) for row in upgrade.after[table]}

        assert now == was


def test_todays_code_reads_every_assessment_that_was_stored(upgrade):
    stored = [row["assessment"] for row in upgrade.after["handoffs_sessionhandoff"] if row["assessment"]]
    packages = [row["escalation_package"] or {} for row in upgrade.after["flowpilot_aisession"]]
    packed = [package["assessment"] for package in packages if package.get("assessment")]

    assert len(stored) > 10
    assert len(packed) > 10
    for document in stored + packed:
        assert Assessment.model_validate(document).model_dump(mode="json") == document


def test_permissions_keep_who_was_given_them(upgrade):
    (auditor,) = [row["id"] for row in upgrade.after["accounts_user"] if row["name"] == "Kim Auditor"]
    models = {row["id"]: (row["app_label"], row["model"]) for row in upgrade.after["django_content_type"]}
    permissions = {row["id"]: (*models[row["content_type_id"]], row["codename"], row["name"]) for row in upgrade.after["auth_permission"]}
    own = {permissions[row["permission_id"]] for row in upgrade.after["accounts_user_user_permissions"] if row["user_id"] == auditor}
    of_group = {permissions[row["permission_id"]] for row in upgrade.after["auth_group_permissions"]}

    assert own == {
        ("assistant", "assistantcall", "view_assistantcall", "Can view assistant call"),
        ("assistant", "dailyusage", "view_dailyusage", "Can view daily usage"),
        ("assistant", "circuitbreaker", "view_circuitbreaker", "Can view circuit breaker"),
        ("flowpilot", "sessionholder", "view_sessionholder", "Can view session holder"),
    }
    assert of_group == {(app, model, f"change_{model}", name.replace("view", "change")) for app, model, _, name in own}


def test_models_and_permissions_are_neither_lost_nor_there_twice(upgrade):
    models = {row["id"]: (row["app_label"], row["model"]) for row in upgrade.after["django_content_type"]}
    new = {pk for pk, model in models.items() if model in NEW.values()}

    assert models.keys() - new == {row["id"] for row in upgrade.before["django_content_type"]}
    permissions = {row["id"] for row in upgrade.after["auth_permission"] if row["content_type_id"] not in new}
    assert permissions == {row["id"] for row in upgrade.before["auth_permission"]}


def test_foreign_keys_and_new_numbers_work_in_the_renamed_tables(upgrade):
    account = upgrade.database.one("SELECT id FROM accounts_account LIMIT 1")
    add = "INSERT INTO assistant_dailyusage (account_id, day, calls, tokens) VALUES (%s, '2001-01-01', 1, 1) RETURNING id"

    assert upgrade.database.one(add, account) > max(row["id"] for row in upgrade.after["assistant_dailyusage"])
    with pytest.raises(psycopg.errors.UniqueViolation):
        upgrade.database.one(add, account)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        upgrade.database.one(add, -1)


def test_every_constraint_is_valid(upgrade):
    assert upgrade.database.rows("SELECT conname FROM pg_constraint WHERE NOT convalidated") == []


def test_the_times_of_old_claims_are_filled_in(upgrade):
    kept = upgrade.database.rows(KEPT)

    assert kept and kept == upgrade.database.rows(TIMES)


def test_the_search_finds_an_old_session_and_a_new_step(upgrade):
    found = upgrade.database.run("""
import json
from accounts.models import User
from flowpilot import sessions
from flowpilot.access import readable_by
from flowpilot.models import AISession
from flowpilot.search.query import search, understand

ana = User.objects.get(email="engineer@resolutionflow.example.com")

def find(text):
    among = readable_by(ana)
    return list(search(among, understand(text, among=among, account_id=ana.account_id)).values_list("title", flat=True))

old = find("warehouse label printer skips")
session = AISession.objects.get(title="Upgrade: a reply is owed")
before = find("zebrafinch")
sessions.post(session.pk, by=ana, text="The reader shows zebrafinch on its display.", kind="note", reply=False)
print(json.dumps([old, before, find("zebrafinch"), find("gave it up")]))
""")

    old, before, new, sentence = found
    assert "Upgrade: every outcome" in old
    assert before == []
    assert new == ["Upgrade: a reply is owed"]
    assert "Upgrade: every event" in sentence


def test_a_secret_that_was_kept_is_still_readable(upgrade):
    value = upgrade.database.run("""
import json
from accounts.models import User
from flowpilot import revealing
from flowpilot.models import AISession

ana = User.objects.get(email="engineer@resolutionflow.example.com")
print(json.dumps(revealing.reveal(AISession.objects.get(title="Upgrade: a reply is owed").pk, 1, by=ana).value))
""")

    assert value == "Gr33n-Giraffe-71"


def test_todays_worker_does_the_jobs_that_were_waiting(upgrade):
    session = upgrade.session("Upgrade: a reply is owed")
    jobs = [row for row in upgrade.before["procrastinate_jobs"] if row["status"] == "todo" and row["scheduled_at"] is None]
    assert [row for row in jobs if row["task_name"] == "flowpilot.reply" and row["args"]["session_id"] == str(session)]
    assert [row for row in jobs if row["task_name"] == "handoffs.assess"]

    upgrade.database.manage("procrastinate", "worker", "--one-shot", "--concurrency", "4")

    done = dict(upgrade.database.rows("SELECT id, status::text FROM procrastinate_jobs"))
    assert {done[row["id"]] for row in jobs} == {"succeeded"}
    reply = "SELECT count(*) FROM flowpilot_sessionstep WHERE session_id = %s AND kind = 'reply'"
    assert upgrade.database.one(reply, session) == 1
    assert upgrade.database.one("SELECT reply_requested_for FROM flowpilot_aisession WHERE id = %s", session) is None


def test_check_passes_and_a_second_migrate_does_nothing(upgrade):
    applied = "SELECT id, applied FROM django_migrations ORDER BY id"
    before = upgrade.database.rows(applied)

    upgrade.database.manage("check", "--database", "default")
    said = upgrade.database.manage("migrate", "--no-input", "--no-color")

    assert "No migrations to apply" in said
    assert upgrade.database.rows(applied) == before


def test_pages_answer_on_the_upgraded_database(upgrade):
    answers = upgrade.database.run("""
import json
from django.test import Client
from accounts.models import User
from flowpilot.models import AISession
from handoffs.models import SessionHandoff

def ask(email, *addresses):
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(email=email), backend="django.contrib.auth.backends.ModelBackend")
    return {address: client.get(address).status_code for address in addresses}

sessions = AISession.objects.filter(account__slug="acme-msp", user__email__startswith="engineer@")
handoffs = SessionHandoff.objects.filter(session__title="Upgrade: every outcome")
pages = ["/", "/escalations/", "/escalations/metrics/", "/sessions/", "/people/"]
pages += [f"/sessions/{pk}/" for pk in sessions.values_list("pk", flat=True)]
pages += [f"/handoffs/{pk}/" for pk in handoffs.values_list("pk", flat=True)]
answers = ask("engineer@resolutionflow.example.com", *pages)
open_ones = SessionHandoff.objects.waiting().filter(account__slug="acme-msp").values_list("pk", flat=True)
answers |= ask("senior@resolutionflow.example.com", *[f"/handoffs/{pk}/" for pk in open_ones])
models = ["assistant/assistantcall", "assistant/dailyusage", "assistant/circuitbreaker", "flowpilot/sessionstep"]
answers |= ask("staff@resolutionflow.example.com", *[f"/admin/{model}/" for model in models])
print(json.dumps(answers))
""")

    assert len(answers) > 25
    assert {address: status for address, status in answers.items() if status != 200} == {}


def test_git_is_asked_for_a_revision_that_is_not_there(tmp_path):
    """Then the tests above are skipped, and say why."""
    command = [sys.executable, "scripts/dump_demo.py", "f" * 40, f"--output={tmp_path / 'demo.sql'}"]
    without_git = tmp_path / "programs"
    without_git.mkdir()

    for path in (os.environ["PATH"], str(without_git)):
        done = subprocess.run(command, cwd=PROJECT, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False)

        assert done.returncode == NO_REVISION
        assert "is not in this repository" in done.stderr
        assert not (tmp_path / "demo.sql").exists()


def test_a_dump_that_is_stopped_leaves_nothing_behind(tmp_path):
    output = tmp_path / "demo.sql"
    command = [sys.executable, "scripts/dump_demo.py", f"--output={output}"]
    making = subprocess.Popen(command, cwd=PROJECT, env=os.environ | {"TMPDIR": str(tmp_path)}, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (found := list(tmp_path.glob("resolutionflow-dump-*/data/postgres-test/users.json"))):
        if making.poll() == NO_REVISION:
            pytest.skip(making.stderr.read().strip())
        assert making.poll() is None, making.stderr.read()
        assert time.monotonic() < deadline, "its server never started"
        time.sleep(0.05)
    server = (found[0].parent / "data").resolve()

    making.terminate()
    making.communicate(timeout=120)

    assert making.returncode == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []
    assert not server.exists()
    assert [process for process in psutil.process_iter(["cmdline"]) if str(server) in (process.info["cmdline"] or [])] == []
