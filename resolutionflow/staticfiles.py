"""How static files are stored and served.

WhiteNoise's file response streams by a synchronous iterator, which Django under ASGI would drain in a thread and warn about.
"""

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


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Compressed files with their hash in the name; what JavaScript modules import gets its hashed name too.

    Otherwise an import would lead to the plain name, which browsers don't cache, and which may be newer or older than the page.
    """

    support_js_module_import_aggregation = True
