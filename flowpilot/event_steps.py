"""Event steps: what happened to a session, as a line on its timeline. Programs read the event; this module makes the
sentence for people from it."""

from accounts.people import Person
from flowpilot.models import SessionStep
from flowpilot.steps import NewStep

Event = SessionStep.Event

_SENTENCES = {
    Event.ESCALATED: "{who} escalated this",
    Event.HANDED_OVER: "{who} handed this over",
    Event.CLAIMED: "{who} claimed this",
    Event.RELEASED: "{who} released this to the queue",
    Event.RETURNED: "{who} returned this to {other}",
    Event.WITHDRAWN: "{who} withdrew the escalation",
    Event.PARKED: "{who} parked this",
    Event.RESUMED: "{who} resumed this",
    Event.TAKEN_OVER: "{who} took this over from {other}",
    Event.REASSIGNED: "{who} reassigned this to {other}",
    Event.RESOLVED: "{who} resolved this",
    Event.REOPENED: "{who} reopened this",
    Event.CLOSED: "{who} closed this unresolved",
    Event.SECRET_REVEALED: "{who} revealed the {thing}",
    Event.SECRET_REMOVED: "{who} removed the {thing}",
    Event.REPLY_FAILED: "FlowPilot couldn't reply. Your message is saved. Continue, or send it again.",
}


def event_step(
    event: Event, person: Person | None = None, *, note: str = "", addition: str = "", other: str = "", thing: str = ""
) -> NewStep:
    """The step for an event. `note` is what the person wrote with it; `addition` is appended to the sentence; `other` and `thing` name the
    colleague and the secret, for events that have one."""
    sentence = _SENTENCES[event].format(who=person.short_name if person else "", other=other, thing=thing) + addition
    return NewStep(
        SessionStep.Kind.SYSTEM,
        f"{sentence}: {note}" if note else sentence,
        author_kind=SessionStep.AuthorKind.SYSTEM,
        author_id=person.id if person else None,
        event=event,
    )
