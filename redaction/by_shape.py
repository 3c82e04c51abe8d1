"""Secrets recognised by their shape: the detectors of `detect-secrets`, plus what technicians come across."""

# ruff: noqa: E501  (a pattern is read best in one line)
import importlib
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from redaction.kinds import CARD, CODE, KEY, LICENCE, PASSWORD, PRIVATE_KEY, RECOVERY_KEY, TOKEN, Found

# Module, class and our kind. Left out: the detectors by entropy and by keyword and the one for addresses (they call hashes, host names and
# IP addresses secrets), Artifactory's (its "AP..." is how access points are called), those for JWT and OpenAI (a long run of "eyJ" or "sk-" costs
# them minutes), and those that `by_keyword.py` handles better.
_LIBRARY = (
    ("aws", "AWSKeyDetector", KEY),
    ("discord", "DiscordBotTokenDetector", TOKEN),
    ("github_token", "GitHubTokenDetector", TOKEN),
    ("gitlab_token", "GitLabTokenDetector", TOKEN),
    ("mailchimp", "MailchimpDetector", KEY),
    ("pypi_token", "PypiTokenDetector", TOKEN),
    ("sendgrid", "SendGridDetector", KEY),
    ("slack", "SlackDetector", TOKEN),
    ("square_oauth", "SquareOAuthDetector", KEY),
    ("stripe", "StripeDetector", KEY),
    ("twilio", "TwilioKeyDetector", KEY),
)
# Without any of these the library finds nothing, so most texts skip it.
_LIBRARY_HINT = re.compile(
    r"A3T|ABIA|ACCA|AKIA|ASIA|aws|[MNO][\w-]{23,25}\.|gh[pousr]_|gl\w{2,5}-|GR1348|-us\d|sk-|pypi-|SG\.|xox|hooks\.slack|sq0csp|k_live_|AC[a-z0-9]{32}|SK[a-z0-9]{32}",
    re.IGNORECASE,
)

_BLOCK = re.compile(r"-----BEGIN (?P<what>[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)-----")
_LONGEST_BLOCK = 20_000
# A block without its end.
_LINES = re.compile(r"(?:(?:\s|\\n|\\r){0,4}[A-Za-z0-9+/=:,_ -]{1,200}){0,400}")
_PUTTY = re.compile(r"Private-Lines: \d+\r?\n(?P<value>(?:[A-Za-z0-9+/=]{1,80}\r?\n?){1,200})(?:Private-MAC: [0-9a-f]+)?")
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![\d-])\d{6}(?:[ -]\d{6}){5,7}(?![\d-])"), RECOVERY_KEY),
    (re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,14}://[^\s:/@\"'<>]{0,80}:(?P<value>[^\s@\"'<>]{1,100})@(?=[\w\[])"), PASSWORD),
    (
        re.compile(
            r"\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abprse]-[\w-]{10,}|\bxapp-[\w-]{10,}|\bhf_[A-Za-z0-9]{20,}"
        ),
        TOKEN,
    ),
    (re.compile(r"\bnpm_[A-Za-z0-9]{30,}|\bdckr_pat_[\w-]{20,}|\bya29\.[\w-]{20,}|\bdop_v1_[0-9a-f]{40,}|\bEAA[A-Za-z0-9]{60,}"), TOKEN),
    (
        re.compile(
            r"\bsk-(?:ant-|proj-)?[\w-]{16,}|\bAIza[\w-]{30,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bAKIA[0-9A-Z]{12,}\b|\bkey-[0-9a-f]{32}\b"
        ),
        KEY,
    ),
    # A client secret of Entra ID.
    (re.compile(r"(?<![\w~.-])[A-Za-z0-9~._-]{3}\dQ~[A-Za-z0-9~._-]{31,34}(?![\w~-])"), KEY),
    # A run of "eyJ-eyJ-" without a dot is passed over as a whole: looked at again from each "eyJ", it would take quadratic time.
    (re.compile(r"\b(?:(?P<value>eyJ[\w-]{10,}+\.[\w-]{5,}(?:\.[\w-]*)?)|eyJ[\w-]{10,})"), TOKEN),
    (re.compile(r"(?<![\w:])\d{8,10}:AA[\w-]{33}(?!\w)"), TOKEN),
    # Password hashes, which can be cracked.
    (re.compile(r"\$(?:1|5|6|7|2[abxy]|y|apr1|argon2(?:id?|d)|8|9)\$[./A-Za-z0-9$=,+-]{16,200}"), PASSWORD),
    (re.compile(r"(?<=:)[0-9a-fA-F]{32}:[0-9a-fA-F]{32}(?=:::)"), PASSWORD),
    (re.compile(r"(?<![A-Z0-9-])(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z0-9]{5}(?:-[A-Z0-9]{5}){4}(?![A-Z0-9-])"), LICENCE),
    (re.compile(r"\botpauth://\S{0,400}?[?&]secret=(?P<value>[A-Za-z2-7=]{8,})", re.IGNORECASE), KEY),
    # "admin/Passw0rd!", "root : toor123!": an account that every device has, and what follows it. A path holds no sign and no capital.
    (
        re.compile(
            r"(?<![\w/.@\\-])(?i:admin|administrator|root|sa|ubnt|cisco|guest)(?: ?/ ?|:)(?P<value>(?=[^\s/]{0,63}\d)(?=[^\s/]{0,63}[A-Za-z])"
            r"(?=[^\s/]{0,63}?[!#$%&*?+]|[^\s/A-Za-z]{0,62}[A-Z][^\s/a-z]{0,62}[a-z]|[^\s/A-Za-z]{0,62}[a-z][^\s/A-Z]{0,62}[A-Z])[^\s/:,;]{6,64}?)(?=[\s,;)]|[.?]?(?:\s|$))"
        ),
        PASSWORD,
    ),
    (re.compile(r"\bG-(?P<value>\d{6})(?= is your)"), CODE),
    (re.compile(r"(?<![\w.-])(?P<value>\d{3}[ -]?\d{3,5})(?= is your (?:\w+ ){0,4}(?:code|pin|otp|passcode)\b)", re.IGNORECASE), CODE),
    (
        re.compile(
            r"[?&](?:access_token|refresh_token|id_token|auth|token|sig|signature|api_?key|apikey|subscription-key|secret|client_secret)="
            r"(?P<value>[^\s&#\"'<>;]{4,2000})",
            re.IGNORECASE,
        ),
        TOKEN,
    ),
    (re.compile(r"[?&](?:password|passwd|pwd|pass)=(?P<value>[^\s&#\"'<>;]{3,200})", re.IGNORECASE), PASSWORD),
    (
        re.compile(
            r"\b(?:sessionid|jsessionid|phpsessid|asp\.net_sessionid|\.aspxauth|connect\.sid|laravel_session|estsauth\w*|fedauth|rtfa)=(?P<value>[^;\s\"']{8,4000})",
            re.IGNORECASE,
        ),
        TOKEN,
    ),
)

