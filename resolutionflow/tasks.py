"""Housekeeping: jobs of dead workers, and counts that are over."""

import structlog
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from accounts import attempts

log = structlog.get_logger("jobs")

NAME = "resolutionflow.retry_stalled_jobs"

# A worker reports every 10 seconds. After this many without a report, it is taken for dead. With the pause between two looks, every job
# of a dead worker is back in the queue within a minute.
SECONDS_WITHOUT_REPORT = 30
# A job that was started this often and never finished probably kills its workers.
MOST_ATTEMPTS = 10


# The sixth field is seconds.
@app.periodic(cron="* * * * * */15")
@app.task(name=NAME, queue="housekeeping", queueing_lock=NAME, pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Puts the jobs of dead workers back into the queue; after `MOST_ATTEMPTS`, marks them as failed."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=SECONDS_WITHOUT_REPORT):
        if job.attempts >= MOST_ATTEMPTS and job.id is not None:
            await manager.finish_job_by_id_async(job_id=job.id, status=Status.FAILED, delete_job=False)
            log.error("stalled job failed", job=job.id, task=job.task_name, attempts=job.attempts)
        else:
            await manager.retry_job(job)
            log.warning("stalled job retried", job=job.id, task=job.task_name, attempts=job.attempts)


# How long finished jobs stay, for whoever wants to know what ran. Looks for stalled jobs alone are 5,760 rows a day.
HOURS_KEPT = 72


@app.periodic(cron="41 * * * *")
@app.task(name="resolutionflow.remove_old_jobs", queue="housekeeping", queueing_lock="resolutionflow.remove_old_jobs", pass_context=True)
async def remove_old_jobs(context: JobContext, timestamp: int) -> None:
    """Deletes jobs that ended well `HOURS_KEPT` ago; failed ones stay until somebody has looked at them."""
    await context.app.job_manager.delete_old_jobs(nb_hours=HOURS_KEPT)


# Every hour, at a minute when nothing else starts.
@app.periodic(cron="43 * * * *")
@app.task(name="resolutionflow.forget_sign_in_attempts", queue="housekeeping", queueing_lock="resolutionflow.forget_sign_in_attempts")
def forget_sign_in_attempts(timestamp: int) -> None:
    """Deletes counts of sign-in attempts whose time is over."""
    attempts.forget()
