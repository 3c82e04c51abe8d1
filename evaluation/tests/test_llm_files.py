"""A model assesses a conversation file: no database, no account; turns counted from 0, credentials kept back, faults in one line."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.provider import scripted, settings_for

DATA = Path(__file__).parents[2] / "assistant" / "tests" / "data"


@pytest.fixture
def provider(settings):
    with scripted() as server:
        settings.ASSISTANT_LLM = settings_for(server.url, tries=1)
        yield server


def assess(name: str) -> dict:
    out = StringIO()
    call_command("assess_conversation", str(DATA / name), assistant="llm", stdout=out)
    return json.loads(out.getvalue())


def test_the_assessment_has_turn_indexes_and_verbatim_quotes(provider):
    turns = json.loads((DATA / "announced.json").read_text())["turns"]
    words = turns[0]["text"][:60].rsplit(" ", 1)[0]

    def act(call):
        cited = [{"step": 1, "quote": words}]
        told = {"text": words, "evidence": cited}
        call.answer(
            {
                "summary": [told],
                "what_we_know": [told],
                "corrected": [],
                "tried": [],
                "likely_cause": None,
                "cause_evidence": [],
                "suggested_steps": [{"text": "Ask for the firmware's version.", "why": "", "evidence": cited}],
                "open_questions": [],
            }
        )

    provider.script = act

    document = assess("announced.json")

    assert document["summary_prose"] == words
    assert document["what_we_know"][0]["evidence"] == [{"step": 0, "quote": words}]
    assert document["suggested_steps"][0]["evidence"][0]["step"] == 0


def test_credentials_of_a_file_do_not_leave(provider):
    provider.script = lambda call: call.error(500)
    raw = (DATA / "secret.json").read_text()

    with pytest.raises(CommandError) as caught:
        assess("secret.json")

    assert str(caught.value) == "The model's provider reported a server error."
    sent = json.dumps(provider.calls[0].body)
    assert "hidden" in sent
    for turn in json.loads(raw)["turns"]:
        for word in turn["text"].split():
            if any(c.isdigit() for c in word) and any(c in "!@#$%" for c in word.strip(".,;:!?")):
                assert word.strip(".,;:") not in sent


def test_without_a_configuration_it_says_which_variable_is_missing(settings):
    settings.ASSISTANT_LLM = settings_for("http://127.0.0.1:9/v1", strong="")

    with pytest.raises(CommandError, match="ASSISTANT_STRONG_MODEL"):
        assess("announced.json")
