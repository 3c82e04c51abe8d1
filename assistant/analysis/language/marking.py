"""What a sentence means in context: its position, the question before it, and who says it."""

# ruff: noqa: E501  (a pattern is read best in one line)
import re
from dataclasses import dataclass

from assistant.analysis.language import lexicon, pieces
from assistant.analysis.language.deeds import SET_IT, action_starts


@dataclass(frozen=True, slots=True)
class Around:
    """The context of a sentence. `asked_before`: the latest words of a helper; `later`: the reporter has reported before."""

    reports: bool
    terminal: bool
    has_client: bool
    later: bool
    asked_before: str
    step_text: str
    matter: frozenset[str]


def marks_of(text: str, around: Around) -> frozenset[str]:
    """The meanings of a sentence in its context."""
    marks = lexicon.meanings(text)
    if around.terminal:
        return marks
    if around.reports:
        marks |= pieces.verdicts(text)
        if _says_no_change(text, around.asked_before, around.step_text):
            marks |= {"failure", "nochange"}
        if around.later and "works" in marks and _JUST_WORKS.match(text) and lexicon.content(text) & around.matter:
            # "Search works." of a search that did not: the end of it, unless it was said at the beginning.
            marks |= {"success"}
    marks = _without_trouble(text, marks)
    if pieces.is_conclusion(text):
        # A judgement, not a report: it says neither what works nor what failed.
        return (marks | {"conclusion"}) - {"success", "works", "failure", "symptom", "nochange"}
    if around.reports and around.later and not marks & {"symptom", "failure", "hypothetical", "not_done"} and _JOY.match(text):
        marks |= {"success"}
    return marks


def is_done(text: str, marks: frozenset[str], around: Around) -> bool:
    """Whether the sentence reports that something was done."""
    if around.terminal or ("not_done" in marks and not (around.reports and "success" in marks and _RAN.match(text))):
        return False
    if action_starts(text) is not None or PUT_AND.match(text):
        return True
    if not around.reports:
        return False
    # Who reports instructs nobody: "Set the time-out to 8 hours" is a note of what was done; and a technician alone writes a command down
    # when it was run. "iptables -A INPUT -j ACCEPT and now ping works": run as well.
    if lexicon.find_at_start("commands", text) and _GAVE.search(text):
        return True
    noted = not around.has_client and "intention" not in marks and bool(_TYPED.match(text))
    return bool(SET_IT.match(text)) or noted or ("success" in marks and bool(_RAN.match(text)))


# "that's just before it began isn't it"
_TAG = re.compile(
    r"\b(?:is|are|was|were|does|do|did|has|have|can|could|would|should)n['’]?t (?:it|they|he|she|that|you|we)\W*$", re.IGNORECASE
)


def is_question(text: str, marks: frozenset[str]) -> bool:
    if re.search(r"\?[\s\"')]*[:;]?[-)(DPp]{0,3}\s*$", text):
        # "It stopped working after the update!?!?" is a report rather than a question.
        return not ("!" in text[-6:] and "symptom" in marks)
    if _TAG.search(text):
        return True
    if "?" in text:
        return bool(re.search(r"\?(?:\s|$)", text)) and "question_start" in marks
    if (
        "symptom" in marks
        or len(text.split()) > 12
        or "rhetorical" in marks
        or re.match(r"(?i)\W*(?:what|how|why|when|where) (?:i|we|is telling|worries)\b", text)
    ):
        return False
    return lexicon.find_at_start("question_start", text)


