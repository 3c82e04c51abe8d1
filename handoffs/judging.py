"""The claimer's judgement of an assessment: which entries were right, which were wrong, and what was missing."""

import uuid
from datetime import datetime
from typing import Any

from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.events import record
from accounts.models import Event, User
from accounts.people import Person
from accounts.permissions import Actor
from accounts.verbs import Refuse, verb
from flowpilot import steps
from flowpilot.vault.redact import redact
from handoffs import permissions
from handoffs.events import AssessmentJudged, HandoffClaimed
from handoffs.lookup import look_up_active
from handoffs.models import EntryJudgement, MissingEntry, SessionHandoff
from handoffs.refusals import conflict_error
from redaction.kinds import cut

LONGEST_MISSING = 600
LONGEST_NOTE = 1000

NOT_YOURS = "Only the person who claimed it can judge it."


def may_judge(actor: Actor, handoff: SessionHandoff) -> bool:
    """Anyone who claimed it, even if they have released or returned it since."""
    if not permissions.may_judge(actor, handoff, has_claimed=True):
        return False
    claims = Event.objects.filter(handoff=handoff.pk, kind=HandoffClaimed.KIND, by_id=actor.id)
    return permissions.may_judge(actor, handoff, has_claimed=False) or claims.exists()


def text_of(assessment: dict[str, Any], part: str, entry: int) -> str | None:
    """The text of an entry, as it is judged. None if the assessment has no such entry."""
    match part:
        case "cause" | "summary":
            return (assessment.get("likely_cause" if part == "cause" else "summary_prose") or None) if entry == 0 else None
        case "known" | "step" | "corrected" | "tried":
            name = {"known": "what_we_know", "step": "suggested_steps", "corrected": "corrected", "tried": "tried"}[part]
            entries = assessment.get(name) or []
            if not 0 <= entry < len(entries):
                return None
            found = entries[entry]
            if part != "tried":
                return str(found["text"])
            return f"{found['action']}: {found['outcome'] or 'no result reported'}"
        case _:
            return None


@verb
def judge(
    pk: uuid.UUID,
    *,
    by: User,
    part: str,
    entry: int,
    verdict: str,
    note: str | None = None,
    generation: int | None = None,
    at: datetime | None = None,
) -> EntryJudgement:
    """Stores a verdict on one entry; a second one replaces it. `note` None keeps the note of the same verdict.

    `generation` is the one that the page showed. If there is a newer one, the verdict is refused (409), because nobody has seen that one.
    """
    at = at or timezone.now()
    person, handoff = _claimer(pk, by)
    assessment = _lock_assessment(handoff, generation, at=at)
    if verdict not in EntryJudgement.Verdict.values:
        raise _invalid("verdict", "Choose right or wrong.")
    words = text_of(assessment, part, entry)
    if words is None:
        raise _invalid("entry" if part in EntryJudgement.Part.values else "part", "There is no such entry in the summary.")
    note = None if note is None else steps.clean(note)
    if note is not None and len(note) > LONGEST_NOTE:
        raise _invalid("note", f"A note can have at most {LONGEST_NOTE} characters.")
    if note:
        note = cut(redact(handoff.session_id, note, by_id=person.id, at=at), LONGEST_NOTE)
    # The handoff's row is locked, so there is no other judgement at the same time.
    old = EntryJudgement.objects.filter(handoff=handoff, by_id=person.id, part=part, entry=entry).first()
    if old and old.verdict == verdict and note in (None, old.note):
        return old
    if note is None:
        note = old.note if old and old.verdict == verdict else ""
    kept, _ = EntryJudgement.objects.update_or_create(
        handoff=handoff,
        by_id=person.id,
        part=part,
        entry=entry,
        defaults={
            "account_id": handoff.account_id,
            "generation": handoff.assessed_generation,
            "text": words,
            "verdict": verdict,
            "note": note,
            "at": at,
        },
    )
    _publish(handoff, person, part=part, entry=entry, verdict=verdict, at=at)
    return kept


@verb
def report_missing(
    pk: uuid.UUID, *, by: User, text: str, step: int | None = None, generation: int | None = None, at: datetime | None = None
) -> MissingEntry:
    """Stores what was missing. The same text by the same person again changes nothing."""
    at = at or timezone.now()
    person, handoff = _claimer(pk, by)
    _lock_assessment(handoff, generation, at=at)
    text = " ".join(steps.clean(text).split())
    if not text:
        raise _invalid("text", "Enter what was missing.")
    if len(text) > LONGEST_MISSING:
        raise _invalid("text", f"Use at most {LONGEST_MISSING} characters.")
    if step is not None and not handoff.session.steps.filter(number=step).exists():
        raise _invalid("step", "The session has no such step.")
    text = cut(redact(handoff.session_id, text, by_id=person.id, at=at), LONGEST_MISSING)
    kept, created = MissingEntry.objects.get_or_create(
        handoff=handoff,
        by_id=person.id,
        text=text,
        defaults={"account_id": handoff.account_id, "generation": handoff.assessed_generation, "step": step, "at": at},
    )
    if created:
        _publish(handoff, person, part="missing", at=at)
    return kept


def _claimer(pk: uuid.UUID, by: User) -> tuple[Person, SessionHandoff]:
    person, handoff = look_up_active(pk, by)
    if not may_judge(person, handoff):
        raise Refuse("not_allowed", NOT_YOURS)
    return person, handoff


def _lock_assessment(handoff: SessionHandoff, generation: int | None, *, at: datetime) -> dict[str, Any]:
    """Locks the assessment and marks it as judged, so that it is never replaced. 409 if there is none, or a newer one."""
    if handoff.assessment_state != SessionHandoff.Assessed.READY or not handoff.assessment:
        raise Refuse("session_changed", "There is no summary to judge.")
    seen = handoff.assessed_generation
    rows = SessionHandoff.objects.filter(pk=handoff.pk, account_id=handoff.account_id, assessed_generation=seen)
    if generation not in (None, seen) or not rows.update(assessment_judged_at=Coalesce("assessment_judged_at", at)):
        raise conflict_error()
    return handoff.assessment


def _invalid(field: str, text: str) -> Refuse:
    return Refuse("invalid", text, fields={field: [text]})


def _publish(handoff: SessionHandoff, person: Person, *, part: str, entry: int | None = None, verdict: str = "", at: datetime) -> None:
    record(
        AssessmentJudged(
            account_id=handoff.account_id,
            by_id=person.id,
            session=handoff.session_id,
            handoff=handoff.pk,
            part=part,
            entry=entry,
            verdict=verdict,
            at=at,
        )
    )
