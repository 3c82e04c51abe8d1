"""One evaluation run: scores every conversation at every cut with every method, and keeps the misses."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from assistant.conversations import Conversation, to_case
from assistant.interface import Assistant
from evaluation import baselines
from evaluation.entries import Report, report_of
from evaluation.expectations import Expectations
from evaluation.leaks import leaked, planted, secrets_in
from evaluation.scoring import Judged, Score, score

Cut = str | int
MOST_SENTENCES = 500
BEFORE, ALL = "before-resolution", "all"


@dataclass(slots=True)
class Result:
    """One conversation at one cut: the score of each method. The first is the assistant."""

    conversation: str
    cut: Cut
    last_turn: int
    ways: dict[str, Judged] = field(default_factory=dict)


def last_turn(conversation: Conversation, cut: Cut) -> int:
    """The last turn to read. `before-resolution` is the turn before the resolution, when people hand off; without one, the last turn."""
    last = len(conversation.turns) - 1
    if isinstance(cut, int):
        return min(cut, last)
    resolved = conversation.resolution
    if cut == BEFORE and resolved is not None and 0 < resolved <= last:
        return resolved - 1
    return last


def judge(conversation: Conversation, expected: Expectations | None, cut: Cut, assistant: Assistant) -> Result:
    """The assistant's assessment of the conversation up to the cut, and the baselines of the same size."""
    upto = last_turn(conversation, cut)
    shortened = conversation.model_copy(update={"turns": conversation.turns[: upto + 1]})
    texts = [turn.text for turn in shortened.turns]
    result = Result(conversation.id, cut, upto)

    secrets = secrets_in(texts)
    ours, seconds = _timed(lambda: report_of(assistant.assess(to_case(shortened))))
    judged = score(ours, texts, expected, upto)
    _leaks(judged, leaked(ours.output, secrets))
    with_secrets, three = planted(shortened)
    _leaks(judged, leaked(report_of(assistant.assess(to_case(with_secrets))).output, three))
    judged.score.seconds = judged.score.slowest = seconds
    result.ways[assistant.name] = judged

    for name, report, spent in _baselines(shortened, ours):
        judged = score(report, texts, expected, upto)
        _leaks(judged, leaked(report.output, secrets))
        judged.score.seconds = judged.score.slowest = spent
        result.ways[name] = judged
    return result


def totals(results: list[Result]) -> dict[str, Score]:
    """Each way's counts added up."""
    added: dict[str, Score] = {}
    for result in results:
        for way, judged in result.ways.items():
            added.setdefault(way, Score()).add(judged.score)
    return added


def _baselines(conversation: Conversation, ours: Report) -> Iterator[tuple[str, Report, float]]:
    sentences = baselines.sentences_of(conversation)
    count = max(1, len(ours.claims))
    report, spent = _timed(lambda: baselines.first_and_last(sentences, ours.entry_words))
    yield "first and last", report, spent
    # Their matrices grow quadratically.
    for name, summary in baselines.available().items() if len(sentences) <= MOST_SENTENCES else ():
        report, spent = _timed(lambda summary=summary: summary(sentences, count))  # type: ignore[misc]
        yield name, report, spent


def _leaks(judged: Judged, found: list[str]) -> None:
    judged.score.leaked += len(found)
    for secret in found:
        # Never the secret itself: this is printed.
        judged.miss("leaked", f"a secret of {len(secret)} characters")


def _timed(make: Callable[[], Report]) -> tuple[Report, float]:
    began = time.perf_counter()
    made = make()
    return made, time.perf_counter() - began
