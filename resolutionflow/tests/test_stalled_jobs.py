"""Jobs whose worker died are run again, and given up when they seem to kill workers."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job

from handoffs.jobs import request_assessment
from resolutionflow.tasks import MOST_ATTEMPTS, retry_stalled_jobs

pytestmark = pytest.mark.django_db(transaction=True)


def started_by_a_worker(handoff, *, silent_for: timedelta, attempts: int = 0) -> ProcrastinateJob:
    """A job that a worker has fetched, which then was not heard of for some time."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (%s) RETURNING id", [timezone.now() - silent_for])
        worker = cursor.fetchone()[0]
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s, attempts = %s WHERE args->>'handoff_id' = %s RETURNING id",
            [worker, attempts, str(handoff.pk)],
        )
        return ProcrastinateJob.objects.get(pk=cursor.fetchone()[0])


def look() -> None:
    worker_app = app.with_connector(app.connector.get_worker_connector())

    async def run() -> None:
        async with worker_app.open_async():
            job = Job(id=1, queue="housekeeping", lock=None, queueing_lock=None, task_name="resolutionflow.retry_stalled_jobs")
            await retry_stalled_jobs.func(JobContext(app=worker_app, job=job, abort_reason=lambda: None, start_timestamp=0.0), timestamp=0)

    async_to_sync(run)()


def test_the_job_of_a_dead_worker_goes_back_into_the_queue(handoff):
    job = started_by_a_worker(handoff, silent_for=timedelta(minutes=2))

    look()

    job.refresh_from_db()
    assert (job.status, job.attempts) == ("todo", 1)


def test_a_worker_that_reports_keeps_its_job(handoff):
    job = started_by_a_worker(handoff, silent_for=timedelta(seconds=5))

    look()

    job.refresh_from_db()
    assert (job.status, job.attempts) == ("doing", 0)


def test_a_job_that_never_finishes_is_given_up(handoff):
    job = started_by_a_worker(handoff, silent_for=timedelta(minutes=2), attempts=MOST_ATTEMPTS)

    look()

    job.refresh_from_db()
    assert job.status == "failed"


def test_what_waits_is_left_alone(handoff):
    request_assessment(handoff.pk)

    look()

    assert set(ProcrastinateJob.objects.values_list("status", flat=True)) == {"todo"}
