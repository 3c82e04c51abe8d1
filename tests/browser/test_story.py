"""The whole story: three people in three browsers."""

import threading
import time

from playwright.sync_api import expect

NO_RELOAD = "window.__mark = 1"


def held(stage, handoff, waiting):
    """Holds the handoff's row until `waiting` rivals stand before it, then lets go: a race with a start line."""
    ready, failed = threading.Event(), []

    def hold():
        from django.db import connection, transaction

        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM handoffs_sessionhandoff WHERE id = %s FOR UPDATE", [handoff.pk])
            # Of this database only: another worker's tests wait for locks in their own. Without it, the first look would be shown for ever.
            cursor.execute("SET LOCAL stats_fetch_consistency = 'none'")
            ready.set()
            deadline = time.monotonic() + 25
            while True:
                cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
                if cursor.fetchone()[0] >= waiting:
                    return
                if time.monotonic() > deadline:
                    failed.append(f"{waiting} rivals never stood before the row")
                    return
                time.sleep(0.01)

    future = stage.start(hold)
    assert ready.wait(25), "the row could not be held"
    return lambda: (future.result(timeout=30), failed)


def test_three_people_in_three_browsers(browsers, cast, stage, sign_in):
    browsers.expected = {409}
    ana, bo, dana = (browsers.open(None, "") for _ in range(3))
    for page, who in ((ana, "ana"), (bo, "bo"), (dana, "dana")):
        sign_in(page, who)
    for page in (bo, dana):
        page.goto("/escalations/")
        expect(page.get_by_text("The queue is empty")).to_be_visible()
        expect(page.locator("[data-live]")).to_be_visible()
        page.evaluate(NO_RELOAD)

    # Ana opens a session; FlowPilot replies and fills the lane by itself.
    ana.goto("/sessions/new/")
    ana.get_by_label("What is the problem?").fill(
        "Outlook asks for the password again and again since this morning for three people at Northgate. Webmail works."
    )
    ana.get_by_label("Client", exact=True).fill("Northgate Dental")
    ana.get_by_label("Ticket reference").fill("48219")
    ana.get_by_role("button", name="Start with FlowPilot").click()
    expect(ana.locator("#stream .msg.bot")).to_have_count(1)
    expect(ana.locator(".task").first).to_be_visible()

    # She answers a card, sends it, and escalates.
    active = ana.locator(".task.active").first
    active.locator("textarea").fill("Yes, webmail takes the same password.")
    active.get_by_role("button", name="Done").click()
    ana.get_by_role("button", name="Send 1 of").click()
    expect(ana.locator("#stream .msg.bot")).to_have_count(2)
    ana.get_by_role("link", name="Escalate", exact=True).click()
    ana.get_by_label("What I need").fill("May I delete the stored credentials for all three?")
    ana.locator("label", has_text="Urgent").click()
    if ana.locator("input[name=fix_outcome]").count():
        ana.get_by_label("Never applied").check()
    ana.get_by_role("button", name="Escalate").click()
    expect(ana.locator("#toasts")).to_contain_text("Escalated.")
    ana.evaluate(NO_RELOAD)

    # It arrives at both colleagues without a reload, and is said once to screen readers.
    for page in (bo, dana):
        card = page.locator(".card", has_text="Outlook asks for the password")
        expect(card).to_be_visible()
        expect(card).to_contain_text("May I delete the stored credentials for all three?")
        expect(page.locator("#announce")).to_contain_text("New escalation, urgent")
        assert page.evaluate("window.__mark") == 1, "the page was reloaded"
        expect(page.locator("[data-unread-count]")).to_have_text("1 unread")
    expect(ana.locator("[data-open-count]")).to_be_hidden()

    # Both open the context screen; the assessment joins by itself; both press at once.
    for page in (bo, dana):
        page.locator(".card .act a").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Outlook asks for the password")
        expect(page.locator("#summary[data-state=ready]")).to_be_visible()
        expect(page.get_by_role("button", name="Continue where Ana left off")).to_be_focused()
    from handoffs.models import SessionHandoff

    handoff = stage(lambda: SessionHandoff.objects.select_related("session").get(account__slug=cast.slug))
    let_go = held(stage, handoff, waiting=2)
    for page in (bo, dana):
        page.evaluate("document.querySelector('.way[value=continue]').click()")
    _, failed = let_go()
    assert not failed, failed

    # One lands in the session; the other is back at the queue and reads who has it.
    deadline = time.monotonic() + 30
    while not any("/sessions/" in page.url for page in (bo, dana)):
        assert time.monotonic() < deadline, "nobody landed in the session"
        bo.wait_for_timeout(50)
    won, lost, winner = (bo, dana, "Bo Lindqvist") if "/sessions/" in bo.url else (dana, bo, "Dana Okafor")
    expect(won.locator("#stream")).to_contain_text("continued where Ana left off")
    expect(lost.locator("#toasts")).to_contain_text(f"Already claimed by {winner}")
    assert lost.url.endswith("/escalations/")
    expect(lost.get_by_text("The queue is empty")).to_be_visible()

    # Ana watches it happen, without a reload.
    expect(ana.locator("#handed-off")).to_contain_text(f"{winner} claimed it")
    assert ana.evaluate("window.__mark") == 1

    # The lane stands as it was left; the senior answers, Ana sees it live in the session, and may still write.
    expect(won.locator(".task.done").first).to_contain_text("Yes, webmail takes the same password.")
    ana.locator("#handed-off h3 a").click()
    ana.evaluate(NO_RELOAD)
    won.get_by_label("Message to FlowPilot").fill("Yes, delete them; the credential manager holds an old token.")
    won.get_by_role("button", name="Send", exact=True).click()
    expect(won.locator("#stream")).to_contain_text("Yes, delete them")
    expect(ana.locator("#stream")).to_contain_text("Yes, delete them")
    ana.get_by_label("Message to FlowPilot").fill("Done, two of three work again.")
    ana.get_by_label("Message to FlowPilot").press("Control+Enter")
    expect(won.locator("#stream")).to_contain_text("Done, two of three work again.")
    assert ana.evaluate("window.__mark") == 1

    # The senior resolves; the ticket notes write themselves.
    won.get_by_role("button", name="Resolve", exact=True).click()
    expect(won.locator("#s-head")).to_contain_text("Resolved")
    expect(won.locator("#notes")).to_be_visible()
    assert "Problem" in won.locator("#notes").input_value()
    expect(ana.locator("#s-head")).to_contain_text("Resolved")
