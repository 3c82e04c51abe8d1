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


def repeated(fragment: str, length: int) -> str:
    """A text of this length, the same words again and again."""
    return (fragment * (length // len(fragment) + 1))[:length]


def assert_linear[Given](act: Callable[[Given], object], made: Callable[[int], Given], size: int, *, seconds: float = 1.0) -> None:
    """That `act` takes less than `seconds` for an input of this size, and no more than 2.3 times what one of half the size takes.

    What takes hardly any time cannot be measured, nor can it harm. The neighbours can only lengthen a measurement, so of several the
    shortest counts, for either size. The yardstick is asked only where that is still too long: it costs more than most of what is
    measured here, and is too rough for the ratio.
    """
    half = whole = idle = float("inf")
    for _ in range(6):
        half = min(half, _processor_time(lambda: act(made(size // 2))))
        whole = min(whole, _processor_time(lambda: act(made(size))))
        idle = whole if whole < seconds else min(idle, timed(lambda: act(made(size)))[1])
        if idle < seconds and whole <= max(2.3 * half, 0.12):
            return
    raise AssertionError(f"{idle:.2f} s for {size:,} on an idle machine; here {whole:.2f} s, and {half:.2f} s for half of it")


def _processor_time(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began
