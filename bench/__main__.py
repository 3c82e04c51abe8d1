"""All benchmarks of the table in bench/README.md, one after the other, and one table of what they found.

Run: `.venv/bin/python -m bench [--quick] [name ...]`. Each is a process of its own, because each has a database of its own. Floors are
measured in the same run. `--quick` takes small numbers: it shows that everything runs, not how fast it is.
"""

import argparse
import importlib
import importlib.util
import json
import os
import subprocess
import sys
from datetime import UTC, datetime

from bench.table import Row, show

NAMES = ("fanout", "queue", "claim", "claim_http", "escalate", "assessment")
MARK = "rows: "


def rows_of(name: str, *, quick: bool) -> list[Row]:
    """What one benchmark found; a row that says so where it failed."""
    command = [sys.executable, "-m", "bench", "--rows", name, *(["--quick"] if quick else [])]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    for line in ran.stdout.splitlines():
        if line.startswith(MARK):
            return [Row(*row) for row in json.loads(line.removeprefix(MARK))]
    print(ran.stdout[-3000:], file=sys.stderr)
    return [Row(name, "-", f"failed, exit code {ran.returncode}", "-", "-")]


def main() -> int:
    parser = argparse.ArgumentParser("bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    there = [name for name in NAMES if importlib.util.find_spec(f"bench.{name}")]
    parser.add_argument("names", nargs="*", choices=there, metavar="name", help=f"some of them: {', '.join(there)}")
    parser.add_argument("--quick", action="store_true", help="small numbers")
    parser.add_argument("--rows", choices=there, metavar="name", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.rows:
        print(MARK + json.dumps(importlib.import_module(f"bench.{given.rows}").rows(quick=given.quick)))
        return 0
    began = datetime.now(UTC)
    table: list[Row] = []
    for name in given.names or there:
        print(f"{name} ...", file=sys.stderr)
        table += rows_of(name, quick=given.quick)
    print(f"{began:%d %B %Y, %H:%M} UTC, cores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}{', quick' if given.quick else ''}\n")
    show(table)
    return 1 if any(row.now.startswith("failed") for row in table) else 0


if __name__ == "__main__":
    sys.exit(main())
