"""A hidden password on the page: folded for everybody, opened on purpose by whoever may write, gone when it is removed."""

import re

import pytest
from playwright.sync_api import expect

from flowpilot import sessions
from handoffs.opening import open_handoff

VALUE = "Kestrel!2024x"


@pytest.fixture
def session(cast, stage):
    """A step and a fact with the same password; the session waits for a colleague, so that everybody reads it."""
    session = cast.session(by="ana")

    def more():
        from flowpilot import lane

        ana = cast.people["ana"]
        sessions.post(session.pk, by=ana, text=f"The temp password I set is {VALUE}", reply=False)
        lane.add_fact(session.pk, by=ana, text=f"Local admin: pw {VALUE}")
        open_handoff(session.pk, by=ana, needs="Why is it refused?")

    stage(more)
    return session


def test_a_writer_reveals_copies_hides_and_removes(browsers, session):
    page = browsers.open("ana", f"/sessions/{session.pk}/")
    step, fact = page.locator("#step-4 .secret-chip"), page.locator("#lane-facts .secret-chip")
    expect(step).to_contain_text("Password hidden")
    assert VALUE not in page.content()

    step.get_by_role("button", name="Reveal the password").click()
    expect(step.locator("code")).to_have_text(VALUE)
    # That somebody looked is on the timeline at once, and what was opened stays open while the page follows.
    expect(page.locator("#stream")).to_contain_text("Ana revealed the password in step 4")
    fact.get_by_role("button", name="Reveal the password").click()
    expect(page.locator("#stream li.event", has_text="revealed the password")).to_have_count(2)
    expect(fact.locator("code")).to_have_text(VALUE)

    step.get_by_role("button", name="Hide the password").click()
    expect(step).to_contain_text("Password hidden")
    expect(step.locator("code")).to_have_count(0)

    page.once("dialog", lambda dialog: dialog.accept())
    step.get_by_role("button", name=re.compile("Remove now")).click()
    expect(step).to_have_text("Password removed")
    expect(fact).to_have_text("Password removed")


def test_a_reader_sees_the_chip_without_a_button(browsers, session):
    page = browsers.open("bo", f"/sessions/{session.pk}/")

    expect(page.locator("#step-4 .secret-chip")).to_have_text("Password hidden")
    expect(page.locator(".secret-chip button")).to_have_count(0)
    assert VALUE not in page.content()


def test_without_script_a_page_of_its_own_shows_it_and_asks_before_it_is_removed(browsers, session):
    page = browsers.open("ana", f"/sessions/{session.pk}/", java_script_enabled=False)

    page.locator("#step-4 .secret-chip").get_by_role("button", name="Reveal").click()
    expect(page.locator(".secret-value")).to_have_text(VALUE)
    page.get_by_role("link", name="Back to the session").click()
    page.locator("#step-4 .secret-chip").get_by_role("button", name="Remove now").click()
    page.get_by_role("button", name="Remove for good").click()
    page.get_by_role("link", name="Back to the session").click()

    expect(page.locator("#step-4 .secret-chip")).to_have_text("Password removed")
