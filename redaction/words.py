"""Keywords that announce a credential, with its kind."""

# ruff: noqa: E501  (a pattern is read best in one line)
import re

from redaction.kinds import CODE, COMMUNITY, KEY, LICENCE, PASSWORD, PIN, RECOVERY_CODE, RECOVERY_KEY, TOKEN

_KEYWORDS = {
    RECOVERY_CODE: r"(?:recovery|backup|scratch|emergency|rescue)[ _-]?codes?",
    RECOVERY_KEY: r"(?:bitlocker|file ?vault|recovery)(?:[ _-]recovery)?[ _-]?(?:key|password)",
    COMMUNITY: r"snmp(?:v?[12]c?)?[ _-]?community(?:[ _-]?(?:string|name))?|community[ _-]?(?:string|name)|r[ow][ _-]community",
    LICENCE: r"(?:product|licen[cs]e|activation|serial|volume)[ _-]?key",
    CODE: r"(?:verification|security|one[ -]?time|2fa|mfa|t?otp|sms|authenticator|authentication|auth|log-?in|sign-?in|access|door|alarm|gate|"
    r"unlock|pairing|entry)[ _-](?:pass)?code|t?otp|cv[vc]2?",
    PIN: r"(?:voicemail |phone |sim |card )?pin(?:[ _-]?(?:code|number))?",
    KEY: r"(?:pre-?shared|wi-?fi|wlan|wireless|wpa[23]?|wep|network(?: security)?|api|access|secret(?: access)?|account|storage|shared ?access|encryption|setup|"
    r"radius|ssh|vpn|tunnel|ipsec|manual(?: entry)?|totp|2fa|mfa|authenticator|client|app(?:lication)?|shared|webhook|signing|subscription|master)"
    r"[ _-]?(?:key|psk|secret|seed)(?![ _-]?id\b)|apikey|w?psk|key[ _-]?(?:content|material)|totp|seed(?:[ _-]?phrase)?|secret",
    TOKEN: r"(?:[a-z]{2,12}[ _-]){0,2}tokens?|_?authtoken",
    PASSWORD: r"pass[ _-]?words?|passwort|kennwort|pass[ _-]?phrase|pass[ _-]?codes?|passwd|pswd|passw|pword|pwds?|pws?|p/w|psw|pass|creds?|credentials?",
}
_ORDER = tuple(_KEYWORDS)

# A keyword on its own or at the end of a longer name: DB_PASSWORD, smtp.pass, adminPassword; never inside of a word.
KEYWORD = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=[_])|(?<=[a-z])(?-i:(?=[PTSAKC][a-z])))(?:"
    + "|".join(f"(?P<k{index}>{_KEYWORDS[kind]})" for index, kind in enumerate(_ORDER))
    + r")(?![A-Za-z0-9])",
    re.IGNORECASE,
)
# Without any of these there is no keyword, so most log lines skip the search.
HINT = re.compile(r"pass|pw|p/w|psw|psk|secret|key|token|code|pin|otp|cv[vc]|cred|community|kennwort|seed", re.IGNORECASE)

# What makes a keyword part of a longer term: a feature, a policy, a dialog.
ABOUT = re.compile(
    r"[ _-]*(?:polic(?:y|ies)|manager|hint|length|age|expir\w*|sync\w*|change[sd]?(?!\s+(?:back\s+)?to\b)|prompt\w*|field|box|screen|page|dialog\w*|history|complexity|writeback|"
    r"hash\w*|protect\w*|never|last\w*|reset(?!\s+(?:back\s+)?to\b)|resets|resetting|generator|vault|attempts?|count\w*|status|state|type|lifetime|size|error|based|auth\w*|rate|through|thru|"
    r"lock\w*|management|provider|issue[sd]?|issues|problem\w*|less|file|form|spray\w*|phish\w*|guess\w*|safe|store|rotation|requirement\w*|request\w*|"
    r"fail\w*|ring|id|ids|group|name|vault|server|service|endpoint|url|uri|audience|claim\w*|cache|agent|entry|entries|identifier|protector\w*)(?![A-Za-z])",
    re.IGNORECASE,
)


def kind_of(match: re.Match[str]) -> str:
    return _ORDER[int((match.lastgroup or "k0")[1:])]
