"""What a verb returns, and the transaction it runs in.

A verb changes state by guarded updates and returns a fact: its own result, or `Refused`. Inside its transaction it
raises `Refuse`, which rolls back what it has already written; the caller gets the `Refused` value.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected

# The error codes of refusals and their HTTP statuses. docs/contract.md lists them.
STATUS = {
    "unauthenticated": 401,
    "not_found": 404,
    "not_allowed": 403,
    "inactive": 403,
    "own_handoff": 403,
    "withdrawn": 410,
    "returned": 410,
    "superseded": 410,
    "secret_removed": 410,
    "secret_unreadable": 410,
    "already_claimed": 409,
    "session_changed": 409,
    "person_changed": 409,
    "last_owner": 409,
    "invalid": 422,
    "too_many": 429,
}


# Seconds before a verb that met a deadlock is tried again.
PAUSE = (0.02, 0.3)


@dataclass(frozen=True, slots=True)
class Refused:
    """A verb was refused and nothing was changed. `error` is one of `STATUS`; `extra` is added to the JSON answer."""

    error: str
    detail: str
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return STATUS[self.error]


class Refuse(Exception):
    """Ends a verb and rolls its transaction back."""

    def __init__(self, error: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.refused = Refused(error, detail, extra)


def verb[**P, R](function: Callable[P, R]) -> Callable[P, R | Refused]:
    """Runs `function` in one transaction, and retries once after a deadlock (PostgreSQL rolled that transaction back), at a moment of its
    own: of two that held each other up, both may have been rolled back, and must not meet again."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R | Refused:
        nested = connection.in_atomic_block
        for last_try in (nested, True):
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except Refuse as refuse:
                return refuse.refused
            except OperationalError as error:
                if last_try or not isinstance(error.__cause__, DeadlockDetected):
                    raise
                time.sleep(random.uniform(*PAUSE))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable: the second try returns or raises")

    return run
