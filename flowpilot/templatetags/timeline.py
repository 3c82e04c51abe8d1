"""How the timeline draws what happened to a session."""

from django import template

register = template.Library()

# The verb of a system step, as the rooms write it after the person's name, and the drawing that says the same.
_DRAWINGS = (
    ("handed it off", "escalations"),
    ("handed it on", "escalations"),
    ("released it", "escalations"),
    ("claimed it", "continue"),
    ("returned it", "left"),
    ("withdrew it", "x"),
    ("parked it", "pause"),
    ("resumed it", "continue"),
    ("resolved it", "ok"),
    ("reopened it", "continue"),
    ("gave it up", "none"),
    ("revealed the", "eye"),
    ("removed the", "x"),
)


@register.filter
def event_icon(text: str) -> str:
    """The name of the drawing for a system step; the plain arrow for what has none. What somebody wrote after the verb does not count."""
    said = text.partition(":")[0]
    return next((drawing for verb, drawing in _DRAWINGS if verb in said), "right")
