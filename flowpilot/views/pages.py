"""Pages of a list of sessions that may be too long to be counted."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from django.http import QueryDict

from flowpilot.models import AISession

PER_PAGE = 30


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; beyond `MOST`, only that there are more."""

    MOST: ClassVar[int] = 1000

    number: int

    def __str__(self) -> str:
        return f"{self.MOST:,}+" if self.number > self.MOST else str(self.number)

    def __bool__(self) -> bool:
        return self.number > 0

    @property
    def is_exact(self) -> bool:
        return self.number <= self.MOST

    @property
    def pages(self) -> int:
        return max(1, -(-self.number // PER_PAGE))


@dataclass(frozen=True, slots=True)
class Page:
    """Rows `first` to `last` of a list, counted from 1."""

    number: int
    rows: list[AISession]
    has_next: bool
    count: Count

    @classmethod
    def of(cls, sent: QueryDict, count: Count, rows: Callable[[int, int], Iterable[AISession]]) -> "Page":
        """The page that the address asks for; the last one where there are not as many, and the first where it asks for nonsense."""
        asked = sent.get("page", "")
        number = max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 1
        if count.is_exact:
            number = min(number, count.pages)
        # One more than is shown tells whether there is another page.
        found = list(rows((number - 1) * PER_PAGE, number * PER_PAGE + 1))
        if not found and number > 1:
            number, found = 1, list(rows(0, PER_PAGE + 1))
        return cls(number, found[:PER_PAGE], len(found) > PER_PAGE, count)

    @property
    def first(self) -> int:
        return (self.number - 1) * PER_PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def is_only(self) -> bool:
        return self.number == 1 and not self.has_next
