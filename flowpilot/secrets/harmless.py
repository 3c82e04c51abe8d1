"""What looks like a credential, or stands where one could stand, and is none: words about passwords, error codes, versions, hosts, paths."""

import re

# Words that follow "the password is", "password:" or "pw" without being one. Participles and the like are told by their endings.
_WORDS = frozenset(
    """
    a about access accepted account accounts across active actually after again against age ago all almost alone along already also always am an and another any
    anymore anyone anything anyway app are around as ask asks assigned at attempt attempts attached away back bad based be because been before being below
    between blank both box broken but by cached can cannot cant case change changed changes check checked choose clear cleared click client code common
    complete complex complexity compliant compromised configured confirm confirmed confirmation copied correct correctly could couldnt cracked created
    credential credentials current daily days dead default defaults delivered denied details did didnt different digits disabled displayed do does doesnt
    domain done dont down due each easy eight either email emailed empty enabled encrypted enforced enough enter entered entry error every everyone exactly
    except exempt expire expired expires expiring expiry external fail failed failing fails failure false field file fine first fixed following for force forced forgotten
    form from gave generated get gets getting given gone good had hard has hasnt have he help her here hers hidden him his history hit how however huge hours hour i
    identical if ignored immediately in inactive included incorrect independent info information input instead internal into invalid is isnt issue issued
    it its just kept key keys known last later least length less let letters like link list little local locked logged login long longer looks lost loop looping made
    mail managed manager mandatory many masked match matched matches matching maybe me mean means minimum minutes mine missing mistyped more most
    much must my name needed needs never new next no nobody none normal normally not nothing notified now null number nul nil n/a na obvious of off ok okay okta old
    on once one only open optional or other our out outdated over own page part pass passed passing passwd password passwords pasted pending per perhaps permanent
    personal pin please policies policy popup possible posted present prefilled previous private probably problem prompt prompted prompts protected protection provided
    public pushed put pw pwd random re-enter ready really recent recently redacted refused regarding rejected reused remembered remote removed
    renewed replaced request requested requests required requirement requirements reset resets resetting resolved respectively restored retyped return returned revoked right rotated
    safe same saved says screen secret secure secured see seen self send sent separate server set setting settings shared she should shown shows side sign
    since single site slow so solved some somebody someone something somewhere soon spelled step still stored strength string strong successful
    successfully such supplied support sure switch sync synced syncing system tab tell temporarily temporary test tested text than that thats the their them themselves then there
    these they thing things this those three through till time timed times to today together token tokens told tomorrow tonight too tried true try trying
    twice two type typed typo unable unavailable unchanged undefined unique unknown unless unlocked unset until untouched up update updated upon us use
    used useless user username users using usual valid value vault verified verification very via wait want wants was way we weak week weeks well went were what
    whatever when where which while who whole why wifi will window windows with without wont work worked working works would written wrong yes yesterday yet you your yours
    yourself zero bitwarden keepass lastpass 1password itglue hudu passportal azure entra mfa 2fa sso ldap saml oauth oauth2 ntlm kerberos authenticator
    sms app-password plain plaintext hash hashed md5 sha1 sha256 bcrypt basic digest bearer negotiate passcode passphrase unlock ctrl alt caps capslock admin administrator root
    absent affected allowed alphanumeric asap automatically average begin blocked both busy case-sensitive clearly confidential crap dont fully gmail google hello hi hmm hotmail icloud
    nope nah yep yeah yup sorry thanks thank dunno sure great cool ah oh um well lol hang hold moment sec second seconds month months minute
    outlook teams onedrive sharepoint exchange office office365 o365 m365 chrome edge firefox safari iphone ipad android mac macos linux ubuntu printer router vpn laptop
    kosher scrambled mismatch mismatched mandatory non-expiring never-expires self-service read-only write-only shredded purged asterisks stars dots
    """.split()
)
_PARTICIPLE = re.compile(r"[a-z-]{3,}(?:ed|ing|ly|able|ible|ive|ful|less|tion|sion|ment|ness|ity|’s|'s|n't|n’t|'re|'ll)", re.IGNORECASE)
# Blanked out, a variable, a template, a field: said to be elsewhere.
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
# Tickets and things with a number: harmless where nothing announces a secret, but somebody's password all the same where something does.
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

# What a number counts: "is 8 characters", "was 90 days ago".
UNITS = re.compile(
    r"\s*[-+]?\s*(?:or more |to \d+ )?(?:characters?|chars?|digits?|letters?|days?|months?|weeks?|years?|hours?|hrs?|minutes?|mins?|seconds?|secs?|times?|attempts?|"
    r"tries|users?|people|percent|%|bits?|of |out of|and|or more|per )",
    re.IGNORECASE,
)


def is_plain(value: str) -> bool:
    """Letters only, as words are written: "hunter", "Hunter", "HUNTER"; never "HunTer2"."""
    bare = value.replace("-", "").replace("'", "").replace("’", "")
    return bare.isalpha() and (bare.islower() or bare.isupper() or bare.istitle())


def is_word(value: str) -> bool:
    """A word of everyday language that says something about a password, and is none."""
    lowered = value.lower().strip("\"'`“”‘’.,;:!?()[]…")
    return lowered in _WORDS or (is_plain(lowered) and bool(_PARTICIPLE.fullmatch(lowered)))


def is_elsewhere(value: str) -> bool:
    """Masked already, a variable or a template: the secret itself does not stand here."""
    return bool(_ELSEWHERE.fullmatch(value))


def is_reference(value: str, *, guid: bool = True, loose: bool = False) -> bool:
    """An error code, a version, a date, an amount, an address, a path, a ticket or a thing with a number. `guid`: a GUID counts as one
    too; `loose`: tickets and numbered things do not, for the words before say that this is a secret."""
    bare = value.strip("\"'`“”‘’.,;()")
    if _CODES.fullmatch(bare) or _ADDRESS.fullmatch(bare) or (guid and _GUID.fullmatch(bare)):
        return True
    return not loose and bool(_NAMES.fullmatch(bare))


def is_mixed(value: str, *, length: int = 6) -> bool:
    """Letters with digits or signs in between, as in nearly every password and hardly any word."""
    if len(value) < length:
        return False
    letters, digits = any(c.isalpha() for c in value), any(c.isdigit() for c in value)
    signs = any(not c.isalnum() and c not in "-_.'’" for c in value[:-1]) or value[-1] in "!$#*@&%+="
    return letters and (digits or signs)


_OUTSIDE = re.compile(r"[=<>()\[\]{}|;,/\\\"`]|://|^[-$%@&.]|\w@\w[\w-]*\.\w|\.\w{2,4}$|0x")
_NOT_ALONE = re.compile(
    r"[\w.+-]{3,}@[A-Za-z][\w.-]*|\w+![A-Za-z_$:~].*|[A-Za-z]+#\d+[!?.]?|[A-Z]{3,}\w*\$\w+|#\w+|@\w+|\w+[?*]|[A-Za-z]+\d+!|\w+\*\w+|\w+'\w+!?|\w+:\w+.*"
)
_SEASONS = re.compile(
    r"(?:spring|summer|autumn|fall|winter|welcome|password|passw0rd|changeme|letmein|temp|start|qwerty)\w*\d+!", re.IGNORECASE
)


def stands_alone(word: str) -> bool:
    """A word that is a password wherever it stands: capitals, small letters, digits and signs in one, and no path, address or symbol."""
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
