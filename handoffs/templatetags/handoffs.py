"""The handoff of a session, for pages of the room below."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.templatetags.words import cites
from flowpilot.models import AISession
from handoffs.models import SessionHandoff

register = template.Library()


@register.simple_tag
def latest_handoff(session: AISession) -> SessionHandoff | None:
    """The latest escalation of the session, live or over. Asked once for the page, whose head and body both want it."""
    if not hasattr(session, "_latest_handoff"):
        session._latest_handoff = (  # type: ignore[attr-defined]
            SessionHandoff.objects.filter(session=session, intent="escalate")
            .select_related("author", "claimed_by", "target", "session")
            .order_by("-created_at")
            .first()
        )
    return session._latest_handoff  # type: ignore[attr-defined]


@register.simple_tag
def letting_go(handoff: SessionHandoff | None, user: User) -> set[str]:
    """Which ways of letting go `user` has: release, return, withdraw."""
    ways: set[str] = set()
    if handoff is None or user.role == "viewer":
        return ways
    leads = user.role in ("owner", "admin")
    if handoff.state == "claimed" and handoff.session.status == "active":
        if handoff.claimed_by_id == user.pk or leads:
            ways.add("release")
        if handoff.claimed_by_id == user.pk and handoff.session.user_id != user.pk:
            ways.add("return")
    if handoff.state == "open" and (handoff.author_id == user.pk or leads):
        ways.add("withdraw")
    return ways


@register.simple_tag
def evidence_cites(entry: dict[str, Any]) -> SafeString:
    """The citations of an assessment's entry, each step once."""
    return cites(list(dict.fromkeys(evidence["step"] for evidence in entry.get("evidence", []))))
