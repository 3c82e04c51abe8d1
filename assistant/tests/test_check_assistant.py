"""`manage.py check_assistant`: proves a configuration, and never shows the key."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from assistant.checks import model_is_configured
from tests.provider import scripted, settings_for

pytestmark = pytest.mark.slow

KEY = "sk-test-0123456789abcdefABCDEF"


def check() -> tuple[str, str, int]:
    out, err = StringIO(), StringIO()
    try:
        call_command("check_assistant", stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), err.getvalue() + str(error), error.returncode
    return out.getvalue(), err.getvalue(), 0


@pytest.fixture
def provider(settings):
    with scripted() as server:
        settings.ASSISTANT_LLM = settings_for(server.url)
        yield server


def test_a_model_that_answers_is_told_with_time_and_tokens(provider):
    provider.script = lambda call: call.answer({"ready": True})

    out, err, code = check()

    assert (err, code) == ("", 0)
    assert "scripted-quick" in out
    assert "scripted-strong" in out
    assert "120 + 30 tokens" in out
    assert "price unknown" in out
    assert [call.body["model"] for call in provider.calls] == ["scripted-quick", "scripted-strong"]
    assert KEY not in out


def test_a_priced_model_is_told_with_its_price(provider, settings):
    settings.ASSISTANT_LLM["quick"] = settings.ASSISTANT_LLM["strong"] = "gpt-4o-mini"
    provider.script = lambda call: call.say('{"ready": true}')

    out, _, code = check()

    assert code == 0
    assert "price unknown" in out or "$0.0000" in out


@pytest.mark.parametrize(
    ("act", "word"),
    [
        (lambda call: call.error(401, KEY), "rejected this installation's API key"),
        (lambda call: call.error(404, "model_not_found"), "have the configured model"),
        (lambda call: call.say("Ready!"), "wrong format"),
        (lambda call: call.answer({"prepared": 1}), "wrong format"),
        (lambda call: call.hang(), "in time"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do_and_without_the_key(provider, settings, act, word):
    settings.ASSISTANT_LLM.update({"try_seconds": 0.5} if word == "in time" else {})
    provider.script = act

    out, err, code = check()

    assert code == 1
    assert word in err
    assert "Traceback" not in err
    assert KEY not in out + err
    assert "ready to use" not in out


def test_only_one_of_two_models_failing_is_a_failure(provider):
    provider.script = lambda call: call.answer({"ready": True}) if call.body["model"].endswith("quick") else call.error(500)

    out, err, code = check()

    assert code == 1
    assert "scripted-quick: answered in" in out
    assert "scripted-strong" in err


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"provider": "carrier-pigeon"}, "ASSISTANT_PROVIDER"),
        ({"quick": ""}, "ASSISTANT_QUICK_MODEL"),
        ({"strong": ""}, "ASSISTANT_STRONG_MODEL"),
        ({"base_url": "ftp://x"}, "ASSISTANT_BASE_URL"),
        ({"base_url": "", "key": ""}, "ASSISTANT_KEY"),
        ({"tries": 9}, "ASSISTANT_TRIES"),
        ({"try_seconds": 0.0}, "ASSISTANT_TRY_SECONDS"),
    ],
)
def test_a_configuration_that_is_not_whole_names_the_variable(settings, change, named):
    settings.ASSISTANT_LLM = settings_for("http://127.0.0.1:9/v1", **change)

    _, err, code = check()

    assert code == 2
    assert named in err
    assert KEY not in err


def test_anthropic_speaks_its_own_wire(settings):
    with scripted() as server:
        settings.ASSISTANT_LLM = settings_for(
            server.url.removesuffix("/v1"), provider="anthropic", quick="claude-scripted-quick", strong="claude-scripted"
        )

        def act(call):
            forced = {"type": "tool_use", "id": "t1", "name": "answer", "input": {"ready": True}}
            plain = {"type": "text", "text": '{"ready": true}'}
            content = [forced] if call.body.get("tools") else [plain]
            reply = {"id": "m1", "type": "message", "role": "assistant", "model": call.body["model"], "content": content}
            usage = {"input_tokens": 11, "output_tokens": 5}
            stop = "tool_use" if call.body.get("tools") else "end_turn"
            call.send(200, json.dumps({**reply, "stop_reason": stop, "stop_sequence": None, "usage": usage}).encode())

        server.script = act

        out, err, code = check()

        assert (err, code) == ("", 0)
        assert "claude-scripted: answered in" in out
        assert "11 + 5 tokens" in out
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
        assert KEY not in out


def test_a_model_that_is_set_by_half_stops_the_start(settings):
    settings.ASSISTANT = "llm"
    settings.ASSISTANT_LLM = settings_for("http://127.0.0.1:9/v1", strong="")

    (error,) = model_is_configured(None)

    assert error.id == "assistant.E002"
    assert "ASSISTANT_STRONG_MODEL" in error.msg
    settings.ASSISTANT = "offline"
    assert model_is_configured(None) == []
