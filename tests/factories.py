"""Rows with good defaults; a test names only what it is about."""

import copy
import re
from typing import Any

import factory
from django.utils import timezone

from accounts.models import Account, User
from flowpilot.models import AISession, SessionHolder, SessionStep, Task
from handoffs.models import SessionHandoff
from handoffs.opening import open_handoff

PASSWORD = "TestPass123!"
# Not the UPDATE of an upsert, which names no table, nor a word in a text.
_WRITES = re.compile(r'^[^\']*?\b(UPDATE|INSERT INTO) "?([a-z]+_[a-z]+)\b', re.MULTILINE)


class AccountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Account

    name = factory.Sequence(lambda n: f"Account {n}")
    slug = factory.Sequence(lambda n: f"account-{n}")


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.Sequence(lambda n: f"person{n}@example.com")
    account = factory.SubFactory(AccountFactory)
    role = "engineer"
    password = factory.django.Password(PASSWORD)


def make_session(user: User, *, lane: bool = True, **fields: Any) -> AISession:
    """An active session with three steps and, by default, a lane: one question done, one check open."""
    now = timezone.now()
    fields.setdefault("title", "Outlook asks for the password again and again")
    session = AISession.objects.create(
        account_id=user.account_id,
        user=user,
        handler=fields.pop("handler", user),
        problem_summary="Outlook asks for the password since the morning.",
        client=fields.pop("client", "Northgate Dental"),
        ticket=fields.pop("ticket", "48219"),
        domain=fields.pop("domain", "Microsoft 365"),
        step_count=3,
        card_count=2 if lane else 0,
        **fields,
    )
    SessionHolder.objects.create(session=session, user=user, since=now)
    words = [
        ("message", "person", "Outlook asks for the password since the morning. Error 0x8004010F."),
        ("reply", "assistant", "Does Outlook on the web take the same password?"),
        ("answer", "person", "Yes, Outlook on the web works."),
    ]
    steps = SessionStep.objects.bulk_create(
        SessionStep(
            session=session,
            number=number,
            kind=kind,
            author_kind=who,
            author=user if who == "person" else None,
            text=text,
            card=1 if kind == "answer" and lane else None,
            asked="Does Outlook on the web work?" if kind == "answer" else "",
            at=now,
        )
        for number, (kind, who, text) in enumerate(words, 1)
    )
    if lane:
        Task.objects.create(
            session=session,
            number=1,
            kind="question",
            state="done",
            title="Does Outlook on the web work?",
            answer=steps[2].text,
            sent_as=steps[2],
            by=user,
        )
        Task.objects.create(
            session=session, number=2, kind="check", title="List the stored credentials", command="cmdkey /list", state="active"
        )
    return session


def hand_off(session: AISession, by: User, **fields: Any) -> SessionHandoff:
    """Escalates through the real verb."""
    fields.setdefault("needs", "May I delete the stored credentials?")
    opened = open_handoff(session.pk, by=by, **fields)
    return opened.handoff


def copied[Row: (AISession, SessionHandoff)](row: Row, **fields: Any) -> Row:
    """An unsaved copy with another key."""
    another = copy.copy(row)
    another._state = type(row._state)()
    for name, value in {"pk": row._meta.pk.get_default(), **fields}.items():
        setattr(another, name, value)
    return another


def hand_off_many(by: User, count: int) -> None:
    """So many escalations, of which all but the first are copies: a page full of cards without an event and a job for each."""
    first = hand_off(make_session(by), by)
    first.refresh_from_db()
    sessions = AISession.objects.bulk_create(copied(first.session) for _ in range(count - 1))
    SessionHandoff.objects.bulk_create(copied(first, session=session, assessment_state="unavailable") for session in sessions)


def tables_written(captured: Any, *, with_inserts: bool = False) -> list[str]:
    """The tables of captured statements that take row locks, in their order: updates, the event counter, and inserts where asked for."""
    tables = []
    for query in captured:
        for verb, table in _WRITES.findall(query["sql"]):
            if verb == "UPDATE" or with_inserts or table == "accounts_eventcounter":
                tables.append(table)
    return tables
