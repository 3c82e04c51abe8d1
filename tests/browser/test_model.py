"""A model behind FlowPilot, as people see it: the reply is read while it is written, proposals are decided, a dead provider is said."""

import json
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.provider import Call, Scripted, scripted

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def provider() -> Iterator[Scripted]:
    with scripted() as provider:
        yield provider


@pytest.fixture(scope="module")
def modelled(server, provider) -> Iterator[None]:
    """The same web process and worker, started anew with a model."""
    before = dict(server.env)
    server.env.update(
        ASSISTANT="llm",
        ASSISTANT_BASE_URL=provider.url,
        ASSISTANT_QUICK_MODEL="quick",
        ASSISTANT_STRONG_MODEL="strong",
        ASSISTANT_TRIES="1",
    )
    server.stop()
    server.start_worker()
    server.start_web()
    try:
        yield
    finally:
        server.stop()
        server.env.clear()
        server.env.update(before)
        server.start_worker()
        server.start_web()


@pytest.fixture
def model(modelled, provider) -> Scripted:
    """A model that does what the test says, in `script`."""
    provider.script = lambda call: call.error(500)
    return provider


def made(**parts: Any) -> dict[str, Any]:
    return {"text": "Look at the sign-in log.", "confidence": 0.5, "tasks": [], "fix": None, "facts": [], "outcome": None, **parts}


def test_a_reply_is_read_while_it_is_written_and_its_proposals_are_decided(model, browsers, cast):
    session = cast.session(by="ana")
    half, go_on = threading.Event(), threading.Event()

    def slowly(call: Call) -> None:
        told = next(s for s in reversed(call.document["steps"]) if s["who"] == "person")
        because = {"step": told["number"], "quote": told["text"]}
        text = json.dumps(
            made(text="First the log. " + "More of it. " * 20 + "And the end.", facts=[{"text": told["text"], "because": because}])
        )
        call.handler.send_response(200)
        call.handler.send_header("Content-Type", "text/event-stream")
        call.handler.end_headers()
        call.chunk({"content": text[:120]})
        half.set()
        go_on.wait(20)
        call.chunk({"content": text[120:]})
        call.chunk({}, "stop")
        call.handler.wfile.write(b"data: [DONE]\n\n")

    model.script = slowly
    page = browsers.open("ana", f"/sessions/{session.pk}/")
    page.evaluate("window.__mark = 1")
    page.locator("#say").fill("Outlook asks since Monday morning.")
    page.keyboard.press("Control+Enter")
    assert half.wait(60), "the worker asked for no reply"

    expect(page.locator("#draft")).to_contain_text("First the log.")
    expect(page.locator("#thinking")).to_contain_text("FlowPilot is writing")
    # What is typed meanwhile stays.
    page.locator("#say").fill("half a thought")
    go_on.set()

    expect(page.locator(".msg.bot").last).to_contain_text("And the end.")
    expect(page.locator("#draft")).to_have_count(0)
    expect(page.locator("#say")).to_have_value("half a thought")
    offer = page.locator("#lane-proposals li")
    expect(offer.get_by_role("textbox")).to_have_value("Outlook asks since Monday morning.")
    offer.get_by_role("textbox").fill("Outlook prompts since Monday")
    offer.get_by_role("button", name="Accept").click()

    expect(page.locator("#lane-facts")).to_contain_text("Outlook prompts since Monday")
    expect(page.locator("#lane-proposals")).to_have_count(0)
    assert page.evaluate("window.__mark") == 1, "the page was reloaded"


def test_what_was_done_is_shown_instead_of_asked_and_a_dead_provider_is_said(model, browsers, cast):
    session = cast.session(by="ana")
    again = {"kind": "check", "title": "Restart the print spooler service", "why": "", "command": ""}
    model.script = lambda call: call.answer(made(tasks=[again]))
    page = browsers.open("ana", f"/sessions/{session.pk}/")
    page.locator("#say").fill("I restarted the print spooler service on SRV-2. Same error as before.")
    page.keyboard.press("Control+Enter")

    repeats = page.locator("#lane-repeats")
    expect(repeats).to_contain_text("Restart the print spooler service", timeout=40000)
    expect(repeats).to_contain_text("Same error as before")
    repeats.get_by_role("link", name=re.compile("Step")).click()
    expect(page.locator(".msg.lit")).to_contain_text("I restarted the print spooler")

    model.script = lambda call: call.error(500)
    page.locator("#say").fill("And now?")
    page.keyboard.press("Control+Enter")

    expect(page.locator(".msg.bot .remark").last).to_contain_text(
        "Playbooks answered. The model's provider reported a server error", timeout=40000
    )
