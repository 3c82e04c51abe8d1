"""How a session's text is rendered: escaped, with chips for redacted secrets and marks for invisible characters.

`{{ text|redacted }}` runs no query and works everywhere. `{% with_secrets text %}` is for a session's own page: it knows which secrets
were removed, ignores text that only looks like a placeholder, and shows people who may write the buttons to reveal and remove.
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


# As many runs of invisible characters are named in a text, which is more than anybody writes; the others are counted.
MOST_NAMED = 500


def _escaped(text: str) -> SafeString:
    """Escaped text, with invisible characters shown by name."""
    pieces: list[SafeString] = []
    named = 0
    for piece, hidden in parts(str(text)):
        named += hidden
        if not hidden:
            pieces.append(conditional_escape(piece))
        elif named <= MOST_NAMED:
            pieces.append(_ghost(piece))
    if named > MOST_NAMED:
        pieces.append(_ghost(f"{named - MOST_NAMED:,} more places with hidden characters"))
    return mark_safe("".join(pieces))  # noqa: S308  (each piece is escaped)


def _ghost(name: str) -> SafeString:
    return format_html('<span class="ghost" title="Invisible character">{}</span>', name)


def chip(kind: str, *, removed: bool = False) -> SafeString:
    word = "removed" if removed else "hidden"
    return format_html('<span class="secret-chip">{}{} {}</span>', icon("none" if removed else "lock", "s"), label(kind), word)


def _rendered(text: Any, render: Any) -> SafeString:
    text = str(text or "")
    pieces, last = [], 0
    chips: dict[str, SafeString | None] = {}
    for match in PLACEHOLDER.finditer(text):
        if match[0] not in chips:
            chips[match[0]] = render(match["kind"], int(match["number"] or 0))
        rendered = chips[match[0]]
        if rendered is not None:
            pieces += [_escaped(text[last : match.start()]), rendered]
            last = match.end()
    return mark_safe("".join([*pieces, _escaped(text[last:])]))  # noqa: S308  (each piece is escaped)


@register.filter
def redacted(text: Any) -> SafeString:
    """The text with a chip in place of each placeholder."""
    return _rendered(text, lambda kind, number: chip(kind))


@register.filter
def show_invisible(text: Any) -> SafeString:
    """The text without chips, with invisible characters shown by name. For a revealed value."""
    return _escaped(text)


def secrets_of(session: AISession) -> dict[int, Secret]:
    """The secrets of a session by number. Read once per page, and only if a text has a placeholder."""
    found: dict[int, Secret] | None = getattr(session, "secrets_by_number", None)
    if found is None:
        rows = Secret.objects.filter(session_id=session.pk).only("session_id", "number", "kind", "shredded_at")
        found = {secret.number: secret for secret in rows}
        session.secrets_by_number = found  # type: ignore[attr-defined]
    return found


@register.simple_tag(takes_context=True)
def with_secrets(context: Any, text: Any) -> SafeString:
    """Renders a text of the page's `session`. With `may_write` in the context, its secrets have buttons to reveal and remove them."""
    session = context["session"]

    def render(kind: str, number: int) -> SafeString | None:
        secret = secrets_of(session).get(number)
        if secret is None or secret.kind != kind:
            return None
        return secret_chip(secret, may_reveal=bool(context.get("may_write")))

    return _rendered(text, render)


def secret_chip(secret: Secret, *, may_reveal: bool) -> SafeString:
    """The chip of a secret, with buttons for people who may write."""
    removed = secret.shredded_at is not None
    if removed or not may_reveal:
        return chip(secret.kind, removed=removed)
    context = {"secret": secret, "label": label(secret.kind), **urls_of(secret)}
    return SafeString(render_to_string("flowpilot/_secret_chip.html", context).strip())


def urls_of(secret: Secret) -> dict[str, str]:
    args = [secret.session_id, secret.number]
    return {name: reverse(f"secret-{name}", args=args) for name in ("fold", "reveal", "remove")}
