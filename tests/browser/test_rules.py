"""Who may do what, seen in the browser; and what everybody else sees of it."""

import re
import time

from django.db import transaction
from playwright.sync_api import expect

from accounts.events import record
from flowpilot import sessions
from flowpilot.events import LaneChanged
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.releasing import release
from handoffs.withdrawing import withdraw


def fresh(stage, handoff):
    return stage(lambda: SessionHandoff.objects.select_related("session", "claimed_by").get(pk=handoff.pk))


def test_whoever_handed_off_cannot_claim_and_may_withdraw(browsers, cast, stage):
    browsers.expected = {403}
    handoff = cast.handoff()

    ana = browsers.open("ana", f"/handoffs/{handoff.pk}/")

    expect(ana.get_by_text("You escalated this. It’s waiting for a colleague.")).to_be_visible()
    assert ana.locator(".way").count() == 0
    answer = ana.evaluate(
        """async (url) => { const r = await fetch(url, {method: "POST", headers: {"Accept": "application/json",
        "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value}, body: new URLSearchParams({begin: "own"})});
        return [r.status, (await r.json()).error]; }""",
        f"/handoffs/{handoff.pk}/claim/",
    )
    assert answer == [403, "own_handoff"]
    assert fresh(stage, handoff).state == "open"


def test_a_viewer_reads_and_cannot_claim(browsers, cast, stage):
    handoff = cast.handoff()

    vic = browsers.open("vic", "/escalations/")
    expect(vic.locator(".card")).to_have_count(1)
    expect(vic.locator(".card [data-act]")).to_have_count(0)
    vic.locator(".card .cover").click()

    expect(vic.get_by_text("You can read this. Viewers can’t claim escalations.")).to_be_visible()
    assert vic.locator(".way").count() == 0
    assert fresh(stage, handoff).state == "open"


def test_a_stranger_meets_a_404_and_sees_nothing_arrive(browsers, cast):
    browsers.expected = {404}
    eve = browsers.open("eve", "/escalations/")
    expect(eve.locator("[data-live]")).to_be_visible()

    handoff = cast.handoff()
    bo = browsers.open("bo", "/escalations/")
    expect(bo.locator(".card")).to_have_count(1)

    expect(eve.locator(".card")).to_have_count(0)
    for path in (f"/handoffs/{handoff.pk}/", f"/sessions/{handoff.session_id}/"):
        response = eve.goto(path)
        assert response.status == 404
        expect(eve.get_by_role("heading", name="Not found")).to_be_visible()


def test_a_double_click_claims_once(browsers, cast, stage):
    handoff = cast.handoff()
    bo = browsers.open("bo", f"/handoffs/{handoff.pk}/")

    bo.get_by_role("button", name="I’ll take it from here").dblclick()

    expect(bo.get_by_label("Message to FlowPilot")).to_be_focused()
    assert fresh(stage, handoff).claimed_by_id == cast.bo.pk

    def claims():
        from accounts.models import Event

        return Event.objects.filter(handoff=handoff.pk, kind="handoff_claimed").count()

    assert stage(claims) == 1


def test_continue_on_the_first_pick_up_finds_the_lane_as_it_was_left(browsers, cast, stage):
    cast.handoff()
    bo = browsers.open("bo", "/escalations/")

    bo.get_by_role("link", name="Pick up").click()
    bo.get_by_role("button", name="Continue where Ana left off").click()

    expect(bo.locator("#task-lane-card-1")).to_contain_text("Yes, Outlook on the web works.")
    expect(bo.locator("#task-lane-card-2.active")).to_contain_text("cmdkey /list")
    expect(bo.locator("#s-head")).to_contain_text("Active")


def test_get_ai_analysis_sends_its_briefing_once_and_the_reply_fills_the_lane(browsers, cast, stage):
    handoff = cast.handoff()
    bo = browsers.open("bo", f"/handoffs/{handoff.pk}/")

    bo.get_by_role("button", name="Get AI analysis").click()

    expect(bo.locator("#stream .briefing")).to_have_count(1)
    # The one that Ana had, and the one to the briefing.
    expect(bo.locator("#stream .msg.reply")).to_have_count(2, timeout=15_000)
    bo.reload()
    expect(bo.locator("#stream .briefing")).to_have_count(1)
    expect(bo.locator("#stream .msg.reply")).to_have_count(2)
    assert stage(lambda: fresh_steps(handoff)) == 1


def fresh_steps(handoff):
    from flowpilot.models import SessionStep

    return SessionStep.objects.filter(session_id=handoff.session_id, kind="briefing").count()


def test_withdrawing_is_seen_by_everybody(browsers, cast):
    cast.handoff()
    bo, dana = browsers.open("bo", "/escalations/"), browsers.open("dana", "/escalations/")
    for page in (bo, dana):
        expect(page.locator(".card")).to_have_count(1)
        page.evaluate("window.__mark = 1")

    ana = browsers.open("ana", "/")
    ana.get_by_role("button", name="Withdraw").click()
    expect(ana.locator("#toasts")).to_contain_text("Withdrawn")

    for page in (bo, dana):
        expect(page.locator(".card")).to_have_count(0)
        expect(page.get_by_text("The queue is empty")).to_be_visible()
        assert page.evaluate("window.__mark") == 1


