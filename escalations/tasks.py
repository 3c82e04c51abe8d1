"""The figures above the queue, computed in the background."""

from procrastinate.contrib.django import app

from escalations import metrics

NAME = "escalations.keep_figures"


# Every minute. The queue shows what was computed last.
@app.periodic(cron="* * * * *")
@app.task(name=NAME, queue="housekeeping", queueing_lock=NAME)
def keep_figures(timestamp: int) -> None:
    metrics.keep_all(metrics.ABOVE_THE_QUEUE)
