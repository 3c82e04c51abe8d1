"""How static files are stored and served.

WhiteNoise's file response streams by a synchronous iterator, which Django under ASGI would drain in a thread and warn about.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(WhiteNoiseMiddleware):
    """Serves a static file whole: none is large, and most are answered with 304."""

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        found = static_file.get_response(request.method, request.META)
        body = b""
        if found.file is not None:
            with found.file as file:
                body = file.read()
        response = HttpResponse(body, status=int(found.status))
        # An absent body must not gain a Content-Type of Django's own.
        del response["Content-Type"]
        for key, value in found.headers:
            response[key] = value
        return response


class StaticFilesFirst:
    """An ASGI application that answers for static files itself and hands everything else to the one behind it.

    A page loads some 40 files, and Django takes a thread and all its middleware for each: that was almost half of a first visit's CPU.
    """

    def __init__(self, application: Callable[[Any, Any, Any], Awaitable[Any]]) -> None:
        self.application = application
        self.known = StaticFiles(lambda request: HttpResponse(status=404))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        # With DEBUG, WhiteNoise looks for changed files at each request; that stays with the middleware.
        static_file = None if self.known.autorefresh else self.known.files.get(scope["path"])
        if static_file is None:
            await self.application(scope, receive, send)
            return
        given = {f"HTTP_{name.decode('latin1').upper().replace('-', '_')}": value.decode("latin1") for name, value in scope["headers"]}
        found = static_file.get_response(scope["method"], given)
        body = b""
        if found.file is not None:
            with found.file as file:
                body = file.read()
        headers = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in found.headers]
        headers.append((b"x-content-type-options", b"nosniff"))
        await send({"type": "http.response.start", "status": int(found.status), "headers": headers})
        await send({"type": "http.response.body", "body": body})


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Compressed files with their hash in the name; what JavaScript modules import gets its hashed name too.

    Otherwise an import would lead to the plain name, which browsers don't cache, and which may be newer or older than the page.
    """

    support_js_module_import_aggregation = True
