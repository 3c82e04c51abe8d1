"""Lists in a text that count their items: "1. ... 2. ...", "a) ... b) ..."."""

import re

_ITEM = re.compile(r"(?:^|(?<=\s))(?P<number>[1-9]\d?|[a-h])[.)](?=\s+\S)")


def items(text: str) -> list[tuple[str, int, int]]:
    """The items of a list that counts from its beginning: number, start and end of each in the text. Empty where there is none of two."""
    found: list[tuple[str, int, int]] = []
    for match in _ITEM.finditer(text):
        number = match["number"].lower()
        if not found:
            if number not in ("1", "a"):
                continue
        elif number.isdigit() != found[-1][0].isdigit() or not 0 < _order(number) - _order(found[-1][0]) <= 2:
            continue
        if found:
            found[-1] = (found[-1][0], found[-1][1], match.start())
        found.append((number, match.end(), len(text)))
    return found if len(found) > 1 else []


def apart(line: str) -> list[str]:
    """A line with several items of a list in it, one piece for each; each piece stands verbatim in it."""
    listed = items(line)
    if len(listed) < 2 or line.count("://"):
        return [line]
    starts = [0, *(_ITEM.search(line, max(0, start - 5)).start() for _, start, _ in listed)]  # type: ignore[union-attr]
    return [piece for start, end in zip(starts, [*starts[1:], len(line)], strict=True) if (piece := line[start:end]).strip()]


def _order(number: str) -> int:
    return int(number) if number.isdigit() else ord(number)
