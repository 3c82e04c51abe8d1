"""The background work of a handoff, as it runs. `jobs.py` defers it."""

import uuid

from procrastinate import JobContext
from procrastinate.contrib.django import app

from accounts.jobs import RETRY
from handoffs import assessment, jobs


@app.task(name=jobs.ASSESS, queue="assessments", retry=RETRY, pass_context=True)
def assess(context: JobContext, handoff_id: str) -> None:
    assessment.make(uuid.UUID(handoff_id), retried=context.job.attempts > 0)


@app.task(name=jobs.ASSESS_ANEW, queue="assessments", retry=RETRY, pass_context=True)
def assess_anew(context: JobContext, handoff_id: str) -> None:
    assessment.make(uuid.UUID(handoff_id), retried=context.job.attempts > 0)
