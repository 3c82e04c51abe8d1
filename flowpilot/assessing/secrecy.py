"""Passwords, keys and tokens that somebody typed into a session: never quoted."""

import re

_SHAPES = [
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{12,}|\bgh[pousr]_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abprs]-[\w-]{10,}"),
    re.compile(r"\bsk-[\w-]{16,}|\beyJ[\w-]{10,}\.[\w-]{5,}|\bBearer\s+[\w.~+/=-]{12,}|\bSG\.[\w-]{16,}|\bAIza[\w-]{20,}", re.IGNORECASE),
    # BitLocker recovery keys.
    re.compile(r"\b\d{6}(?:-\d{6}){5,}\b"),
    # https://name:secret@host
    re.compile(r"\b\w{2,15}://[^\s:/@]{1,80}:[^\s:/@]{1,80}@"),
]
_NAME = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|pw|psk|secret|api[ _-]?key|access[ _-]?key|recovery[ _-]?key|licen[cs]e[ _-]?key|"
    r"product[ _-]?key|"
    r"wifi[ _-]?key|token|pin|otp|one[ -]time code|verification code|2fa code|mfa code|creds?|credentials|login)"
)
# "password: x", "the password is x", "pw = x", "password was changed to x"
_NAMED = re.compile(
    rf"\b{_NAME}\b(?:\s+(?:for|of|on)(?:\s+\S+){{1,4}}?)?\s*"
    r"(?:is now|is|was|are|=|:|->|(?:was |been |has been )?(?:re)?set to|changed to|reset to)\s*"
    r"(?:now |still |just |it'?s )?[\"'`“]?(?P<value>\S+)",
    re.IGNORECASE,
)
_OPTION = re.compile(
    r"(?:--?p(?:ass(?:word)?)?[ =]['\"]?\S{4,}|(?<=\s)-p(?=\S*\d)(?=\S*[a-z])[^\s:]{6,}|/p(?:ass)?:\S+|\bnet user \S+ (?!/)\S+)",
    re.IGNORECASE,
)
_ENDS_OPEN = re.compile(rf"\b{_NAME}\b[^.?!]{{0,30}}(?:is|=|:|->|to)\s*[\"'“]?$", re.IGNORECASE)
_ASKS = re.compile(rf"\b{_NAME}\b[^.!]*\?|\b(?:what(?:'?s| is)|send|give|tell|share)\b[^.?!]*\b{_NAME}\b", re.IGNORECASE)
# Words that follow "password is" without being one.
_HARMLESS = re.compile(
    r"^(?:\W*|good|ok|okay|fine|correct|wrong|right|incorrect|invalid|expired|expiring|not|no|the|a|an|same|being|required|stored|saved|shown|"
    r"displayed|still|asked|needed|accepted|rejected|set|changed|reset|working|up|in|on|to|used|unknown|normal|oauth2?|blank|empty|lost|"
    r"locked|denied|failed|failing|successful|different|known|confirmed|verified|also|it|that|there|always|never|now|what|my|your|their|from|"
    r"for|with|and|or|via|entered|typed|prompted|prompting|screen|page|enabled|disabled|kosher|slow|broken|of|at|as|only|all|redirecting|"
    r"looping|hidden|masked|redacted|\*+|x+|<.*|\[.*|\(.*)[.,;!?)\"'”’]*$",
    re.IGNORECASE,
)


def _looks_like_one(word: str) -> bool:
    """A lone word with the mixture that password rules ask for ("Summer2024!"), and no path, address or version."""
    bare = word.strip("\"'`“”(),;")
    if not 8 <= len(bare) <= 64 or re.search(r"[/\\]|://|\w@\w|\.\w{2,5}$", bare):
        return False
    kinds = (
        any(c.islower() for c in bare),
        any(c.isupper() for c in bare),
        any(c.isdigit() for c in bare),
        any(c in "!@#$%^&*?+" for c in bare),
    )
    return all(kinds) and not bare.startswith(("%", "$"))


def holds_secret(text: str) -> bool:
    """Whether the text seems to contain a credential. Errs on the side of leaving a sentence out."""
    if any(shape.search(text) for shape in _SHAPES) or _OPTION.search(text):
        return True
    if any(not _HARMLESS.match(found.group("value")) for found in _NAMED.finditer(text)):
        return True
    return any(_looks_like_one(word) for word in text.split())


def announces_secret(text: str) -> bool:
    """Whether the next words are a credential: "the password is:" at the end of a line, or a question for one."""
    return bool(_ENDS_OPEN.search(text.rstrip()) or _ASKS.search(text))


def is_bare_answer(text: str) -> bool:
    """A reply of one or two words with a digit or a sign in it, as one gives a password."""
    parts = text.split()
    return 1 <= len(parts) <= 3 and any(len(part) > 4 and re.search(r"[\d!@#$%^&*]", part) for part in parts)
