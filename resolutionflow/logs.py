"""Structured logs on standard output: one JSON object a line, with the request's id; ids only, never texts of tickets."""

import logging
import re
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from redaction.mask import mask_within

log = structlog.get_logger("request")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# Requested every few seconds by monitoring; only failures are logged.
_QUIET = {"/healthz", "/readyz"}


def _no_values(logger: Any, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Drops exception messages, which may contain data (PostgreSQL shows the failing row). Type and traceback remain."""
    for raised in event.get("exception") or ():
        if isinstance(raised, dict):
            raised.pop("exc_value", None)
            raised.pop("exc_notes", None)
    return event


def _no_secrets(logger: Any, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Masks secrets in log lines like in sessions, so that no log contains a password."""
    return {key: mask_within(value) for key, value in event.items()}


def logging_config(*, debug: bool, quiet: bool = False) -> None:
    """Sends the standard library's and our own logs through one formatter. `quiet` is for tests and for commands, whose standard output
    is data: warnings and errors only, on standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr if quiet else sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
                _no_values,
                _no_secrets,
                structlog.processors.JSONRenderer(default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING if quiet else logging.INFO)
    # Daphne and Django log each request with its query string; our own line has none.
    for name in ("daphne.http_protocol", "django.channels.server", "daphne.ws_protocol"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("django.request").setLevel(logging.ERROR)
    # Anybody can send a Host that is not ours, or an address too long to come back to after signing in, and Django logs each as an error.
    # They are answered with 400, which our own line says.
    for name in ("DisallowedHost", "DisallowedRedirect"):
        logging.getLogger(f"django.security.{name}").setLevel(logging.CRITICAL)
    for name in ("procrastinate.blueprints", "procrastinate.periodic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=not debug,
    )


class RequestLog:
    """Gives each request an id (kept where a proxy sent one), returns it as `X-Request-ID`, and logs one line when it is answered."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._async_call(request)
        began = self._begin(request)
        response = self.get_response(request)
        assert isinstance(response, HttpResponseBase)
        return self._end(request, response, began)

    async def _async_call(self, request: HttpRequest) -> HttpResponseBase:
        began = self._begin(request)
        response = self.get_response(request)
        assert not isinstance(response, HttpResponseBase)
        return self._end(request, await response, began)

    def _begin(self, request: HttpRequest) -> float:
        sent = request.headers.get("X-Request-ID", "")
        request.request_id = sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.request_id)  # type: ignore[attr-defined]
        return time.perf_counter()

    def _end(self, request: HttpRequest, response: HttpResponseBase, began: float) -> HttpResponseBase:
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        if request.path not in _QUIET or response.status_code >= 500:
            user = getattr(request, "_cached_user", None)
            log.info(
                "answered",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round((time.perf_counter() - began) * 1000, 1),
                user=getattr(user, "pk", None),
            )
        return response
