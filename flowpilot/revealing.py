"""Revealing a secret, removing one, and shredding old ones. Each reveal and each removal is recorded."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from accounts.events import record
from accounts.models import User
from accounts.people import Person
from accounts.verbs import Refuse, verb
from flowpilot import steps
from flowpilot.event_steps import Event, event_step
from flowpilot.events import SecretEvent, SecretRemoved, SecretRevealed
from flowpilot.guards import NOT_FOUND, worker, writable_rows
from flowpilot.models import AISession, Secret, Task
from flowpilot.vault.cipher import Unreadable, unseal
from redaction.kinds import placeholder

Status = AISession.Status

NOT_THERE = "There is no such secret in this session."
REMOVED = "It was removed and can no longer be shown."
UNREADABLE = "It can't be decrypted: its key is no longer in SECRETS_KEY. An administrator can add it again."


@dataclass(frozen=True, slots=True)
class Revealed:
    number: int
    kind: str
    value: str


@verb
def reveal(session_id: uuid.UUID, number: int, *, by: User, at: datetime | None = None) -> Revealed:
    """Returns the value, to the opener and the handler. Each time is recorded on the timeline and as an event."""
    at = at or timezone.now()
    person = worker(by)
    secret = _locked(session_id, number, person)
    assert secret.ciphertext is not None
    try:
        value = unseal(session_id, number, secret.ciphertext)
    except Unreadable:
        raise Refuse("secret_unreadable", UNREADABLE) from None
    _publish(Event.SECRET_REVEALED, SecretRevealed, secret, person, at=at)
    return Revealed(number, secret.kind, value)


@verb
def remove(session_id: uuid.UUID, number: int, *, by: User, at: datetime | None = None) -> Secret:
    """Erases a secret permanently. Doing it again changes nothing."""
    at = at or timezone.now()
    person = worker(by)
    secret = _locked(session_id, number, person, gone=True)
    if Secret.objects.filter(pk=secret.pk, shredded_at=None).update(ciphertext=None, digest=None, shredded_at=at):
        _publish(Event.SECRET_REMOVED, SecretRemoved, secret, person, at=at)
    secret.refresh_from_db()
    return secret


def _locked(session_id: uuid.UUID, number: int, person: Person, *, gone: bool = False) -> Secret:
    """The secret, with the session's row locked until commit, so that a reveal and a removal wait for each other."""
    if not writable_rows(session_id, person).update(step_count=F("step_count")):
        raise Refuse("not_found", NOT_FOUND)
    secret = Secret.objects.filter(session_id=session_id, number=number).first()
    if secret is None:
        raise Refuse("not_found", NOT_THERE)
    if secret.shredded_at is not None and not gone:
        raise Refuse("secret_removed", REMOVED)
    return secret


def _publish(happened: Event, event: type[SecretEvent], secret: Secret, person: Person, *, at: datetime) -> None:
    new = [event_step(happened, person, thing=f"{secret.kind} {_place(secret)}")]
    # Not steps.write: revealing is not work on the session, so it must not change `updated_at`.
    AISession.objects.filter(pk=secret.session_id).update(**steps.numbers(new))
    written = steps.write_numbered(secret.session_id, new, at=at)
    record(
        event(
            account_id=person.account_id,
            by_id=person.id,
            session=secret.session_id,
            secret=secret.number,
            kind=secret.kind,
            step=written[0].number,
            at=at,
        )
    )


def _place(secret: Secret) -> str:
    """Where in the session it is: "in step 3", "in card 2"; its number where no text contains it any more."""
    text = placeholder(secret.kind, secret.number)
    said = secret.session.steps.filter(Q(text__contains=text) | Q(asked__contains=text) | Q(command__contains=text))
    step = said.order_by("number").values_list("number", flat=True).first()
    if step is not None:
        return f"in step {step}"
    cards = Task.objects.filter(session_id=secret.session_id, answer__contains=text)
    card = cards.order_by("number").values_list("number", flat=True).first()
    return f"in card {card}" if card is not None else f"number {secret.number}"


def expired(now: datetime) -> Q:
    """Secrets of sessions that were resolved or closed more than `SECRETS_KEPT_DAYS` ago."""
    before = now - timedelta(days=settings.SECRETS_KEPT_DAYS)
    ended = AISession.objects.filter(
        Q(status=Status.RESOLVED, resolved_at__lte=before) | Q(status=Status.ABANDONED, updated_at__lte=before), secrets__shredded_at=None
    )
    return Q(shredded_at=None, session__in=ended.order_by().values("pk"))


def shred(*, now: datetime | None = None) -> int:
    """Erases expired secrets: ciphertext and digest. Reopened sessions keep theirs. Returns how many."""
    now = now or timezone.now()
    return Secret.objects.filter(expired(now)).update(ciphertext=None, digest=None, shredded_at=now)
