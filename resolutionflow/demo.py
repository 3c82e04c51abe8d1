"""`make demo`: the database, the web server and the worker as one thing that one Ctrl-C ends.

Run as `python -m resolutionflow.demo`. Each child is a process group of its own, so that the supervisor decides when it ends,
and on Linux it ends with the supervisor even where that is killed. What children say goes to `.data/logs/`.
"""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import filelock

from resolutionflow.embedded import lifetime, places
from resolutionflow.embedded.places import EmbeddedError, hand_over, make_folder
from resolutionflow.embedded.server import plain_errors
from resolutionflow.keys import kept_key

GRACE_SECONDS = 4.0
READY_SECONDS = 90
STEADY_SECONDS = 60
LONGEST_PAUSE = 30
PR_SET_PDEATHSIG = 1
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

PEOPLE = """\
  Password of everybody: TestPass123!

    engineer@resolutionflow.example.com    engineer   works and escalates
    teamadmin@resolutionflow.example.com   admin      claims
    senior@resolutionflow.example.com      engineer   claims, too
    owner@resolutionflow.example.com       owner
    viewer@resolutionflow.example.com      viewer     reads
    staff@resolutionflow.example.com       staff      /admin/
    engineer@globex.example.com            engineer   another account
    owner@globex.example.com               owner      another account"""


class DemoError(Exception):
    """The demo cannot go on. The text is for a person."""


class Ended(Exception):
    """Somebody pressed Ctrl-C, closed the terminal or sent SIGTERM."""


