"""What somebody types is never lost: not by a reload, a cut connection, a claim by somebody else, or by losing the right to write."""

from playwright.sync_api import expect

from handoffs import claiming
from handoffs.opening import open_handoff
from tests.browser.conftest import try_now, until


def claim(stage, handoff, by, begin="continue"):
    return stage(lambda: claiming.claim(handoff.pk, by=by, begin=begin))


def test_drafts_in_composer_and_lane_survive_a_reload(browsers, cast):
    session = cast.session(by="ana")
    page = browsers.open("ana", f"/sessions/{session.pk}/")
    page.get_by_label("Message to FlowPilot").press_sequentially("It began on Monday, and")
    page.locator(".task.active textarea").press_sequentially("cmdkey shows two")
    page.get_by_label("New fact").press_sequentially("Three people")
    expect(page.get_by_text("Draft kept")).to_be_visible()

    page.reload()

    expect(page.get_by_label("Message to FlowPilot")).to_have_value("It began on Monday, and")
    expect(page.locator(".task.active textarea")).to_have_value("cmdkey shows two")
    expect(page.get_by_label("New fact")).to_have_value("Three people")

    # Sending one forgets that one.
    page.get_by_label("Message to FlowPilot").press("Control+Enter")
    expect(page.locator("#stream")).to_contain_text("It began on Monday, and")
    page.reload()
    expect(page.get_by_label("Message to FlowPilot")).to_have_value("")
    expect(page.locator(".task.active textarea")).to_have_value("cmdkey shows two")


def test_a_claim_by_somebody_else_disturbs_nothing_that_is_being_typed(browsers, cast, stage):
    handoff = cast.handoff(by="ana")
    page = browsers.open("ana", f"/sessions/{handoff.session_id}/")
    page.evaluate("window.__mark = 1")
    answer = page.locator(".task.active textarea")
    answer.press_sequentially("cmdkey shows ")
    page.get_by_label("Message to FlowPilot").press_sequentially("By the way, ")
    answer.focus()

    claim(stage, handoff, cast.bo)

    # The header tells it live, while the very field keeps focus, caret and text.
    expect(page.locator(".holders")).to_contain_text("Bo")
    expect(page.locator("#stream")).to_contain_text("Bo claimed this")
    expect(answer).to_be_focused()
    page.keyboard.type("two entries")
    expect(answer).to_have_value("cmdkey shows two entries")
    expect(page.get_by_label("Message to FlowPilot")).to_have_value("By the way, ")

    # Bo settles the same card meanwhile: the field stays, and says so.
    from flowpilot import lane

    number = int(page.locator(".task.active").get_attribute("id").rsplit("-", 1)[1])
    stage(lambda: lane.settle(handoff.session_id, number, by=cast.bo, state="done", answer="No entry at all."))
    expect(page.locator(".meanwhile")).to_contain_text("Bo answered this in the meantime: No entry at all.")
    expect(answer).to_have_value("cmdkey shows two entries")
    assert page.evaluate("window.__mark") == 1, "the page was reloaded"


def test_who_may_no_longer_write_keeps_what_they_typed_and_can_copy_it(browsers, cast, stage):
    """Bo claimed it and hands it over; Dana claims. Bo reads along and keeps his draft."""

    handoff = cast.handoff(by="ana")
    claim(stage, handoff, cast.bo)
    page = browsers.open("bo", f"/sessions/{handoff.session_id}/", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_label("Message to FlowPilot").press_sequentially("I would look at the token")
    page.locator(".task.active textarea").press_sequentially("half an answer")

    onward = stage(lambda: open_handoff(handoff.session_id, by=cast.bo, needs="Who knows tokens?", priority=3))
    claim(stage, onward.handoff, cast.dana)

    kept = page.get_by_role("region", name="Your draft is kept")
    expect(kept).to_be_visible()
    expect(kept).to_contain_text("Dana Okafor is working on it")
    text = kept.get_by_label("Your draft", exact=True).input_value()
    assert set(text.split("\n\n")) == {"I would look at the token", "half an answer"}
    kept.get_by_role("button", name="Copy").click()
    expect(kept.get_by_role("button", name="Copied")).to_be_visible()
    assert "I would look at the token" in page.evaluate("navigator.clipboard.readText()")

    # A reload changes nothing about that; throwing it away is on purpose.
    page.reload()
    expect(kept).to_be_visible()
    kept.get_by_role("button", name="Discard").click()
    expect(kept).to_be_hidden()
    expect(page.locator("#reads")).to_contain_text("Dana Okafor is working on it. You can read along.")
    page.reload()
    expect(kept).to_be_hidden()


def test_a_message_that_could_not_be_sent_stays_and_goes_when_the_server_is_back(browsers, cast, server):
    session = cast.session(by="ana")
    page = browsers.open("ana", f"/sessions/{session.pk}/")
    until(page, "document.body.dataset.lost === undefined")
    browsers.cuts = True
    server.stop_web()
    try:
        expect(page.get_by_text("Connection lost.")).to_be_visible()
        page.get_by_label("Message to FlowPilot").press_sequentially("The switch is dead.")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.locator("#toasts")).to_contain_text("No connection. Nothing was lost")
        expect(page.get_by_label("Message to FlowPilot")).to_have_value("The switch is dead.")
    finally:
        server.start_web()

    try_now(page)
    expect(page.get_by_text("Connection lost.")).to_be_hidden()
    expect(page.get_by_label("Message to FlowPilot")).to_have_value("The switch is dead.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#stream")).to_contain_text("The switch is dead.")
    expect(page.get_by_label("Message to FlowPilot")).to_have_value("")


def test_what_is_typed_while_the_last_message_is_on_its_way_is_not_swallowed(browsers, cast):
    session = cast.session(by="ana")
    page = browsers.open("ana", f"/sessions/{session.pk}/")

    def slowly(route):
        page.wait_for_timeout(400)
        route.continue_()

    page.route("**/messages/", slowly)
    page.get_by_label("Message to FlowPilot").press_sequentially("First.")
    page.keyboard.press("Control+Enter")
    page.get_by_label("Message to FlowPilot").press_sequentially(" Second.")

    expect(page.locator("#stream")).to_contain_text("First.")
    expect(page.get_by_label("Message to FlowPilot")).to_have_value("First. Second.")


def test_another_tab_of_the_same_person_follows(browsers, cast):
    session = cast.session(by="ana")
    one = browsers.open("ana", f"/sessions/{session.pk}/")
    two = one.context.new_page()
    two.goto(f"/sessions/{session.pk}/")

    one.get_by_label("Message to FlowPilot").press_sequentially("In one tab")
    expect(two.get_by_label("Message to FlowPilot")).to_have_value("In one tab")
    one.get_by_label("Message to FlowPilot").press("Control+Enter")

    expect(two.locator("#stream")).to_contain_text("In one tab")
    expect(two.get_by_label("Message to FlowPilot")).to_have_value("")
