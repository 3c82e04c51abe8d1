"""Characters that nobody sees are told from those that people write with."""

import pytest

from redaction.invisible import parts, strip


@pytest.mark.parametrize(
    ("text", "shown", "stripped"),
    [
        ("pay\u200bload", ["U+200B"], "payload"),
        ("\ufeffstart", ["U+FEFF"], "start"),
        ("soft\u00adhyphen", ["U+00AD"], "softhyphen"),
        ("\u202egnp.exe\u202c", ["U+202E", "U+202C"], "gnp.exe"),
        ("a\u2066b\u2069", ["U+2066", "U+2069"], "ab"),
        ("hi\U000e0049\U000e0067\U000e006e", ["3 hidden characters from U+E0049"], "hi"),
        ("a\u200b\u200b\u200bb", ["3 × U+200B"], "ab"),
        ("bell\x07 esc\x1b[31m", ["U+0007", "U+001B"], "bell esc[31m"),
        ("c1\x85control", ["U+0085"], "c1control"),
        ("blank\u3164letter\u115f", ["U+3164", "U+115F"], "blankletter"),
        ("x\ufe0f\U000e0100", ["2 hidden characters from U+FE0F"], "x"),
        ("lone\u200djoiner", ["U+200D"], "lonejoiner"),
        ("left\u200eright", ["U+200E"], "leftright"),
        ("line\u2028end", ["U+2028"], "line\nend"),
        ("\u202a+49 170 5550199\u202c", ["U+202A", "U+202C"], "+49 170 5550199"),
        ("\U0001f3f4\U000e0078\U000e007f", ["2 hidden characters from U+E0078"], "\U0001f3f4"),
    ],
)
def test_what_nobody_sees_is_named_on_the_page_and_left_out_of_a_prompt(text, shown, stripped):
    assert [piece for piece, hidden in parts(text) if hidden] == shown
    assert strip(text) == stripped


@pytest.mark.parametrize(
    "text",
    [
        "plain text\twith tabs\r\nand lines",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 family",
        "\u2764\ufe0f and 1\ufe0f\u20e3",
        "\u2764\ufe0f\u200d\U0001f525",
        "\U0001f64b\U0001f3fd\u200d\u2642\ufe0f raises a hand",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u05e9\u05dc\u05d5\u05dd \u200f(abc)\u200e!",
        "\u0915\u094d\u200d\u0937",
        "caf\u00e9 na\u00efve \u2013 \u201cquoted\u201d \u00a0nbsp",
        "\u2801\u2800\u2803",
    ],
)
def test_what_people_write_with_stays_as_it_is(text):
    assert parts(text) == [(text, False)]
    assert strip(text) == text


def test_nothing_is_left_to_strip():
    text = "a\u200b\u202e\U000e0041\x07b \u2764\ufe0f\u200d\U0001f525 \u0645\u06cc\u200c\u062e"

    assert strip(strip(text)) == strip(text)
    assert "".join(piece for piece, hidden in parts(text) if not hidden) == strip(text)