@dataclass
class Child:
    """One process of the demo that is to run all the time."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    """When it may be started (again); 0 is at once."""
    failures: int = 0


@dataclass
class Demo:
    """What runs, in order: `prepare` to its end, then `services` until somebody ends it."""

    port: int
    prepare: Sequence[Sequence[str]]
    services: dict[str, Sequence[str]]
    env: dict[str, str] = field(default_factory=dict)
    ended: int = 0
    children: list[Child] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.address = f"http://127.0.0.1:{self.port}"
        self.logs = places.state_dir() / "logs"
        self.terminals: list[int] = []

    def run(self) -> int:
        """The exit code: 0 after Ctrl-C, 128 and the signal's number after another one."""
        for signum in ENDINGS:
            if signum != signal.SIGHUP or signal.getsignal(signum) is not signal.SIG_IGN:  # nohup means it
                signal.signal(signum, self.remember)
                if signum == signal.SIGHUP:
                    self.terminals = [stream for stream in (0, 1, 2) if os.isatty(stream)]
        try:
            self.hold_database()
            make_folder(self.logs)
            self.run_preparations()
            for name, command in self.services.items():
                self.children.append(Child(name, command, self.logs / f"{name}-{self.port}.log"))
            self.wait_until_ready()
            self.greet()
            while True:
                self.look_after_children()
                self.hold_database()
                self.pause(0.2)
        except Ended:
            return 0 if self.ended == signal.SIGINT else 128 + self.ended
        finally:
            self.end_children()

    def remember(self, signum: int, frame: FrameType | None) -> None:
        self.ended = self.ended or signum

    def pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            if not all(os.isatty(stream) for stream in self.terminals):
                # Closed. Where `make` is what the terminal was opened for, it alone gets SIGHUP, and waits for us.
                self.ended = self.ended or signal.SIGHUP
            if self.ended:
                raise Ended
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.05))

    def hold_database(self) -> None:
        """Start the embedded database; called again, it restarts one that was killed."""
        if not os.environ.get("DATABASE_URL"):
            lifetime.hold()

    def run_preparations(self) -> None:
        """Run what comes before the services; of two demos in one folder the second one waits for the first."""
        lock = filelock.FileLock(places.state_dir() / "demo.lock", mode=0o644)
        while True:
            with contextlib.suppress(filelock.Timeout):
                lock.acquire(timeout=0)
                break
            self.pause(0.1)
        hand_over(places.state_dir() / "demo.lock")
        try:
            for command in self.prepare:
                child = Child("setup", command, self.logs / f"setup-{self.port}.log")
                self.children = [child]
                self.start(child)
                assert child.process is not None
                while child.process.poll() is None:
                    self.pause(0.05)
                if child.process.returncode:
                    name = " ".join(Path(word).name for word in command[1:])
                    raise DemoError(f"{name} failed:\n{tail(child.log)}")
        finally:
            self.end_children()
            lock.release()

    def start(self, child: Child) -> None:
        rotate(child.log)
        with child.log.open("ab") as log:
            hand_over(child.log)
            child.process = subprocess.Popen(
                child.command,
                cwd=places.PROJECT,
                env=os.environ | self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with(os.getpid()),
            )
        child.started = time.monotonic()

    def look_after_children(self) -> None:
        """Start what is due, and say so of each child that ended by itself; it is started again after a growing pause."""
        now = time.monotonic()
        for child in self.children:
            if child.process is None:
                if now >= child.due:
                    self.start(child)
                continue
            code = child.process.poll()
            if code is None:
                continue
            end_group(child.process.pid, signal.SIGKILL)  # what it started itself
            child.failures = 1 if now - child.started > STEADY_SECONDS else child.failures + 1
            pause = min(2 ** (child.failures - 1), LONGEST_PAUSE)
            child.process, child.due = None, now + pause
            say(f"  The {child.name} process ended ({exit_words(code)}); again in {pause} s. Its log: {child.log}")

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not answers(f"{self.address}/healthz"):
            self.look_after_children()
            self.pause(0.1)
            web = self.children[0]
            if web.failures >= 3 or time.monotonic() > deadline:
                raise DemoError(f"The {web.name} process is not responding:\n{tail(web.log)}")

    def greet(self) -> None:
        say(f"\n  ResolutionFlow runs at {self.address}\n\n{PEOPLE}\n\n  Logs: {self.logs}\n  Ctrl-C ends it.\n")

    def end_children(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            end_group(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while any(process.poll() is None for process in running) and time.monotonic() < deadline:
            time.sleep(0.02)
        for process in running:
            end_group(process.pid, signal.SIGKILL)
            process.wait()
        self.children = []


def end_group(group: int, signum: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signum)


def die_with(parent: int):  # type: ignore[no-untyped-def]
    """What the child runs before its command: with the parent killed, it gets SIGTERM and can still clean up. Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up here: between fork and exec only the call itself is safe

    def before_exec() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - http to ourselves
            return bool(answer.status == 200)
    except OSError:
        return False


def say(text: str) -> None:
    """Print; where the terminal is gone there is nobody to tell."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


def exit_words(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def tail(log: Path, lines: int = 20) -> str:
    text = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([*(f"    {line}" for line in text), f"  The whole log: {log}"])


def rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > 5_000_000:
        log.replace(log.with_suffix(".old.log"))


def wanted_port(text: str) -> int:
    """The port from the environment's PORT. Raises DemoError unless it is one, and free."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise DemoError(f'PORT="{text}" is not a port. Use a number from 1 to 65535, for example `make demo PORT=8001`.')
    port = int(text)
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise DemoError(f"Port {port} needs root. Choose one above 1023: `make demo PORT=8000`.") from None
        except OSError:
            other = port + 1 if port < 65535 else 8000
            raise DemoError(f"Port {port} is in use. Choose another one: `make demo PORT={other}`.") from None
    return port


@contextlib.contextmanager
def plain_ends() -> Iterator[None]:
    """Turn what is expected to go wrong into a sentence and exit code 1."""
    try:
        yield
    except (DemoError, EmbeddedError) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"The demo cannot run: {error}")


def main() -> int:
    with plain_ends():
        port = wanted_port(os.environ.get("PORT") or "8000")
        python, manage = sys.executable, str(places.PROJECT / "manage.py")
        with plain_errors(places.state_dir() / "logs"):
            make_folder(places.state_dir())
        env = {"PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "resolutionflow.settings"}
        # As in production, but for TLS: own error pages, no tracebacks on screen.
        env["HTTP_ONLY"] = os.environ.get("HTTP_ONLY") or "true"
        env["DEMO"] = "true"
        for name, key in (("SECRET_KEY", "secret_key"), ("SECRETS_KEY", "secrets_key")):
            if not os.environ.get(name):
                env[name] = kept_key(places.state_dir() / key)
                hand_over(places.state_dir() / key)
        web = ["-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port), "--ping-interval", "20", "--ping-timeout", "30"]
        say("Preparing the database and the demo's data ...")
        demo = Demo(
            port,
            prepare=[[python, manage, "migrate", "--no-input"], [python, manage, "seed_demo", "--force"]],
            services={
                "web": [python, *web, "resolutionflow.asgi:application"],
                "worker": [python, manage, "procrastinate", "worker", "--concurrency", "4", "--shutdown-graceful-timeout", "2"],
            },
            env=env,
        )
        return demo.run()


if __name__ == "__main__":
    sys.exit(main())
