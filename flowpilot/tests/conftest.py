"""A model behind FlowPilot that does what a test says."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.provider import Scripted, scripted, settings_for


@pytest.fixture
def provider(settings: Any) -> Iterator[Scripted]:
    """The scripted server, set as this installation's model."""
    with scripted() as server:
        settings.ASSISTANT = "llm"
        settings.ASSISTANT_LLM = settings_for(server.url)
        yield server
