"""What only looks like a credential, or appears where one could: words about passwords, error codes, versions, paths."""

# ruff: noqa: E501  (a pattern is read best in one line)
import re
from pathlib import Path

# Words that follow "the password is", "password:" or "pw" but are not a password. Participles and the like are recognised by their endings.
_LISTED = (Path(__file__).parent / "harmless_words.txt").read_text(encoding="utf-8").splitlines()
_WORDS = frozenset(word for line in _LISTED if not line.startswith("#") for word in line.split())
_PARTICIPLE = re.compile(r"[a-z-]{3,}(?:ed|ing|ly|able|ible|ive|ful|less|tion|sion|ment|ness|ity|’s|'s|n't|n’t|'re|'ll)", re.IGNORECASE)
# Blanked out, a variable, a template or a field: the value is elsewhere.
_ELSEWHERE = re.compile(
    r"[\W_]+|[*•●x]{3,}\W*|[<\[({].*|.*[>\])}]|\$[A-Za-z_{(].*|%\w+%.*|@\w+|\.{2,}.*|…|your[-_ ]?\w+|my[-_]\w+|example\w*|placeholder|env[.:].*|process\.env.*|"
    r"os\.environ.*|getenv.*|get-credential.*|read-host.*|convertto-\w+.*|null,?|none,?|true|false|undefined",
    re.IGNORECASE,
)
_CODES = re.compile(
    r"0x[0-9a-f]{2,16}|-?\d{10}\(?0x.*|kb\d{5,8}|cve-\d{4}-\d+|aadsts\d+|ms\d{2}-\d{3}|"  # error codes, patches
    r"#?\d{1,3}|v?\d+(?:\.\d+){1,5}[a-z]?(?:[-+]\w+)?|"  # small numbers, versions and addresses
    r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}|[0-9a-f:]*::[0-9a-f:]*|"  # MAC and IPv6
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]m)?|\d{1,2}[ap]m|\d+(?:st|nd|rd|th)|"  # dates, times
    r"\d+(?:\.\d+)?(?:[kmgt]i?b|ms|s|h|d|m|x|%|px|hz|ghz|mhz|mbps|gbps|min|hrs?|days?|chars?|bits?)(?:/s)?|"  # amounts
    r"aes-?\d+(?:-\w+)*|sha-?\d+|tls-?[\d.]+|wpa[23]?(?:-\w+)*|rsa-?\d+|x\.?509|802\.1x|oauth ?\d?|pbkdf2|argon2\w*|rc4|3?des|ntlmv[12]",
    re.IGNORECASE,
)
# Tickets and numbered things: harmless unless a keyword announces a secret; then it may still be a password.
_NAMES = re.compile(
    r"[a-z]{1,5}\d?[-_]\d{3,9}|(?:inc|req|rfc|chg|tkt|ritm|task|sr|wo|prb)\d{4,10}|"
    r"(?:windows|win|server|office|outlook|exchange|sql|sharepoint|ios|android|macos|chrome|edge|firefox|version|build|step|page|item|line|room|port|vlan|"
    r"user|client|floor|desk|printer|print|switch|ap|pc|host|srv|site|case|ticket|issue|order|invoice|unit|bug|disk|slot|event|rule)[-_#]?\d{1,8}\w?[!?]?",
    re.IGNORECASE,
)
_GUID = re.compile(r"\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", re.IGNORECASE)
_ADDRESS = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?|ftp|file|ldaps?|rdp|ssh|smb|wss?)://[^\s:@]*(?::\d+)?(?:/[^\s]*)?|www\..+|\\\\.+|[A-Za-z]:[\\/].*|"
    r"(?:/[\w.-]+){2,}/?|~/.*|hk(?:lm|cu|cr|u|cc)[:\\].*|[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|io|local|lan|internal|corp|example|exe|dll|log|txt|docx?|xlsx?|pdf|msi|"
    r"ps1|bat|cmd|reg|inf|sys|zip|iso|ini|conf|cfg|json|xml|ya?ml|pst|ost|csv|html?|png|jpe?g|dev|uk|de|fr|us|co|edu|gov)(?::\d+)?(?:/.*)?",
    re.IGNORECASE,
)

_DIGIT = re.compile(r"\d")

