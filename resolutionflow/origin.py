"""Which pages may open the live socket: the same that may send forms (Django's CSRF check), because it opens with the same cookies."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

Application = Callable[[dict[str, Any], Any, Any], Awaitable[Any]]

_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?")
_PORTS = {"http": "80", "https": "443"}


class OwnOrigin:
    """Only pages of our own hosts. A client without an Origin header is not a browser, so it can't misuse somebody's cookies."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        if _is_ours(scope):
            return await self.application(scope, receive, send)
        return await WebsocketDenier()(scope, receive, send)


def _is_ours(scope: dict[str, Any]) -> bool:
    origins = _headers(scope, b"origin")
    if not origins:
        return True
    origin = _ORIGIN.fullmatch(origins[0].lower()) if len(origins) == 1 else None
    if origin is None:
        return False
    if any(_matches(origin, trusted) for trusted in settings.CSRF_TRUSTED_ORIGINS):
        return True
    if not validate_host(origin["host"], settings.ALLOWED_HOSTS):
        return False
    hosts = _headers(scope, b"host")
    if not hosts:
        # No browser leaves it out.
        return True
    host, port = split_domain_port(hosts[0])
    scheme = _scheme(scope)
    ours = (scheme, host, port or _PORTS[scheme])
    return len(hosts) == 1 and (origin["scheme"], origin["host"], origin["port"] or _PORTS[origin["scheme"]]) == ours


def _headers(scope: dict[str, Any], name: bytes) -> list[str]:
    return [value.decode("latin1") for key, value in scope.get("headers", []) if key == name]


def _scheme(scope: dict[str, Any]) -> str:
    """How the browser came: over TLS, as far as the proxy says so."""
    if settings.SECURE_PROXY_SSL_HEADER:
        forwarded = _headers(scope, b"x-forwarded-proto")
        if forwarded:
            return "https" if forwarded[0].split(",")[0].strip().lower() in ("https", "wss") else "http"
    return "https" if scope.get("scheme") == "wss" else "http"


def _matches(origin: re.Match[str], trusted: str) -> bool:
    """`trusted` is an entry of CSRF_TRUSTED_ORIGINS, whose host may begin with "*."."""
    scheme, _, rest = trusted.lower().partition("://")
    wildcard = rest.startswith("*.")
    found = _ORIGIN.fullmatch(f"{scheme}://{rest.removeprefix('*.')}")
    if found is None or found["scheme"] != origin["scheme"]:
        return False
    if (found["port"] or _PORTS[scheme]) != (origin["port"] or _PORTS[scheme]):
        return False
    return origin["host"].endswith(f".{found['host']}") if wildcard else origin["host"] == found["host"]
