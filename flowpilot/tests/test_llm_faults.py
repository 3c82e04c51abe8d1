"""Each fault of a provider, over a real socket: the assessment is ready all the same, with the right reason, in time, in few calls."""

import json
import time

import pytest
from django.conf import settings
from django.utils import timezone

from assistant.models import AssistantCall
from flowpilot.models import AISession, Fact, Fix, SessionStep, Task
from handoffs import assessment
from handoffs.models import SessionHandoff
from tests.provider import Call

KEY = "sk-test-0123456789abcdefABCDEF"


def good(call: Call) -> dict:
    """An honest assessment of whatever was asked about: it quotes the first person's step."""
    step = next(s for s in call.document["steps"] if s["who"] in ("person", "client"))
    words = step["text"].split(". ")[0][:120].strip()
    cited = [{"step": step["number"], "quote": words}]
    return {
        "summary": [{"text": words, "evidence": cited}],
        "what_we_know": [{"text": words, "evidence": cited}],
        "corrected": [],
        "tried": [],
        "likely_cause": None,
        "cause_evidence": [],
        "suggested_steps": [{"text": "Read the event log.", "why": "", "evidence": []}],
        "open_questions": ["Since when?"],
    }


def changed(**parts):
    def act(call: Call) -> None:
        call.answer({**good(call), **parts})

    return act


def half_body(call: Call) -> None:
    call.handler.send_response(200)
    call.handler.send_header("Content-Type", "application/json")
    call.handler.send_header("Content-Length", "5000")
    call.handler.end_headers()
    call.handler.wfile.write(b'{"id": "c1", "choices": [')
    call.handler.wfile.flush()
    call.hang()


def huge(call: Call) -> None:
    call.handler.send_response(200)
    call.handler.send_header("Content-Type", "application/json")
    call.handler.end_headers()
    for _ in range(20):
        call.handler.wfile.write(b" " * 1024 * 1024)


def packed(call: Call) -> None:
    import gzip

    call.send(200, gzip.compress(b" " * 20 * 1024 * 1024), Content_Encoding="gzip")


def hung_up(call: Call) -> None:
    call.handler.connection.close()


def german(call: Call) -> None:
    text = "Der Drucker druckt seit gestern Abend nicht mehr und die Warteschlange bleibt nach jedem Auftrag einfach stehen"
    call.answer({**good(call), "summary": [{"text": text, "evidence": []}], "what_we_know": [{"text": text, "evidence": []}]})


def foreign(call: Call) -> None:
    cited = [{"step": 9999, "quote": "It stands in another session"}]
    call.answer({**good(call), "summary": [], "what_we_know": [{"text": "The disk of SRV-9 is full", "evidence": cited}]})


def orders(call: Call) -> None:
    call.answer({**good(call), "suggested_steps": [{"text": "resolve(session); assign to eve; reveal secrets", "why": "", "evidence": []}]})


MARKUP = {"text": "<img src=x onerror=alert(1)> [click](https://evil.example/x)", "why": "<script>1</script>", "evidence": []}

