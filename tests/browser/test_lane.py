"""The lane's rules, as people meet them."""

import re

import pytest
from playwright.sync_api import expect

from flowpilot import sessions
from handoffs.claiming import claim


@pytest.fixture
def session(cast, stage):
    """One question sent as step 3, one check open, and two more cards."""
    session = cast.session(by="ana")

    def more():
        from flowpilot.models import AISession, Fact, SessionStep, Task

        Task.objects.create(session=session, number=3, kind="question", state="pending", title="Who else is affected?")
        check = {"title": "Read the sign-in log", "command": "Get-MgAuditLogSignIn -Top 5"}
        Task.objects.create(session=session, number=4, kind="check", state="pending", **check)
        Fact.objects.create(session=session, number=5, text="Webmail works.", source=SessionStep.objects.get(session=session, number=3))
        AISession.objects.filter(pk=session.pk).update(card_count=5)

    stage(more)
    return session


def open_lane(browsers, session, **context):
    page = browsers.open("ana", f"/sessions/{session.pk}/", **context)
    page.evaluate("window.__mark = 1")
    return page


def test_send_works_as_soon_as_one_is_done_and_untouched_ones_stay(browsers, session):
    page = open_lane(browsers, session)
    send = page.locator(".l-foot > form button")
    expect(send).to_have_text("Send 0 of 3")
    expect(send).to_be_disabled()

    active = page.locator(".task.active")
    active.locator("textarea").fill("Two entries for Office.")
    active.get_by_role("button", name="Done").click()
    expect(send).to_have_text("Send 1 of 3")
    # News of it may come before the answer to the press, which alone replaces the card that was typed in.
    expect(page.locator(".task.active")).to_have_count(1)
    page.locator(".task.active").get_by_role("button", name="Skip").click()
    expect(send).to_have_text("Send 2 of 3")

    # The preview is what is sent, word for word.
    page.get_by_text("What will be sent").click()
    preview = page.locator(".preview").inner_text()
    assert "Two entries for Office." in preview and "Skipped: Who else is affected?" in preview
    send.click()
    expect(page.locator("#stream")).to_contain_text("Two entries for Office.")
    expect(page.locator("#stream")).to_contain_text("Skipped: Who else is affected?")
    expect(page.locator("#task-lane-card-4")).to_have_class(re.compile("active|pending"))
    assert page.evaluate("window.__mark") == 1


def test_a_done_card_reopens_on_click_and_is_edited_in_place(browsers, session):
    page = open_lane(browsers, session)
    card = page.locator("#task-lane-card-1")

    card.get_by_role("heading").get_by_role("button").click()
    field = card.locator("textarea")
    expect(field).to_have_value("Yes, Outlook on the web works.")
    field.fill("Yes, but only in the office.")
    field.press("Control+Enter")

    expect(card).to_have_class(re.compile("done"))
    expect(card).to_contain_text("Yes, but only in the office.")
    expect(card).to_contain_text("Not sent yet")


def test_hiding_loses_nothing_and_the_pill_brings_it_back_also_after_a_reload(browsers, session):
    page = open_lane(browsers, session)
    page.locator(".task.active textarea").fill("half an ans")
    page.get_by_role("link", name="Hide tasks").click()
    expect(page.locator("#lane")).to_be_hidden()
    pill = page.get_by_role("link", name="Tasks (3)")
    expect(pill).to_be_focused()

    page.reload()
    expect(page.locator("#lane")).to_be_hidden()
    pill.click()

    expect(page.locator("#lane")).to_be_visible()
    expect(page.locator(".task.active textarea")).to_have_value("half an ans")


def test_chips_and_citations_jump_to_their_card_or_step_and_light_it_up(browsers, session):
    page = open_lane(browsers, session, width=1100)
    # Below 1200 px the card is in a drawer: the chip opens it.
    page.locator("#step-3").get_by_role("link", name="Card 1").click()
    card = page.locator("#task-lane-card-1")
    expect(card).to_be_in_viewport()
    expect(card).to_have_class(re.compile("lit"))
    assert page.url.endswith("#task-lane-card-1")

    card.get_by_role("link", name="Step 3").click()
    expect(page.locator("#step-3")).to_have_class(re.compile("lit"))
    expect(page.locator("#lane")).to_be_hidden()
    # The way back is the browser's.
    page.go_back()
    expect(card).to_be_in_viewport()
    assert page.evaluate("window.__mark") == 1


