"""The background work of a handoff, deferred in its own transaction: it exists exactly if the handoff does."""

import uuid

from django.utils import timezone
from procrastinate.contrib.django import app


@app.task(name="handoffs.assess", queue="assessments", retry=3)
def assess(handoff_id: str) -> None:
    from handoffs import assessment

    assessment.make(uuid.UUID(handoff_id), at=timezone.now())