def test_releasing_brings_the_card_back_to_everybody_else(browsers, cast, stage):
    handoff = cast.handoff()
    stage(lambda: claim(handoff.pk, by=cast.bo, begin="own"))
    dana = browsers.open("dana", "/escalations/")
    expect(dana.locator(".card")).to_have_count(0)
    dana.evaluate("window.__mark = 1")

    bo = browsers.open("bo", f"/sessions/{handoff.session_id}/")
    bo.get_by_label("More: park, release, return").click()
    bo.get_by_label("Note for the queue").fill("I have to leave for a site visit.")
    bo.get_by_role("button", name="Release to the queue").click()
    expect(bo.locator("#toasts")).to_contain_text("Released")

    expect(dana.locator(".card")).to_have_count(1)
    assert dana.evaluate("window.__mark") == 1
    dana.goto(f"/sessions/{handoff.session_id}/")
    expect(dana.locator("#stream")).to_contain_text("Bo released this to the queue: I have to leave for a site visit.")


def test_the_loser_in_the_queue_reads_on_the_card_who_has_it(browsers, cast, stage):
    browsers.expected = {409}
    handoff = cast.handoff()
    dana = browsers.open("dana", "/escalations/")
    expect(dana.locator(".card")).to_have_count(1)
    expect(dana.locator("[data-live]")).to_be_visible()

    # Her page has not heard of it yet: the socket is down.
    dana.evaluate("live.pause()")
    stage(lambda: claim(handoff.pk, by=cast.bo))
    dana.keyboard.press("j")
    dana.keyboard.press("c")

    expect(dana.locator(".card.gone")).to_contain_text("Already claimed by Bo Lindqvist")
    expect(dana.locator("#toasts")).to_contain_text("Already claimed by Bo Lindqvist")
    assert fresh(stage, handoff).claimed_by_id == cast.bo.pk


def test_a_cut_connection_is_said_and_healed(browsers, cast, stage, server):
    browsers.cuts = True
    gone = cast.handoff()
    bo = browsers.open("bo", "/escalations/")
    expect(bo.locator(".card")).to_have_count(1)
    expect(bo.locator("[data-live]")).to_be_visible()
    bo.evaluate("window.__mark = 1")

    server.stop_web()
    expect(bo.locator("#lost")).to_be_visible()
    expect(bo.locator("#lost")).to_contain_text("Connection lost")
    come = cast.handoff(needs="Is this the missed one?")
    stage(lambda: withdraw(gone.pk, by=cast.ana))
    server.start_web()

    expect(bo.locator("#lost")).to_be_hidden(timeout=40_000)
    expect(bo.locator(".card")).to_have_count(1)
    expect(bo.locator(".card")).to_contain_text("Is this the missed one?")
    assert bo.locator(f"#card-{come.pk}").count() == 1
    assert bo.evaluate("window.__mark") == 1


def test_a_reconnect_brings_what_was_missed_without_fetching_the_rows(browsers, cast, stage):
    gone = cast.handoff()
    bo = browsers.open("bo", "/escalations/")
    expect(bo.locator(".card")).to_have_count(1)
    expect(bo.locator("[data-live]")).to_be_visible()
    fetched = []
    bo.on("request", lambda request: fetched.append(request.url))

    bo.evaluate("live.pause()")
    expect(bo.locator("[data-live]")).to_be_hidden()
    come = cast.handoff(needs="Is this the missed one?")
    stage(lambda: withdraw(gone.pk, by=cast.ana))
    bo.evaluate("live.resume()")

    expect(bo.locator(f"#card-{come.pk}")).to_contain_text("Is this the missed one?")
    expect(bo.locator(".card")).to_have_count(1)
    bo.evaluate("live.pause()")
    expect(bo.locator("[data-live]")).to_be_hidden()
    bo.evaluate("live.resume()")
    expect(bo.locator("[data-live]")).to_be_visible()
    assert [url for url in fetched if "/ws/" not in url] == []


def test_a_page_answers_in_batches(browsers, cast, stage):
    bo = browsers.open("bo", "")
    sent, received = [], []

    def listen(socket):
        socket.on("framesent", lambda text: sent.append(text))
        socket.on("framereceived", lambda text: received.append(text))

    bo.on("websocket", listen)
    bo.goto("/escalations/")
    expect(bo.locator("[data-live]")).to_be_visible()

    def publish():
        with transaction.atomic():
            return record(LaneChanged(account_id=cast.bo.account_id, by_id=cast.ana.pk))[-1].number

    last = [stage(publish) for _ in range(120)][-1]
    deadline = time.monotonic() + 30
    while not any(f'"n": {last}' in text for text in received):
        assert time.monotonic() < deadline, "the last event was never heard"
        bo.wait_for_timeout(50)

    # One for each 50 texts, and one for each ten seconds in which it heard something.
    assert 1 <= len(sent) <= len(received) / 10
    assert all(re.fullmatch("ok [0-9]+", text) for text in sent)
    assert int(sent[-1].split()[1]) <= len(received)


