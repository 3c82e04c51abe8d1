"""What arrives: held against the filters, said once, sounded and notified where somebody switched that on."""

import pytest
from playwright.sync_api import expect

from handoffs.claiming import claim
from tests.browser.conftest import until
from tests.factories import hand_off_many

WATCH_NOTES = """
    window.notes = [];
    window.Notification = class { constructor(title, options) { window.notes.push([title, options.body, options.tag]); } close() {} };
    window.Notification.permission = "granted";
    window.Notification.requestPermission = async () => "granted";
    window.chimes = 0;
    document.addEventListener("chime:played", () => { window.chimes += 1; });
"""


@pytest.fixture
def watching(browsers):
    def open_queue(who="bo", path="/escalations/", settings=()):
        page = browsers.open(None, "")
        page.context.add_cookies([{"name": "sessionid", "value": browsers.cast.cookie(who), "url": browsers.server.url}])
        page.context.add_init_script(WATCH_NOTES + "".join(f"localStorage.setItem('{name}', 'on');" for name in settings))
        page.goto(path)
        expect(page.locator("[data-live]")).to_be_visible()
        page.evaluate("window.__mark = 1")
        return page

    return open_queue


def test_what_does_not_fit_the_filters_does_not_come_in(watching, cast):
    page = watching(path="/escalations/?priority=urgent&client=Fenwick")
    expect(page.get_by_role("heading", name="No matching escalations")).to_be_visible()

    cast.handoff(session=cast.session(client="Northgate", title="Another client"), priority=4)
    cast.handoff(session=cast.session(client="Fenwick", title="Not urgent enough"), priority=2)
    cast.handoff(session=cast.session(client="Fenwick", title="The one that fits"), priority=4)

    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator(".card")).to_contain_text("The one that fits")
    # The rail counts all that wait.
    expect(page.locator("[data-open-count]")).to_contain_text("3")
    # Refreshed rows use the same filters, and the back button goes back through the filters.
    page.evaluate("document.dispatchEvent(new CustomEvent('live:refresh'))")
    page.wait_for_timeout(600)
    expect(page.locator(".card")).to_have_count(1)
    page.get_by_role("link", name="Clear").click()
    expect(page.locator(".card")).to_have_count(3)
    page.get_by_label("Priority").select_option("urgent")
    expect(page.locator(".card")).to_have_count(2)
    page.go_back()
    expect(page.locator(".card")).to_have_count(3)


def test_for_me_and_the_order_within_a_priority(watching, cast):
    page = watching()
    cast.handoff(session=cast.session(title="First come"), priority=3)
    expect(page.locator(".card")).to_have_count(1)
    cast.handoff(session=cast.session(title="Aimed at Bo"), priority=3, target=cast.bo)
    cast.handoff(session=cast.session(title="Urgent"), priority=4)

    expect(page.locator(".card .cover")).to_have_text(["Urgent", "Aimed at Bo", "First come"])
    expect(page.locator(".card", has_text="Aimed at Bo").get_by_text("For you")).to_be_visible()
    expect(page.locator("[data-tab-me]")).to_have_text("1")
    # Only the first one's button is filled.
    expect(page.locator(".card .btn.primary")).to_have_count(1)
    page.get_by_role("link", name="For me 1").click()
    expect(page.locator(".card .cover")).to_have_text(["Aimed at Bo"])


def test_sound_and_notification_come_where_they_are_on_and_once_for_several_tabs(watching, cast):
    on = watching("bo", settings=("sound", "desktop"))
    off = watching("dana")
    second = on.context.new_page()
    second.goto("/")
    # The notification is for whoever looks at something else.
    for page in (on, second):
        page.evaluate("document.hasFocus = () => false")
    handoff = cast.handoff(session=cast.session(title="Everything is down"), priority=4)
    expect(on.locator(".card")).to_have_count(1)
    until(on, "window.chimes > 0 || window.notes.length > 0") if not second.evaluate("window.chimes") else None
    on.wait_for_timeout(500)

    assert on.evaluate("window.chimes") + second.evaluate("window.chimes") == 1
    notes = on.evaluate("window.notes") + second.evaluate("window.notes")
    assert [note[2] for note in notes] == [str(handoff.pk)]
    assert "New escalation, urgent: Everything is down, from Ana Reyes" in notes[0][1]
    assert (off.evaluate("window.chimes"), off.evaluate("window.notes")) == (0, [])


