"""Startup checks: mistakes in playbooks, with file and line, and an incomplete model configuration."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from assistant.knowledge import playbooks
from assistant.llm.config import configured
from playbooks.library import PlaybookErrors


@register()
def playbooks_are_valid(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        playbooks()
    except PlaybookErrors as bad:
        return [Error(line, hint="playbooks/entries/README.md describes the format.", id="assistant.E001") for line in bad.errors]
    return []


@register()
def model_is_configured(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.ASSISTANT != "llm":
        return []
    try:
        configured()
    except ImproperlyConfigured as bad:
        return [Error(str(bad), hint="docs/operating.md lists the settings; manage.py check_assistant tests them.", id="assistant.E002")]
    return []
