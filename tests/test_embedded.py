"""The embedded PostgreSQL, with real processes in folders of their own: never in the project's data."""

import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from resolutionflow.embedded import lifetime

PROJECT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.slow

HOLD = "from resolutionflow.embedded import lifetime, places; lifetime.hold(); print('held', flush=True); "


def as_from_a_terminal():
    """Run in a child before its program: whoever starts the suite in the background, or under nohup, hands ignored signals down."""
    for signum in (signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)


def eventually(is_so, sentence, seconds=60):
    deadline = time.monotonic() + seconds
    while not (answer := is_so()):
        assert time.monotonic() < deadline, sentence
        time.sleep(0.02)
    return answer


class Folder:
    """One project's data, and the processes that use them."""

    def __init__(self, path):
        self.path = path
        self.users = []
        self.env = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "RESOLUTIONFLOW_CLUSTER"}}
        self.env |= {"RESOLUTIONFLOW_STATE_DIR": str(path), "PYTHONPATH": str(PROJECT)}

    def python(self, code):
        return [sys.executable, "-c", code], {
            "env": self.env,
            "cwd": "/",
            "text": True,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }

    def start(self, code=HOLD + "input()"):
        command, how = self.python(code)
        self.users.append(subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, preexec_fn=as_from_a_terminal, **how))
        return self.users[-1]

    def user(self, code=HOLD + "input()"):
        process = self.start(code)
        assert process.stdout.readline() == "held\n", process.stderr.read()
        return process

    def leave(self, user):
        with contextlib.suppress(BrokenPipeError):
            user.communicate("\n", timeout=90)
        return user.returncode

    def run(self, code):
        command, how = self.python(code)
        return subprocess.run(command, stdin=subprocess.DEVNULL, timeout=120, check=False, **how)

    @property
    def data(self):
        return (self.path / "postgres" / "data").resolve()

    @functools.cached_property
    def socket_dir(self):
        return Path(self.run("from resolutionflow.embedded import lifetime, places; print(places.socket_dir())").stdout.strip())

    def postmaster(self):
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n")[0])
        except (OSError, ValueError):
            return None

    def processes(self):
        """Every process of PostgreSQL that works in this folder's data."""
        found = []
        for process in psutil.process_iter(["name", "cwd", "status"]):
            if process.info["name"] == "postgres" and process.info["cwd"] == str(self.data) and process.info["status"] != "zombie":
                found.append(process)
        return found

    def sql(self, statement):
        with psycopg.connect(host=str(self.socket_dir), user="postgres", dbname="resolutionflow", autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None

    def clear(self):
        for user in self.users:
            if user.poll() is None:
                user.kill()
            user.communicate()
        for process in self.processes():
            process.kill()
        subprocess.run([sys.executable, "-m", "resolutionflow.embedded.clean"], env=self.env, cwd="/", check=True)
        assert not self.path.exists()


@contextlib.contextmanager
def new_folder(mode=0o755):
    """A folder with a space in its path, reachable for the server's user (as pytest's own are not)."""
    place = Path(tempfile.mkdtemp(prefix="resolutionflow test "))
    place.chmod(mode)
    folder = Folder(place / "data")
    yield folder
    folder.clear()
    place.rmdir()


@pytest.fixture(scope="session")
def made():
    """Data that the first start made; copying them is quicker than making them for each test."""
    with new_folder() as folder:
        folder.leave(folder.user())
        yield folder


@pytest.fixture
def untouched():
    """A folder in which nothing was started yet."""
    with new_folder() as folder:
        yield folder


@pytest.fixture
def folder(made):
    with new_folder() as folder:
        subprocess.run(["cp", "-a", made.path, folder.path], check=True)
        yield folder


@pytest.fixture
def other_folder(made):
    with new_folder() as folder:
        subprocess.run(["cp", "-a", made.path, folder.path], check=True)
        yield folder


def test_the_last_one_out_stops_the_server(folder):
    ana, bo = folder.user(), folder.user()
    socket_dir = folder.socket_dir

    assert folder.leave(ana) == 0
    assert folder.sql("SELECT 1") == 1

    assert folder.leave(bo) == 0
    assert folder.processes() == []
    assert not socket_dir.exists()


def test_the_data_are_still_there_after_a_stop(folder):
    ana = folder.user()
    folder.sql("CREATE TABLE kept AS SELECT 17 AS n")
    folder.leave(ana)

    folder.user()

    assert folder.sql("SELECT n FROM kept") == 17


def test_many_that_start_at_once_share_one_server(untouched):
    folder = untouched
    users = [folder.start() for _ in range(6)]
    for user in users:
        assert user.stdout.readline() == "held\n"
    servers = {process.pid for process in folder.processes()} & {folder.postmaster()}
    assert len(servers) == 1

    for user in users:
        user.stdin.close()
        user.stdin = None
    for user in users:
        user.wait(90)
    assert folder.processes() == []


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_a_user_in_order(folder, signum):
    ana = folder.user(HOLD + "import time; time.sleep(600)")

    ana.send_signal(signum)
    ana.communicate(timeout=60)

    assert folder.processes() == []


def test_a_killed_user_does_not_keep_the_server(folder):
    ana, bo = folder.user(), folder.user()
    ana.kill()
    ana.wait()

    folder.leave(bo)

    assert folder.processes() == []


def test_a_number_given_out_anew_is_no_user(folder):
    ana = folder.user()
    register = folder.path / "postgres" / "users.json"
    register.write_text(json.dumps(json.loads(register.read_text()) | {os.getpid(): "the one who had this number before"}))

    folder.leave(ana)

    assert folder.processes() == []


def test_after_everything_was_killed_the_next_start_cleans_up(folder):
    ana = folder.user()
    ana.kill()
    ana.wait()
    os.kill(folder.postmaster(), signal.SIGKILL)
    eventually(lambda: folder.processes() == [], "the server's children outlive it")
    assert (folder.data / "postmaster.pid").exists()
    # The number in the stale file belongs to a living stranger by now.
    pid_file = folder.data / "postmaster.pid"
    pid_file.write_text("\n".join([str(os.getpid()), *pid_file.read_text().split("\n")[1:]]))

    bo = folder.user()

    assert folder.sql("SELECT 1") == 1
    folder.leave(bo)
    assert folder.processes() == []


def test_a_killed_server_is_started_anew_by_the_next_hold(folder):
    ana = folder.user(HOLD + "input(); lifetime.hold(); print('again', flush=True); input()")
    os.kill(folder.postmaster(), signal.SIGKILL)
    eventually(lambda: folder.processes() == [], "the killed server goes on")

    ana.stdin.write("\n")
    ana.stdin.flush()

    assert ana.stdout.readline() == "again\n"
    assert folder.sql("SELECT 1") == 1


def test_half_made_data_are_made_again(untouched):
    folder = untouched
    half_made = folder.path / "postgres" / "data.new-1"
    half_made.mkdir(parents=True)
    folder.data.mkdir()
    (folder.data / "PG_VERSION").write_text("18\n")

    folder.user()

    assert folder.sql("SELECT 1") == 1
    assert not half_made.exists()


def test_a_first_start_that_is_killed_harms_nobody(untouched):
    folder = untouched
    ana = folder.start()
    eventually(lambda: list(folder.path.glob("postgres/data.new-*/base")), "the first start makes no data")
    ana.kill()
    ana.wait()

    folder.user()

    assert folder.sql("SELECT 1") == 1
    assert not list(folder.path.glob("postgres/data.new-*"))


def test_two_folders_do_not_meet(folder, other_folder):
    here, there = folder, other_folder
    ana, _eve = here.user(), there.user()
    here.sql("CREATE TABLE ours (n int)")

    assert here.socket_dir != there.socket_dir
    assert there.sql("SELECT to_regclass('ours')::text") is None
    here.leave(ana)
    assert here.processes() == []
    assert there.sql("SELECT 1") == 1


def test_the_tests_have_a_server_of_their_own(folder):
    both = "from resolutionflow.embedded import lifetime, places; lifetime.hold('test'); "
    folder.user(both + "lifetime.hold(); lifetime.release('test'); print('held', flush=True); input()")

    assert folder.sql("SELECT current_setting('fsync')") == "on"
    assert (folder.path / "postgres-test" / "data" / "PG_VERSION").exists()
    assert not (folder.path / "postgres-test" / "data" / "postmaster.pid").exists()


def test_a_forked_child_does_not_give_up_its_parents_hold(folder):
    fork = "import os, sys; pid = os.fork() or sys.exit(0); os.waitpid(pid, 0); print('forked', flush=True); input()"
    ana = folder.user(HOLD + fork)

    assert ana.stdout.readline() == "forked\n"
    assert folder.sql("SELECT 1") == 1


def test_cleaning_is_refused_while_somebody_uses_the_database(folder):
    ana = folder.user()

    refused = folder.run("from resolutionflow.embedded import clean; clean.main()")

    assert refused.returncode == 1
    assert f"in use (by process {ana.pid})" in refused.stderr
    assert folder.sql("SELECT 1") == 1


def test_there_is_no_port_and_strangers_cannot_reach_the_socket(folder):
    folder.user()

    assert folder.sql("SELECT current_setting('listen_addresses')") == ""
    assert folder.socket_dir.stat().st_mode & 0o077 == 0
    assert len(str(folder.socket_dir / ".s.PGSQL.5432")) < 100


def test_an_impossible_place_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    folder = Folder(tmp_path / "file" / "data")

    told = folder.run("from resolutionflow.embedded import lifetime, places; lifetime.hold_for_command(['manage.py', 'migrate'])")

    assert told.returncode == 1
    assert len(told.stderr.strip().splitlines()) == 1
    assert "DATABASE_URL" in told.stderr


def test_a_platform_without_the_wheel_is_told_what_to_do(folder):
    told = folder.run(
        "from resolutionflow.embedded import lifetime, places; places.WHEEL = 'no_such_wheel'; "
        + "lifetime.hold_for_command(['manage.py', 'migrate'])"
    )

    assert told.returncode == 1
    assert told.stderr.strip().endswith("set DATABASE_URL instead.")
    assert len(told.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_root_may_work_in_a_folder_that_nobody_else_can_enter():
    with new_folder(mode=0o700) as folder:
        ana = folder.user()
        away = folder.data

        assert folder.sql("SELECT 1") == 1
        assert folder.path.parent.stat().st_mode & 0o777 == 0o700
        assert folder.path not in away.parents
        folder.leave(ana)

    assert not away.parent.parent.exists()


@pytest.mark.parametrize(
    ("line", "needs"),
    [
        ("", False),
        ("help", False),
        ("--version", False),
        ("migrate --help", False),
        ("collectstatic --no-input", False),
        ("check", False),
        ("check --database default", True),
        ("migrate", True),
        ("seed_demo", True),
        ("assess_conversation file.json", False),
    ],
)
def test_only_a_command_that_needs_the_database_starts_it(line, needs):
    assert lifetime.needs_database(["manage.py", *line.split()]) is needs
