"""Whether a sentence reports an action, and where in it: "I restarted it", "Uninstalled Thunderbird", "Called the branch"."""

import re

from assistant.analysis.language import lexicon

SET_IT = re.compile(
    r"^\W*(?:(?:re)?set (?!up\b)\S+.{0,60}?\b(?:to|at|on) \S|(?:reset|put|cut|let|shut|split) (?:the|his|her|their|my|an?|"
    r"user|users|down|it)\b)",
    re.IGNORECASE,
)
LEADING_NOISE = re.compile(
    r"^(?:\W*\b(?:ok(?:ay)?|hm+|ah+|oh|well|right(?=,)|yeah|yea|yep|so|and|but|also|btw|anyways?|(?:hi|hello|hey|dear)(?: (?:all|"
    r"everyone|everybody|folks|guys|there|team|support|sir|madam|both))?|(?:thanks?|"
    r"thank ?you)(?: \w+){0,3}(?=[,.!;:])|ps|edit(?=\W*(?:--|:)))\b[\s.,:;!-]+|\W*(?:oh )?sorry(?:,| (?=i\b))\s*)+",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;:(]\s+|\.\s+|\s--?\s?|\s[–—]\s|\s+(?:and|but|so|then)\s+|\.{2,}\s*", re.IGNORECASE)
_EFFECT = re.compile(r"\b(?:after|since|when|because|before) (?:i|we|he|she|they|the user|the client)\b.{0,60}$", re.IGNORECASE)


def action_starts(text: str) -> int | None:
    """Where the clause begins that says that something was done ("I restarted it", "Uninstalled Thunderbird"); None without one."""
    bare = LEADING_NOISE.sub("", text)
    offset = len(text) - len(bare)
    breaks = list(_CLAUSE.finditer(bare))
    starts = [0, *(found.end() for found in breaks)]
    begins_with_deed = bool(first := lexicon.words(bare)[:1]) and first[0] in lexicon.past_forms() - lexicon.base_forms()
    for index, (start, end) in enumerate(zip(starts, [*starts[1:], len(bare)], strict=True)):
        # After a comma a bare participle may be an adjective ("the new, moved profile").
        own_subject = index > 0 and not begins_with_deed and breaks[index - 1].group(0)[0] in ",(:;"
        # "ALTER DATABASE ..., then bounced the service": one thing done after the other.
        own_subject = own_subject and not re.match(r"(?:and |but )?(?:then|afterwards) ", bare[start:end], re.IGNORECASE)
        if _clause_acts(bare[start:end], own_subject):
            return offset + start
    return None


def _clause_acts(clause: str, needs_subject: bool = False) -> bool:
    parts = [word.replace("'", "") for word in lexicon.words(clause)][:10]
    if not parts or (_EFFECT.search(clause) and not re.match(r"\W*(?:after|when) (?:i|we)\b", clause, re.IGNORECASE)):
        return False
    if "commands" in lexicon.meanings(clause) and re.search(r"\bi (?:just )?(?:did|used|ran)\b", clause, re.IGNORECASE):
        return True
    if "done_phrases" in lexicon.meanings(clause):
        return True
    while len(parts) > 1 and parts[0] in {"just", "also", "then", "already", "even", "now", "finally"}:
        parts = parts[1:]
    if not needs_subject and len(parts) > 1 and (_opens_with_deed(parts[0], parts[1]) or _notes_a_deed(parts, clause)):
        return True
    if needs_subject and len(parts) > 1 and is_open_past(parts[0]) and parts[0] not in lexicon.word_set("adjectives"):
        # "NAS now lives at .10, remapped the drives": needs the object of the action.
        return parts[1] in lexicon.word_set("objects") or parts[1] in lexicon.word_set("things")
    if parts[0] in {"have", "has"} and len(parts) > 2 and parts[1] in strong_past():
        return True
    return any(
        word in lexicon.word_set("subjects")
        # "what I wrote" names a thing.
        and parts[index - 1 : index] != ["what"]
        and _verb_follows((["have"] if word in {"ive", "weve"} else []) + parts[index + 1 :], word in {"i", "we", "ive", "weve"})
        for index, word in enumerate(parts)
    )


def _opens_with_deed(first: str, second: str) -> bool:
    """ "Restarted the spooler", "Tried to push it", "Called the branch": the style of notes. "Connected to", "Blocked by" tell a state."""
    if second == "by" or (second.endswith("ing") and first not in {"tried", "attempted"}):
        return False
    if second in {"to", "with"}:
        return first in lexicon.word_set("goes_with_to")
    return first in strong_past() - lexicon.base_forms() or (
        first in lexicon.word_set("note_openers") and second not in {"it", "that", "this"}
    )


def is_open_past(word: str) -> bool:
    """Match any past-tense verb except a list of verbs of perception, saying and state."""
    if word in lexicon.word_set("not_deeds") or word in lexicon.word_set("weak_actions"):
        return False
    return word in lexicon.word_set("irregular_past") or (len(word) > 4 and word.endswith("ed") and not word.endswith("eed"))


def _notes_a_deed(parts: list[str], clause: str) -> bool:
    """ "Bounced the service", "Kicked off the job", "Rang KPN": notes, with any verb and something that it was done to."""
    first, second = parts[0], parts[1]
    if not is_open_past(first):
        return False
    if second in lexicon.word_set("particles"):
        return len(parts) > 2 and parts[2] not in {"by", "to"}
    named = re.match(r"\W*\w+ (?:[A-Z][\w-]|\d|\[)", clause)
    if first in lexicon.word_set("adjectives"):
        return second in lexicon.word_set("objects")
    return second in lexicon.word_set("objects") or bool(named) or second in lexicon.word_set("things")


def _verb_follows(after: list[str], by_me: bool = False) -> bool:
    if after[:2] == ["have", "to"] or after[:2] == ["ve", "to"]:
        return False
    having = after[:1] == ["have"] or after[:1] == ["ve"]
    suffered = False
    helped = after[:1] == ["did"] or after[:2] == ["had", "to"] or after[:3] == ["was", "able", "to"]
    for index, word in enumerate(after[:4]):
        if word in strong_past() or (helped and word in lexicon.base_forms() and word != "do"):
            return True
        rest = after[index + 1 :]
        if (
            having
            and word in lexicon.word_set("with_have")
            and rest
            and (rest[0] in lexicon.word_set("objects") or rest[0] in lexicon.word_set("particles") or rest[0].isdigit())
        ):
            return True
        if by_me and not suffered and is_open_past(word) and rest and rest[0] not in {"by", "that", "to", "because", "when", "since"}:
            return True
        if word not in lexicon.word_set("fillers"):
            return False
        # "I was kicked out", "we got locked out": it was done to them.
        suffered = suffered or word in {"was", "were", "been", "be", "got", "get"}
    return False


def strong_past() -> frozenset[str]:
    return lexicon.past_forms() - lexicon.word_set("weak_actions")
