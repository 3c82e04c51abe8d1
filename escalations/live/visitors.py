"""Whose sockets these are. A handful of queries for all that connect at the same time: after a restart, a thousand pages do."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import EventCounter, User
from accounts.sessions import SessionStore, is_key
from handoffs.models import SessionHandoff


@dataclass(frozen=True, slots=True)
class Knock:
    """What a page that connects gives: its cookie, and the handoff that it shows."""

    session_key: str
    handoff: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    user_id: int
    name: str
    account_id: int
    role: str
    password: str
    session_key: str
    # The handoff that the page shows, if it belongs to the account.
    handoff: str | None
    # The number of the account's last event.
    number: int


def visitors_of(knocks: Sequence[Knock]) -> list[Visitor | None]:
    """Who each of them is: None for whoever is signed out, inactive or of no account. The same verdict as `django.contrib.auth.get_user`
    (`ModelBackend.get_user` for all at once), but nothing is written."""
    sessions = _sessions({knock.session_key for knock in knocks if is_key(knock.session_key)})
    ids = {key: pk for key, data in sessions.items() if (pk := _user_id(data)) is not None}
    users = _users(set(ids.values()))
    valid = {key: users[pk] for key, pk in ids.items() if pk in users and _is_valid(sessions[key], users[pk])}
    handoffs = _handoffs({knock.handoff for knock in knocks if knock.handoff and knock.session_key in valid})
    return [_visitor(knock, valid.get(knock.session_key), handoffs) for knock in knocks]


def _sessions(keys: set[str]) -> dict[str, dict[str, Any]]:
    rows = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now()).values_list("session_key", "session_data")
    # One that was tampered with is empty.
    return {key: SessionStore().decode(data) for key, data in rows}


def _users(ids: set[int]) -> Mapping[int, User]:
    number = EventCounter.objects.filter(account=OuterRef("account")).values("last")
    return User.objects.filter(account__isnull=False).annotate(event_number=Subquery(number)).in_bulk(ids)


def _handoffs(ids: set[uuid.UUID]) -> dict[uuid.UUID, int]:
    """The accounts of those that anybody may be told of."""
    if not ids:
        return {}
    return dict(SessionHandoff.objects.escalations().filter(pk__in=ids).values_list("pk", "account_id"))


def _user_id(data: Mapping[str, Any]) -> int | None:
    if data.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        return int(User._meta.pk.to_python(data[SESSION_KEY]))
    except (KeyError, TypeError, ValidationError):
        return None


def _is_valid(data: Mapping[str, Any], user: User) -> bool:
    """Whether the person may sign in, and still has the password with which this session began."""
    # One of ours, and all of ours are ModelBackends (a test holds on to that).
    backend: Any = load_backend(data[BACKEND_SESSION_KEY])
    if not backend.user_can_authenticate(user):
        return False
    given = data.get(HASH_SESSION_KEY)
    if not given:
        return False
    return constant_time_compare(given, user.get_session_auth_hash()) or any(
        constant_time_compare(given, fallback) for fallback in user.get_session_auth_fallback_hash()
    )


def _visitor(knock: Knock, user: Any, handoffs: Mapping[uuid.UUID, int]) -> Visitor | None:
    if user is None:
        return None
    return Visitor(
        user_id=user.pk,
        name=str(user),
        account_id=user.account_id,
        role=user.role,
        password=user.password,
        session_key=knock.session_key,
        handoff=str(knock.handoff) if knock.handoff and handoffs.get(knock.handoff) == user.account_id else None,
        number=user.event_number or 0,
    )
