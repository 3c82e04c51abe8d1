"""The background work of a handoff, as it runs. `jobs.py` defers it."""

import uuid

from django.utils import timezone
from procrastinate.contrib.django import app

from accounts.jobs import RETRY
from handoffs import assessment, jobs


@app.task(name=jobs.ASSESS, queue="assessments", retry=RETRY)
def assess(handoff_id: str) -> None:
    assessment.make(uuid.UUID(handoff_id), at=timezone.now())


@app.task(name=jobs.ASSESS_ANEW, queue="assessments", retry=RETRY)
def assess_anew(handoff_id: str) -> None:
    assessment.make(uuid.UUID(handoff_id), at=timezone.now())


@app.task(name=jobs.ASSESS_LOST, queue="assessments", retry=RETRY)
def assess_lost(handoff_id: str) -> None:
    """Looks when the time of a generation is up: the worker that was making it may have died."""
    assessment.take_over(uuid.UUID(handoff_id), at=timezone.now())
