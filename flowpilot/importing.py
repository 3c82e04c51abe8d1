"""Sessions from conversation files: every turn a step, in order, nothing inserted before or between."""

import uuid
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.events import News, record
from accounts.models import User
from accounts.verbs import Refuse, verb
from flowpilot import steps
from flowpilot.conversations import Conversation
from flowpilot.models import AISession, SessionHand
from flowpilot.playbook_matching import match
from flowpilot.secrets.keeping import hide_all, next_number
from flowpilot.secrets.kinds import cut
from flowpilot.secrets.masking import mask, mask_within
from flowpilot.sessions import worker
from flowpilot.steps import NewStep

# A playbook this sure of its text names the problem's domain.
SURE_ENOUGH = 0.4


def import_key(conversation: Conversation) -> str:
    return f"conversation:{conversation.id}"[:80]


@verb
def import_conversation(conversation: Conversation, *, by: User, at: datetime | None = None) -> tuple[AISession, bool]:
    """The session made of a conversation, and whether it is new; the same file again finds the session it made before.

    Turn i becomes step i + 1. The requester's words are the client's; everybody else keeps the source's label.
    """
    at = at or timezone.now()
    person = worker(by)
    if not person.account_id:
        raise Refuse("not_allowed", "Staff of no account have no sessions.")
    key = import_key(conversation)
    existing = AISession.objects.filter(account_id=person.account_id, import_key=key).first()
    if existing is not None:
        return existing, False
    first = next((turn.text for turn in conversation.turns if turn.speaker == "requester"), conversation.turns[0].text)
    pk = uuid.uuid4()
    typed = [steps.clean(conversation.title), steps.clean(first)]
    title, summary = hide_all(pk, typed, by_id=person.id, at=at)
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
                        "source": conversation.source,
                        "url": conversation.url_or_path,
                        "licence": conversation.licence,
                        "attribution": conversation.attribution,
                        "date": conversation.date,
                        "changes": conversation.changes,
                    }
                ),
                created_at=at,
                updated_at=at,
            )
    except IntegrityError as error:
        raise Refuse("session_changed", "Another import of the same conversation is under way.") from error
    SessionHand.objects.create(session=session, user_id=person.id, since=at)
    new = [
        NewStep(
            "message",
            turn.text,
            author_kind="client" if turn.speaker == "requester" else "imported",
            author_label="" if turn.speaker == "requester" else mask(turn.who),
        )
        for turn in conversation.turns
    ]
    written = steps.write(session.pk, new, at=at)
    record(
        News("session_opened", person.account_id, person.id, session=session.pk, to_state="active", details={"imported": True}, at=at),
        steps.stepped(person.account_id, session.pk, written, by_id=person.id, at=at, begun_by="import"),
    )
    session.refresh_from_db()
    return session, True
