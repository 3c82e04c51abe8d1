"""Long sessions and strange texts take the offline assistant no more than linear time."""

import pytest

from assistant.analysis.assess import assess
from assistant.analysis.language.sentences import split
from assistant.analysis.verify import clean
from assistant.case import Case, CaseStep
from assistant.knowledge import match
from assistant.llm.prompts import document
from assistant.offline.reply import reply
from bench.assessment import busy_lane
from tests.timing import assert_linear, repeated

FRAGMENTS = [
    "a",
    "I restarted it. ",
    '-> "a. ',
    "Error 5\n",
    "not a but b ",
    "pw=",
    "\u200e",
    "e\u0301",
    "\u0315\u0300",
    "<!--",
    "<a",
    "](http:",
]


def written(text: str) -> Case:
    steps = [CaseStep(1, "message", "client", "[client]", text), CaseStep(2, "message", "person", "Ana", text)]
    return Case(title=text[:200], steps=steps)


@pytest.mark.slow
@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_step_of_a_hundred_thousand_characters_is_read_in_linear_time(fragment: str) -> None:
    assess(written("It does not print."))
    for act in (assess, reply, document):
        assert_linear(lambda text, act=act: act(written(text)), lambda length: repeated(fragment, length), 100_000, seconds=2)
    for read in (split, match):
        assert_linear(read, lambda length: repeated(fragment, length), 100_000)


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_statement_is_cleaned_in_linear_time(fragment: str) -> None:
    assert_linear(clean, lambda length: repeated(fragment, length), 50_000, seconds=0.5)


def test_nested_markup_is_cleaned_in_linear_time() -> None:
    assert_linear(clean, lambda length: "<a" * length + ">" * length, 20_000, seconds=0.5)
    assert clean("<a" * 100 + ">" * 100 + " done").endswith("done") and "<" not in clean("<a" * 100 + ">" * 100)


@pytest.mark.slow
def test_a_lane_of_five_thousand_steps_is_assessed_in_three_seconds() -> None:
    assess(busy_lane(30))

    assert_linear(assess, busy_lane, 5_000, seconds=3)


def test_twice_as_long_a_lane_takes_twice_as_long() -> None:
    assess(busy_lane(30))

    assert_linear(assess, busy_lane, 400, seconds=1.5)


def test_more_fixes_than_an_assessment_has_room_for_leave_the_latest() -> None:
    tried = assess(busy_lane(400)).tried

    assert len(tried) <= 30
    assert "397" not in tried[0].action and any("Restart spooler 395" in entry.action for entry in tried)
