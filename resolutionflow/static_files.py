"""How static files are served in production."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Compressed files with their hash in the name; what JavaScript modules import gets its hashed name too.

    Otherwise an import would lead to the plain name, which browsers don't cache, and which may be newer or older than the page.
    """

    support_js_module_import_aggregation = True
