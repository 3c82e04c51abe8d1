"""What the tests themselves stand on: a browser that stalls does not hold the run."""

import time

import pytest
from playwright.sync_api import Error

from tests.browser.conftest import Chromium


def test_a_browser_that_stalls_is_killed_and_the_next_one_is_new(playwright, shell):
    chromium = Chromium(playwright, shell.path)
    stalled = chromium.browser()
    page = stalled.new_page()
    began = time.monotonic()

    with chromium.watched(1), pytest.raises(Error):
        page.evaluate("() => new Promise(() => {})")

    assert chromium.stalled
    assert time.monotonic() - began < 60
    assert not stalled.is_connected()
    assert shell.browser().is_connected()
    assert chromium.browser().new_page().evaluate("1 + 1") == 2
    chromium.close()


def test_a_browser_that_answers_is_left_alone(playwright, shell):
    chromium = Chromium(playwright, shell.path)
    page = chromium.browser().new_page()

    with chromium.watched(0.5):
        assert page.evaluate("1 + 1") == 2
    time.sleep(1)

    assert not chromium.stalled
    assert page.evaluate("2 + 2") == 4
    chromium.close()
