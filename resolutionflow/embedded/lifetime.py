"""Starting and stopping the embedded PostgreSQL.

A process that needs the database calls `hold()`. The first one starts the server, each is entered in a register, and the last one to leave
stops it. There is no TCP port, only a socket in a private folder. Nothing of Django is imported here.
"""

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from resolutionflow.embedded.places import EmbeddedError, cluster_name
from resolutionflow.embedded.server import Cluster

WITHOUT_DATABASE = {
    "assess_conversation",
    "check",
    "check_assistant",
    "collectstatic",
    "diffsettings",
    "evaluate_handoffs",
    "findstatic",
    "help",
    "version",
}

_clusters: dict[str, Cluster] = {}
_holders: dict[str, int] = {}
"""Cluster name -> the process that holds it. A forked child finds its parent's number here, and so knows that it holds nothing."""


def hold(name: str | None = None) -> None:
    """Have the server running until this process ends, or until `release()`.

    Calling it again is cheap, and restarts the server if it was killed. After a fork the child holds nothing.
    Raises EmbeddedError.
    """
    name = cluster_name(name)
    if name not in _clusters:
        _clusters[name] = Cluster(name)
    cluster = _clusters[name]
    if _holders.get(name) == os.getpid() and cluster.is_ready():
        return
    if _holders.get(name) != os.getpid():
        _holders[name] = os.getpid()
        _end_in_order()
        atexit.register(_release_at_exit, name)  # before the start, so that a process stopped halfway cleans up, too
    cluster.enter()


def release(name: str | None = None) -> None:
    """Release this process's hold; the last one to leave stops the server. Does nothing without a hold."""
    name = cluster_name(name)
    if _holders.get(name) != os.getpid():
        return
    del _holders[name]
    cluster = _clusters[name]
    with _undisturbed():
        cluster.leave()


def _release_at_exit(name: str) -> None:
    try:
        release(name)
    except EmbeddedError as error:
        print(error, file=sys.stderr)


def _end_in_order() -> None:
    """Make SIGTERM and a closed terminal end this process through `atexit`. Handlers that others set, now or later, stay."""
    if threading.current_thread() is not threading.main_thread():
        return
    for signum in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(signum) is signal.SIG_DFL:
            signal.signal(signum, _raise_exit)


def _raise_exit(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + signum)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no second Ctrl-C interrupt the stopping of the server."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before[signum] = signal.signal(signum, signal.SIG_IGN)
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler or signal.SIG_DFL)


def needs_database(argv: list[str]) -> bool:
    """Whether this command line of manage.py opens the database."""
    command, options = argv[1:2], argv[2:]
    if not command or command[0].startswith("-") or "-h" in options or "--help" in options:
        return False
    if command[0] == "check":
        return any(option.startswith("--database") for option in options)
    return command[0] not in WITHOUT_DATABASE


def hold_for_command(argv: list[str]) -> None:
    """Hold the server for a command of manage.py that needs it, unless DATABASE_URL names another one.

    Where that fails, the command ends here with a plain sentence and exit code 1.
    """
    if os.environ.get("DATABASE_URL") or not needs_database(argv):
        return
    try:
        hold()
    except EmbeddedError as error:
        sys.exit(str(error))
