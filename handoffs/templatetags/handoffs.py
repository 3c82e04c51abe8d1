"""The handoff of a session, for the pages of sessions."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from flowpilot.models import AISession
from handoffs.models import SessionHandoff
from handoffs.permissions import Action, actions

register = template.Library()


@register.simple_tag
def latest_handoff(session: AISession) -> SessionHandoff | None:
    """The latest escalation of the session, live or ended. Read once per page, because its head and body both need it."""
    if not hasattr(session, "_latest_handoff"):
        session._latest_handoff = (  # type: ignore[attr-defined]
            SessionHandoff.objects.escalations()
            .filter(session=session)
            .select_related("author", "claimed_by", "target", "session")
            .order_by("-created_at")
            .first()
        )
    return session._latest_handoff  # type: ignore[attr-defined]


@register.simple_tag
def handoff_actions(handoff: SessionHandoff | None, user: User) -> set[Action]:
    """What `user` can do with the handoff of a session besides claiming it: release, return, withdraw."""
    return set() if handoff is None else actions(user, handoff) - {Action.CLAIM}


@register.simple_tag
def evidence_cites(evidence: list[dict[str, Any]]) -> SafeString:
    """Citations of evidence, each step once. The quotes are in the title and are highlighted in the step (static/js/citations.js)."""
    quotes: dict[int, list[str]] = {}
    for each in evidence:
        quotes.setdefault(each["step"], []).extend([each["quote"]] if each.get("quote") else [])
    links = [
        format_html(
            '<a class="cite" href="#step-{0}" aria-label="Step {0}" title="{1}" data-quotes="{2}">{0}</a>',
            number,
            " … ".join(f"“{quote}”" for quote in said),
            "\n".join(said),
        )
        if said
        else format_html('<a class="cite" href="#step-{0}" aria-label="Step {0}">{0}</a>', number)
        for number, said in quotes.items()
    ]
    return format_html('<span class="cites">{}</span>', SafeString("".join(links))) if links else SafeString("")


@register.simple_tag
def as_list(each: Any) -> list[Any]:
    """A list with one element, to cite a single quote."""
    return [each]
