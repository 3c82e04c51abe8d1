"""What opens over a session: escalate, share update, the context; their faults stand where the eye is."""

import re

from playwright.sync_api import expect

from flowpilot import sessions
from handoffs.claiming import claim
from tests.browser.conftest import until


def opened(browsers, session, who="ana"):
    page = browsers.open(who, f"/sessions/{session.pk}/")
    page.evaluate("window.__mark = 1")
    return page


def test_escalating_without_a_need_says_so_at_the_field_and_keeps_the_rest(browsers, cast):
    browsers.expected = {422}
    page = opened(browsers, cast.session())
    page.get_by_role("link", name="Escalate", exact=True).click()
    need = page.get_by_label("What I need")
    expect(need).to_be_focused()
    need.fill("   ")
    page.locator("label", has_text="Urgent").click()
    page.locator("label", has_text="Dana Okafor").click()
    page.get_by_role("button", name="Escalate").click()

    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("Write what you need")
    expect(dialog.get_by_label("Urgent")).to_be_checked()
    expect(dialog.get_by_label("Dana Okafor")).to_be_checked()
    expect(dialog.locator("[data-pv-target]")).to_contain_text("For Dana")
    assert page.evaluate("window.__mark") == 1
    need.fill("May I delete the credentials?")
    need.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Escalated.")


def test_the_colleagues_card_fills_in_while_one_writes(browsers, cast):
    page = opened(browsers, cast.session(title="Mail bounces"))
    page.get_by_role("link", name="Escalate", exact=True).click()
    card = page.locator(".pv")
    page.get_by_label("What I need").press_sequentially("Which connector?")
    expect(card).to_contain_text("Which connector?")
    page.locator("label", has_text="High").click()
    expect(card.locator("[data-pv-priority]")).to_contain_text("High")
    expect(card).to_contain_text("Mail bounces")


def test_an_unsettled_fix_asks_first_what_became_of_it(browsers, cast, stage):
    session = cast.session()

    def propose():
        from flowpilot.models import AISession, Fix

        Fix.objects.create(session=session, number=3, title="Clear the token", detail="cmdkey /delete", outcome="proposed", current=True)
        AISession.objects.filter(pk=session.pk).update(card_count=3)

    stage(propose)
    page = opened(browsers, session)
    page.get_by_role("link", name="Escalate", exact=True).click()
    page.get_by_label("What I need").fill("What else holds it?")
    page.get_by_role("button", name="Escalate").click()
    # The browser itself asks for the choice; nothing has left.
    assert page.locator("input[name=fix_outcome]").first.evaluate("field => field.validity.valueMissing")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_label("Did not work").check()
    page.get_by_role("button", name="Escalate").click()
    expect(page.locator("#toasts")).to_contain_text("Escalated.")

    from flowpilot.models import Fix

    assert stage(lambda: Fix.objects.get(session=session).outcome) == "failed"


def test_what_is_missing_leads_to_its_card_and_the_need_is_kept(browsers, cast):
    page = opened(browsers, cast.session())
    page.get_by_role("link", name="Escalate", exact=True).click()
    page.get_by_label("What I need").fill("Half a question")
    page.get_by_role("link", name="Do it now").first.click()

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#task-lane-card-2")).to_have_class(re.compile("lit"))
    page.get_by_role("link", name="Escalate", exact=True).click()
    expect(page.get_by_label("What I need")).to_have_value("Half a question")


def test_parking_from_the_dialog_and_resuming(browsers, cast):
    page = opened(browsers, cast.session())
    page.get_by_role("link", name="Escalate", exact=True).click()
    page.get_by_label("What I need").fill("Waiting for the part")
    page.get_by_role("button", name="Park for myself").click()

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#s-head")).to_contain_text("Parked")
    expect(page.locator("#s-fix")).to_contain_text("Waiting for the part")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#s-head")).to_contain_text("Active")
    expect(page.get_by_label("Message to FlowPilot")).to_be_visible()


def test_parking_from_the_dialogs_own_page_leads_into_the_session(browsers, cast):
    session = cast.session()
    page = browsers.open("ana", f"/sessions/{session.pk}/escalate/")
    page.get_by_role("button", name="Park for myself").click()

    expect(page.locator("#s-head")).to_contain_text("Parked")
    assert page.url.endswith(f"/sessions/{session.pk}/")


