"""However long or strange a text is, a page and a save take linear time."""

import pytest

from flowpilot.search.snippets import _fold
from flowpilot.search.terms import _typed
from flowpilot.templatetags.found import marked
from flowpilot.templatetags.hidden import MOST_NAMED, redacted
from flowpilot.vault.redact import _candidates
from redaction.detect import find
from tests.timing import assert_linear, repeated

FRAGMENTS = ["a", "pw=", "A1b2!x ", "\u200f", "\u200ea", "e\u0301", "\u0315\u0300", "[hidden password 1]", "<", '"', "-", "\\", "\n", "or "]


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_step_is_drawn_in_linear_time(fragment: str) -> None:
    assert_linear(redacted, lambda length: repeated(fragment, length), 50_000, seconds=0.5)
    assert_linear(lambda text: marked([(text, False), (text, True)]), lambda length: repeated(fragment, length), 50_000, seconds=1)


def test_many_runs_of_invisible_characters_are_counted_instead_of_named() -> None:
    shown = redacted("a\u200b" * 5000)

    assert shown.count('class="ghost"') == MOST_NAMED + 1
    assert "4,500 more places with hidden characters" in shown


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_search_is_parsed_and_its_finds_are_marked_in_linear_time(fragment: str) -> None:
    assert_linear(_typed, lambda length: repeated(fragment, length), 50_000, seconds=0.5)
    assert_linear(_fold, lambda length: repeated(fragment, length), 50_000, seconds=0.5)


def test_words_are_compared_with_the_secrets_in_one_pass() -> None:
    def compare(text: str) -> None:
        _candidates(text, find(text))

    assert_linear(compare, lambda length: repeated("pw: hunter22x, Alpha-99 ", length), 50_000, seconds=1)
