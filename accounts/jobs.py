"""How background work is deferred and retried, the same in every app.

Each app defers by name (`jobs.py`) and says what runs in `tasks.py`, which stands on top of it. Jobs are rows of the same database: what is
deferred in a transaction exists exactly if it commits.
"""

import random
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 600.0
MOST_ATTEMPTS = 12


class GrowingPauses(BaseRetryStrategy):
    """Eleven more attempts, after about 2, 4, 8 seconds and so on up to 10 minutes: half an hour in all.

    Jittered by a quarter, so that jobs that failed together do not come back together.
    """

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if job.attempts + 1 >= MOST_ATTEMPTS:
            return None
        pause = min(FIRST_PAUSE * 2**job.attempts, LONGEST_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, not a secret
        return RetryDecision(retry_at=timezone.now() + timedelta(seconds=pause))


RETRY = GrowingPauses()


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
