"""The register of the embedded server's users: which live processes hold it.

A process is known by its number and the moment it started, so that a reused number does not count as a user, and a
killed process is dropped at the next look. Call all of this with the cluster locked.
"""

import json
from pathlib import Path

import psutil


def identity(pid: int) -> str | None:
    """What tells this process from a later one with the same number; None where it is not alive (a zombie is not)."""
    try:
        # In ticks since the boot, as the kernel keeps it: psutil's seconds move when somebody sets the clock.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return None if fields[0] in {b"Z", b"X"} else fields[19].decode()
    except OSError:
        pass
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.Error:
        return None


class Register:
    """Reads and writes the file of users. A damaged file counts as empty: the server is then stopped a little early at worst."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def live(self) -> dict[int, str]:
        """The users that are alive: process number -> identity."""
        try:
            entries = {int(pid): str(key) for pid, key in json.loads(self.path.read_text()).items()}
        except (OSError, ValueError, AttributeError):
            return {}
        return {pid: key for pid, key in entries.items() if identity(pid) == key}

    def add(self, pid: int) -> None:
        self._write(self.live() | {pid: identity(pid) or ""})

    def remove(self, pid: int) -> dict[int, str]:
        """Take a user out, with all dead ones; returns who is left."""
        left = {other: key for other, key in self.live().items() if other != pid}
        self._write(left)
        return left

    def _write(self, users: dict[int, str]) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(users))
        fresh.chmod(0o644)  # whatever the umask: root and the folder's owner may share one server
        fresh.replace(self.path)
