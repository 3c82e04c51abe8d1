"""One cluster of the embedded PostgreSQL: making its data, starting, stopping and sweeping up after killed processes.

PostgreSQL refuses to run as root. For root it runs as the owner of the project's folder, or else as `nobody`; where that user
cannot get at the project (a folder under /root, for instance), data and programs lie in a folder of /var/lib, and a link in
the project's data folder says where. Folders above the project are never changed.
"""

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import filelock
import psutil

from resolutionflow.embedded import places
from resolutionflow.embedded.places import EmbeddedError, ServerUser, find_programs, hand_over, make_folder, make_private, server_user
from resolutionflow.embedded.register import Register, identity

LOCK_SECONDS = 120
START_SECONDS = 60
STOP_SECONDS = 10

SETTINGS = """\
# Written anew at every start.
listen_addresses = ''
unix_socket_directories = '{socket_dir}'
unix_socket_permissions = 0700
max_connections = 200
max_locks_per_transaction = 128
shared_buffers = 64MB
huge_pages = off
io_method = sync
jit = off
wal_level = minimal
max_wal_senders = 0
min_wal_size = 32MB
max_wal_size = 256MB
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
default_text_search_config = 'pg_catalog.english'
log_line_prefix = '%m [%p] '
"""
FOR_SPEED = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


class Cluster:
    """`main` or `test`: data, socket, lock and register of one server. Raises EmbeddedError from `enter` and `leave`."""

    def __init__(self, name: str) -> None:
        suffix = "" if name == "main" else f"-{name}"
        self.name = name
        self.folder = places.state_dir() / f"postgres{suffix}"
        self.link = self.folder / "data"
        self.data = self.link.resolve()
        self.far = Path("/var/lib") / f"resolutionflow-{places.project_key()}" / f"postgres{suffix}"
        self.log = places.state_dir() / "logs" / f"postgres{suffix}.log"
        self.socket_dir = places.socket_dir(name)
        self.register = Register(self.folder / "users.json")
        self.process: subprocess.Popen[bytes] | None = None

    def enter(self) -> None:
        """Have the server running with this process in its register."""
        with plain_errors(self.folder):
            make_folder(self.folder)
            make_folder(self.log.parent)
            with self.locked():
                self.data = self.link.resolve()
                self.ensure_running()
                self.register.add(os.getpid())

    def leave(self) -> None:
        """Take this process out of the register, and stop the server where nobody is left."""
        if not self.folder.exists():
            return  # somebody removed it all
        with plain_errors(self.folder), self.locked():
            if not self.register.remove(os.getpid()):
                self.stop()
        if self.process is not None and self.process.returncode is None:
            self.process.returncode = 0  # it goes on for the others: no warning that a child was left behind

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        lock = filelock.FileLock(self.folder / "lock", mode=0o644)
        try:
            with lock.acquire(timeout=LOCK_SECONDS, poll_interval=0.02):
                hand_over(self.folder / "lock")
                yield
        except filelock.Timeout:
            raise EmbeddedError(f"Somebody has been starting or stopping the embedded database for {LOCK_SECONDS} s; try again.") from None

    # What runs

    def postmaster(self) -> int | None:
        """The server's process number, or None. Its working directory tells: the number in the file may be another's by now."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n")[0])
        except (OSError, ValueError):
            return None
        return pid if identity(pid) and works_in(pid, self.data) else None

    def is_ready(self) -> bool:
        """The server runs, takes connections, and does so where we look for it."""
        if self.postmaster() is None:
            return False
        with contextlib.suppress(OSError):
            lines = (self.data / "postmaster.pid").read_text().split("\n")
            return len(lines) > 7 and lines[7].strip() == "ready" and lines[4] == str(self.socket_dir)
        return False

    def ensure_running(self) -> None:
        if self.is_ready():
            return
        deadline = time.monotonic() + 5
        while self.postmaster() and not self.is_ready() and time.monotonic() < deadline:
            time.sleep(0.02)  # left in the middle of starting or stopping by somebody who was killed
        if self.is_ready():
            return
        self.stop()
        user = server_user(self.link if self.link.exists() else self.folder)
        programs = find_programs(user, near=self.folder.parent, far=self.far.parent)
        self.place_data(user)
        if not self.data.exists():
            self.create(user, programs)
        self.start(user, programs)

    def stop(self) -> None:
        """Stop the server gently, then less so, and take away what it leaves in the file system."""
        pid = self.postmaster()
        if pid is not None:
            for signum, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 3), (signal.SIGKILL, 3)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signum)
                if self.wait_gone(pid, seconds):
                    break
        if (self.data / "postmaster.pid").exists():
            kill_where(lambda process: works_in(process.pid, self.data))  # children whose server was killed
            (self.data / "postmaster.pid").unlink(missing_ok=True)
        if self.socket_dir.is_dir() and not self.socket_dir.is_symlink():
            for leftover in self.socket_dir.glob(".s.PGSQL.*"):
                leftover.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.socket_dir.rmdir()

    def wait_gone(self, pid: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process is not None:
                self.process.poll()
            if identity(pid) is None:
                return True
            time.sleep(0.01)
        return False

    # Making and starting

    def place_data(self, user: ServerUser | None) -> None:
        """Decide where the data lie, and throw away what a crash left half-made."""
        if self.link.is_symlink() and not self.link.exists():
            self.link.unlink()
        if self.data.exists() and not (self.data / "global" / "pg_control").exists():
            kill_where(partial(names, str(self.data)))
            shutil.rmtree(self.data)
        for parent in (self.folder, self.far):
            for half_made in parent.glob("data.new-*"):
                kill_where(partial(names, str(half_made)))
                shutil.rmtree(half_made, ignore_errors=True)
        self.data = self.link.resolve()
        if user is not None and not (user.can_write(self.data) if self.data.exists() else user.could_own_in(self.folder)):
            away = self.far / "data"
            make_folder(self.far.parent, 0o711)
            make_folder(self.far, 0o711)
            if away.exists() and away != self.data:  # of data that were removed from the project by hand
                kill_where(lambda process: works_in(process.pid, away))
                shutil.rmtree(away)
            if self.link.exists() and not self.link.is_symlink():
                shutil.move(self.link, away)
            self.link.unlink(missing_ok=True)
            self.link.symlink_to(away)
            self.data = away

    def create(self, user: ServerUser | None, programs: Path) -> None:
        """Make the cluster with its database beside the final place, and move it there when it is whole."""
        kill_where(partial(names, str(self.data)))  # a server whose data somebody removed
        fresh = Path(tempfile.mkdtemp(prefix="data.new-", dir=self.data.parent))
        make_private(fresh, user)
        kind = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--auth=trust"]
        run(user, [programs / "initdb", "-D", fresh, "-U", "postgres", "--wal-segsize=4", "--no-sync", "--no-instructions", *kind])
        self.write_settings(fresh)
        run(user, [programs / "postgres", "--single", "-D", fresh, "postgres"], text=f"CREATE DATABASE {places.DATABASE}\n")
        fresh.rename(self.data)

    def write_settings(self, data: Path) -> None:
        text = SETTINGS.format(socket_dir=self.socket_dir) + (FOR_SPEED if self.name == "test" else "")
        (data / "postgresql.conf").write_text(text)
        (data / "pg_hba.conf").write_text("local all all trust\n")

    def start(self, user: ServerUser | None, programs: Path) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        self.write_settings(self.data)
        with contextlib.suppress(FileExistsError):
            self.socket_dir.mkdir(mode=0o700)
            make_private(self.socket_dir, user)
        if self.socket_dir.is_symlink() or self.socket_dir.stat().st_uid != (user.uid if user else os.geteuid()):
            raise EmbeddedError(f"{self.socket_dir} belongs to somebody else: remove it, or set DATABASE_URL.")
        with self.log.open("ab") as log:
            hand_over(self.log)
            if log.tell() > 1_000_000:
                log.truncate(0)
            self.process = subprocess.Popen(
                [programs / "postgres", "-D", self.data],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C in the terminal is for its users
                **environment(user),
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise EmbeddedError(f"The embedded PostgreSQL does not start: {self.complaint(version)} (log: {self.log})")
            time.sleep(0.01)

    def complaint(self, version: str) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        said = [line.partition("FATAL:")[2].strip() for line in lines if "FATAL:" in line]
        if said and "incompatible" in said[-1]:
            return f"its data are of PostgreSQL {version}. `make clean` removes them."
        return said[-1] if said else (lines[-1] if lines else "it says nothing.")


def environment(user: ServerUser | None) -> dict[str, Any]:
    """How each of PostgreSQL's programs is run: as whom, in which folder and environment."""
    return {"cwd": "/", "env": {"LC_ALL": "C", "PATH": os.defpath}} | (user.switch() if user else {})


