"""Reading settings from the environment. Whatever can't be read stops the start with a sentence that names the setting."""

import itertools
import math
import os
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured

_TRUE = frozenset({"true", "on", "yes", "y", "1"})
_FALSE = frozenset({"false", "off", "no", "n", "0"})
# What examples and templates put where a key belongs.
_PLACEHOLDERS = ("changeme", "change-me", "change_me", "password", "secret", "insecure", "example", "placeholder")
_HOST = re.compile(r"\.?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*", re.IGNORECASE)
_IPV6 = re.compile(r"\[[0-9a-f:.]+\]", re.IGNORECASE)
# Below a country's domain these are open to everybody, like ".com" itself: ".co.uk", ".com.au".
_OPEN_TO_ALL = frozenset({"ac", "co", "com", "edu", "gov", "net", "or", "org"})
_THIS_MACHINE = re.compile(r"localhost|.*\.localhost|127(\.\d+){3}|\[::1\]", re.IGNORECASE)


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def boolean(name: str, default: bool) -> bool:
    said = text(name).lower()
    if not said:
        return default
    if said not in _TRUE | _FALSE:
        raise ImproperlyConfigured(f'{name}="{said}" is neither true nor false. Use true or false.')
    return said in _TRUE


def integer(name: str, default: int, *, least: int = 0) -> int:
    said = text(name) or str(default)
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", said) or int(said) < least:
        raise ImproperlyConfigured(f'{name}="{said}" is not a whole number of {least} or more.')
    return int(said)


def number(name: str, default: float) -> float:
    said = text(name) or str(default)
    try:
        value = float(said)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ImproperlyConfigured(f'{name}="{said}" is not a number.')
    return value


def names(name: str, default: Sequence[str] = ()) -> list[str]:
    """Values separated by commas, without empty ones."""
    if name not in os.environ:
        return list(default)
    return [each.strip() for each in os.environ[name].split(",") if each.strip()]


def time_zone(name: str, default: str) -> str:
    said = text(name) or default
    try:
        ZoneInfo(said)
    except (ValueError, OSError, LookupError):
        raise ImproperlyConfigured(f'{name}="{said}" is not a time zone. Use a name like Europe/Berlin or UTC.') from None
    return said


def key_weakness(key: str, least: int) -> str:
    """Why a key is too weak to use, or nothing. Keys are random; this catches what people type instead."""
    if len(key) < least:
        return f"has fewer than {least} characters"
    if len(set(key)) < 10:
        return "uses too few different characters"
    if any(word in key.lower() for word in _PLACEHOLDERS):
        return "is a placeholder, not a random key"
    # In random keys no 8 characters come again, and neighbours don't follow each other in the alphabet or on the keyboard's digits.
    pieces = [key[start : start + 8] for start in range(len(key) - 7)]
    follows = sum(abs(ord(one) - ord(other)) <= 1 for one, other in itertools.pairwise(key))
    if len(set(pieces)) < len(pieces) or follows > len(key) / 2:
        return "repeats itself or follows a pattern"
    return ""


def require_strong(name: str, key: str, least: int) -> None:
    weakness = key_weakness(key, least)
    if weakness:
        raise ImproperlyConfigured(f"{name} {weakness}. Give at least {least} random characters; make them with: openssl rand -base64 48")


def is_this_machine(host: str) -> bool:
    return bool(_THIS_MACHINE.fullmatch(host))


def hosts(name: str, default: Sequence[str]) -> list[str]:
    """Host names for Django's ALLOWED_HOSTS: without a port; a leading dot includes subdomains."""
    found = names(name, default)
    if not found:
        raise ImproperlyConfigured(f"{name} is empty. Name the hosts that people open, separated by commas.")
    for host in found:
        if "*" in host:
            raise ImproperlyConfigured(f'{name} may not hold "*": it lets a foreign page open the live socket. Name the hosts.')
        if not _HOST.fullmatch(host) and not _IPV6.fullmatch(host):
            raise ImproperlyConfigured(f'{name} holds "{host}", which is not a host name. Write it without scheme, port and path.')
        if host.startswith(".") and _is_open_to_all(host[1:]):
            raise ImproperlyConfigured(f'{name} may not hold "{host}": anybody can register a name below it. Name your own domain.')
    return found


def origins(name: str) -> list[str]:
    """Origins for Django's CSRF_TRUSTED_ORIGINS: scheme and host; "*." includes subdomains."""
    found = names(name)
    for origin in found:
        try:
            parts = urlsplit(origin)
            host = parts.hostname or ""
            readable = parts.scheme in ("http", "https") and host and not parts.path and (parts.port is None or parts.port > 0)
        except ValueError:
            readable = False
        if not readable or parts.query or parts.fragment or parts.username is not None:
            raise ImproperlyConfigured(f'{name} holds "{origin}", which is not an origin. Write it like https://flow.acme.com.')
        if "*" in host and (not host.startswith("*.") or "*" in host[1:] or _is_open_to_all(host[2:])):
            raise ImproperlyConfigured(f'{name} may not hold "{origin}": it trusts pages that anybody can publish. Name your own domain.')
    return found


def _is_open_to_all(domain: str) -> bool:
    labels = domain.lower().split(".")
    return len(labels) < 2 or (len(labels) == 2 and labels[0] in _OPEN_TO_ALL and len(labels[1]) == 2)


def database(name: str) -> dict[str, Any]:
    """Django's configuration of the database that a URL names."""
    url = text(name)
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(f"{name} must begin with postgres:// or postgresql://; ResolutionFlow runs on PostgreSQL only.")
    try:
        port = urlsplit(url).port
        found: dict[str, Any] = dict(environ.Env.db_url_config(url))
    except ValueError:
        # Not the URL itself: it holds a password.
        raise ImproperlyConfigured(f"{name} can't be read. Write it like postgresql://user:password@host:5432/name.") from None
    if port == 0 or not found.get("NAME"):
        raise ImproperlyConfigured(f"{name} names no database. Write it like postgresql://user:password@host:5432/name.")
    found["ENGINE"] = "django.db.backends.postgresql"
    return found
