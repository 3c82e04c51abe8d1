"""Which cards the offline assistant adds to the lane next: the most useful first, none twice, none that the text already answers."""

from collections.abc import Iterable

from assistant.case import Case
from assistant.knowledge import playbooks
from assistant.offline.reading import DISCOVERY_ENDS, Reading, same
from assistant.results import NewTask
from playbooks.library import GENERAL
from playbooks.matching import Matcher
from playbooks.schema import Check, Playbook, Question

MOST = 4
# With this many open cards in the lane, a reply adds only a few.
CROWDED = 6


def general() -> Playbook:
    return next(playbook for playbook in playbooks() if playbook.slug == GENERAL)


def next_cards(case: Case, reading: Reading, *, only_checks: bool = False) -> list[NewTask]:
    """Two to four cards; fewer if the lane is full or the playbook has nothing left to ask."""
    waiting = sum(task.state in ("pending", "active") for task in case.tasks)
    room = max(2, min(MOST, CROWDED - waiting))
    asked = {same(task.title) for task in case.tasks} | {same(step.asked) for step in case.steps if step.asked}
    chosen: list[NewTask] = []
    for card in _wanted(reading, only_checks=only_checks):
        if len(chosen) == room:
            break
        if same(card.title) not in asked and _fits(card, reading):
            asked.add(same(card.title))
            chosen.append(_task(card))
    return chosen


def _wanted(reading: Reading, *, only_checks: bool) -> Iterable[Question]:
    """Cards, the most useful first at this confidence."""
    playbook = reading.playbook
    if playbook is None:
        book = general()
        if only_checks:
            yield from [*book.checks, *book.questions]
        else:
            yield from _mixed([*book.discovery, *book.questions], book.checks, first=3)
        return
    cards = {card.id: card for card in playbook.cards()}
    needed = [cards[need] for suspect in reading.suspects[:3] for need in suspect.cause.needs]
    needed_checks = [card for card in needed if isinstance(card, Check)]
    if only_checks:
        book = general()
        yield from [*needed_checks, *playbook.checks, *playbook.questions, *playbook.discovery, *book.checks, *book.questions]
        return
    if reading.confidence < DISCOVERY_ENDS:
        rival = reading.rival.discovery[:1] if reading.rival else []
        yield from [*playbook.discovery[:2], *rival, *needed, *playbook.questions, *playbook.checks]
        return
    prompted = [question for question in playbook.questions if question.asks_when and Matcher.has_any(reading.said, question.asks_when)]
    questions = [*(card for card in needed if not isinstance(card, Check)), *prompted, *playbook.questions]
    yield from _mixed(questions, [*needed_checks, *playbook.checks], first=1)
    yield from playbook.discovery


def _mixed(questions: list[Question], checks: list[Check], *, first: int) -> Iterable[Question]:
    """Some questions, two checks, then the rest: people can answer while a check runs."""
    yield from questions[:first]
    yield from checks[:2]
    yield from questions[first:]
    yield from checks[2:]


def _fits(card: Question, reading: Reading) -> bool:
    if isinstance(card, Check) and card.os and reading.systems and not reading.systems & set(card.os):
        return False
    if card.asks_when and not Matcher.has_any(reading.said, card.asks_when):
        return False
    return not (card.answered_by and Matcher.has_any(reading.said, card.answered_by))


def _task(card: Question) -> NewTask:
    if isinstance(card, Check):
        return NewTask(kind="check", title=card.title, why=f"{card.why} {card.shows}", command=card.command)
    return NewTask(kind="question", title=card.title, why=card.why)
