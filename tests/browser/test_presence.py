"""Who is looking right now: on the card, on the screen, in the session; and never longer than it is true."""

import contextlib

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from tests.browser.conftest import try_now


def test_who_looks_is_told_on_the_card_on_the_screen_and_in_the_session(browsers, cast):
    handoff = cast.handoff(by="ana")
    queue = browsers.open("vic", "/escalations/")
    card = queue.locator(".card")
    bo = browsers.open("bo", f"/handoffs/{handoff.pk}/")

    expect(card.get_by_text("Bo is looking")).to_be_visible()
    expect(bo.locator("[data-looking]")).to_be_hidden()
    dana = browsers.open("dana", f"/handoffs/{handoff.pk}/")
    expect(card).to_contain_text("Bo and Dana are looking")
    expect(bo.locator(".bar")).to_contain_text("Dana is looking too")
    expect(dana.locator(".bar")).to_contain_text("Bo is looking too")

    # Whoever handed it off looks at the session, not at the card.
    ana = browsers.open("ana", f"/sessions/{handoff.session_id}/")
    expect(ana.locator("#s-head")).to_contain_text("Bo and Dana are here too")
    expect(card).not_to_contain_text("Ana is looking")
    expect(card).to_contain_text("Bo and Dana are looking")

    bo.goto("/")
    expect(card).to_contain_text("Dana is looking")
    expect(card).not_to_contain_text("Bo")
    dana.context.close()
    expect(card.locator("[data-looking]")).to_be_hidden()
    expect(ana.locator("#s-head [data-looking]")).to_be_hidden()


def test_a_killed_tab_looks_no_longer(browsers, cast):
    handoff = cast.handoff(by="ana")
    queue = browsers.open("dana", "/escalations/")
    bo = browsers.open("bo", f"/handoffs/{handoff.pk}/")
    expect(queue.get_by_text("Bo is looking")).to_be_visible()

    # The renderer dies: no script of the page runs any more.
    with bo.expect_event("crash"), contextlib.suppress(PlaywrightError):
        bo.goto("chrome://crash", timeout=5000)

    expect(queue.locator(".card [data-looking]")).to_be_hidden(timeout=45_000)


def test_a_frozen_page_is_forgotten_and_comes_back_when_it_wakes(browsers, cast, server):
    """The server goes away and comes back: nobody claims to know who looks meanwhile, and then it is true again."""
    handoff = cast.handoff(by="ana")
    queue = browsers.open("dana", "/escalations/")
    browsers.open("bo", f"/handoffs/{handoff.pk}/")
    expect(queue.get_by_text("Bo is looking")).to_be_visible()
    browsers.cuts = True

    server.stop_web()
    try:
        expect(queue.get_by_text("Connection lost.")).to_be_visible()
        expect(queue.locator(".card [data-looking]")).to_be_hidden()
    finally:
        server.start_web()

    try_now(queue)
    expect(queue.get_by_text("Bo is looking")).to_be_visible()


def test_two_tabs_of_one_person_are_one_and_closing_one_leaves_the_other(browsers, cast):
    handoff = cast.handoff(by="ana")
    queue = browsers.open("dana", "/escalations/")
    one = browsers.open("bo", f"/handoffs/{handoff.pk}/")
    two = one.context.new_page()
    two.goto(f"/handoffs/{handoff.pk}/")
    expect(queue.get_by_text("Bo is looking")).to_be_visible()

    two.close()
    queue.wait_for_timeout(500)
    expect(queue.get_by_text("Bo is looking")).to_be_visible()
    one.close()
    expect(queue.locator(".card [data-looking]")).to_be_hidden()


def test_a_tab_behind_others_is_not_looking(browsers, cast):
    handoff = cast.handoff(by="ana")
    queue = browsers.open("dana", "/escalations/")
    bo = browsers.open("bo", f"/handoffs/{handoff.pk}/")
    expect(queue.get_by_text("Bo is looking")).to_be_visible()

    turn = """(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange')); }"""
    bo.evaluate(turn, True)
    expect(queue.locator(".card [data-looking]")).to_be_hidden()
    bo.wait_for_timeout(200)
    bo.evaluate(turn, False)
    expect(queue.get_by_text("Bo is looking")).to_be_visible()