def test_signed_out_elsewhere_the_socket_falls_silent_and_the_page_asks_to_sign_in(browsers, cast, stage):
    browsers.expected = {401}
    bo = browsers.open("bo", "/escalations/")
    expect(bo.locator("[data-live]")).to_be_visible()

    def deactivate():
        type(cast.bo).objects.filter(pk=cast.bo.pk).update(is_active=False)

    stage(deactivate)

    bo.wait_for_url("**/accounts/login/**")


def test_an_answer_that_is_being_typed_survives_what_happens_around_it(browsers, cast, stage):
    session = cast.session()
    ana = browsers.open("ana", f"/sessions/{session.pk}/")
    card = ana.locator("#task-lane-card-2 textarea")
    card.fill("Target: MicrosoftOffice16_Data")
    ana.get_by_label("Message to FlowPilot").fill("Half a thought")

    stage(lambda: sessions.post(session.pk, by=cast.ana, text="Written elsewhere.", kind="note"))

    expect(ana.locator("#stream")).to_contain_text("Written elsewhere.")
    expect(card).to_have_value("Target: MicrosoftOffice16_Data")
    expect(ana.get_by_label("Message to FlowPilot")).to_have_value("Half a thought")
    ana.reload()
    expect(ana.locator("#task-lane-card-2 textarea")).to_have_value("Target: MicrosoftOffice16_Data")
    expect(ana.get_by_label("Message to FlowPilot")).to_have_value("Half a thought")


def test_the_cards_menu_claims_at_once(browsers, cast, stage):
    handoff = cast.handoff()
    bo = browsers.open("bo", "/escalations/")

    bo.get_by_label("More actions for Outlook").click()
    bo.get_by_role("button", name="Claim now").click()

    bo.wait_for_url(f"**/sessions/{handoff.session_id}/")
    assert fresh(stage, handoff).begin == "continue"


def test_who_is_looking_appears_and_vanishes(browsers, cast):
    handoff = cast.handoff()
    dana = browsers.open("dana", "/escalations/")
    expect(dana.locator("[data-live]")).to_be_visible()

    bo = browsers.open("bo", f"/handoffs/{handoff.pk}/")

    expect(dana.locator(f"#card-{handoff.pk} [data-looking]")).to_contain_text("Bo is looking")
    bo.close()
    expect(dana.locator(f"#card-{handoff.pk} [data-looking]")).to_be_hidden()


def test_the_tabs_title_counts_arrivals_while_nobody_looks(browsers, cast, stage):
    bo = browsers.open("bo", "/escalations/")
    expect(bo.locator("[data-live]")).to_be_visible()
    bo.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")

    cast.handoff()

    expect(bo.locator(".card")).to_have_count(1)
    expect(bo).to_have_title("(1) Escalations · ResolutionFlow")
    bo.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    expect(bo).to_have_title("Escalations · ResolutionFlow")


def test_a_card_that_arrives_at_a_viewers_queue_has_nothing_to_press(browsers, cast):
    vic = browsers.open("vic", "/escalations/")
    expect(vic.locator("[data-live]")).to_be_visible()

    cast.handoff()

    expect(vic.locator(".card")).to_have_count(1)
    expect(vic.get_by_role("link", name="Pick up")).to_have_count(0)
    expect(vic.locator("[data-unread-count]")).to_be_hidden()


def test_home_shows_a_claim_that_came_before_its_socket_was_connected(browsers, cast, stage):
    own = cast.handoff()
    ana = browsers.open("ana", None)
    # The page is made before the claim, and its socket is opened after it.
    ana.route("**/js/live.js", lambda route: (stage(lambda: claim(own.pk, by=cast.bo)), route.continue_()))

    ana.goto("/")

    expect(ana.locator(f"#handed-off [data-handoff='{own.pk}']")).to_contain_text("Bo Lindqvist claimed it")


def test_whoever_handed_off_sees_claim_and_release_and_their_count_stays(browsers, cast, stage):
    own, other = cast.handoff(), cast.handoff(by="dana")
    ana = browsers.open("ana", "/")
    row = ana.locator(f"#handed-off [data-handoff='{own.pk}']")
    expect(ana.locator("[data-open-count] [data-n]")).to_have_text("1")

    stage(lambda: claim(own.pk, by=cast.bo))
    expect(row).to_contain_text("Bo Lindqvist claimed it")
    expect(ana.locator("[data-open-count] [data-n]")).to_have_text("1")

    stage(lambda: release(own.pk, by=cast.bo))
    expect(row).to_contain_text("released, back in the queue")
    expect(ana.locator("[data-open-count] [data-n]")).to_have_text("1")
    assert fresh(stage, other).state == "open"
