"""Who may read and write a session. The only way to get one for somebody; what is not theirs is a 404."""

import uuid

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from accounts.models import User
from accounts.people import LEADS, MAY_CLAIM, Person
from flowpilot.models import AISession, SessionHand


def readable_by(user: User | Person) -> QuerySet[AISession]:
    """Sessions that `user` may read: opened, handled, ever in their hands; all of the account's for admins and owners, and for
    everybody while one waits for a colleague (docs/contract.md)."""
    if not user.is_active or not user.account_id:
        return AISession.objects.none()
    sessions = AISession.objects.filter(account_id=user.account_id)
    if user.role in LEADS:
        return sessions
    return sessions.filter(
        Q(user_id=user.id)
        | Q(handler_id=user.id)
        | Q(status=AISession.Status.REQUESTING)
        | Exists(SessionHand.objects.filter(session=OuterRef("pk"), user_id=user.id))
    )


def may_read(user: User | Person, session_id: uuid.UUID) -> bool:
    return readable_by(user).filter(pk=session_id).exists()


def may_write(user: User, session: AISession) -> bool:
    """The opener and whoever handles it now, viewers never."""
    return bool(
        user.is_active
        and user.account_id == session.account_id
        and user.role in MAY_CLAIM
        and user.pk in (session.user_id, session.handler_id)
    )


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
