"""How many tries at a password are allowed, and who gets in while somebody else is guessing.

    account   5 in 5 minutes, by the email address as typed, whether or not anybody has it
    address   30 in 5 minutes, by the client's address, whichever accounts it tries
    browser   5 in 5 minutes, for a browser in which this person has signed in before; instead of the two others

A try is counted before the password is hashed, in PostgreSQL and by one statement: exact across processes and restarts. A correct
password does not count. Setting a new password resets the count, whoever sets it.
"""

import ipaddress
import math
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import authenticate
from django.core import signing
from django.db import connection
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import SignInAttempt, User
from accounts.verbs import Refused

PERIOD = timedelta(minutes=5)
PER_ACCOUNT = 5
PER_BROWSER = 5
# An office signs in from one address.
PER_ADDRESS = 30

COOKIE = "known_browser"
_COOKIE_DAYS = 365
_SALT = "accounts.attempts.known_browser"

# With the expected state in its WHERE, a losing UPDATE could not tell how long to wait; this counts those who are over the limit, too.
_COUNT = """
INSERT INTO accounts_signinattempt AS known (key, since, count) VALUES (%(key)s, %(now)s, 1)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN known.since > %(ended)s THEN LEAST(known.count, 1000000) + 1 ELSE 1 END,
    since = CASE WHEN known.since > %(ended)s THEN known.since ELSE EXCLUDED.since END
RETURNING count, since
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that was allowed, and what it was counted under."""

    counted: tuple[tuple[str, datetime], ...] = ()

    def take_back(self) -> None:
        """The password was right: the try doesn't count."""
        for key, since in self.counted:
            SignInAttempt.objects.filter(key=key, since=since, count__gt=0).update(count=F("count") - 1)


def begin(email: str, *, address: str, browser: str = "", now: datetime | None = None) -> Attempt | Refused:
    """Counts a try at the password of `email`; call it before the password is checked. `browser` is the cookie of a known browser.

    Not inside a transaction: one that is rolled back would forget the try.
    """
    now = now or timezone.now()
    email = email.strip()
    person = User.objects.filter(email__iexact=email).order_by("pk").values_list("pk", "password").first()
    known = _nonce(browser, person[0]) if person else ""
    if known:
        limits = [(_key("browser", known), PER_BROWSER)]
    else:
        # First the address: one that guesses too much uses up nobody's tries.
        account = f"{person[0]} {person[1]}" if person else unicodedata.normalize("NFKC", email).casefold()
        limits = [(_key("address", _network(address)), PER_ADDRESS), (_key("account", account), PER_ACCOUNT)]
    counted: list[tuple[str, datetime]] = []
    for key, limit in limits:
        count, since = _count(key, now)
        if count > limit:
            return too_many(seconds=math.ceil((since + PERIOD - now).total_seconds()))
        counted.append((key, since))
    return Attempt(tuple(counted))


def check(email: str, password: str, *, address: str, browser: str = "", request: HttpRequest | None = None) -> User | Refused | None:
    """The person whose email address and password these are, or None. For every way in that asks for a password."""
    email = email.replace("\0", "")  # PostgreSQL refuses it
    attempt = begin(email, address=address, browser=browser)
    if isinstance(attempt, Refused):
        return attempt
    person = authenticate(request, email=email, password=password)
    if not isinstance(person, User):
        return None
    attempt.take_back()
    return person


def too_many(*, seconds: int) -> Refused:
    minutes = max(1, math.ceil(seconds / 60))
    wait = "a minute" if minutes == 1 else f"{minutes} minutes"
    detail = (
        f"Too many attempts. Try again in {wait}, use a browser in which you have signed in before, or ask an admin for a new password."
    )
    return Refused("too_many", detail, {"retry_after": max(1, seconds)})


def forget(now: datetime | None = None) -> int:
    """Deletes counts whose time is over. Returns how many."""
    return SignInAttempt.objects.filter(since__lte=(now or timezone.now()) - PERIOD).delete()[0]


def client_address(request: HttpRequest) -> str:
    """Where the request comes from: what the outermost trusted proxy saw, or the peer of the connection."""
    if settings.TRUSTED_PROXIES:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
        # Whatever is further left was written by the client.
        if len(hops) >= settings.TRUSTED_PROXIES and hops[-settings.TRUSTED_PROXIES]:
            return hops[-settings.TRUSTED_PROXIES]
    return str(request.META.get("REMOTE_ADDR") or "")


def remember_browser(request: HttpRequest, response: HttpResponse, person: User) -> None:
    """Marks the browser as known to this person, who has just signed in with it."""
    nonce = _nonce(request.COOKIES.get(COOKIE, ""), person.pk) or secrets.token_urlsafe(12)
    response.set_cookie(
        COOKIE,
        signing.dumps([person.pk, nonce], salt=_SALT),
        max_age=_COOKIE_DAYS * 86400,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _nonce(cookie: str, person: int) -> str:
    """Which known browser of this person it is; empty where it is none."""
    try:
        pk, nonce = signing.loads(cookie, salt=_SALT, max_age=_COOKIE_DAYS * 86400)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(nonce) if pk == person else ""


def _network(address: str) -> str:
    """An IPv6 client has a whole /64 to choose addresses from."""
    try:
        # Some proxies add the port.
        found = ipaddress.ip_address(address.partition("]")[0].removeprefix("[").partition("%")[0])
    except ValueError:
        return address.rpartition(":")[0] or address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


def _key(kind: str, value: str) -> str:
    """Neither an address nor who was tried can be read from the table."""
    return f"{kind}:{salted_hmac(f'accounts.attempts.{kind}', value, algorithm='sha256').hexdigest()}"


def _count(key: str, now: datetime) -> tuple[int, datetime]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"key": key, "now": now, "ended": now - PERIOD})
        row = cursor.fetchone()
    assert row is not None
    return row[0], row[1]
