"""The background work of a handoff, deferred in its own transaction: it exists exactly if the handoff does."""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued


@app.task(name="handoffs.assess", queue="assessments", retry=3)
def assess(handoff_id: str) -> None:
    from handoffs import assessment

    assessment.make(uuid.UUID(handoff_id), at=timezone.now())


@app.task(name="handoffs.assess_anew", queue="assessments", retry=3)
def assess_anew(handoff_id: str) -> None:
    """The same once more, when new steps came; at most one such job waits per handoff."""
    from handoffs import assessment

    assessment.make(uuid.UUID(handoff_id), at=timezone.now())


@app.task(name="handoffs.assess_lost", queue="assessments", retry=3)
def assess_lost(handoff_id: str) -> None:
    """Looks when the time of a generation is up: the worker that made it may have died."""
    from handoffs import assessment

    assessment.take_over(uuid.UUID(handoff_id), at=timezone.now())


def later(task: Any, handoff_id: uuid.UUID, when: datetime) -> None:
    """Defers one of the two above; one of each waits per handoff at a time, however often it is asked for."""
    job = task.configure(schedule_at=when, queueing_lock=f"{task.name}:{handoff_id}")
    try:
        # In a savepoint: the database refuses a second one, and that must not spoil the caller's transaction.
        with transaction.atomic():
            job.defer(handoff_id=str(handoff_id))
    except AlreadyEnqueued:
        pass
