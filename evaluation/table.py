"""The figures as a table for people, and as JSON types for scripts."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from evaluation.running import Result, totals
from evaluation.scoring import Score

# What only an assessment can have is "-" for a baseline: it makes one kind of entry.
_Column = tuple[str, bool, Callable[[Score], str]]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}%" if whole else "-"


COLUMNS: tuple[_Column, ...] = (
    ("evidence valid", True, lambda s: _share(s.evidenced, s.entries)),
    ("must-know found", True, lambda s: _share(s.must_found, s.must)),
    ("precision", True, lambda s: _share(s.precise, s.judged)),
    ("wrongly known", True, lambda s: str(s.wrongly_known) if s.must else "-"),
    ("contradicted", True, lambda s: str(s.contradicted) if s.must else "-"),
    ("corrections found", True, lambda s: _share(s.corrections_told, s.corrections)),
    ("tried found", False, lambda s: _share(s.tried_found, s.tried)),
    ("outcome right", False, lambda s: _share(s.outcomes_right, s.outcomes)),
    ("wrongly tried", False, lambda s: str(s.wrongly_done) if s.must else "-"),
    ("outcome invented", False, lambda s: str(s.invented) if s.must else "-"),
    ("causes named", False, lambda s: f"{s.causes_named}/{s.causes}" if s.must else "-"),
    ("causes wrong", False, lambda s: str(s.causes_wrong) if s.must else "-"),
    ("too sure", False, lambda s: str(s.overconfident) if s.must else "-"),
    ("too unsure", False, lambda s: str(s.underconfident) if s.must else "-"),
    ("secrets leaked", True, lambda s: str(s.leaked)),
    ("words in entries", True, lambda s: f"{s.entry_words / max(1, s.conversations):.0f}"),
    ("words in all", True, lambda s: f"{s.words / max(1, s.conversations):.0f}"),
    ("seconds", True, lambda s: f"{s.seconds / max(1, s.conversations):.2f}"),
)


def rows(added: dict[str, Score]) -> list[list[str]]:
    """A row per way, the assistant's first, under the columns' names."""
    head = ["way", *(name for name, _, _ in COLUMNS)]
    return [head] + [
        [way, *(show(score) if for_all or index == 0 else "-" for _, for_all, show in COLUMNS)]
        for index, (way, score) in enumerate(added.items())
    ]


def as_text(added: dict[str, Score]) -> str:
    """Columns under broken headings, so that the whole stands in some 150 characters."""
    table = rows(added)
    split = [name.split() for name in table[0]]
    height = max(len(words) for words in split)
    heads = [[words[line] if line < len(words) else "" for words in split] for line in range(height)]
    widths = [max(len(row[column]) for row in [*heads, *table[1:]]) for column in range(len(split))]
    lines = [*heads, ["-" * width for width in widths], *table[1:]]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def as_document(results: list[Result]) -> dict[str, Any]:
    """One cut as JSON types: the sums per way, and every conversation with its misses."""
    return {
        "ways": {way: figures(score) for way, score in totals(results).items()},
        "conversations": [
            {
                "conversation": result.conversation,
                "last_turn": result.last_turn,
                "ways": {way: {**figures(judged.score), "misses": judged.misses} for way, judged in result.ways.items()},
            }
            for result in results
        ],
    }


def figures(score: Score) -> dict[str, Any]:
    """Counts, and the shares that they make (null where there is nothing to share)."""
    shares = {
        "evidence_valid": (score.evidenced, score.entries),
        "must_know_found": (score.must_found, score.must),
        "precision": (score.precise, score.judged),
        "tried_recall": (score.tried_found, score.tried),
        "outcome_right": (score.outcomes_right, score.outcomes),
        "corrections_share": (score.corrections_told, score.corrections),
    }
    counts = {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(score).items()}
    return counts | {name: round(part / whole, 4) if whole else None for name, (part, whole) in shares.items()}
