"""From where the live socket may be opened."""

from typing import Any
from urllib.parse import ParseResult

from channels.security.websocket import OriginValidator
from django.conf import settings


class OwnOrigin(OriginValidator):
    """Pages of our own hosts. A client that names no origin is no browser (those always do), so it carries nobody's cookies unasked."""

    def __init__(self, application: Any) -> None:
        super().__init__(application, settings.ALLOWED_HOSTS)

    def valid_origin(self, parsed_origin: ParseResult | None) -> bool:
        return parsed_origin is None or bool(super().valid_origin(parsed_origin))
