"""Who may read and write a session, and the only way to get one for a request: what they may not see is a 404."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from accounts.models import User
from accounts.permissions import LEADS, Actor, is_lead, may_work
from flowpilot.guards import OPEN_FOR_WRITING, WHY_NOT
from flowpilot.models import AISession, SessionHolder

Status = AISession.Status

# The rule for reading exists twice: from the reader's side for pages, and from the session's side for frames on sockets.
# `tests/test_access.py` checks that they agree.


def readable_by(user: Actor) -> QuerySet[AISession]:
    """Sessions that `user` may read: those they opened, handle, or ever handled; all of the account's for admins and owners, and for
    everybody while one waits for a colleague (docs/contract.md)."""
    if not user.is_active or not user.account_id:
        return AISession.objects.none()
    return AISession.objects.filter(reduce(or_, _why_readable(user)), account_id=user.account_id)


def reasons_to_read(user: Actor) -> list[QuerySet[AISession]]:
    """The same sessions, for `flowpilot.lists`: one queryset for each reason."""
    if not user.is_active or not user.account_id:
        return [AISession.objects.none()]
    return [AISession.objects.filter(why, account_id=user.account_id) for why in _why_readable(user)]


def _why_readable(user: Actor) -> list[Q]:
    if is_lead(user):
        return [Q()]
    held = Exists(SessionHolder.objects.filter(session=OuterRef("pk"), user_id=user.id))
    return [Q(user_id=user.id), Q(handler_id=user.id), Q(status=AISession.Status.REQUESTING), Q(held)]


def readers_of(account_id: int, sessions: Sequence[AISession]) -> dict[uuid.UUID, frozenset[int] | None]:
    """For each of these sessions of one account, the ids of the people who may read it; None: everybody in the account.

    Two queries for any number of sessions. Whether the people are active is up to the caller.
    """
    narrow = [session for session in sessions if session.status != Status.REQUESTING]
    readers: dict[uuid.UUID, frozenset[int] | None] = {session.pk: None for session in sessions}
    if not narrow:
        return readers
    leads = set(User.objects.filter(account_id=account_id, is_active=True, role__in=LEADS).values_list("pk", flat=True))
    holders: dict[uuid.UUID, set[int]] = defaultdict(set)
    for session_id, user_id in SessionHolder.objects.filter(session__in=narrow).values_list("session_id", "user_id"):
        holders[session_id].add(user_id)
    for session in narrow:
        readers[session.pk] = frozenset({session.user_id, session.handler_id} | leads | holders[session.pk])
    return readers


def may_read(user: Actor, session_id: uuid.UUID) -> bool:
    return readable_by(user).filter(pk=session_id).exists()


def may_write(user: Actor, session: AISession) -> bool:
    """The opener and the handler; viewers never. Whether it is open for writing now is a separate question (`why_read_only`)."""
    return may_work(user) and user.account_id == session.account_id and user.id in (session.user_id, session.handler_id)


# What an admin or owner may take over. What waits is claimed or withdrawn.
TAKEN_OVER_FROM = (Status.ACTIVE, Status.PAUSED)


def may_take_over(user: Actor, session: AISession) -> bool:
    """Admins and owners of the account. Whether it can be taken over now is a separate question (`can_be_taken_over`)."""
    return is_lead(user) and user.account_id == session.account_id


def can_be_taken_over(user: Actor, session: AISession) -> bool:
    """For screens: they may, somebody else handles it, and somebody works on it or has parked it."""
    return may_take_over(user, session) and session.handler_id != user.id and session.status in TAKEN_OVER_FROM


def why_read_only(user: Actor, session: AISession) -> str:
    """Why somebody who can read a session can't write to it now; "" where they can."""
    if may_write(user, session) and session.status in OPEN_FOR_WRITING:
        return ""
    if session.status == Status.ACTIVE:
        return f"{session.handler} is working on it. You can read along."
    why = WHY_NOT[Status(session.status)]
    return f"{why} You can read along." if session.status == Status.REQUESTING else why


def get_readable(user: User, pk: uuid.UUID) -> AISession:
    session = readable_by(user).select_related("user", "handler", "account").filter(pk=pk).first()
    if session is None:
        raise Http404
    return session


def get_writable(user: User, pk: uuid.UUID) -> AISession:
    session = get_readable(user, pk)
    if not may_write(user, session):
        raise Http404
    return session