# What a number counts: "is 8 characters", "was 90 days ago".
UNITS = re.compile(
    r"\s*+(?:[-+]\s*+)?(?:or more |to \d+ )?(?:characters?|chars?|digits?|letters?|days?|months?|weeks?|years?|hours?|hrs?|minutes?|mins?|seconds?|secs?|times?|attempts?|"
    r"tries|users?|people|percent|%|bits?|of |out of|or more|per )",
    re.IGNORECASE,
)


def ends_of(value: str) -> str:
    """A word, or the two ends of a very long one: what the judgements here look at, so that none takes longer for a longer word."""
    return value if len(value) <= 200 else value[:100] + value[-100:]


def has_digit(value: str) -> bool:
    return _DIGIT.search(value) is not None


def is_plain(value: str) -> bool:
    """Letters only, as words are written: "hunter", "Hunter", "HUNTER"; never "HunTer2"."""
    bare = ends_of(value).replace("-", "").replace("'", "").replace("’", "")
    return bare.isalpha() and (bare.islower() or bare.isupper() or bare.istitle())


def is_word(value: str) -> bool:
    """An everyday word that describes a password."""
    lowered = ends_of(value).lower().strip("\"'`“”‘’.,;:!?()[]…")
    return lowered in _WORDS or (is_plain(lowered) and bool(_PARTICIPLE.fullmatch(lowered)))


def is_elsewhere(value: str) -> bool:
    """Already masked, a variable or a template: the secret itself is not here."""
    return bool(_ELSEWHERE.fullmatch(ends_of(value)))


def is_reference(value: str, *, guid: bool = True, loose: bool = False) -> bool:
    """An error code, version, date, amount, address, path, ticket or numbered thing. `guid`: count a GUID too; `loose`: don't count tickets
    and numbered things, because the words before announce a secret."""
    bare = ends_of(value).strip("\"'`“”‘’.,;()")
    if _CODES.fullmatch(bare) or _ADDRESS.fullmatch(bare) or (guid and _GUID.fullmatch(bare)):
        return True
    return not loose and bool(_NAMES.fullmatch(bare))


def is_mixed(value: str, *, length: int = 6) -> bool:
    """Letters mixed with digits or symbols, as in nearly every password and hardly any word."""
    if len(value) < length:
        return False
    value = ends_of(value)
    letters, digits = any(c.isalpha() for c in value), has_digit(value)
    signs = any(not c.isalnum() and c not in "-_.'’" for c in value[:-1]) or value[-1] in "!$#*@&%+="
    return letters and (digits or signs)


_OUTSIDE = re.compile(r"[=<>()\[\]{}|;,/\\\"`]|://|^[-$%@&.]|\w@\w[\w-]*\.\w|\.\w{2,4}$|0x")
_NOT_ALONE = re.compile(
    r"[\w.+-]{3,}@[A-Za-z][\w.-]*|\w+![A-Za-z_$:~].*|(?i:ticket|case|issue|port|room|order|invoice|unit|bug|item|step|disk|slot|po|ref|req|site|desk|building|printer|door|gate|line|build|pr|job|session|"
    r"server|drive|event|task|asset|page|number|customer|account|machine|device|workstation|laptop|floor|rack|vm|host|channel|incident)#\d+[!?.]?|[A-Z]{3,}\w*\$\w+|#\w+|@\w+|\w+[?*]|[A-Za-z]+\d+!|\w+\*\w+|\w+'\w+!?|\w+:\w+.*"
)
_SEASONS = re.compile(
    r"(?:spring|summer|autumn|fall|winter|welcome|password|passw0rd|changeme|letmein|temp|start|qwerty)\w*\d+!", re.IGNORECASE
)


def stands_alone(word: str) -> bool:
    """A word that is a password anywhere: capitals, small letters, digits and symbols, and not a path or address."""
    if not 8 <= len(word) <= 64 or _OUTSIDE.search(word):
        return False
    kinds = (
        any(c.islower() for c in word),
        any(c.isupper() for c in word),
        any(c.isdigit() for c in word),
        any(c in "!@#$^*?" for c in word),
    )
    if not all(kinds) or is_reference(word):
        return False
    return not _NOT_ALONE.fullmatch(word) or bool(_SEASONS.fullmatch(word))
