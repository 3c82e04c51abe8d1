"""Actions that a report states, each with the nearest verdict."""

# ruff: noqa: E501  (a pattern is read best in one line)
import re

from assistant.analysis.findings.attempt import TURN, WHEN_I, Attempt, clause
from assistant.analysis.language import lexicon
from assistant.analysis.reading import errors
from assistant.analysis.reading.document import Sentence

_CHECKED = re.compile(
    r"^\W*(?:i|we)?(?:'ve| have)?\s*(?:also |already )?(?:checked|confirmed|verified|double-?checked|reviewed|read)\b", re.IGNORECASE
)
_I_DO = re.compile(
    r"\bi (?:just |then |now )?(?:change|remove|add|delete|restart|reboot|reinstall|install|disable|enable|reset|switch|"
    r"update|replace|uninstall)\b",
    re.IGNORECASE,
)


_BY_MEANS = re.compile(
    r"\b(?:managed|works?|worked|fixed|solved|resolved|sorted)(?: it| this| that)? (?:with|by|using|via)\b", re.IGNORECASE
)


# Background or long ago: not an attempt to fix this problem.
_BACKGROUND = re.compile(r"\b(?:last (?:year|month)|(?:a |\d+ |some |several |many )?(?:years?|months?) ago)\b", re.IGNORECASE)
_CAME_ABOUT = re.compile(r"^\W*(?:i|we)(?:'ve| have)? (?:just |recently )?(?:moved|migrated|bought|upgraded|switched) ", re.IGNORECASE)
# "My colleague says he changed it on Friday": what came before, told by somebody else.
_TOLD_OF = re.compile(
    r"^\W*(?:my|our|the|a)? ?(?:\w+ )?(?:says?|said|tells?|told (?:me|us)|mentions?|mentioned)(?: that)? (?:he|she|they)\b", re.IGNORECASE
)
# "Since I rebuilt the profile the search returns nothing": how it began.
_EVER_SINCE = re.compile(r"^\W*(?:(?:hi|hello)\W+)?(?:ever )?since (?:i|we|our|my|the)\b", re.IGNORECASE)
# Someone who could not find it has looked for it.
_SOUGHT = re.compile(
    r"(?:^\W*|\b(?:i|we|but|and) )(?:could ?n['’]?o?t|could not|did ?n['’]?o?t|did not|was unable to|unable to) (?:find|"
    r"locate) \S|^\W*(?:i |we )?found .{3,60}? (?:when|by|after) \w+",
    re.IGNORECASE,
)
# Looking changes nothing: what was seen is a result, neither success nor failure.
_LOOKS = re.compile(
    r"\b(?:checked(?! (?:the |a |that |this )?(?:\w+ )?(?:box|option|checkbox))|looked|had a look|reviewed|traced|measured|"
    r"compared|inspected|ran (?:a|the) (?:\w+ ){0,2}(?:trace|test|check|report|query)|"
    r"queried|pinged|monitored|watched)\b",
    re.IGNORECASE,
)


