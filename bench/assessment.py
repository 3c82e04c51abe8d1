"""What the offline assistant needs for the assessment of a session with a task lane, by the length of the session.

Processor time, after one assessment that loads the lexicon; no database.

    .venv/bin/python -m bench.assessment [steps ...]
"""

import sys
import time

from assistant.analysis.assess import assess
from assistant.case import Case, CaseFact, CaseFix, CaseStep, CaseTask
from bench.table import Row

LENGTHS = (10, 100, 1_000, 2_000, 5_000)


def busy_lane(length: int) -> Case:
    """A session of this many steps in which much is said, asked, found and tried, and all of it is about the same few things."""
    steps: list[CaseStep] = []
    facts: list[CaseFact] = []
    tasks: list[CaseTask] = []
    fixes: list[CaseFix] = []
    for n in range(1, length + 1):
        host, kind = f"SRV-{n % 7}", n % 6
        if kind == 0:
            text = f"That points to the spooler on {host}: restart it. Please check the VPN gateway fw-{n} and the driver."
            steps.append(CaseStep(n, "reply", "assistant", "FlowPilot", text))
        elif kind == 1:
            text = f"I restarted node {n} and it still fails with error 0x8004{n:04x}. It is a printer on floor {n % 9}. Maybe the driver."
            steps.append(CaseStep(n, "message", "person", "Ana Reyes", text))
        elif kind == 2:
            asked, answer = f"Does it happen on host WS-{n}?", f"Yes, since the update on host WS-{n} the scan fails."
            steps.append(CaseStep(n, "answer", "person", "Ana Reyes", answer, card=n, asked=asked))
            tasks.append(CaseTask(n, "question", asked, ("done", "pending", "skipped")[n % 3], answer=answer, step=n))
        elif kind == 3:
            asked, answer = f"Ping the gateway from {host}, round {n}", f"Ping to 10.0.{n % 250}.1 timed out on {host}"
            steps.append(CaseStep(n, "check", "person", "Ana Reyes", answer, card=n, asked=asked))
            tasks.append(CaseTask(n, "check", asked, ("done", "pending", "skipped")[n // 6 % 3], answer=answer, step=n))
        elif kind == 4:
            text = f"The switch in rack {n} was replaced on Monday and DNS on DC{n} is wrong. The spooler stopped on {host}."
            steps.append(CaseStep(n, "note", "person", "Bo Lind", text))
        else:
            text = f"Restart spooler {n}: did not work. Same error on {host}."
            steps.append(CaseStep(n, "outcome", "person", "Ana Reyes", text, card=n))
            outcome = ("failed", "partial", "applied", "dismissed")[n // 6 % 4]
            fixes.append(
                CaseFix(n, f"Restart spooler {n}", "on the print server", "print a page", outcome, outcome_step=n, proposed_step=n - 5)
            )
        if kind in (1, 2, 4):
            # Every fourth was written into the lane directly.
            facts.append(CaseFact(length + n, steps[-1].text, n if n % 4 else None))
    return Case(title="Printer offline after the update", steps=steps, facts=facts, tasks=tasks, fixes=fixes)


def measure(lengths: list[int]) -> list[float]:
    """Seconds of CPU for each length."""
    assess(busy_lane(30))
    took = []
    for length in lengths:
        case = busy_lane(length)
        began = time.process_time()
        assess(case)
        took.append(time.process_time() - began)
    return took


def rows(*, quick: bool) -> list[Row]:
    lengths = [100, 1_000] if quick else [100, 1_000, 5_000]
    took = measure(lengths)
    floor = took[0] / lengths[0]
    return [
        Row(
            f"assessment, {length:,} steps (floor: a step of {lengths[0]})",
            f"{floor * 1000:.2f} ms of CPU a step",
            f"{seconds:.2f} s of CPU",
            f"{seconds / length / floor:.2f}",
            "linear; 5,000 in 3 s",
        )
        for length, seconds in zip(lengths, took, strict=True)
    ]


def main() -> None:
    lengths = [int(each) for each in sys.argv[1:]] or LENGTHS
    took = measure(lengths)
    print("| steps | " + " | ".join(f"{length:,}" for length in lengths) + " |")
    print("| --- |" + " --- |" * len(lengths))
    print("| s of CPU | " + " | ".join(f"{seconds:.2f}" for seconds in took) + " |")
    print("| ms a step | " + " | ".join(f"{1000 * seconds / length:.1f}" for seconds, length in zip(took, lengths, strict=True)) + " |")


if __name__ == "__main__":
    main()
