"""Dumps the database of an older revision's demo, to try an upgrade on: `scripts/dump-demo [REVISION] [--output FILE]`.

Takes the revision's files out of the repository into a temporary folder and runs its `migrate` and `seed_demo` there, on an embedded
PostgreSQL of its own and with the libraries installed here. If there is `tests/data/upgrade/<first seven digits>.py`, the revision
runs it too: it adds rows that the demo lacks. The demo in `.data` is not touched, and everything temporary is removed at the end.

Stored secrets are encrypted with SECRETS_KEY from the environment; without it, the key is thrown away. Exit codes: 0 for a dump, 3
if the repository doesn't have the revision (a shallow clone, a tarball, no git), 2 for wrong arguments, 1 for anything else.
"""

import argparse
import contextlib
import io
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from resolutionflow.embedded import lifetime  # noqa: E402
from resolutionflow.embedded.clean import clean  # noqa: E402
from resolutionflow.embedded.places import DATABASE, EmbeddedError, find_programs, socket_dir  # noqa: E402

# The last revision before tables and columns were renamed.
REVISION = "940c2f2"
OUTPUT = PROJECT / "test-results" / "demo.sql"
NO_REVISION = 3
# The cluster that writes without waiting for the disk.
CLUSTER = "test"


class Failed(Exception):
    """A command failed. The text is what it printed."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="dump-demo", description="Dumps the database of an older revision's demo as SQL.")
    parser.add_argument("revision", nargs="?", default=REVISION, help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="default: test-results/demo.sql")
    wanted = parser.parse_args()
    output = wanted.output.resolve()
    # So that whoever stops this stops it in order.
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, lambda signum, frame: sys.exit(128 + signum))

    commit = find_commit(wanted.revision)
    if commit is None:
        print(f"Revision {wanted.revision} is not in this repository. A full clone is needed: git fetch --unshallow.", file=sys.stderr)
        return NO_REVISION
    try:
        with contextlib.ExitStack() as at_end:
            place = Path(tempfile.mkdtemp(prefix="resolutionflow-dump-"))
            at_end.callback(shutil.rmtree, place)
            # The server may run as another user.
            place.chmod(0o755)
            source = place / "source"
            extract(commit, source)
            url = start_database(place / "data", at_end)
            fill(source, url, commit)
            output.parent.mkdir(parents=True, exist_ok=True)
            dump(url, output)
    except (Failed, EmbeddedError) as error:
        print(f"No dump of {wanted.revision}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"The demo of {wanted.revision} is in {output}.")
    return 0


def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Git in this project, whoever owns the folder (root in a container, for instance)."""
    return subprocess.run(["git", "-c", "safe.directory=*", "-C", PROJECT, *arguments], capture_output=True, check=False)


def find_commit(revision: str) -> str | None:
    try:
        found = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except FileNotFoundError:
        return None
    return found.stdout.decode().strip() if found.returncode == 0 else None


def extract(commit: str, source: Path) -> None:
    """The files of the revision. Not a worktree: that would be registered in the repository, and stay there if this were killed."""
    archive = git("archive", "--format=tar", commit)
    if archive.returncode:
        raise Failed(archive.stderr.decode(errors="replace"))
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(source, filter="data")


def start_database(state: Path, at_end: contextlib.ExitStack) -> str:
    """A server that runs until the stack ends, and its address."""
    os.environ["RESOLUTIONFLOW_STATE_DIR"] = str(state)
    at_end.callback(clean)
    at_end.callback(lifetime.release, CLUSTER)
    lifetime.hold(CLUSTER)
    host = urllib.parse.urlencode({"host": socket_dir(CLUSTER)})
    return f"postgresql://postgres@/{DATABASE}?{host}"


def fill(source: Path, url: str, commit: str) -> None:
    """The revision's own `migrate`, `seed_demo` and, where there are some, more rows."""
    env = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    env |= {"DATABASE_URL": url, "SECRET_KEY": secrets.token_urlsafe(60), "PYTHONWARNINGS": "ignore"}
    env["SECRETS_KEY"] = os.environ.get("SECRETS_KEY") or secrets.token_urlsafe(60)
    rows = PROJECT / "tests" / "data" / "upgrade" / f"{commit[:7]}.py"

    def manage(*arguments: str, stdin: str = "") -> None:
        run([sys.executable, "manage.py", *arguments], source, env, stdin)

    manage("migrate", "--no-input")
    manage("seed_demo", "--force")
    if rows.exists():
        manage("shell", "--no-imports", stdin=rows.read_text())


def dump(url: str, output: Path) -> None:
    programs = find_programs(None, near=PROJECT, far=PROJECT)
    command = [str(programs / "pg_dump"), "--no-owner", "--no-privileges", "--no-comments", f"--file={output}", url]
    run(command, PROJECT, {"PATH": os.defpath})


def run(command: list[str], folder: Path, env: dict[str, str], stdin: str = "") -> None:
    done = subprocess.run(command, cwd=folder, env=env, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command[1:3])} failed.\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
