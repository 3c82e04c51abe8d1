"""Imports sessions from conversation files: each turn becomes a step, in order, and no other steps are added."""

import uuid
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.events import record
from accounts.models import User
from accounts.verbs import Refuse, verb
from assistant.conversations import Conversation
from assistant.knowledge import match
from flowpilot import steps
from flowpilot.events import BegunBy, SessionOpened
from flowpilot.guards import worker
from flowpilot.models import AISession, SessionHolder, SessionStep
from flowpilot.steps import NewStep
from flowpilot.vault.redact import next_number, redact_all
from redaction.invisible import one_line
from redaction.kinds import cut
from redaction.mask import mask, mask_within

AuthorKind = SessionStep.AuthorKind

# From this score on, the best playbook sets the domain.
SURE_ENOUGH = 0.4


def import_key(conversation: Conversation) -> str:
    return f"conversation:{conversation.id}"[:80]


@verb
def import_conversation(conversation: Conversation, *, by: User, at: datetime | None = None) -> tuple[AISession, bool]:
    """The session of a conversation, and whether it is new. Importing the same file again returns the existing session.

    Turn i becomes step i + 1. The requester becomes the client; everybody else keeps their label in the source.
    """
    at = at or timezone.now()
    person = worker(by, holds=True)
    if not person.account_id:
        raise Refuse("not_allowed", "Staff without an account can't open sessions.")
    key = import_key(conversation)
    existing = AISession.objects.filter(account_id=person.account_id, import_key=key).first()
    if existing is not None:
        return existing, False
    first = next((turn.text for turn in conversation.turns if turn.speaker == "requester"), conversation.turns[0].text)
    pk = uuid.uuid4()
    typed = [one_line(conversation.title), steps.clean(first)]
    title, summary = redact_all(pk, typed, by_id=person.id, at=at)
    matches = match(f"{conversation.title}\n{first}")
    try:
        with transaction.atomic():
            session = AISession.objects.create(
                id=pk,
                account_id=person.account_id,
                user_id=person.id,
                handler_id=person.id,
                title=cut(title, 200) or "Imported conversation",
                problem_summary=cut(summary, 2000),
                secret_count=next_number(pk) if [title, summary] != typed else 0,
                domain=matches[0].playbook.domain if matches and matches[0].score >= SURE_ENOUGH else "",
                import_key=key,
                origin=mask_within(
                    {
                        "source": one_line(conversation.source),
                        "url": one_line(conversation.url_or_path),
                        "licence": one_line(conversation.licence),
                        "attribution": one_line(conversation.attribution),
                        "date": one_line(conversation.date),
                        "changes": conversation.changes,
                    }
                ),
                created_at=at,
                updated_at=at,
            )
    except IntegrityError as error:
        raise Refuse("session_changed", "The same conversation is being imported already.") from error
    SessionHolder.objects.create(session=session, user_id=person.id, since=at)
    new = [
        NewStep(
            SessionStep.Kind.MESSAGE,
            turn.text,
            author_kind=AuthorKind.CLIENT if turn.speaker == "requester" else AuthorKind.IMPORTED,
            author_label="" if turn.speaker == "requester" else mask(one_line(turn.who)),
        )
        for turn in conversation.turns
    ]
    written = steps.write(session.pk, new, at=at)
    record(
        SessionOpened(
            account_id=person.account_id, by_id=person.id, session=session.pk, to_state=AISession.Status.ACTIVE, imported=True, at=at
        ),
        steps.steps_added(person.account_id, session.pk, written, by_id=person.id, at=at, begun_by=BegunBy.IMPORT),
    )
    session.refresh_from_db()
    return session, True
