"""One sentence that says two things, as two: a question hung on to a report, a conclusion drawn from a fact, a verdict after a colon.

Each piece stands verbatim in the sentence.
"""

import re

from assistant.analysis.language import lexicon

_HUNG_ON = re.compile(
    r"^(.{25,}?)(?:,| -+|;)\s+((?:so |and |but )?(?:am i|is (?:it|this|that|there)|are (?:you|there)|did i|do i|do you|any|"
    r"should i|can i|can you|could you|could it|what|why|how|"
    r"where|which|please help)\b[^?]*\?\W*)$",
    re.IGNORECASE,
)
_THEREFORE = r"(?:and )?(?:so|thus|hence|therefore|ergo|which means|that means|meaning|i\.?e\.?,?)"
# What a conclusion judges: innocent, sound, excluded. Not what somebody then did ("so I restarted it").
_JUDGES = (
    r"(?:nothing (?:is )?wrong|no(?:t a)? (?:problem|issue|fault)s? (?:with|on|at)|(?:not|n['’]t) (?:be |the |an? |my |our |"
    r"your |related|to blame|because)|"
    r"(?:can ?not|can['’]?t|could ?n['’]?t) be|(?:is|are|seems?|must be|should be|has to be|works?) (?:\w+ )?(?:fine|"
    r"ok(?:ay)?|good|alright|all right|"
    r"correct|right|healthy|kosher|innocent|sound|clean)|all (?:is|are) \w+|rules? out|ruled out|excluded?)"
)
_BEFORE_IT = re.compile(rf"(?:[,;:]|\s-+|\s[–—])\s*(?={_THEREFORE}\b)", re.IGNORECASE)
_CONCLUSION = re.compile(rf"^\W*{_THEREFORE}\b(?! (?:i|we) (?:\w+ )?\w+ed\b).{{0,90}}?{_JUDGES}", re.IGNORECASE)
_GUESS_HUNG_ON = re.compile(
    r"^(.{12,}?)[,;] ((?:but |so |and )?(?:i (?:guess|think|suppose|assume|believe|suspect)|(?:probably|maybe|perhaps|"
    r"possibly|presumably)(?! (?:it|its|it['’]s|that|they|not)\b))\b.{8,})$",
    re.IGNORECASE,
)
_GONE = re.compile(
    r"(?:^|[,;:] |\band )no (?:more |further |new )?(?!luck|change|idea|joy|answer|reply|response|news|difference|"
    r"improvement|success|internet|connection|network|signal|"
    r"power|picture|sound|access|mail)\w+(?: \w+)? (?:since|any ?more|for (?:\w+ )?(?:hours?|days?|weeks?|minutes)|so far|today|all day)\b",
    re.IGNORECASE,
)
_UNCHANGED = re.compile(
    r"(?:\bbut|\band|[,;:-]) (?:it |they |he |she |the \w+ )?still (?!work|fine|ok|need|have to|want|wait|up\b|run|try|"
    r"trying|good|open\b|there\b|in\b|on\b|under\b|"
    r"using|use\b|would|think|not sure|hope|reach|respons)\w+|"
    r"(?:^|[,;:-] |\bbut |\band )(?:exactly |just |still )?(?:the )?(?:very )?same \w+(?:ing|e?s)? (?:on|with|for|there|again|in|at)\b",
    re.IGNORECASE,
)
LONG = 230
_BREATH = re.compile(
    r"(?<=[,;)])\s+(?=(?:and|but|so|then|now|also|however|which|because|since|when|it|i|the|my|we|they|there|if)\b)|"
    r"\s+(?=(?:and (?:i|it|they|the|my|we|now|then|all|lost|did|a)|but (?:i|it|the|now|could|can)|because|so i|however)\b)",
    re.IGNORECASE,
)
_VERDICT_AFTER = re.compile(r"^(?P<deed>[^:]{6,80}(?::|->|=>))\s+(?P<verdict>\S.{2,120})$")


def apart(text: str) -> list[str]:
    if found := _HUNG_ON.match(text):
        return [found.group(1), found.group(2)]
    for found in _BEFORE_IT.finditer(text):
        if found.start() >= 15 and is_conclusion(text[found.end() :]):
            return [text[: found.start()], text[found.end() :]]
    if "?" not in text and (found := _GUESS_HUNG_ON.match(text)):
        return [found.group(1), found.group(2)]
    if (found := _VERDICT_AFTER.match(text)) and "://" not in text:
        verdict = lexicon.meanings(found["verdict"])
        if verdict & {"success", "failure", "nochange", "not_success"} and not lexicon.meanings(found["deed"]) & {"symptom", "observation"}:
            return [found["deed"], found["verdict"]]
    return _in_breaths(text) if len(text) > LONG else [text]


def _in_breaths(text: str) -> list[str]:
    """Splits a run-on sentence at its natural breaks."""
    parts: list[str] = []
    rest = text
    while len(rest) > LONG:
        breaks = [found.start() for found in _BREATH.finditer(rest) if 60 <= found.start() <= len(rest) - 40]
        if not breaks or breaks[0] > LONG * 2:
            break
        at = max((place for place in breaks if place <= LONG), default=breaks[0])
        parts.append(rest[:at])
        rest = rest[at:].lstrip(" ,;")
    return [*parts, rest]


def verdicts(text: str) -> frozenset[str]:
    """Verdicts that stand in the form of a sentence rather than in its words: "No lockout since noon", "same flickering on all of them"."""
    if _GONE.search(text) and not re.search(r"\bbut\b", text):
        return frozenset({"success"})
    if _UNCHANGED.search(text):
        return frozenset({"failure", "nochange"})
    return frozenset()


def is_conclusion(text: str) -> bool:
    """A conclusion ("thus nothing wrong with the provider"), which is not a fact."""
    return "?" not in text and bool(_CONCLUSION.match(text))
