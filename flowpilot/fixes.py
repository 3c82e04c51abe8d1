"""The suggested fix: applied, and its outcome."""

import uuid
from datetime import datetime

from django.utils import timezone

from accounts.events import record
from accounts.models import User
from accounts.people import Person
from accounts.verbs import Refuse, verb
from flowpilot import jobs, steps
from flowpilot.events import BegunBy, FixSettled
from flowpilot.guards import lock_for_writing, worker
from flowpilot.models import Fix, SessionStep
from flowpilot.steps import NewStep
from flowpilot.vault.redact import redact
from redaction.kinds import cut

Outcome = Fix.Outcome

_SENTENCES = {
    Outcome.APPLIED: "applied, waiting to be verified",
    Outcome.WORKED: "worked",
    Outcome.FAILED: "did not work",
    Outcome.PARTIAL: "worked in part",
    Outcome.DISMISSED: "was not applied",
}


def write_outcome(session_id: uuid.UUID, person: Person, fix: Fix, outcome: str, *, note: str, at: datetime) -> FixSettled:
    """Settles the fix inside the caller's transaction (which has locked the session's row): the row, a step, the event to be recorded."""
    text = f"{fix.title}: {_SENTENCES[Outcome(outcome)]}." + (f" {note}" if note else "")
    written = steps.write(
        session_id, [NewStep(SessionStep.Kind.OUTCOME, text, author_id=person.id, card=fix.number, asked=fix.title)], at=at
    )
    waiting = cut(note, 300) if outcome == Fix.Outcome.APPLIED else ""
    Fix.objects.filter(pk=fix.pk).update(outcome=outcome, waiting_for=waiting, reported_in=written[0], by_id=person.id, updated_at=at)
    return FixSettled(
        account_id=person.account_id,
        by_id=person.id,
        session=session_id,
        from_state=fix.outcome,
        to_state=outcome,
        card=fix.number,
        outcome=outcome,
        begun_by=BegunBy.PERSON,
        step=written[0].number,
        at=at,
    )


@verb
def report_outcome(
    session_id: uuid.UUID, card: int, *, by: User, outcome: str, note: str = "", at: datetime | None = None, reply: bool = True
) -> Fix:
    """Reports the outcome of a fix. FlowPilot continues from there."""
    at = at or timezone.now()
    person = worker(by)
    if outcome not in _SENTENCES:
        raise Refuse("invalid", "Choose whether it worked, worked in part, did not work, or was never applied.")
    note = steps.clean(note)
    if outcome == Fix.Outcome.APPLIED and not note:
        raise Refuse("invalid", "Enter why it can't be verified yet.")
    lock_for_writing(session_id, person, at=at)
    note = redact(session_id, note, by_id=person.id, at=at)
    fix = Fix.objects.filter(session_id=session_id, number=card).first()
    if fix is None:
        raise Refuse("not_found", "There is no such fix in this session.")
    if fix.outcome == outcome and fix.waiting_for == (cut(note, 300) if outcome == Fix.Outcome.APPLIED else ""):
        return fix
    settled = write_outcome(session_id, person, fix, outcome, note=note, at=at)
    if reply and settled.step is not None:
        jobs.request_reply(session_id, settled.step, at=at)
    record(settled)
    fix.refresh_from_db()
    return fix
