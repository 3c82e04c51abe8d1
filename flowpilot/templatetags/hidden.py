"""How a text of a session is drawn: folded chips for what is hidden in it, marks for characters that nobody sees, and nothing active.

`{{ text|folded }}` asks the database nothing and fits everywhere. `{% told text %}` belongs on a session's own page: it knows what was
removed, leaves alone what only looks like a placeholder, and gives those who may write the button to reveal.
"""

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from accounts.templatetags.words import icon
from flowpilot.models import AISession, Secret
from redaction.invisible import parts
from redaction.kinds import PLACEHOLDER, label

register = template.Library()


def _marked(text: str) -> SafeString:
    """Escaped text; what nobody sees is named."""
    pieces = [
        format_html('<span class="ghost" title="Invisible character">{}</span>', piece) if hidden else conditional_escape(piece)
        for piece, hidden in parts(str(text))
    ]
    return mark_safe("".join(pieces))  # noqa: S308  (each piece is escaped)


def chip(kind: str, *, removed: bool = False) -> SafeString:
    word = "removed" if removed else "hidden"
    return format_html('<span class="veil">{}{} {}</span>', icon("none" if removed else "lock", "s"), label(kind), word)


def _drawn(text: Any, draw: Any) -> SafeString:
    text = str(text or "")
    pieces, last = [], 0
    for match in PLACEHOLDER.finditer(text):
        drawn = draw(match["kind"], int(match["number"] or 0))
        if drawn is not None:
            pieces += [_marked(text[last : match.start()]), drawn]
            last = match.end()
    return mark_safe("".join([*pieces, _marked(text[last:])]))  # noqa: S308  (each piece is escaped)


@register.filter
def folded(text: Any) -> SafeString:
    """The text with a chip in place of each placeholder."""
    return _drawn(text, lambda kind, number: chip(kind))


@register.filter
def named(text: Any) -> SafeString:
    """The text as it is; only characters that nobody sees are named. For a value that was revealed."""
    return _marked(text)


def secrets_of(session: AISession) -> dict[int, Secret]:
    """Those of a session by number, read once for each page and only if a text of it names one."""
    found: dict[int, Secret] | None = getattr(session, "secrets_by_number", None)
    if found is None:
        rows = Secret.objects.filter(session_id=session.pk).only("session_id", "number", "kind", "shredded_at")
        found = {secret.number: secret for secret in rows}
        session.secrets_by_number = found  # type: ignore[attr-defined]
    return found


@register.simple_tag(takes_context=True)
def told(context: Any, text: Any) -> SafeString:
    """A text of the page's `session`. With `may_write` in the context its secrets can be revealed and removed."""
    session = context["session"]

    def draw(kind: str, number: int) -> SafeString | None:
        secret = secrets_of(session).get(number)
        if secret is None or secret.kind != kind:
            return None
        return veil(secret, may_reveal=bool(context.get("may_write")))

    return _drawn(text, draw)


def veil(secret: Secret, *, may_reveal: bool) -> SafeString:
    """The chip of a secret as it stands, with its buttons for those who may write."""
    removed = secret.shredded_at is not None
    if removed or not may_reveal:
        return chip(secret.kind, removed=removed)
    return SafeString(
        render_to_string("flowpilot/_veil.html", {"secret": secret, "label": label(secret.kind), **addresses(secret)}).strip()
    )


def addresses(secret: Secret) -> dict[str, str]:
    args = [secret.session_id, secret.number]
    return {name: reverse(f"secret-{name}", args=args) for name in ("fold", "reveal", "remove")}
