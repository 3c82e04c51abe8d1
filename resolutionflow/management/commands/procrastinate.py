"""`manage.py procrastinate`, with a worker that goes on after the database was away (`resolutionflow/worker.py`)."""

import asyncio
import sys
from typing import Any

from procrastinate.cli import worker_
from procrastinate.contrib.django import app
from procrastinate.contrib.django.management.commands.procrastinate import Command as Procrastinate

from resolutionflow import worker


class Command(Procrastinate):
    def handle(self, *args: Any, **options: Any) -> None:
        if options.get("func") is not worker_:
            super().handle(*args, **options)
            return
        chosen = {name: value for name, value in options.items() if name not in {*self._django_options, "command", "func"}}
        self.stderr.write("Launching a worker on " + (", ".join(chosen.get("queues") or []) or "all queues"))
        try:
            asyncio.run(worker.run(app, **chosen))
        except Exception as error:
            self.stderr.write(f"The worker ended: {error}")
            sys.exit(1)
