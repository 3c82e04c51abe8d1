"""Looking at a hidden secret, removing one, and shredding what is old. Each reveal and each removal is on the record."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from accounts.events import News, record
from accounts.models import User
from accounts.people import Person
from accounts.verbs import Refuse, verb
from flowpilot import steps
from flowpilot.models import AISession, Task
from flowpilot.secrets.cipher import Unreadable, unseal
from flowpilot.secrets.kinds import placeholder
from flowpilot.secrets.models import Secret
from flowpilot.sessions import worker, writable_rows
from flowpilot.steps import NewStep

NOT_THERE = "There is no such secret in this session."
REMOVED = "It was removed and cannot be shown any more."
UNREADABLE = (
    "It cannot be opened: the key that it was kept with is not set here any more. An administrator can add it to SECRETS_KEY again."
)


@dataclass(frozen=True, slots=True)
class Revealed:
    number: int
    kind: str
    value: str


@verb
def reveal(session_id: uuid.UUID, number: int, *, by: User, at: datetime | None = None) -> Revealed:
    """The value, for the opener and the handler. Leaves a line on the timeline and an event; each time counts."""
    at = at or timezone.now()
    person = worker(by)
    secret = _held(session_id, number, person)
    assert secret.ciphertext is not None
    try:
        value = unseal(session_id, number, secret.ciphertext)
    except Unreadable:
        raise Refuse("secret_unreadable", UNREADABLE) from None
    _tell("revealed", "secret_revealed", secret, person, at=at)
    return Revealed(number, secret.kind, value)


@verb
def remove(session_id: uuid.UUID, number: int, *, by: User, at: datetime | None = None) -> Secret:
    """Erases one secret for good. Pressed twice, nothing more happens."""
    at = at or timezone.now()
    person = worker(by)
    secret = _held(session_id, number, person, gone=True)
    if Secret.objects.filter(pk=secret.pk, shredded_at=None).update(ciphertext=None, digest=None, shredded_at=at):
        _tell("removed", "secret_removed", secret, person, at=at)
    secret.refresh_from_db()
    return secret


def _held(session_id: uuid.UUID, number: int, person: Person, *, gone: bool = False) -> Secret:
    """The secret, with the session's row held to the commit: a reveal and a removal never pass each other unseen."""
    if not writable_rows(session_id, person).update(step_count=F("step_count")):
        raise Refuse("not_found", "There is nothing here, or it is not yours to see.")
    secret = Secret.objects.filter(session_id=session_id, number=number).first()
    if secret is None:
        raise Refuse("not_found", NOT_THERE)
    if secret.shredded_at is not None and not gone:
        raise Refuse("secret_removed", REMOVED)
    return secret


def _tell(word: str, kind: str, secret: Secret, person: Person, *, at: datetime) -> None:
    line = f"{person.short_name} {word} the {secret.kind} {_place(secret)}"
    new = [NewStep("system", line, author_kind="system", author_id=person.id)]
    # Not steps.write: that somebody looked is no work on the session, and a session given up is as old as it was.
    AISession.objects.filter(pk=secret.session_id).update(**steps.numbers(new))
    written = steps.write_numbered(secret.session_id, new, at=at)
    details = {"secret": secret.number, "kind": secret.kind, "step": written[0].number}
    record(News(kind, person.account_id, person.id, session=secret.session_id, details=details, at=at))


def _place(secret: Secret) -> str:
    """Where in the session it stands: "of step 3", "of card 2"; its number where no text names it any more."""
    text = placeholder(secret.kind, secret.number)
    said = secret.session.steps.filter(Q(text__contains=text) | Q(asked__contains=text) | Q(command__contains=text))
    step = said.order_by("number").values_list("number", flat=True).first()
    if step is not None:
        return f"of step {step}"
    cards = Task.objects.filter(session_id=secret.session_id, answer__contains=text)
    card = cards.order_by("number").values_list("number", flat=True).first()
    return f"of card {card}" if card is not None else f"number {secret.number}"


def outlived(now: datetime) -> "Q":
    """Secrets of sessions that were resolved or given up longer ago than `SECRETS_KEPT_DAYS`."""
    before = now - timedelta(days=settings.SECRETS_KEPT_DAYS)
    ended = AISession.objects.filter(
        Q(status="resolved", resolved_at__lte=before) | Q(status="abandoned", updated_at__lte=before), secrets__shredded_at=None
    )
    return Q(shredded_at=None, session__in=ended.order_by().values("pk"))


def shred(*, now: datetime | None = None) -> int:
    """Erases what has outlived its session: ciphertext and digest. Reopened sessions keep theirs. Returns how many."""
    now = now or timezone.now()
    return Secret.objects.filter(outlived(now)).update(ciphertext=None, digest=None, shredded_at=now)
