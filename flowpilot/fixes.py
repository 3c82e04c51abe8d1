"""The suggested fix: applied, and what became of it."""

import uuid
from datetime import datetime

from django.utils import timezone

from accounts.events import News, record
from accounts.models import User
from accounts.people import Person
from accounts.verbs import Refuse, verb
from flowpilot import steps, tasks
from flowpilot.models import Fix
from flowpilot.secrets.keeping import hide
from flowpilot.secrets.kinds import cut
from flowpilot.sessions import hold_for_writing, worker
from flowpilot.steps import NewStep

WORDS = {
    "applied": "applied, waiting to be verified",
    "worked": "worked",
    "failed": "did not work",
    "partial": "worked in part",
    "dismissed": "was not applied",
}


def write_outcome(session_id: uuid.UUID, person: Person, fix: Fix, outcome: str, *, note: str, at: datetime) -> News:
    """Settles the fix inside the caller's transaction (which holds the session's row): the row, a step, and the news to be recorded."""
    text = f"{fix.title}: {WORDS[outcome]}." + (f" {note}" if note else "")
    written = steps.write(session_id, [NewStep("outcome", text, author_id=person.id, card=fix.number, asked=fix.title)], at=at)
    waiting = cut(note, 300) if outcome == Fix.Outcome.APPLIED else ""
    Fix.objects.filter(pk=fix.pk).update(outcome=outcome, waiting_for=waiting, told_in=written[0], by_id=person.id, updated_at=at)
    details = {"card": fix.number, "outcome": outcome, "begun_by": "person", "step": written[0].number}
    return News(
        "fix_settled", person.account_id, person.id, session=session_id, from_state=fix.outcome, to_state=outcome, details=details, at=at
    )


@verb
def tell(
    session_id: uuid.UUID, card: int, *, by: User, outcome: str, note: str = "", at: datetime | None = None, reply: bool = True
) -> Fix:
    """Tells what became of a fix. FlowPilot goes on from there."""
    at = at or timezone.now()
    person = worker(by)
    if outcome not in WORDS:
        raise Refuse("invalid", "Say whether it worked, worked in part, did not work, or was never applied.")
    note = steps.clean(note)
    if outcome == Fix.Outcome.APPLIED and not note:
        raise Refuse("invalid", "Say why it cannot be verified yet.")
    hold_for_writing(session_id, person, at=at)
    note = hide(session_id, note, by_id=person.id, at=at)
    fix = Fix.objects.filter(session_id=session_id, number=card).first()
    if fix is None:
        raise Refuse("not_found", "That fix is not in this session's lane.")
    if fix.outcome == outcome and fix.waiting_for == (cut(note, 300) if outcome == Fix.Outcome.APPLIED else ""):
        return fix
    news = write_outcome(session_id, person, fix, outcome, note=note, at=at)
    if reply:
        tasks.owe_reply(session_id, news.details["step"], at=at)
    record(news)
    fix.refresh_from_db()
    return fix
