"""How the tries went, counted."""

from handoffs.presenting import tally


def row(word):
    return {"word": word}


def test_tries_are_counted_in_their_own_words_and_order():
    assert tally([row("Ruled out"), row("Failed"), row("Ruled out")]) == "2 ruled out, 1 failed"


def test_a_single_try_and_none_need_no_count():
    assert tally([row("Failed")]) == ""
    assert tally([]) == ""
