"""scripts/find-python, on machines that are made up of a few small scripts."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "find-python"
TOOLS = ["sh", "ls", "grep", "sort"]


def machine(tmp_path, **programs):
    """A folder that is the whole PATH: the tools the script needs, and the given programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(next(p for p in (Path("/usr/bin") / tool, Path("/bin") / tool) if p.exists()))
    for name, script in programs.items():
        program(folder / name.replace("_", "."), script)
    return folder


def program(path, script):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def find(tmp_path, folder, **env):
    clean = {"PATH": str(folder), "HOME": str(tmp_path / "home")} | env
    return subprocess.run([str(SCRIPT)], env=clean, capture_output=True, text=True, timeout=30, check=False)


REAL = f'exec "{sys.executable}" "$@"'
OLD = "exit 1"
SHIM = "echo 'pyenv: python3.13: command not found' >&2; exit 127"


def test_the_clear_sentence_where_there_is_none(tmp_path):
    told = find(tmp_path, machine(tmp_path, python3=OLD, python3_13=SHIM))

    assert told.returncode == 1
    assert told.stdout == ""
    assert "needs Python 3.12 or newer" in told.stderr


def test_a_shim_that_refuses_is_passed_over(tmp_path):
    found = find(tmp_path, machine(tmp_path, python3_13=SHIM, python3_12=REAL))

    assert found.returncode == 0
    assert os.access(found.stdout.strip(), os.X_OK)


def test_pyenvs_versions_are_tried_newest_first(tmp_path):
    folder = machine(tmp_path, python3=OLD)
    for version in ("3.9.18", "3.12.1", "3.13.10", "3.13.9"):
        program(tmp_path / "home" / ".pyenv" / "versions" / version / "bin" / "python", f"echo {version}")

    assert find(tmp_path, folder).stdout.strip() == "3.13.10"


def test_a_named_python_is_the_only_one_tried(tmp_path):
    folder = machine(tmp_path, python3=REAL)

    refused = find(tmp_path, folder, PYTHON=str(tmp_path / "nothing"))

    assert refused.returncode == 1
    assert "is no Python 3.12 or newer" in refused.stderr
