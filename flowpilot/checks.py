"""Playbooks are data that staff may edit: a bad one stops the start, naming file and line."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from flowpilot.playbook import PlaybookErrors, playbooks


@register()
def playbooks_are_valid(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        playbooks()
    except PlaybookErrors as bad:
        return [Error(line, hint="flowpilot/playbooks/README.md describes the format.", id="flowpilot.E001") for line in bad.errors]
    return []
