"""`/healthz`: the process is running. `/readyz`: it can serve requests; the body says what is degraded."""

from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET
from procrastinate.contrib.django.models import ProcrastinateWorker
from psycopg_pool import PoolTimeout

from escalations.live.listener import listener

WORKER_SILENT = timedelta(seconds=60)


@login_not_required
@require_GET
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
@require_GET
def readyz(request: HttpRequest) -> JsonResponse:
    """503 if the database is unavailable or migrations are missing; 200 with `degraded` for problems of worker or listener."""
    body = {"status": "ok", "database": "ok", "migrations": "ok", "worker": "ok", "listener": listener.state}
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            body.update(status="unavailable", migrations="missing")
            return JsonResponse(body, status=503)
        alive = ProcrastinateWorker.objects.filter(last_heartbeat__gte=timezone.now() - WORKER_SILENT).exists()
    except (Error, PoolTimeout):
        body.update(status="unavailable", database="away", migrations="unknown", worker="unknown")
        return JsonResponse(body, status=503)
    if not alive:
        body.update(status="degraded", worker="silent")
    if body["listener"] == "reconnecting":
        body.update(status="degraded")
    return JsonResponse(body)
