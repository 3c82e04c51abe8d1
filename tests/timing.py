"""How long pure work takes, whoever else is busy: its processor time beside that of a yardstick."""

import re
import time
from collections.abc import Callable

IDLE = 0.045
"""What the yardstick takes on an idle machine with nothing special about it, in seconds."""
WORD = re.compile(r"(\w+)[ ,.]+")


def _yardstick() -> float:
    began = time.process_time()
    counted: dict[str, int] = {}
    for _ in range(200):
        for found in WORD.finditer("the quick brown fox jumps over the lazy dog, and " * 40):
            word = found[1].casefold()
            counted[word] = counted.get(word, 0) + 1
    return time.process_time() - began


def timed[Answer](act: Callable[[], Answer]) -> tuple[Answer, float]:
    """What `act` returns, and the seconds of processor time that it takes on an idle machine.

    Time on the clock would count the neighbours', and even processor time grows where two share a core: what the yardstick takes
    right before and after tells by how much.
    """
    before, began = _yardstick(), time.process_time()
    answer = act()
    took = time.process_time() - began
    return answer, took * IDLE / max(IDLE, (before + _yardstick()) / 2)