def run(user: ServerUser | None, command: list[str | Path], text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, errors="replace", check=False, **environment(user))
    if done.returncode:
        if "No space left" in done.stderr:
            raise OSError(errno.ENOSPC, "No space left")
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower() or "FATAL" in line] or done.stderr.splitlines()
        raise EmbeddedError(f"The embedded database could not be made: {lines[0] if lines else done.returncode} (or set DATABASE_URL).")


def works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(psutil.Process(pid).cwd()).samefile(folder)
    except (psutil.Error, OSError):
        return False


def command_line(process: psutil.Process) -> list[str]:
    """How a process of PostgreSQL was called; empty for every other process."""
    try:
        return process.cmdline() if "postgres" in process.name() or "initdb" in process.name() else []
    except psutil.Error:
        return []


def names(path: str, process: psutil.Process) -> bool:
    return path in command_line(process)


def kill_where(matches: Callable[[psutil.Process], bool]) -> None:
    """Kill the processes of PostgreSQL that match: what a killed user left behind. Nobody waits for its answers any more."""
    doomed = [process for process in psutil.process_iter() if command_line(process) and matches(process)]
    for process in doomed:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(doomed, timeout=3)


@contextlib.contextmanager
def plain_errors(folder: Path) -> Iterator[None]:
    """Turn what the system refuses into a sentence that says what to do."""
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise EmbeddedError(f"The disk is full, so the embedded database cannot run: make room where {folder} lies.") from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise EmbeddedError(
                f"No permission for {where}: let this user write to {folder.parent}, or set RESOLUTIONFLOW_STATE_DIR or DATABASE_URL."
            ) from error
        raise EmbeddedError(f"The embedded database cannot run: {error} (or set DATABASE_URL).") from error
