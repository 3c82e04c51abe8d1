"""How long pure work takes, whoever else is busy: its processor time beside that of a yardstick."""

import re
import time
from collections.abc import Callable

IDLE = 0.045
"""What the yardstick takes on an idle machine with nothing special about it, in seconds."""
HARDLY_ANY = 0.12
"""What needs no comparison with a shorter input, in seconds."""
FOUR_TIMES = 2.3**2
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


def within[Answer](seconds: float, act: Callable[[], Answer]) -> Answer:
    """What `act` returns; it takes less than so many seconds of processor time on an idle machine.

    The yardstick takes longer than most of what is timed here, so it is only asked where the plain time is too long.
    """
    began = time.process_time()
    answer = act()
    took = time.process_time() - began
    tries = 3
    while took >= seconds and tries:
        answer, took = timed(act)
        tries -= 1
    if took < seconds:
        return answer
    raise AssertionError(f"{took:.2f} s on an idle machine, {seconds} were allowed")


def repeated(fragment: str, length: int) -> str:
    """A text of this length, the same words again and again."""
    return (fragment * (length // len(fragment) + 1))[:length]


def assert_linear[Given](act: Callable[[Given], object], made: Callable[[int], Given], size: int, *, seconds: float = 1.0) -> None:
    """That `act` takes less than `seconds` for an input of this size, and that twice as much takes at most 2.3 times as long.

    What takes hardly any time cannot be measured, nor can it harm. Neighbours and a machine that changes its speed can only spoil a
    measurement, so it is repeated until one is good. The ratio is that of two measurements in a row, and of four times the input, which
    tells linear from quadratic more clearly than twice. The yardstick is asked only where the time is still too long: it costs more than
    most of what is measured here, and is too rough for the ratio.
    """
    whole, ratio, idle = float("inf"), float("inf"), float("inf")
    for _ in range(8):
        took = _processor_time(lambda: act(made(size)))
        whole = min(whole, took)
        idle = whole if whole < seconds else min(idle, timed(lambda: act(made(size)))[1])
        if whole > HARDLY_ANY and ratio > FOUR_TIMES:
            quarter = _processor_time(lambda: act(made(size // 4)))
            ratio = min(ratio, took / quarter if quarter else ratio)
        if idle < seconds and (whole <= HARDLY_ANY or ratio <= FOUR_TIMES):
            return
    raise AssertionError(f"{idle:.2f} s for {size:,} on an idle machine; here {whole:.2f} s, {ratio:.1f} times what a quarter of it took")


def _processor_time(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began
