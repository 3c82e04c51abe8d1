"""The checker catches what it is there for: histories with a planted fault."""

import pytest

from tests.system.histories import Answer, Call, State, order_of

OPEN = State("ana")
BOS = State("ana", "claimed", "bo")
GONE = State("ana", inactive=frozenset({"bo"}))
VIEWER = State("ana", viewers=frozenset({"bo"}))
YES, NO, CONFLICT, UNKNOWN = Answer.YES, Answer.NO, Answer.CONFLICT, Answer.UNKNOWN


def call(who, verb, began, ended, answer):
    return Call(who, verb, began, ended, answer)


CLAIMED_AND_RELEASED = [call("dana", "claim", 0, 1, YES), call("dana", "release", 2, 3, YES)]


@pytest.mark.parametrize(
    ("calls", "ends"),
    [
        pytest.param([], OPEN, id="nothing happened"),
        pytest.param([call("bo", "claim", 0, 9, YES), call("dana", "claim", 1, 8, NO)], BOS, id="the second of two at once lost"),
        pytest.param([call("bo", "claim", 0, 1, YES), call("bo", "claim", 2, 3, YES)], BOS, id="the same person again"),
        pytest.param(
            [call("dana", "claim", 0, 9, YES), call("dana", "release", 5, 9, YES), call("bo", "claim", 6, 9, YES)], BOS, id="released"
        ),
        pytest.param([*CLAIMED_AND_RELEASED, call("dana", "release", 4, 5, YES)], OPEN, id="a second press on release"),
        pytest.param([call("ana", "claim", 0, 1, NO), call("bo", "claim", 2, 3, YES)], BOS, id="nobody claims their own"),
        pytest.param([call("dana", "claim", 0, 1, CONFLICT), call("bo", "claim", 2, 3, YES)], BOS, id="a conflict wrote nothing"),
        pytest.param([call("bo", "claim", 0, 1, UNKNOWN), call("dana", "claim", 2, 3, NO)], BOS, id="a broken one had happened"),
        pytest.param([call("bo", "claim", 0, 1, YES), call("lea", "deactivate bo", 2, 3, YES)], GONE, id="the claimer was deactivated"),
        pytest.param([call("lea", "demote bo", 0, 9, YES), call("bo", "claim", 1, 8, NO)], VIEWER, id="a viewer claims nothing"),
        pytest.param(
            [call("lea", "demote bo", 0, 1, YES), call("lea", "promote bo", 2, 9, YES), call("bo", "claim", 3, 8, YES)], BOS, id="again"
        ),
        pytest.param([call("bo", "claim", 0, 1, UNKNOWN), call("ana", "withdraw", 2, 3, YES)], State("ana", "withdrawn"), id="or not"),
    ],
)
def test_a_history_that_can_have_happened_is_explained(calls, ends):
    assert order_of(calls, OPEN, ends) is not None


@pytest.mark.parametrize(
    ("calls", "ends"),
    [
        pytest.param([call("bo", "claim", 0, 9, YES), call("dana", "claim", 0, 9, YES)], BOS, id="two won"),
        pytest.param([call("bo", "claim", 0, 9, NO), call("dana", "claim", 0, 9, NO)], OPEN, id="nobody won"),
        pytest.param([call("bo", "claim", 0, 1, YES)], OPEN, id="a claim was lost"),
        pytest.param([call("ana", "withdraw", 0, 1, YES), call("bo", "claim", 2, 3, YES)], BOS, id="claimed after it was withdrawn"),
        pytest.param(
            [call("bo", "claim", 0, 1, YES), call("dana", "claim", 2, 3, YES), call("bo", "release", 4, 5, YES)], OPEN, id="a stale read"
        ),
        pytest.param([call("dana", "release", 0, 1, YES)], OPEN, id="released what was never claimed"),
        pytest.param([*CLAIMED_AND_RELEASED, call("bo", "release", 4, 5, YES)], OPEN, id="released what somebody else had released"),
        pytest.param([call("lea", "demote bo", 0, 1, YES), call("bo", "claim", 2, 3, YES)], VIEWER, id="a viewer claimed"),
        pytest.param([call("lea", "deactivate bo", 0, 1, YES), call("bo", "claim", 2, 3, YES)], GONE, id="a deactivated one claimed"),
        pytest.param(
            [call("bo", "claim", 0, 1, YES), call("lea", "deactivate bo", 2, 3, YES)],
            State("ana", "claimed", "bo", inactive=frozenset({"bo"})),
            id="it stays with somebody who was deactivated",
        ),
        pytest.param([call("lea", "demote bo", 0, 1, YES)], OPEN, id="a change of a role was lost"),
        pytest.param([call("ana", "claim", 0, 1, YES)], State("ana", "claimed", "ana"), id="claimed their own"),
        pytest.param([call("bo", "claim", 0, 1, UNKNOWN), call("dana", "claim", 2, 3, NO)], OPEN, id="refused though it was free"),
    ],
)
def test_a_planted_fault_is_caught(calls, ends):
    assert order_of(calls, OPEN, ends) is None