def test_a_refusal_while_the_dialog_is_open_is_seen_over_it_and_loses_nothing(browsers, cast, stage):

    browsers.expected = {409}
    session = cast.session()
    page = opened(browsers, session)
    page.get_by_role("link", name="Escalate", exact=True).click()
    page.get_by_label("What I need").fill("Too late?")
    stage(lambda: sessions.resolve(session.pk, by=cast.ana))
    page.get_by_role("button", name="Escalate").click()

    toast = page.locator("#toasts .toast")
    expect(toast).to_be_visible()
    box = toast.bounding_box()
    on_top = page.evaluate("([x, y]) => !!document.elementsFromPoint(x, y)[0]?.closest('.toast, dialog')", [box["x"] + 20, box["y"] + 20])
    assert on_top
    expect(page.get_by_label("What I need")).to_have_value("Too late?")


def test_share_update_is_written_again_for_another_audience_and_copied(browsers, cast):
    page = opened(browsers, cast.session())
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="Share update").click()
    page.get_by_role("button", name="Write", exact=True).click()
    out = page.locator("#update-out")
    expect(out).not_to_have_value("")
    short = out.input_value()
    page.locator("label", has_text="Long").click()
    page.get_by_role("button", name="Rewrite").click()
    expect(out).not_to_have_value(short)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == out.input_value()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.evaluate("window.__mark") == 1


def test_the_context_over_the_session_has_only_close_and_its_citations_open_the_step(browsers, cast, stage):

    handoff = cast.handoff()
    stage(lambda: claim(handoff.pk, by=cast.bo, begin="continue"))
    page = browsers.open("bo", f"/sessions/{handoff.session_id}/")
    page.evaluate("window.__mark = 1")
    page.get_by_label("Message to FlowPilot").press_sequentially("half a thought")
    page.get_by_role("link", name="Context").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=2, name="Ana needs")).to_be_visible()
    expect(dialog.locator(".way")).to_have_count(0)
    expect(dialog.get_by_role("link", name="Close")).to_be_visible()

    dialog.locator(".cite").first.click()

    expect(dialog).to_be_hidden()
    expect(page.locator("#stream .lit")).to_have_count(1)
    expect(page.get_by_label("Message to FlowPilot")).to_have_value("half a thought")
    assert page.evaluate("window.__mark") == 1


def test_whoever_reads_a_case_that_is_claimed_meanwhile_is_told_where_the_eye_is(browsers, cast, stage):

    handoff = cast.handoff()
    page = browsers.open("bo", f"/handoffs/{handoff.pk}/")
    expect(page.get_by_role("button", name="Continue where Ana left off")).to_be_focused()
    stage(lambda: claim(handoff.pk, by=cast.dana, begin="own"))

    taken = page.locator("[data-taken]")
    expect(taken).to_contain_text("Already claimed by Dana Okafor")
    expect(page.locator(".way:enabled")).to_have_count(0)
    # The focus is not lost with the button that had it.
    expect(taken.get_by_role("link", name="Back to the queue")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Escalations", exact=True)).to_be_visible()


def test_a_link_that_opens_a_dialog_is_left_to_the_browser_where_a_new_tab_is_asked_for(browsers, cast):
    session = cast.session()
    page = opened(browsers, session)
    # Asked after every script of the page; opening tabs is the browser's own affair, and not every browser without windows does it.
    page.evaluate(
        "addEventListener('click', (event) => { setTimeout(() => { window.taken = event.defaultPrevented; }); }, { capture: true })"
    )
    for name, path in (("Escalate", "/escalate/"), ("Share update", "/status-update/")):
        link = page.get_by_role("link", name=name, exact=True)
        assert link.get_attribute("href").endswith(path)
        page.evaluate("window.taken = null")
        link.click(modifiers=["Control"])
        until(page, "window.taken !== null")
        assert page.evaluate("window.taken") is False
        expect(page.get_by_role("dialog")).to_be_hidden()
        # Without the key the page takes the click.
        link.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