def test_the_switch_beside_the_filters(watching, cast):
    page = watching()
    switch = page.get_by_role("button", name="Sound is off")
    switch.click()
    expect(page.get_by_role("button", name="Sound is on")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("window.chimes") == 1, "switching it on lets it be heard"

    page.reload()
    expect(page.get_by_role("button", name="Sound is on")).to_be_visible()
    page.get_by_role("button", name="Sound is on").click()
    cast.handoff()
    expect(page.locator(".card")).to_have_count(1)
    assert page.evaluate("window.chimes") == 0


def test_a_viewer_and_whoever_handed_off_hear_nothing(watching, cast):
    viewer, author = watching("vic", settings=("sound", "desktop")), watching("ana", settings=("sound", "desktop"))
    cast.handoff(by="ana")

    expect(viewer.locator(".card")).to_have_count(1)
    viewer.wait_for_timeout(300)
    for page in (viewer, author):
        assert page.evaluate("window.chimes") == 0


def test_an_arrival_a_claim_and_a_lost_race_are_said_once(browsers, cast, stage):

    browsers.expected = {409}
    page = browsers.open("bo", "/escalations/")
    expect(page.locator("[data-live]")).to_be_visible()
    page.evaluate(
        """() => { window.said = []; for (const id of ['announce', 'toasts']) new MutationObserver(() => {
             const text = document.getElementById(id).innerText.trim(); if (text && window.said.at(-1) !== text) window.said.push(text);
           }).observe(document.getElementById(id), { childList: true, subtree: true, characterData: true }); }"""
    )
    handoff = cast.handoff(session=cast.session(title="Said once"))
    expect(page.locator(".card")).to_have_count(1)
    until(page, "window.said.length === 1")
    # Bo's page does not hear of the claim before he presses: the race is lost at the server.
    page.evaluate("live.pause()")
    stage(lambda: claim(handoff.pk, by=cast.dana, begin="own"))
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(page.locator("#toasts")).to_contain_text("Already claimed by Dana Okafor")
    expect(page.locator(".card .taken")).to_contain_text("Already claimed by Dana Okafor")
    page.wait_for_timeout(400)

    said = page.evaluate("window.said")
    assert [line for line in said if "New escalation" in line] == ["New escalation, normal: Said once, from Ana Reyes"]
    assert sum("Already claimed by Dana Okafor" in line for line in said) == 1, said


@pytest.fixture
def two_pages(cast, stage):
    """52 open escalations: two more than a page has."""
    stage(lambda: hand_off_many(cast.ana, 52))


def test_show_more_adds_the_next_page_and_what_belongs_behind_it_waits_for_it(two_pages, browsers, cast):
    page = browsers.open("bo", "/escalations/")
    expect(page.locator("[data-live]")).to_be_visible()
    expect(page.locator(".card")).to_have_count(50)

    urgent = cast.handoff(priority=4)
    expect(page.locator(".card").first).to_have_id(f"card-{urgent.pk}")
    last = cast.handoff(priority=1)
    expect(page.locator("#announce")).to_contain_text("New escalation, low")
    expect(page.locator(f"#card-{last.pk}")).to_have_count(0)

    page.get_by_role("link", name="Show more").click()
    expect(page.locator(".card")).to_have_count(54)
    expect(page.locator(".card").last).to_have_id(f"card-{last.pk}")
    expect(page.locator(".card .cover").nth(51)).to_be_focused()
    expect(page.get_by_role("link", name="Show more")).to_have_count(0)

    # Now it is the whole queue: a refresh keeps all of it, and arrivals go to the end.
    page.evaluate("document.dispatchEvent(new CustomEvent('live:refresh'))")
    newest = cast.handoff(priority=1)
    expect(page.locator(".card").last).to_have_id(f"card-{newest.pk}")
    expect(page.locator(".card")).to_have_count(55)


def test_on_a_later_page_what_belongs_before_it_does_not_come_in(two_pages, browsers, cast):
    page = browsers.open("bo", "/escalations/")
    page.goto("/escalations/" + page.get_by_role("link", name="Show more").get_attribute("href"))
    expect(page.locator(".card")).to_have_count(2)
    expect(page.locator("[data-live]")).to_be_visible()

    cast.handoff(priority=4)
    expect(page.locator("#announce")).to_contain_text("New escalation, urgent")
    last = cast.handoff(priority=1)
    expect(page.locator(".card").last).to_have_id(f"card-{last.pk}")
    expect(page.locator(".card")).to_have_count(3)

    page.get_by_role("link", name="Back to the first").click()
    expect(page.locator(".card")).to_have_count(50)


def test_a_card_that_comes_while_rows_are_fetched_is_not_lost(browsers, cast):
    cast.handoff()
    page = browsers.open("bo", "/escalations/")
    expect(page.locator("[data-live]")).to_be_visible()
    held = []
    page.route("**/escalations/rows/**", lambda route: route.continue_() if held else held.append(route))

    page.evaluate("document.dispatchEvent(new CustomEvent('live:refresh'))")
    while not held:
        page.wait_for_timeout(50)
    before = held[0].fetch()
    late = cast.handoff()
    expect(page.locator(f"#card-{late.pk}")).to_be_visible()
    held[0].fulfill(response=before)

    expect(page.locator(f"#card-{late.pk}")).to_be_visible()
    expect(page.locator(".card")).to_have_count(2)
    page.wait_for_timeout(500)
    expect(page.locator(f"#card-{late.pk}")).to_be_visible()