_JUST_WORKS = re.compile(
    r"^\W*(?:[\w ]{2,15}[:,] ?)?(?:(?:the|my|our) )?(?:[\w.-]+ ){1,3}works?(?: (?:now|again|fine|perfectly|great|well))*\W*$", re.IGNORECASE
)
# While waiting for a repair, people are only this happy about a repair.
_JOY = re.compile(
    r"^\W*(?:o+h+ |ah+ |and |well |yes[,!]* |so )*(?:hurra[hy]|hooray|hallelujah|yay|woo+\s?hoo+|oh my (?:goodness|god|word)|bingo|brilliant|fantastic|marvellous|super|magic|result|"
    r"you(?:'re| are) a (?:star|genius|legend)|it came up|there (?:they|it) (?:all )?(?:is|are))\b|.{0,40}\b(?:came|come) up by itself\b|^\W*yes!!",
    re.IGNORECASE,
)
_TYPED = re.compile(
    r"^\W*(?:sudo )?(?:[a-z][\w.-]+ (?:[\w.-]+ )?(?:/|-{1,2})\w|(?:net|sc) (?:stop|start)|ALTER |UPDATE \w+ SET |DELETE FROM |DBCC |EXEC |RESTORE |BACKUP )"
)
# "systemctl restart nginx -> same story", "docker stop npm, added the lines"
_GAVE = re.compile(r"\s(?:->|=>|→|:)(?:\s|$)|, (?:\w+ed|ran|took|put|then) ", re.IGNORECASE)
PUT_AND = re.compile(
    r"^\W*(?:put|set|cut|reset|let|shut|split|hit)\b.{3,120}(?:\b(?:and|then)|[,;]) (?:took|went|gave|ran|made|got|rang|did|[a-z]{3,}ed)\b",
    re.IGNORECASE,
)
# Problems that did not occur: "no DPD timeouts for 25 min", "0 errors", "not a single hang".
_NO_TROUBLE = re.compile(
    r"(?<!there were )(?<!\bif )\b(?:no|zero|0|not a(?: single)?|not one|no more|without(?: a| any)?)\s+(?:\w+\s+){0,2}?(?:errors?|time-?outs?|drops?|drop-?outs?|hangs?|"
    r"crash(?:es)?|freez(?:e|es|ing)|disconnects?|disconnections?|fail(?:ures?|s)|alerts?|warnings?|loss(?:es)?|lost|lags?|stutters?|outages?|retransmits?|resets?|bsods?|"
    r"blue ?screens?|complaints?|hiccups?|misses|miss|denials?|rejections?|bounces?|faults?)\b(?! codes?| messages?| is shown| shown)",
    re.IGNORECASE,
)
_WHILE = re.compile(
    r"\b(?:since|so far|today|all day|all week|overnight|over ?night|again|now|any ?more|yet|for (?:the )?(?:last |past )?(?:\d+|an?|two|three|a few|some|half) ?(?:an? )?"
    r"(?:s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|days?|weeks?)|\d+ days?|yesterday|this (?:morning|afternoon))\b",
    re.IGNORECASE,
)


def _without_trouble(text: str, marks: frozenset[str]) -> frozenset[str]:
    """Removes the symptom mark if the sentence says that a problem did not occur."""
    if not marks & {"symptom", "failure", "success", "works"} or not _NO_TROUBLE.search(text):
        return marks
    rest = lexicon.meanings(_NO_TROUBLE.sub(" ", text))
    freed = (marks - {"symptom", "failure", "nochange", "not_done"}) | (rest & {"symptom", "failure", "nochange", "not_done"})
    if freed & {"symptom", "failure"}:
        return freed
    return freed | ({"success"} if _WHILE.search(text) else {"works"})


# A command with an option.
_RAN = re.compile(r"^\W*(?:sudo )?[a-z][\w.-]+ (?:[a-z]+ )?-{1,2}\w")


_SAME = re.compile(
    r"^\W*(?:(?:so|and|but|still|ok|hm+|sorry)\W+)*(?:(?:same(?: here)?|nada|zilch|ditto|so nope)|(?P<no>nope|nah|negative|not really|nothing|no))\W*$",
    re.IGNORECASE,
)
_ASKS_RESULT = re.compile(
    r"\b(?:help(?:ed)?|any (?:better|luck|change|joy|difference|good)|better|work(?:s|ing|ed)?|how did|sorted|fixed|anything)\b[^?]{0,60}\?",
    re.IGNORECASE,
)


def _says_no_change(text: str, asked: str, said: str) -> bool:
    """ "same", "nope": it did not help, if somebody had given advice or asked whether it helped."""
    found = _SAME.match(text)
    if not found or not asked:
        return False
    return not found["no"] or bool(_ASKS_RESULT.search(asked)) or "leaning_done" in lexicon.meanings(said)
