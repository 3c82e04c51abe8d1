"""How a text shows what the search found in it."""

from collections.abc import Iterable

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from flowpilot.templatetags.hidden import redacted

register = template.Library()


@register.filter
def marked(parts: Iterable[tuple[str, bool]]) -> SafeString:
    """The parts of a text as one, with what matched in <mark>."""
    return format_html_join("", "{}", ((format_html("<mark>{}</mark>", text) if hit else redacted(text),) for text, hit in parts))
