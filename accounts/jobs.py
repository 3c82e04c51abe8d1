"""How background work is deferred and retried, the same in every app.

Each app defers by name (`jobs.py`) and says what runs in `tasks.py`, which stands on top of it. Jobs are rows of the same database: what is
deferred in a transaction exists exactly if it commits.
"""

from datetime import datetime

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.retry import RetryStrategy

# Three more attempts, after 2, 4 and 8 seconds.
RETRY = RetryStrategy(max_attempts=3, exponential_wait=2)


def defer(task: str, *, at: datetime | None = None, lock: str | None = None, **arguments: str | int) -> None:
    """Defers a task by its name, now or for `at`. Of jobs with the same `lock` one runs at a time. Raises `TaskNotFound` for a name that
    no app has."""
    app.configure_task(task, allow_unknown=False, schedule_at=at, lock=lock).defer(**arguments)


def defer_once(task: str, key: str, *, at: datetime | None = None, lock: str | None = None, **arguments: str | int) -> None:
    """Defers a task unless one is waiting under the same key already: however often it is asked for, one waits at a time."""
    job = app.configure_task(task, allow_unknown=False, schedule_at=at, lock=lock, queueing_lock=f"{task}:{key}")
    try:
        # In a savepoint: the database refuses a second one, and that must not spoil the caller's transaction.
        with transaction.atomic():
            job.defer(**arguments)
    except AlreadyEnqueued:
        pass
