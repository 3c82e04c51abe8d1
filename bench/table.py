"""The rows of `python -m bench`."""

from collections.abc import Iterable
from typing import NamedTuple


class Row(NamedTuple):
    """One kind of work: what the least of it costs, what ours costs, both of the same run, and the ratio that is wanted."""

    work: str
    floor: str
    now: str
    ratio: str
    wanted: str


def show(rows: Iterable[Row]) -> None:
    print("| work | floor | now | ratio | wanted |")
    print("| --- | --- | --- | --- | --- |")
    for row in rows:
        print("| " + " | ".join(row) + " |")