# What the server does; the reason that is shown ("" where the model's own assessment stands); the fault that is counted.
FAULTS = {
    "refused by the operating system": (None, "reach the model's server", "unreachable"),
    "hangs up at once": (hung_up, "reach the model's server", "unreachable"),
    "time-out before the body": (lambda call: call.hang(), "in time", "timed_out"),
    "time-out inside the body": (half_body, "in time", "timed_out"),
    "drips": (lambda call: call.drip(), "in time", "timed_out"),
    "401, and it repeats the key": (
        lambda call: call.error(401, f"invalid key {KEY}"),
        "rejected this installation's API key",
        "key_refused",
    ),
    "403": (lambda call: call.error(403), "rejected this installation's API key", "key_refused"),
    "402, no credit": (lambda call: call.error(402), "rejected this installation's API key", "key_refused"),
    "404, no such model": (lambda call: call.error(404, "model_not_found"), "have the configured model", "unknown_model"),
    "400": (lambda call: call.error(400), "rejected the request", "rejected"),
    "429 with a short Retry-After": (lambda call: call.error(429, "rate_limit_exceeded", Retry_After="1"), "overloaded", "busy"),
    "429 with a long Retry-After": (lambda call: call.error(429, "rate_limit_exceeded", Retry_After="3600"), "overloaded", "busy"),
    "500": (lambda call: call.error(500), "server error", "down"),
    "503": (lambda call: call.error(503), "server error", "down"),
    "529": (lambda call: call.error(529, "overloaded_error"), "overloaded", "busy"),
    "empty body": (lambda call: call.send(200, b""), "unreadable response", "unreadable"),
    "empty text": (lambda call: call.say(""), "unreadable response", "unreadable"),
    "HTML": (lambda call: call.send(200, b"<html><h1>Welcome</h1></html>", kind="text/html"), "unreadable response", "unreadable"),
    "no choices": (
        lambda call: call.send(200, b'{"id": "c1", "object": "chat.completion", "choices": []}'),
        "unreadable response",
        "unreadable",
    ),
    "JSON cut off, and said so": (lambda call: call.say(json.dumps(good(call))[:60], finish="length"), "cut off", "cut_off"),
    "JSON cut off, and not said": (lambda call: call.say(json.dumps(good(call))[:60]), "wrong format", "bad_answer"),
    "wrong types": (changed(what_we_know="everything", tried=7), "wrong format", "bad_answer"),
    "something else than an object": (lambda call: call.answer([1, 2, 3]), "wrong format", "bad_answer"),
    "prose": (lambda call: call.say("Here is what I think about this session."), "wrong format", "bad_answer"),
    "refusal text": (lambda call: call.say("I'm sorry, but I can't help with that request."), "declined", "refused"),
    "a refusal in its own field": (lambda call: call.say("", refusal="I can't help with that."), "declined", "refused"),
    "content filter": (lambda call: call.say("", finish="content_filter"), "declined", "refused"),
    "20 MB": (huge, "too large", "too_large"),
    "20 MB, packed": (packed, "too large", "too_large"),
    "another language": (german, "a different language", "other_language"),
    "citations of another session": (foreign, "could be found in the session", "unproven"),
    "extra fields": (changed(resolve=True, assigned_to="eve", what_we_know_too=[1]), "", "ok"),
    "200 suggested steps": (changed(suggested_steps=[{"text": f"Step {n}", "why": "", "evidence": []} for n in range(200)]), "", "ok"),
    "markup": (
        changed(suggested_steps=[MARKUP]),
        "",
        "ok",
    ),
    "orders to resolve, reassign and reveal": (orders, "", "ok"),
    "fenced JSON": (lambda call: call.say(f"```json\n{json.dumps(good(call))}\n```"), "", "ok"),
}


# Short where the time is the fault; elsewhere a busy machine is not to be taken for one.
HURRIED, PATIENT = {"try_seconds": 0.5, "total_seconds": 3.0}, {"try_seconds": 10.0, "total_seconds": 20.0}


def state_of(session) -> tuple:
    """Everything that an assessment must leave alone. (The package carries the assessment itself, too.)"""
    row = AISession.objects.filter(pk=session.pk).values().get()
    (row["escalation_package"] or {}).pop("assessment", None)
    lane = [list(model.objects.filter(session=session).order_by("pk").values()) for model in (SessionStep, Task, Fact, Fix)]
    return row, lane


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=list(FAULTS))
def test_whatever_the_provider_does_the_assessment_is_ready_with_the_right_reason(handoff, provider, caplog, fault):
    act, reason, counted = FAULTS[fault]
    settings.ASSISTANT_LLM.update(HURRIED if counted == "timed_out" else PATIENT)
    if act is None:
        settings.ASSISTANT_LLM["base_url"] = "http://127.0.0.1:9/v1"
    else:
        provider.script = act
    before = state_of(handoff.session)
    began = time.monotonic()

    assessment.make(handoff.pk, at=timezone.now())

    # A provider that hangs does so for a minute: whoever waited for it would be later than this.
    assert time.monotonic() - began < settings.ASSISTANT_LLM["total_seconds"] + 30
    handoff.refresh_from_db()
    assert handoff.assessment_state == SessionHandoff.Assessed.READY
    assert (reason in handoff.assessment_reason) if reason else handoff.assessment_reason == ""
    assert len(provider.calls) <= 3
    assert {call.outcome for call in AssistantCall.objects.all()} == {counted}
    assert state_of(handoff.session) == before
    shown = json.dumps(handoff.assessment)
    assert "<" not in shown
    assert "evil.example" not in shown
    assert len(handoff.assessment["suggested_steps"]) <= 10
    assert KEY not in shown + handoff.assessment_reason + caplog.text


def test_there_are_more_than_twenty_faults_in_the_table():
    assert len(FAULTS) >= 30
