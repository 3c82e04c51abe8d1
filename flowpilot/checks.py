"""What stops the start: a bad playbook, naming file and line (they are data that staff may edit), and a model that is set by half."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from flowpilot.playbook import PlaybookErrors, playbooks


@register()
def playbooks_are_valid(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        playbooks()
    except PlaybookErrors as bad:
        return [Error(line, hint="flowpilot/playbooks/README.md describes the format.", id="flowpilot.E001") for line in bad.errors]
    return []


@register()
def the_model_is_set_whole(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.ASSISTANT != "llm":
        return []
    from flowpilot.assistant.llm.config import configured

    try:
        configured()
    except ImproperlyConfigured as bad:
        return [Error(str(bad), hint="docs/operating.md lists the settings; manage.py check_assistant proves them.", id="flowpilot.E002")]
    return []
