"""The whole story by keyboard alone: nothing is clicked, and what has the focus is always to be seen."""

import pytest
from playwright.sync_api import Page, expect


def tab_to(page: Page, role: str, name: str, *, most: int = 90, back: bool = False) -> None:
    """Presses Tab until the element has the focus, and fails where it never gets it or where the focus cannot be seen."""
    wanted = page.get_by_role(role, name=name, exact=True).first
    expect(wanted).to_be_visible()
    for _ in range(most):
        if wanted.evaluate("element => element === document.activeElement"):
            seen = page.evaluate(
                """() => { const at = document.activeElement, box = at.getBoundingClientRect();
                  const style = getComputedStyle(at), around = at.closest('.card, .composer, label, li');
                  const ring = (s) => s && s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0;
                  return box.width > 0 && (ring(style) || (around && ring(getComputedStyle(around)))); }"""
            )
            assert seen, f"the focus on {name} cannot be seen"
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"Tab never came to {role} {name}")


@pytest.fixture(autouse=True)
def no_mouse(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("this test works by keyboard alone")

    monkeypatch.setattr("playwright.sync_api.Locator.click", refuse)
    monkeypatch.setattr("playwright.sync_api.Page.click", refuse)


def test_the_whole_story_by_keyboard(browsers, cast):
    # Signing in.
    ana = browsers.open(None, "/accounts/login/")
    ana.keyboard.type(cast.ana.email)
    ana.keyboard.press("Tab")
    ana.keyboard.type("TestPass123!")
    ana.keyboard.press("Enter")
    expect(ana.get_by_role("heading", level=1)).to_contain_text("Ana")

    # A new session, from the first Tab on: the skip link leads past the frame.
    ana.keyboard.press("Tab")
    expect(ana.get_by_role("link", name="Skip to content")).to_be_focused()
    ana.keyboard.press("Enter")
    tab_to(ana, "link", "New session")
    ana.keyboard.press("Enter")
    expect(ana.get_by_label("What is the problem?")).to_be_focused()
    ana.keyboard.type("Outlook asks for the password again and again. Webmail works.")
    tab_to(ana, "button", "Start with FlowPilot")
    ana.keyboard.press("Enter")
    expect(ana.locator("#stream .msg.bot")).to_have_count(1)

    # The lane: answer, Ctrl+Enter, and the focus goes on to what comes next; Send by Enter.
    tab_to(ana, "button", "Done")
    ana.keyboard.press("Shift+Tab")
    first = ana.locator("textarea:focus").get_attribute("id")
    ana.keyboard.type("Yes, the webmail takes it.")
    ana.keyboard.press("Control+Enter")
    expect(ana.locator(".task.done").first).to_contain_text("Yes, the webmail takes it.")
    expect(ana.locator("#lane :focus")).to_have_count(1)
    assert ana.evaluate("document.activeElement.id") != first
    tab_to(ana, "button", ana.locator(".l-foot button").inner_text().strip())
    ana.keyboard.press("Enter")
    expect(ana.locator("#stream .msg.bot")).to_have_count(2)

    # The composer by Ctrl+Enter.
    tab_to(ana, "textbox", "Message to FlowPilot", back=True)
    ana.keyboard.type("They changed it on Friday.")
    ana.keyboard.press("Control+Enter")
    expect(ana.locator("#stream")).to_contain_text("They changed it on Friday.")
    expect(ana.get_by_label("Message to FlowPilot")).to_have_value("")

    # "e" is a letter while one types, and escalates otherwise.
    ana.keyboard.type("e")
    expect(ana.get_by_label("Message to FlowPilot")).to_have_value("e")
    ana.keyboard.press("Backspace")
    ana.locator("#main").focus()
    ana.keyboard.press("e")
    need = ana.get_by_label("What I need")
    expect(need).to_be_focused()
    if ana.locator("input[name=fix_outcome]").count():
        ana.locator("input[name=fix_outcome]").first.focus()
        ana.keyboard.press("Space")
        need.focus()
    ana.keyboard.type("May I delete")
    ana.keyboard.press("Shift+Enter")
    ana.keyboard.type("the stored credentials?")
    expect(need).to_have_value("May I delete\nthe stored credentials?")
    expect(ana.locator("[data-pv-ask]")).to_contain_text("the stored credentials?")
    # Escape closes and keeps the draft; the focus is back where it came from.
    ana.keyboard.press("Escape")
    expect(ana.locator("#over")).to_be_hidden()
    ana.keyboard.press("e")
    expect(need).to_have_value("May I delete\nthe stored credentials?")
    if ana.locator("input[name=fix_outcome]").count():
        ana.locator("input[name=fix_outcome]").first.focus()
        ana.keyboard.press("Space")
        need.focus()
    ana.keyboard.press("Enter")
    expect(ana.locator("#toasts")).to_contain_text("Escalated.")

    # Bo: the key sheet, j to the card, Enter to read, Tab through the three ways, Enter to claim.
    bo = browsers.open("bo", "/escalations/")
    expect(bo.locator("[data-live]")).to_be_visible()
    bo.keyboard.press("?")
    expect(bo.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    bo.keyboard.press("Escape")
    expect(bo.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    bo.keyboard.press("/")
    expect(bo.get_by_role("searchbox")).to_be_focused()
    bo.keyboard.press("Escape")
    bo.keyboard.press("j")
    expect(bo.locator(".card .cover").first).to_be_focused()
    bo.keyboard.press("Enter")
    way = bo.get_by_role("button", name="Continue where Ana left off")
    expect(way).to_be_focused()
    bo.keyboard.press("Tab")
    expect(bo.get_by_role("button", name="Get AI analysis")).to_be_focused()
    bo.keyboard.press("Tab")
    expect(bo.get_by_role("button", name="I’ll take it from here")).to_be_focused()
    bo.keyboard.press("Enter")
    # The third way: the composer has the focus.
    expect(bo.get_by_label("Message to FlowPilot")).to_be_focused()
    # The field has the focus before the scripts have run, and until then "Context" is an ordinary link.
    bo.wait_for_load_state("load")

    # The context as an overlay; Escape closes it, the focus is back.
    context = bo.get_by_role("link", name="Context")
    context.focus()
    bo.keyboard.press("Enter")
    expect(bo.locator("#over")).to_be_visible()
    bo.keyboard.press("Escape")
    expect(bo.locator("#over")).to_be_hidden()
    expect(context).to_be_focused()

    # Resolve, and the notes.
    tab_to(bo, "button", "Resolve")
    bo.keyboard.press("Enter")
    expect(bo.locator("#s-head")).to_contain_text("Resolved")
    expect(bo.locator("#notes")).to_be_visible()


def test_c_claims_from_the_queue_at_once(browsers, cast):
    handoff = cast.handoff()
    page = browsers.open("bo", "/escalations/")
    expect(page.locator("[data-live]")).to_be_visible()

    page.keyboard.press("j")
    page.keyboard.press("c")

    expect(page.locator("#stream")).to_contain_text("claimed this and continued where Ana left off")
    assert f"/sessions/{handoff.session_id}/" in page.url


def test_fetching_the_rows_anew_leaves_the_focus_where_it_was_without_a_gap(browsers, cast):
    handoff = cast.handoff()
    page = browsers.open("bo", "/escalations/")
    page.keyboard.press("j")
    page.evaluate(
        """() => document.addEventListener('htmx:afterSwap', () => {
            document.body.dataset.focused = document.activeElement.closest('.card')?.id ?? 'nothing';
        })"""
    )

    page.evaluate("document.dispatchEvent(new CustomEvent('live:refresh'))")

    expect(page.locator("body")).to_have_attribute("data-focused", f"card-{handoff.pk}")


def test_c_claims_a_card_that_has_just_arrived(browsers, cast):
    page = browsers.open("bo", "/escalations/")
    expect(page.locator("[data-live]")).to_be_visible()
    handoff = cast.handoff()
    expect(page.locator(".card")).to_have_count(1)

    # Without a focused card the first press shows which one it would be.
    page.keyboard.press("c")
    expect(page.locator("#announce")).to_have_text("Press c again to claim this one")
    page.keyboard.press("c")

    page.wait_for_url(f"**/sessions/{handoff.session_id}/")


def test_c_does_nothing_for_a_viewer_or_on_ones_own_escalation(browsers, cast):
    cast.handoff(by="ana")
    for who, path in (("vic", "/escalations/"), ("ana", "/escalations/?show=mine")):
        page = browsers.open(who, path)
        expect(page.locator(".card")).to_have_count(1)
        page.keyboard.press("j")
        page.keyboard.press("c")
        page.wait_for_timeout(300)

        assert page.url.endswith(path)
        expect(page.locator("#announce")).to_be_empty()


def test_keys_of_the_browser_stay_the_browsers(browsers, cast):
    cast.handoff()
    page = browsers.open("bo", "/escalations/")
    page.keyboard.press("j")

    for keys in ("Control+c", "Alt+c", "Meta+c", "Control+e"):
        page.keyboard.press(keys)

    assert page.url.endswith("/escalations/")
    expect(page.locator(".card")).to_have_count(1)
    # Typing in a field is typing: c, j, ? and / are letters there.
    page.get_by_role("searchbox").focus()
    page.keyboard.type("cj?/")
    expect(page.get_by_role("searchbox")).to_have_value("cj?/")
    expect(page.get_by_role("dialog")).to_have_count(0)
