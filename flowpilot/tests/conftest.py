"""A model behind FlowPilot that does what a test says."""

from collections.abc import Iterator
from typing import Any

import pytest

from assistant.llm import retry
from tests.provider import Scripted, scripted, settings_for


@pytest.fixture
def provider(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """The scripted server, set as this installation's model. It is asked again sooner than a real one."""
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.02)
    with scripted() as server:
        settings.ASSISTANT = "llm"
        settings.ASSISTANT_LLM = settings_for(server.url)
        yield server