_PARTS = re.compile(r"[,;(:]\s|\s(?:and|but|then)\s")
_OTHER = re.compile(r"\b(?:and|but|now) (?:now )?(?:the |an)?other", re.IGNORECASE)
_I_MAKE = re.compile(
    r"^\W*(?:(?:now|then|so|and|ok|yes)[ ,]+)*(?:i|we) (?:also |then |now )?(?P<verb>[a-z]+) (?:it|the|this|that|both|all|off|on|my|\w+ (?:off|on))\b",
    re.IGNORECASE,
)
_EVERY = re.compile(
    r"\b(?:when|whenever|if|every|each|always|usually|often|can|want|need|must|should|would|have to|try to|after that)\b", re.IGNORECASE
)
_OTHERS_DID = re.compile(r"^\W*(?:they|somebody|someone|(?:the|our|my) \w+ (?:people|guys|lot|company|provider|team))\b", re.IGNORECASE)
_SPOKE = re.compile(r"^\W*(?:i )?spoke too soon\b", re.IGNORECASE)
_TRIED_IT = re.compile(r"^\W*(?:(?:i|we|ok|done|just) )*(?:tried|did|done|made|followed|that|it|this|same)\b", re.IGNORECASE)
# "memtest: 4 passes 0 errors", "SFC scan - no integrity violations": the name of a test and its result.
_TEST_GAVE = re.compile(
    r"^\W*(?:the |did (?:the |a )?)?(?:[\w-]* )?(?:\w*(?:test|scan|speedtest|chkdsk|sfc|dism|tracert|traceroute|ping|smart|memtest\w*)\w*)(?: [\w.-]+){0,5}\s*(?::|=|\s-)\s+\S",
    re.IGNORECASE,
)
# "Asked her to move it": done only if the same sentence says what happened.
_ASKED_TO = re.compile(
    r"^\W*(?:i |we )?(?:asked|told|advised|instructed|requested|wanted) (?:him|her|them|the \w+|\w+) to\b",
    re.IGNORECASE,
)
_REPORTED = re.compile(
    r"[,;.:-]\s+(?:\w+ )?(?:says?|said|reports?|reported|can|sees?|confirm\w*|works?|worked|no|nothing|same|still|done|ok|fine)\b",
    re.IGNORECASE,
)


def verdict_of(sentence: Sentence) -> bool | None:
    """True: worked. False: did not. None: neither (or both: "the dead one works now and the other one is dead")."""
    if sentence.has("success") and not sentence.is_question:
        told = [meant for part in _PARTS.split(sentence.text) if (meant := lexicon.meanings(part)) & {"success", "failure", "symptom"}]
        if (
            len(told) > 1
            and "failure" in told[0]
            and "success" in told[-1]
            and "failure" not in told[-1]
            and not sentence.has("hypothetical", "intention")
        ):
            # "one failed attempt, the 2nd went through"
            return True
        if "success" in (told or [frozenset()])[0] and _OTHER.search(sentence.text) and not sentence.failed:
            return None
    if sentence.succeeded:
        return True
    if sentence.failed:
        return False
    return None


def _is_action(sentence: Sentence, *, alone: bool) -> bool:
    if sentence.is_question or sentence.has("injection", "manners", "not_done"):
        return False
    if _SPOKE.match(sentence.text):
        return False
    if sentence.part == "client" and _OTHERS_DID.match(clause(sentence)) and verdict_of(sentence) is None:
        # "They swapped the router on Friday": background, unless a result is reported.
        return False
    if _TEST_GAVE.match(sentence.text) and not sentence.has("intention", "hypothetical", "goal"):
        return True
    if _ASKED_TO.match(sentence.text) and not _REPORTED.search(sentence.text):
        return False
    if sentence.has("onset") and (_TOLD_OF.match(sentence.text) or _EVER_SINCE.match(sentence.text)):
        return False
    if (
        not (alone and sentence.done and not _TRIED_IT.match(sentence.text))
        and len(lexicon.words(sentence.text)) <= 6
        and (sentence.succeeded or sentence.has("leaning_done"))
        and len(lexicon.content(sentence.text)) <= 2
    ):
        return False
    if (sentence.succeeded or sentence.failed or sentence.has("followed")) and _I_DO.search(sentence.text):
        return True
    if (
        sentence.is_reporter
        and (plain := _I_MAKE.match(sentence.text))
        and plain["verb"].lower() in (lexicon.base_forms() - lexicon.word_set("daily") - lexicon.word_set("weak_actions")) | {"make", "put"}
        and not sentence.has("hypothetical", "intention", "hedge", "onset")
        and not _EVERY.search(sentence.text)
    ):
        # Reported in the present tense, as some non-native speakers do: "I make it On and Apply."
        return True
    if sentence.succeeded and _BY_MEANS.search(sentence.text):
        return True
    if _BACKGROUND.search(sentence.text) or (_CAME_ABOUT.match(sentence.text) and sentence.has("onset") and not sentence.failed):
        return False
    if _SOUGHT.search(sentence.text) and not sentence.has("intention", "hypothetical") and lexicon.content(sentence.text):
        return True
    if sentence.done and not re.match(r"\W*as i\b", sentence.text, re.IGNORECASE):
        return not (sentence.has("thanks") and not sentence.has("failure", "success") and len(sentence.text) < 60)
    when = WHEN_I.match(sentence.text)
    if when and when["verb"].lower() in lexicon.word_set("daily"):
        return False
    # "When I downgrade to 102.6.0, everything works": done, and reported as it goes.
    return bool(
        when and when["verb"].lower() in lexicon.base_forms() - lexicon.word_set("weak_actions") and sentence.has("success", "failure")
    )


