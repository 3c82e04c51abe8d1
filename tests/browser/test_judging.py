"""Whoever claimed says what was right, wrong and missing, over the session, by keyboard and by pointer; and it stands."""

import re

import pytest
from playwright.sync_api import expect

from flowpilot import sessions
from handoffs.claiming import claim
from handoffs.models import EntryJudgement, MissingEntry, SessionHandoff
from tests.browser.accessibility import faults_in_both_themes


@pytest.fixture
def claimed(cast, stage):
    """A handoff that was assessed with a cause, and that Bo has claimed."""
    handoff = cast.handoff()

    def quote(step, words):
        return [{"step": step, "quote": words}]

    def ready():
        from django.utils import timezone

        SessionHandoff.objects.filter(pk=handoff.pk).update(
            assessment_state="ready",
            # No job of the worker replaces it meanwhile.
            assessment_generation=90,
            assessed_generation=90,
            assessed_upto=90,
            assessed_at=timezone.now(),
            assessment_by="offline",
            assessment_reason="The model did not answer in time.",
            assessment={
                "summary_prose": "Outlook asks again and again.",
                "likely_cause": "A stale credential.",
                "cause_evidence": quote(3, "Outlook on the web works"),
                "confidence": "low",
                "what_we_know": [
                    {"text": "The web works.", "evidence": quote(3, "Outlook on the web works")},
                    {"text": "It began this morning.", "evidence": quote(1, "since the morning")},
                ],
                "tried": [{"action": "Restarted Outlook", "outcome": "no change", "evidence": quote(1, "Outlook asks for the password")}],
                "corrected": [
                    {
                        "text": "Everybody is affected.",
                        "evidence": quote(1, "Outlook asks"),
                        "now": "One person is.",
                        "corrected_by": quote(3, "works"),
                    }
                ],
                "suggested_steps": [{"text": "List the credentials", "why": "", "evidence": []}],
                "open_questions": [],
                "not_shown": ["The mailbox was moved."],
            },
        )
        claim(handoff.pk, by=cast.bo, begin="continue")

    stage(ready)
    return handoff


def kept(stage, handoff):
    return stage(lambda: sorted(EntryJudgement.objects.filter(handoff=handoff).values_list("part", "entry", "verdict", "note")))


def overlay(page):
    page.get_by_role("link", name="Context").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="What we know")).to_be_visible()
    return dialog


def test_the_claimer_judges_over_the_session_and_after_a_reload_it_stands(browsers, claimed, stage):
    bo = browsers.open("bo", f"/sessions/{claimed.session_id}/")
    bo.evaluate("window.__mark = 1")
    dialog = overlay(bo)

    first = dialog.locator(".know li", has_text="The web works.")
    first.get_by_role("button", name="Right").click()
    expect(first.get_by_role("button", name="Right")).to_have_attribute("aria-pressed", "true")
    tried = dialog.locator(".tried tbody tr").first
    tried.get_by_role("button", name="Wrong").click()
    expect(tried.get_by_role("button", name="Wrong")).to_have_attribute("aria-pressed", "true")
    dialog.get_by_label("What should have been here").fill("The build of Outlook")
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.locator("#missing li")).to_have_text(re.compile("The build of Outlook"))
    # The page was not left, and the field is free for the next.
    assert bo.evaluate("window.__mark") == 1
    expect(dialog.get_by_label("What should have been here")).to_have_value("")

    bo.reload()
    again = overlay(bo)
    expect(again.locator("#judge-known-0-right")).to_have_attribute("aria-pressed", "true")
    expect(again.locator("#judge-known-1-right")).to_have_attribute("aria-pressed", "false")
    expect(again.locator("#judge-tried-0-wrong")).to_have_attribute("aria-pressed", "true")
    expect(again.locator("#missing li")).to_have_count(1)
    assert kept(stage, claimed) == [("known", 0, "right", ""), ("tried", 0, "wrong", "")]
    assert stage(lambda: MissingEntry.objects.filter(handoff=claimed).count()) == 1


