"""The supervisor of `make demo`, with small stand-ins for the web server and the worker, in folders of their own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

PROJECT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.slow

STAND_IN = """
import sys
from resolutionflow.demo import Demo, plain_ends, wanted_port
port = sys.argv[1]
web = '''
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(str(os.getpid()).encode())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
'''
worker = "from resolutionflow.embedded import lifetime, places; import atexit, signal, time; lifetime.hold(); print('works', flush=True); "
worker += "atexit.register(print, 'ended in order', flush=True); "
if "stubborn" in sys.argv:
    worker += "signal.signal(signal.SIGTERM, signal.SIG_IGN); "
prepare = "raise SystemExit('the seed is rotten')" if "rotten" in sys.argv else "pass"
with plain_ends():
    sys.exit(Demo(
        wanted_port(port),
        prepare=[[sys.executable, "-c", prepare]],
        services={"web": [sys.executable, "-c", web, port], "worker": [sys.executable, "-c", worker + "time.sleep(600)"]},
    ).run())
"""


def as_from_a_terminal():
    """Run in a child before its program: whoever starts the suite in the background, or under nohup, hands ignored signals down."""
    for signum in (signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)


def as_under_nohup():
    as_from_a_terminal()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def eventually(is_so, sentence, seconds=60):
    deadline = time.monotonic() + seconds
    while not (answer := is_so()):
        assert time.monotonic() < deadline, sentence
        time.sleep(0.02)
    return answer


def alive(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def place():
    """A folder that the server's user can reach, too; its database is made once."""
    path = Path(tempfile.mkdtemp(prefix="resolutionflow demo "))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Supervisor:
    def __init__(self, place, port, *more, stdin=subprocess.DEVNULL, before=as_from_a_terminal):
        env = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "RESOLUTIONFLOW_CLUSTER"}}
        env |= {"RESOLUTIONFLOW_STATE_DIR": str(place / "data"), "PYTHONPATH": str(PROJECT)}
        command = [sys.executable, "-c", STAND_IN, str(port), *more]
        how = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "start_new_session": True, "preexec_fn": before}
        self.process = subprocess.Popen(command, env=env, stdin=stdin, **how)
        self.data = place / "data"
        self.worker_log = self.data / "logs" / f"worker-{port}.log"
        self.said = ""
        self.family = []

    def wait_until_it_greets(self):
        while "Ctrl-C ends it" not in self.said:
            line = self.process.stdout.readline()
            assert line, f"the demo ended before it was ready: {self.said}"
            self.said += line
        eventually(lambda: "works" in self.worker_log.read_text(), "the worker does not start")
        self.family = psutil.Process(self.process.pid).children(recursive=True)
        servers = [child for child in psutil.process_iter(["name", "cwd"]) if child.info["name"] == "postgres"]
        self.family += [child for child in servers if str(self.data) in (child.info["cwd"] or "")]

    def child(self, word):
        return next(child for child in self.family if word in " ".join(child.cmdline()))

    def end(self, signum):
        self.process.send_signal(signum)
        self.said += self.process.communicate(timeout=90)[0]
        return self.process.returncode

    def nothing_is_left(self):
        return not [process for process in self.family if alive(process)]


@pytest.fixture
def demo(place, free_port):
    started = []

    def start(*more, port=free_port, **how):
        started.append(Supervisor(place, port, *more, **how))
        return started[-1]

    yield start
    for supervisor in started:
        if supervisor.process.poll() is None:
            supervisor.end(signal.SIGTERM)


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_one_signal_ends_everything(demo, signum, code):
    running = demo()
    running.wait_until_it_greets()
    assert len(running.family) > 3

    assert running.end(signum) == code

    assert "ended in order" in running.worker_log.read_text(), "the worker was killed, not ended"
    assert running.nothing_is_left()


def test_under_nohup_it_outlives_its_terminal(demo):
    running = demo(before=as_under_nohup)
    running.wait_until_it_greets()

    running.process.send_signal(signal.SIGHUP)
    running.child("http.server").kill()

    said = next(line for line in running.process.stdout if line.strip())
    assert "again in 1 s" in said, "it looks after its children as before"
    assert running.end(signal.SIGINT) == 0


def test_a_closed_terminal_ends_everything_even_where_no_signal_comes(demo):
    ours, terminal = os.openpty()
    running = demo(stdin=terminal)
    os.close(terminal)
    running.wait_until_it_greets()

    os.close(ours)

    assert running.process.wait(60) == 129
    assert running.nothing_is_left()


def test_a_child_that_does_not_listen_is_killed(demo):
    running = demo("stubborn")
    running.wait_until_it_greets()

    assert running.end(signal.SIGINT) == 0

    assert "ended in order" not in running.worker_log.read_text()
    assert running.nothing_is_left()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent died")
def test_a_killed_supervisor_takes_everything_with_it(demo):
    running = demo()
    running.wait_until_it_greets()

    running.process.kill()
    running.process.wait()

    eventually(running.nothing_is_left, "something outlives the supervisor")


def test_it_tells_the_address_the_people_and_the_logs_and_each_child_that_dies(demo, free_port):
    running = demo()
    running.wait_until_it_greets()
    assert f"http://127.0.0.1:{free_port}" in running.said
    assert "engineer@resolutionflow.example.com" in running.said
    assert str(running.data / "logs") in running.said
    web = running.child("http.server")

    web.kill()

    line = next(line for line in running.process.stdout if line.strip())
    assert "The web process ended (killed by SIGKILL); again in 1 s." in line
    supervisor = psutil.Process(running.process.pid)

    def new_web():
        return [child for child in supervisor.children() if child.pid != web.pid and "http.server" in " ".join(child.cmdline())]

    eventually(new_web, "the web process does not come back")


def test_a_taken_port_is_told_before_any_work(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        refused = Supervisor(tmp_path, port)
        said = refused.process.communicate(timeout=90)[0]

    assert refused.process.returncode == 1
    assert said == f"Port {port} is in use. Choose another one: `make demo PORT={port + 1}`.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_refused(demo, port):
    refused = demo(port=port)

    assert "Use a number from 1 to 65535" in refused.process.communicate(timeout=90)[0]
    assert refused.process.returncode == 1


def test_a_preparation_that_fails_ends_the_demo_with_its_last_words(demo):
    failing = demo("rotten")
    said = failing.process.communicate(timeout=90)[0]

    assert failing.process.returncode == 1
    assert "the seed is rotten" in said


def test_a_second_demo_on_another_port_outlives_the_first(demo, place):
    first = demo()
    first.wait_until_it_greets()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    second = Supervisor(place, port)
    second.wait_until_it_greets()

    assert first.end(signal.SIGINT) == 0

    assert alive(second.child("http.server"))
    assert [process for process in second.family if alive(process) and process.name() == "postgres"]
    assert second.end(signal.SIGINT) == 0
    assert second.nothing_is_left()
