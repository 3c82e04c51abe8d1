"""The main job with JavaScript switched off: plain links and plain forms."""

from playwright.sync_api import expect


def test_work_escalate_queue_claim_resolve_by_plain_forms(browsers, cast, sign_in):
    ana = browsers.open(None, "", java_script_enabled=False)
    sign_in(ana, "ana")

    # Ana opens a session. FlowPilot's answer is there when she looks again.
    ana.get_by_role("link", name="New session").click()
    ana.get_by_label("What is the problem?").fill("Outlook asks for the password again and again for three people. Webmail works.")
    ana.get_by_label("Client", exact=True).fill("Northgate Dental")
    ana.get_by_role("button", name="Start with FlowPilot").click()
    session = ana.url
    for _ in range(60):
        if ana.locator("#stream .msg.bot").count():
            break
        ana.wait_for_timeout(250)
        ana.reload()
    expect(ana.locator("#stream .msg.bot")).to_have_count(1)
    expect(ana.locator(".task.active")).to_have_count(1)

    # She answers a card, edits the answer, keeps a fact, sends, and writes a message and a note.
    ana.locator(".task.active textarea").first.fill("Yes, the webmail takes it.")
    ana.locator(".task.active").first.get_by_role("button", name="Done").click()
    done = ana.locator(".task.done").first
    expect(done).to_contain_text("Yes, the webmail takes it.")
    done.get_by_role("button", name="Edit").click()
    edited = ana.locator(".task.active", has_text="Outlook").or_(ana.locator(".task.active")).first
    edited.locator("textarea").fill("Yes, since Monday.")
    edited.get_by_role("button", name="Done").click()
    ana.get_by_label("New fact").fill("Three people at Northgate.")
    ana.get_by_role("button", name="Add", exact=True).click()
    expect(ana.locator(".facts-l")).to_contain_text("Three people at Northgate.")
    ana.locator(".l-foot button").click()
    expect(ana.locator("#stream")).to_contain_text("Yes, since Monday.")
    ana.get_by_label("Message to FlowPilot").fill("They all changed their password on Friday.")
    ana.get_by_role("button", name="Send", exact=True).click()
    expect(ana.locator("#stream")).to_contain_text("They all changed their password on Friday.")
    ana.get_by_label("Message to FlowPilot").fill("The client rings back at two.")
    ana.get_by_role("button", name="Save as note").click()
    expect(ana.locator("#stream .note")).to_contain_text("The client rings back at two.")

    # She escalates: the form is a page; an empty need is told at the field.
    ana.get_by_role("link", name="Escalate", exact=True).click()
    assert ana.url == f"{session}escalate/"
    if ana.locator("input[name=fix_outcome]").count():
        ana.get_by_label("Never applied").check()
    ana.get_by_label("What I need").fill("May I delete the stored credentials?")
    ana.locator("label", has_text="Urgent").click()
    ana.get_by_role("button", name="Escalate").click()
    expect(ana.locator("#toasts")).to_contain_text("Escalated.")
    expect(ana.locator("#handed-off")).to_contain_text("Outlook")

    # Bo narrows the queue, opens the context screen and claims; a second press of his changes nothing.
    bo = browsers.open("bo", "/escalations/", java_script_enabled=False)
    bo.get_by_label("Priority").select_option("urgent")
    bo.get_by_role("button", name="Filter").click()
    assert "priority=urgent" in bo.url
    bo.get_by_role("link", name="Pick up").first.click()
    handoff = bo.url
    expect(bo.get_by_role("heading", level=1)).to_contain_text("Outlook")
    dana = browsers.open("dana", handoff, java_script_enabled=False)
    bo.get_by_role("button", name="Continue where Ana left off").click()
    assert bo.url.startswith(session)
    expect(bo.locator("#stream")).to_contain_text("continued where Ana left off")

    # Dana, a moment later, reads who has it, with the way back.
    browsers.expected = {409}
    dana.get_by_role("button", name="I’ll take it from here").click()
    expect(dana.get_by_role("main")).to_contain_text("Already claimed by Bo Lindqvist")
    dana.get_by_role("link", name="Back to the queue").click()
    assert dana.url.endswith("/escalations/")

    # Bo looks at the context once more, shares an update, and resolves; the notes are there when he looks again.
    bo.get_by_role("link", name="Context").click()
    expect(bo.get_by_role("heading", level=2, name="Ana needs")).to_be_visible()
    bo.get_by_role("link", name="Close").click()
    bo.get_by_role("link", name="Share update").click()
    bo.get_by_role("button", name="Write", exact=True).click()
    assert bo.locator("#update-out").input_value()
    bo.get_by_role("link", name="Close").click()
    bo.get_by_label("Message to FlowPilot").fill("Deleted; they sign in again.")
    bo.get_by_role("button", name="Send", exact=True).click()
    bo.get_by_role("button", name="Resolve", exact=True).click()
    expect(bo.locator("#s-head")).to_contain_text("Resolved")
    for _ in range(60):
        if bo.locator("#notes").count():
            break
        bo.wait_for_timeout(250)
        bo.reload()
    assert "Problem" in bo.locator("#notes").input_value()
    bo.get_by_role("button", name="Reopen").click()
    expect(bo.locator("#s-head")).to_contain_text("Active")


def test_on_a_phone_the_lane_is_a_drawer_that_a_link_opens(browsers, cast):
    session = cast.session(by="bo")
    page = browsers.open("bo", f"/sessions/{session.pk}/", width=390, height=844, java_script_enabled=False)
    lane = page.get_by_role("complementary", name="Tasks")
    expect(lane).to_be_hidden()

    page.get_by_role("link", name="Tasks (1)").click()

    expect(lane).to_be_visible()
    lane.locator(".task.active textarea").fill("Nothing found.")
    lane.get_by_role("button", name="Done").click()
    expect(lane).to_be_visible()
    expect(lane.locator(".task.done", has_text="Nothing found.")).to_be_visible()
    lane.get_by_role("link", name="Hide tasks").click()
    expect(lane).to_be_hidden()


def test_what_needs_script_is_not_shown(browsers, cast):
    page = browsers.open("bo", "/escalations/", java_script_enabled=False)

    for gone in ("[data-sound]", "[data-theme-toggle]", "[data-live]", ".keys-hint"):
        expect(page.locator(gone)).to_be_hidden()
