"""Icons of the timeline."""

from django import template

from flowpilot.models import SessionStep

register = template.Library()

Event = SessionStep.Event

# The icon for each event.
ICONS = {
    Event.ESCALATED: "escalations",
    Event.HANDED_OVER: "escalations",
    Event.RELEASED: "escalations",
    Event.CLAIMED: "continue",
    Event.RETURNED: "left",
    Event.WITHDRAWN: "x",
    Event.PARKED: "pause",
    Event.RESUMED: "continue",
    Event.TAKEN_OVER: "continue",
    Event.REASSIGNED: "right",
    Event.RESOLVED: "ok",
    Event.REOPENED: "continue",
    Event.CLOSED: "none",
    Event.SECRET_REVEALED: "eye",
    Event.SECRET_REMOVED: "x",
    Event.REPLY_FAILED: "right",
}


@register.filter
def event_icon(event: str) -> str:
    """The name of the icon for an event step; an arrow for steps without an event."""
    return ICONS[Event(event)] if event in Event.values else "right"