_DIGITS = re.compile(r"(?<![\w.:+-])(?<![#$€£])\d(?:[ -]?\d){13,18}(?![\w:-])(?!\.\d)")
_BRANDS = re.compile(
    r"4\d{15}|4\d{18}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14}"
)
_GROUPS = re.compile(r"\d+|(?:\d{4}[ -]){3}\d{4}(?:[ -]\d{3})?|\d{4}[ -]\d{6}[ -]\d{4,5}")


@cache
def _plugins() -> list[tuple[Any, str]]:
    return [(getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)(), kind) for module, name, kind in _LIBRARY]


def _by_library(text: str) -> Iterator[Found]:
    """Spans, where the library's own `analyze_string` yields bare strings (and of some patterns only the prefix)."""
    for plugin, kind in _plugins():
        for pattern in plugin.denylist:
            for match in pattern.finditer(text):
                group = 1 if pattern.groups and len(match[1] or "") >= 20 else 0
                start, end = match.span(group)
                alone = not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())
                if alone:
                    yield Found(start, end, kind)


def _luhn(digits: str) -> bool:
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if index % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _cards(text: str) -> Iterator[Found]:
    for match in _DIGITS.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _GROUPS.fullmatch(match[0]) and _BRANDS.fullmatch(digits) and _luhn(digits) and len(set(digits)) > 1:
            yield Found(match.start(), match.end(), CARD)


def _blocks(text: str) -> Iterator[Found]:
    """Private keys from BEGIN to END, or as far as their lines go."""
    last = 0
    for match in _BLOCK.finditer(text):
        if match.start() < last:
            continue
        closing = f"-----END {match['what']}-----"
        end = text.find(closing, match.end() + 1, match.end() + _LONGEST_BLOCK + len(closing))
        lines = None if end >= 0 else _LINES.match(text, match.end())
        last = end + len(closing) if lines is None else lines.end()
        yield Found(match.start(), match.start() + len(text[match.start() : last].rstrip()), PRIVATE_KEY)


def by_shape(text: str) -> Iterator[Found]:
    yield from _blocks(text)
    for match in _PUTTY.finditer(text):
        yield Found(match.start("value"), match.start() + len(match[0].rstrip()), PRIVATE_KEY)
    for pattern, kind in _SHAPES:
        for match in pattern.finditer(text):
            start, end = match.span("value") if "value" in pattern.groupindex else match.span()
            if start >= 0:
                yield Found(start, end, kind)
    if _LIBRARY_HINT.search(text):
        yield from _by_library(text)
    yield from _cards(text)
