"""People and one's own account in a real browser: who is here, what a page remembers for its browser, passwords that are shown once."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import faults_in_both_themes


@pytest.fixture
def places(cast):
    cast.session(by="bo")
    bo = cast.people["bo"].pk
    return ["/people/", "/people/add/", f"/people/{bo}/", f"/people/{cast.people['dana'].pk}/", "/account/", "/account/password/"]


def test_axe_finds_nothing_on_the_pages_of_people(browsers, places):
    page = browsers.open("dana", "/", reduced_motion="reduce")
    found = []
    for path in [*places, "/accounts/logout/"]:
        page.goto(path)
        found += faults_in_both_themes(page, path)

    assert not found, "\n".join(found)


def test_the_pages_of_people_stick_out_nowhere(browsers, places):
    page = browsers.open("dana", "/")
    wide = []
    for path in places:
        page.goto(path)
        for width in (320, 390, 1024, 1440):
            page.set_viewport_size({"width": width, "height": 844})
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if over > 0:
                wide.append(f"{path}, {width} wide: {over} px")

    assert not wide, wide


def test_a_colleague_who_opens_a_page_is_here_for_the_others(browsers, cast, stage):
    dana = browsers.open("dana", "/people/")
    row = dana.locator("#people tbody tr", has_text="Bo Lindqvist")
    expect(row.locator(".state")).to_have_text("Away")

    browsers.open("bo", "/")

    def written():
        from accounts.models import User

        return User.objects.get(pk=cast.people["bo"].pk).last_here_at

    for _ in range(100):
        if stage(written):
            break
        dana.wait_for_timeout(100)
    # The page fetches its rows by itself every half minute; a reload is the same sooner.
    dana.reload()
    expect(row.locator(".state")).to_have_text("Online")


def test_a_password_that_was_made_opens_the_door(browsers, cast):
    page = browsers.open("dana", "/people/add/")
    page.get_by_label("Name", exact=True).fill("Nia Ward")
    page.get_by_label("Email address").fill(f"nia@{cast.slug}.example.com")
    page.get_by_role("button", name="Add person", exact=True).click()
    made = page.locator("#made").inner_text()

    door = browsers.open(None, "/accounts/login/")
    door.get_by_label("Email address").fill(f"nia@{cast.slug}.example.com")
    door.get_by_label("Password", exact=True).fill(made)
    door.get_by_role("button", name="Show password").click()
    expect(door.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
    door.get_by_role("button", name="Sign in").click()

    expect(door).to_have_url(re.compile(r"/$"))
    door.goto("/account/")
    expect(door.get_by_text(f"nia@{cast.slug}.example.com")).to_be_visible()


def test_the_theme_is_kept_by_the_browser_and_follows_the_system_again(browsers):
    page = browsers.open("bo", "/account/", color_scheme="light")
    theme = "document.documentElement.dataset.theme ?? 'system'"
    page.get_by_text("Dark", exact=True).click()
    assert page.evaluate(theme) == "dark"

    page.reload()
    assert page.evaluate(theme) == "dark"
    expect(page.get_by_label("Dark", exact=True)).to_be_checked()
    page.get_by_role("button", name="Switch theme").click()
    expect(page.get_by_label("Light", exact=True)).to_be_checked()

    page.get_by_text("System", exact=True).click()
    assert page.evaluate(theme) == "system"
    assert page.evaluate("localStorage.getItem('theme')") is None


def test_the_sound_is_tried_and_kept_by_the_browser(browsers):
    page = browsers.open("bo", "/account/")
    page.evaluate("document.addEventListener('chime:played', () => { window.tried = (window.tried ?? 0) + 1; })")

    page.get_by_role("button", name="Play").click()
    assert page.evaluate("window.tried") == 1
    page.get_by_role("switch", name=re.compile("Sound for new escalations")).check()
    assert page.evaluate("localStorage.getItem('sound')") == "on"

    page.reload()
    expect(page.get_by_role("switch", name=re.compile("Sound for new escalations"))).to_be_checked()
    page.get_by_role("switch", name=re.compile("Sound for new escalations")).uncheck()
    assert page.evaluate("localStorage.getItem('sound')") is None


def test_notifications_that_the_browser_allows_are_switched_on(whole_browsers):
    page = whole_browsers.open("bo", "/account/", permissions=["notifications"])
    switch = page.get_by_role("switch", name=re.compile("Desktop notification"))

    switch.check()

    assert page.evaluate("localStorage.getItem('desktop')") == "on"
    page.reload()
    expect(switch).to_be_checked()
    assert page.locator("#desktop-said").inner_text() == ""


@pytest.mark.parametrize(("answer", "says"), [("denied", "blocks notifications"), ("default", "without answering")])
def test_notifications_that_are_not_allowed_switch_back_and_say_why(browsers, answer, says):
    page = browsers.open("bo", None)
    # Which of the two a browser without windows gives differs; what the page does with each is what is tried here.
    page.add_init_script(
        f"""
        let now = "default";
        Object.defineProperty(Notification, "permission", {{ get: () => now }});
        Notification.requestPermission = async () => (now = "{answer}");
        """
    )
    page.goto("/account/")
    switch = page.get_by_role("switch", name=re.compile("Desktop notification"))

    switch.click()

    expect(page.locator("#desktop-said")).to_contain_text(says)
    expect(switch).not_to_be_checked()
    assert page.evaluate("localStorage.getItem('desktop')") is None


def test_without_javascript_the_account_page_says_what_needs_it(browsers):
    page = browsers.open("bo", "/account/", java_script_enabled=False)

    expect(page.get_by_text("These settings need JavaScript")).to_be_visible()
    expect(page.locator("#sets")).to_be_hidden()
    page.get_by_label("Name shown to colleagues").fill("Bo Lund")
    page.get_by_role("button", name="Save name").click()
    expect(page.locator("#toasts")).to_contain_text("Your name is now Bo Lund.")
