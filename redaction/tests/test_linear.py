"""No text takes more than linear time, whatever is repeated in it: everything that people type or paste goes through here."""

import random
from itertools import chain

import pytest

from redaction.detect import announced, find, might_answer
from redaction.invisible import parts, strip
from redaction.mask import mask, mask_turns, mask_within
from tests.timing import assert_linear, repeated

# fmt: off
# What took seconds to minutes once.
KNOWN = [
    "pw=", "pin=", "psk=", "?token=", "&token=", "--pass=", "?pass=", "pw ", "pw is ", "sk-", "admin:", "otpauth://", "eyJ-", "password ",
    "pin 1234    ", "-----BEGIN RSA PRIVATE KEY-----@", "recovery key 123456   123456    ", "\u200f", "\u200ea", "\U0001f3f4\U000e0067",
]
KEYWORDS = [
    "password", "pass", "pw", "pwd", "pin", "psk", "secret", "key", "api key", "token", "code", "otp", "cvv", "credentials", "community",
    "seed", "recovery codes", "recovery key", "product key",
]
# Beginnings of what the patterns look for, and what may stand in between.
BEGINNINGS = [
    "://", "ab://c:d@", "a:b@", "net use \\\\a\\b ", "net user a ", "curl -u ", "mysql -p", "psexec -p ", "snmpwalk -c ", "cmdkey ",
    "ConvertTo-SecureString ", "NetworkCredential(\"", "Bearer ", "Authorization: Bearer ", "echo a:", "machine a login ", "IDENTIFIED BY ",
    "-----BEGIN RSA PRIVATE KEY-----\n", "-----BEGIN ", "Private-Lines: 1\nAAAA\n", "<password>", "<value>", "$6$abc", "123456-", "AAAAA-",
    "SG.", "xoxb-", "AKIA", "glpat-", "eyJ", "eyJ.", "aws key ", "abc1Q~", "sessionid=", "use a as ", "a is the ", "creds for ", "U:a P:",
    "SSID key", "codes from text ", "reset to ", "set password ", "changed from a to ", "the pw for ", "password is ", "code 123 ", "A1b2!",
]
TEXT = [
    " ", "\n", "\t", "\r\n", "a", "A", "1", "1-", "a b ", "- ", "> ", "\\", "\\\\", "\\n", "\"", "'", "`", "(", "[", "<", ">", "</", ";",
    ":", "=", "->", "|", "&", "%", "$", "*", "#", "@", "!", "?", "/a", "C:\\", "www.", "https://a/", "bob@example.com ", "deadbeef",
    "QUJDREVGR0g=\n", "e\u0301", "\u200b", "\u2066", "\ufe0f", "\u05d0\u200f", "\U000e0041", "\u4e2d", "[hidden ", "[hidden password 1]",
    "word word. ", "0123456789abcdef",
]
# fmt: on
DOORS = [find, mask, announced, might_answer, parts, strip, lambda text: mask_turns([text, text]), lambda text: mask_within({"a": [text]})]


def everywhere(text: str) -> None:
    for door in DOORS:
        door(text)


@pytest.mark.slow
@pytest.mark.parametrize("fragment", KNOWN)
def test_a_hundred_thousand_characters_of_what_took_long_once_take_under_a_second(fragment: str) -> None:
    assert_linear(find, lambda length: repeated(fragment, length), 100_000)


@pytest.mark.parametrize("fragment", ["pw=", "?token=", "admin:", "sk-"])
def test_what_was_quadratic_is_linear(fragment: str) -> None:
    assert_linear(find, lambda length: repeated(fragment, length), 20_000, seconds=0.3)


@pytest.mark.parametrize("fragment", ["\u200f", "\u200ea", "\u05d0\u200f", "\U0001f3f4\U000e0067"])
def test_a_line_of_direction_marks_is_read_once(fragment: str) -> None:
    assert_linear(parts, lambda length: repeated(fragment, length), 100_000)


@pytest.mark.slow
@pytest.mark.parametrize("fragment", [*KEYWORDS, *BEGINNINGS, *TEXT])
def test_every_fragment_takes_linear_time(fragment: str) -> None:
    assert_linear(find, lambda length: repeated(fragment, length), 12_000, seconds=0.15)


@pytest.mark.slow
def test_pairs_of_fragments_take_linear_time() -> None:
    chosen = random.Random(23)
    for _ in range(40):
        pieces = [chosen.choice([*KNOWN, *KEYWORDS, *BEGINNINGS, *TEXT]) for _ in range(chosen.randint(2, 3))]
        fragment = chosen.choice(["", " ", "\n"]).join(piece * chosen.choice([1, 1, 1, 40]) for piece in pieces)

        assert_linear(find, lambda length, fragment=fragment: "pw " + repeated(fragment, length), 10_000, seconds=0.2)


@pytest.mark.slow
def test_one_giant_word_and_many_short_lines_take_linear_time_at_every_door() -> None:
    for fragment in chain(KNOWN, ["a", "x9!", "a\n", "no\n"]):
        assert_linear(everywhere, lambda length, fragment=fragment: repeated(fragment, length), 6_000, seconds=0.4)


def test_a_long_value_is_found_whole_and_what_follows_its_keywords_too() -> None:
    value = "ab1" * 300
    text = f"token={value} pw is hunter22, and pw={'pw=' * 50}x1 password: melon77"

    found = [text[each.start : each.end] for each in find(text)]

    assert value in found and "hunter22" in found and found[-1] == "melon77"