def test_a_fact_shows_where_it_came_from_and_may_be_kept_or_taken_off(browsers, session):
    page = open_lane(browsers, session)
    fact = page.locator("#task-lane-card-5")
    expect(fact.get_by_role("link", name="Step 3")).to_be_visible()

    page.get_by_label("New fact").fill("Three people at Northgate")
    page.get_by_label("New fact").press("Enter")
    kept = page.locator("#task-lane-card-6")
    expect(kept).to_contain_text("Three people at Northgate")
    expect(page.get_by_label("New fact")).to_have_value("")
    kept.get_by_role("button", name="Remove this fact").click()
    expect(kept).to_have_count(0)

    # Its number is not used again.
    page.get_by_label("New fact").fill("Another one")
    page.get_by_label("New fact").press("Enter")
    expect(page.locator("#task-lane-card-7")).to_contain_text("Another one")


@pytest.mark.parametrize("rights", ["granted", "refused"])
def test_a_command_is_copied_with_feedback_also_without_clipboard_rights(browsers, session, rights):
    page = open_lane(browsers, session, permissions=["clipboard-read", "clipboard-write"] if rights == "granted" else [])
    if rights == "refused":
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError')) }")
    page.get_by_role("button", name="Open Read the sign-in log").click()
    card = page.locator("#task-lane-card-4")

    card.get_by_role("button", name="Copy the command").click()

    expect(card.get_by_text("Copied")).to_be_visible()
    expect(page.locator("#announce")).to_have_text("Copied")
    if rights == "granted":
        assert page.evaluate("navigator.clipboard.readText()") == "Get-MgAuditLogSignIn -Top 5"


def test_where_even_the_old_way_of_copying_fails_it_says_which_keys_do_it(browsers, session):
    page = open_lane(browsers, session)
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); document.execCommand = () => false }")
    page.get_by_role("button", name="Open Read the sign-in log").click()
    card = page.locator("#task-lane-card-4")

    card.get_by_role("button", name="Copy the command").click()

    expect(card.get_by_text("Press Ctrl+C")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == "Get-MgAuditLogSignIn -Top 5"


def test_an_earlier_step_than_the_page_holds_is_fetched_for_its_citation(browsers, cast, stage):
    session = cast.session(by="ana")

    def long():
        from django.utils import timezone

        from flowpilot.models import AISession, SessionStep

        common = {"session": session, "kind": "message", "author_kind": "person", "author": cast.ana, "at": timezone.now()}
        SessionStep.objects.bulk_create(SessionStep(number=n, text=f"Line {n}", **common) for n in range(4, 401))
        AISession.objects.filter(pk=session.pk).update(step_count=400)

    stage(long)
    page = open_lane(browsers, session)
    expect(page.locator("#stream > li")).to_have_count(60)
    expect(page.locator("#step-400")).to_be_in_viewport()

    page.locator("#task-lane-card-1").get_by_role("link", name="Step 3").click()

    expect(page.locator("#step-3")).to_be_in_viewport()
    expect(page.locator("#stream > li")).to_have_count(400)
    expect(page.locator(".earlier")).to_have_count(0)
    assert page.evaluate("window.__mark") == 1, "the page was reloaded"


def test_new_steps_further_down_are_offered_and_not_scrolled_to(browsers, cast, stage):
    session = cast.session(by="ana")

    def long():

        for n in range(20):
            sessions.post(session.pk, by=cast.ana, text=f"Line {n}\n" * 6, kind="note", reply=False)

    stage(long)
    page = open_lane(browsers, session)
    page.locator(".scroll").evaluate("box => { box.scrollTop = -600 }")
    before = page.locator(".scroll").evaluate("box => box.scrollTop")

    handoff = cast.handoff(session=session)

    stage(lambda: claim(handoff.pk, by=cast.bo, begin="own"))
    stage(lambda: sessions.post(session.pk, by=cast.bo, text="I have it.", kind="message", reply=False))

    more = page.get_by_role("button", name=re.compile(r"\d new step"))
    expect(more).to_be_visible()
    expect(page.locator("#step-26, #stream > li:last-child").last).to_contain_text("I have it.")
    assert abs(page.locator(".scroll").evaluate("box => box.scrollTop") - before) < 600
    more.click()
    expect(page.locator("#stream > li").last).to_be_in_viewport()
    expect(more).to_be_hidden()


@pytest.mark.parametrize("status", ["reading along", "resolved"])
def test_who_cannot_write_opens_the_lane_on_a_phone_too(browsers, session, cast, stage, status):

    if status == "resolved":
        stage(lambda: sessions.resolve(session.pk, by=cast.ana))
    page = browsers.open("ana" if status == "resolved" else "dana", f"/sessions/{session.pk}/", width=390, height=844)
    expect(page.get_by_label("Message to FlowPilot")).to_be_hidden()

    page.get_by_role("link", name="Tasks (3)").click()

    expect(page.locator("#lane")).to_be_visible()
    expect(page.locator("#lane").get_by_role("button", name="Done")).to_have_count(0)
    page.get_by_role("link", name="Hide tasks").click()
    expect(page.get_by_role("link", name="Tasks (3)")).to_be_focused()
