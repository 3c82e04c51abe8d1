"""Template filters and tags used everywhere: times, durations, icons, citations."""

from datetime import datetime, timedelta
from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


def span(length: timedelta) -> str:
    """A duration in at most two units: "4 s", "12 min", "1 h 12 min", "3 d"."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d"


@register.filter
def age(when: datetime | None) -> str:
    """How long ago, without "ago": the page's script keeps it current the same way."""
    if when is None:
        return ""
    length = timezone.now() - when
    return "just now" if length < timedelta(minutes=1) else span(length)


@register.filter
def ago(when: datetime | None) -> str:
    text = age(when)
    return text if text in ("", "just now") else f"{text} ago"


@register.filter
def lasted(start: datetime, end: datetime | None) -> str:
    return span((end or timezone.now()) - start)


@register.filter
def clock(when: datetime | None) -> str:
    """The time of day, with the date where it is not today."""
    if when is None:
        return ""
    local = timezone.localtime(when)
    return f"{local:%H:%M}" if local.date() == timezone.localdate() else f"{local.day} {local:%b %H:%M}"


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """An icon of the sprite. It is always next to text, so it is hidden from screen readers."""
    return _icon(name, extra)


# A page has some hundred icons of a few dozen kinds, and the sprite's address does not change while the process runs.
@lru_cache(maxsize=256)
def _icon(name: str, extra: str) -> SafeString:
    return format_html('<svg class="icon {}" aria-hidden="true"><use href="{}#i-{}"/></svg>', extra, static("img/icons-1.svg"), name)


@register.simple_tag
def cite(number: int) -> SafeString:
    """A link to a step of the same page, by its number."""
    return format_html('<a class="cite" href="#step-{0}" aria-label="Step {0}">{0}</a>', number)


@register.simple_tag
def moment(when: datetime | None, form: str = "age") -> SafeString:
    """A point in time that the page's script keeps current: its age, or "… ago"."""
    if when is None:
        return SafeString("")
    text = ago(when) if form == "ago" else age(when)
    # Nothing in it needs escaping, and there are fifty on a page.
    title = timezone.localtime(when).isoformat(" ", "minutes")[:16]
    return SafeString(f'<time datetime="{when.isoformat()}" data-age="{form}" title="{title}">{text}</time>')


@register.filter
def seconds(value: float | None) -> str:
    """Seconds as text: "41 s", "2 min 44 s", "1 h 12 min"."""
    if value is None:
        return "–"
    whole = round(value)
    if 60 <= whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest:02} s"
    return span(timedelta(seconds=whole))