def own_actions(said: list[Sentence], *, alone: bool = False) -> list[Attempt]:
    """Actions stated in this report, adjacent ones grouped, each with the nearest verdict after it (or before the first).
    `alone`: nobody has given advice, so "Removed it" was the reporter's own idea."""
    result: list[Attempt] = []
    current: Attempt | None = None
    leading: tuple[Sentence, bool] | None = None
    for sentence in said:
        if _is_action(sentence, alone=alone):
            if current and current.result is None and len(current.actions) < 3 and sentence.order - current.actions[-1].order == 1:
                current.actions.append(sentence)
            else:
                current = Attempt(actions=[sentence])
                result.append(current)
            if _TEST_GAVE.match(sentence.text):
                current.result = sentence
            elif _SOUGHT.search(sentence.text):
                current.result, current.worked = sentence, None if re.search(r"\bfound\b", sentence.text, re.IGNORECASE) else False
            elif _LOOKS.search(clause(sentence)) and not sentence.has("nochange"):
                if TURN.search(sentence.text) or ":" in sentence.text.rstrip(":"):
                    current.result = sentence
            elif verdict_of(sentence) is not None:
                current.result, current.worked = sentence, verdict_of(sentence)
            elif errors.texts(sentence) or _turns_bad(sentence):
                current.result, current.worked = sentence, False
            continue
        verdict = verdict_of(sentence)
        near = sentence.order - current.actions[-1].order if current else 0
        if current is None:
            leading = leading or ((sentence, verdict) if verdict is not None else None)
        elif leading and leading[1] and near == 1 and _instructs(sentence):
            # "I finally managed: I had to log in. Go to settings ...": the recipe goes on.
            current.actions.append(sentence)
        elif verdict is None and current.result is None and near == 1 and _tells_result(sentence, current.actions[-1]):
            current.result, current.worked = sentence, False if sentence.has("symptom") else None
        elif verdict is not None and (current.result is None or current.worked is None) and near <= 4:
            current.result, current.worked = sentence, verdict
    if leading and result and result[0].result is None and (leading[0].has("leaning_done") or leading[1]):
        result[0].result, result[0].worked = leading
    return result


def _instructs(sentence: Sentence) -> bool:
    first = (lexicon.words(sentence.text) or [""])[0]
    return first in lexicon.word_set("imperatives") | lexicon.base_forms()


def _turns_bad(sentence: Sentence) -> bool:
    turn = TURN.search(sentence.text)
    return bool(turn and lexicon.meanings(sentence.text[turn.end() :]) & {"symptom", "failure"})


def _tells_result(sentence: Sentence, after: Sentence) -> bool:
    """Whether a sentence without a verdict, right after an action, reports its result."""
    if sentence.is_question or sentence.has("hypothetical", "intention"):
        return False
    if sentence.terminal or errors.texts(sentence):
        return True
    joins = r"\b(?:but|however)\b" if _CHECKED.match(after.text) else r"\b(?:but|however|then)\b|^\W*(?:it|no|nothing|still)\b"
    return sentence.has("symptom") and bool(re.search(joins, sentence.text, re.IGNORECASE))
