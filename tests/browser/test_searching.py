"""Searching as one types, in a real browser: no reload, the address follows, and whoever cannot see hears how many."""

import pytest
from playwright.sync_api import expect

from flowpilot.sessions import post
from tests.browser.accessibility import faults_in_both_themes


@pytest.fixture
def sessions(cast, stage):

    kestrel = cast.session(by="bo", title="Toner is empty", client="Kestrel Optics", priority=4)
    other = cast.session(by="bo", title="VPN drops", client="Harbour Logistics")
    words = "Nothing to see here. " * 30 + "The host HL-DC02 says 0x80042306. " + "Nor here. " * 30
    stage(lambda: post(other.pk, by=cast.people["bo"], text=words, reply=False))
    return {"kestrel": kestrel, "other": other}


def test_typing_finds_without_a_reload_and_the_address_follows(browsers, sessions):
    page = browsers.open("bo", "/sessions/?show=all")
    page.evaluate("window.sameDocument = true")
    rows = page.locator("#rows > li")
    expect(rows).to_have_count(2)

    page.keyboard.press("/")
    page.keyboard.type("kestre", delay=30)
    expect(rows).to_have_count(1)
    expect(page.locator("#rows mark")).to_have_text("Kestrel")
    expect(page.get_by_role("status").filter(has_text="found for")).to_have_text("1 found for “kestre”")
    expect(page.locator("#views")).to_contain_text("All 1")
    assert page.url.endswith("/sessions/?show=all&q=kestre")
    assert page.evaluate("document.activeElement.id") == "q"

    page.get_by_label("Priority").select_option("low")
    expect(page.get_by_role("heading", name="No matching sessions")).to_be_visible()
    assert page.url.endswith("/sessions/?show=all&q=kestre&priority=low")
    assert page.evaluate("window.sameDocument")

    page.get_by_role("link", name="Clear priority: Low").click()
    expect(rows).to_have_count(1)
    page.reload()
    expect(page.get_by_label("Search by text, client, ticket or person")).to_have_value("kestre")


def test_a_match_leads_to_its_step(browsers, sessions):
    page = browsers.open("bo", "/sessions/?show=all&q=0x8004230")

    page.locator("#rows .why a").click()

    page.wait_for_url(f"**/sessions/{sessions['other'].pk}/#step-4")
    expect(page.locator("#step-4")).to_be_in_viewport()


def test_the_whole_row_is_the_link(browsers, sessions):
    page = browsers.open("bo", "/sessions/?show=all&q=kestrel")
    box = page.locator("#rows > li").bounding_box()

    page.mouse.click(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)

    page.wait_for_url(f"**/sessions/{sessions['kestrel'].pk}/")


def test_results_and_empty_states_are_accessible_and_fit(browsers, sessions):
    page = browsers.open("bo", None, reduced_motion="reduce")
    found = []
    for query in ("q=0x80042306", "q=kestrle&priority=urgent&client=Kestrel+Optics", "q=kestrel+albatross", "status=abandoned"):
        page.goto(f"/sessions/?show=all&{query}")
        for width in (390, 1024, 1440):
            page.set_viewport_size({"width": width, "height": 844})
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            found += [f"{width} {query}: {over} px too wide"] if over > 0 else []
            found += faults_in_both_themes(page, f"{width} {query}")

    assert not found, "\n".join(found)