def test_by_keyboard_alone_the_focus_stays_on_what_was_pressed(browsers, claimed, stage):
    bo = browsers.open("bo", f"/handoffs/{claimed.pk}/?overlay=1")
    wrong = bo.locator("#judge-known-1-wrong")
    wrong.focus()

    bo.keyboard.press("Enter")

    expect(wrong).to_have_attribute("aria-pressed", "true")
    expect(wrong).to_be_focused()
    bo.keyboard.press("Tab")
    expect(bo.locator("#judge-known-1-note")).to_be_focused()
    bo.keyboard.press("Enter")
    expect(bo.get_by_label("What is right?")).to_be_focused()
    bo.keyboard.type("It began on Friday.")
    bo.keyboard.press("Enter")
    expect(bo.locator("#judge-known-1-note")).to_have_attribute("title", "It began on Friday.")
    assert kept(stage, claimed) == [("known", 1, "wrong", "It began on Friday.")]


def test_what_is_being_typed_is_not_swapped_away_by_news(browsers, claimed, cast, stage):

    bo = browsers.open("bo", f"/handoffs/{claimed.pk}/?overlay=1")
    bo.get_by_label("What should have been here").press_sequentially("Half a thou")

    bo.evaluate("document.addEventListener('live:event', () => { document.documentElement.dataset.heard = '1'; })")
    stage(lambda: sessions.post(claimed.session_id, by=cast.bo, text="From another window", kind="note", reply=False))
    expect(bo.locator("html")).to_have_attribute("data-heard", "1")
    bo.keyboard.type("ght")

    expect(bo.get_by_label("What should have been here")).to_have_value("Half a thought")


def test_a_citation_leads_to_its_step_and_marks_the_very_words(browsers, claimed):
    bo = browsers.open("bo", f"/sessions/{claimed.session_id}/")
    dialog = overlay(bo)

    dialog.locator(".for .cite").click()

    expect(dialog).to_be_hidden()
    expect(bo.locator("#step-3")).to_have_class(re.compile("lit"))
    marked = bo.evaluate("[...CSS.highlights.get('quote')].map((range) => range.toString())")
    assert marked == ["Outlook on the web works"]


def test_the_words_behind_every_entry_can_be_shown_by_keyboard(browsers, claimed):
    bo = browsers.open("bo", f"/handoffs/{claimed.pk}/?overlay=1")
    words = bo.locator(".know .words").first
    expect(words).to_be_hidden()

    bo.get_by_label("Show sources").focus()
    bo.keyboard.press("Space")

    expect(words).to_have_text("Outlook on the web works")
    expect(words).to_be_visible()


def test_under_a_finger_the_buttons_are_44_px(browsers, claimed):
    bo = browsers.open("bo", f"/handoffs/{claimed.pk}/?overlay=1", width=390, height=844, has_touch=True, is_mobile=True)

    for name in ("Right", "Wrong"):
        box = bo.locator(".know li").first.get_by_role("button", name=name).bounding_box()
        assert box["width"] >= 44 and box["height"] >= 44
    assert bo.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_finds_nothing_and_there_are_five_sizes_of_text(browsers, claimed):
    bo = browsers.open("bo", f"/handoffs/{claimed.pk}/?overlay=1", reduced_motion="reduce")
    bo.get_by_label("Show sources").check()
    bo.locator("#judge-known-0-right").click()
    bo.locator("#judge-tried-0-wrong").click()
    bo.locator("#judge-tried-0-note").click()
    bo.get_by_text("Not backed by the session").click()

    assert not faults_in_both_themes(bo, "context")
    sizes = bo.evaluate(
        """() => [...new Set([...document.querySelectorAll('#summary *')].filter((tag) => tag.checkVisibility()
        && [...tag.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
        && !tag.closest('.cite, .sr')).map((tag) => getComputedStyle(tag).fontSize))]"""
    )
    assert len(sizes) <= 5, sizes


def test_with_all_its_proof_the_case_prints_on_one_page(browsers, claimed):
    bo = browsers.open("bo", f"/handoffs/{claimed.pk}/?overlay=1")

    assert len(re.findall(rb"/Type\s*/Page\b", bo.pdf(format="A4"))) == 1
