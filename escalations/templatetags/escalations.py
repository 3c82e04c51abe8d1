"""Cards of the queue."""

import html
import uuid
from functools import cache
from typing import Any

from django import template
from django.template.defaultfilters import pluralize, truncatechars
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.templatetags.words import moment
from escalations.queue import sort_key
from flowpilot.templatetags.hidden import redacted
from handoffs.models import SessionHandoff

register = template.Library()

_NOBODY = str(uuid.UUID(int=0))


@register.filter
def as_card(handoff: SessionHandoff) -> dict[str, Any]:
    """What a card shows, made once, cut and escaped: a queue has fifty, and a template takes long to do that wherever it uses a value.

    A dictionary, because that is what a template looks into first.
    """
    session = handoff.session
    return {
        "pk": handoff.pk,
        "id": SafeString(handoff.pk),
        "data": _data(handoff),
        "author": handoff.author_id,
        "target": handoff.target_id,
        "target_name": _escaped(str(handoff.target)) if handoff.target else "",
        "address": SafeString(_address().replace(_NOBODY, str(handoff.pk))),
        "priority": _priority(handoff.priority),
        "waits": moment(handoff.created_at),
        "title": redacted(session.title),
        "short": _escaped(_cut(session.title, 60)),
        "needs": redacted(_cut(handoff.needs[:600], 240)),
        "client": _escaped(session.client),
        "ticket": _escaped(session.ticket),
        "domain": _escaped(session.domain),
        "person": _person(handoff.author),
        "steps": SafeString(f"{session.step_count} step{pluralize(session.step_count)}"),
        "tried": SafeString(f", {handoff.tried:d} tried" if handoff.tried else ""),
    }


def _data(handoff: SessionHandoff) -> SafeString:
    """By these the page knows whether and where it shows the card (static/js/queue/cards.js). Ids and times have nothing to escape."""
    session = handoff.session
    target = f' data-target="{handoff.target_id:d}"' if handoff.target_id else ""
    return SafeString(
        f'data-handoff="{handoff.pk}" data-session="{handoff.session_id}" data-priority="{handoff.priority:d}"'
        f' data-sort-key="{sort_key(handoff)}" data-target-sort-key="{sort_key(handoff, for_target=True)}"'
        f' data-domain="{_escaped(session.domain)}" data-client="{_escaped(session.client)}"'
        f' data-at="{handoff.created_at.isoformat()}" data-author="{handoff.author_id:d}"{target}'
    )


@cache
def _address() -> str:
    return reverse("handoff", args=[_NOBODY])


def _escaped(text: str) -> SafeString:
    """As Django escapes it, which first looks whether the text is a lazy one."""
    return SafeString(html.escape(text))


def _cut(text: str, length: int) -> str:
    """As `truncatechars` cuts it, which looks at each character: in ASCII none combines with another."""
    if not text.isascii():
        return str(truncatechars(text, length))
    return text if len(text) <= length else text[: length - 1] + "…"


@cache
def _priority(priority: int) -> SafeString:
    return SafeString(render_to_string("_priority.html", {"priority": priority}))


def _person(person: User) -> SafeString:
    """As `_person.html` has it."""
    initials, name = _escaped(person.initials), _escaped(str(person))
    return SafeString(f'<span class="who"><span class="face sm" aria-hidden="true">{initials}</span> <bdi>{name}</bdi></span>')
