"""How templates are written; `djlint` (in `make lint`) sees to their indentation."""

import re
from pathlib import Path

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
LONGEST = 140


def test_no_template_line_is_longer_than_140_characters() -> None:
    too_long = [
        f"{path.relative_to(TEMPLATES)}:{number} has {len(line)}"
        for path in sorted(TEMPLATES.rglob("*.html"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > LONGEST
    ]

    assert not too_long, "\n".join(too_long)


def test_long_texts_are_sliced_before_they_are_truncated() -> None:
    """`truncatechars` normalizes the whole text first, which takes quadratic time for one letter with thousands of accents."""
    long_texts = re.compile(r"\.(?:text|answer|needs|problem_summary|detail|notes)\|truncate")

    assert [path.name for path in TEMPLATES.rglob("*.html") if long_texts.search(path.read_text(encoding="utf-8"))] == []
