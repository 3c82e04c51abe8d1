"""Long sessions and strange texts take the offline assistant no more than linear time."""

import pytest

from assistant.analysis.assess import assess
from bench.assessment import busy_lane
from tests.timing import assert_linear


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
