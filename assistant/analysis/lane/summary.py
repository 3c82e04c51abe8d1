"""The summary of a session with a lane: the problem, what was found and the current state, in two to four sentences."""

import re

from assistant.analysis.findings.standing import Standing
from assistant.analysis.lane.cause import LaneCause
from assistant.analysis.lane.layout import Layout, is_unfit, outcome_note
from assistant.analysis.lane.wording import bare, ended, first_sentences, lowered, what_is_left
from assistant.analysis.language import lexicon
from assistant.analysis.language.sentences import fold, shorten
from assistant.analysis.reading import secrecy
from assistant.analysis.reading.document import Sentence
from assistant.analysis.report.opening import PLAIN_TROUBLE, without_mark
from assistant.case import CaseFact, CaseFix

_ASKS = re.compile(r"^\W*(?:please|can|could|may)\b|^\W*(?:neither|yes|no)\W*$", re.IGNORECASE)
_CALLED = re.compile(r"\b(?:called|rang|phoned|wrote in|opened a ticket)\b", re.IGNORECASE)
_LEANS = re.compile(r"\b(?:there|it|its|they|them|their|this|that|these|those|she|he|her|his)\b", re.IGNORECASE)
_TELLS_WHY = re.compile(r"\b(?:because|due to|so|since|after|which|until|while|but)\b", re.IGNORECASE)
_RELAYED = re.compile(
    r"^[\"“]|^[^\"“]{0,60}(?:\bsays?:?|\bsaid:?|\bwrites:|:)\s*[\"“][^\"”]*\b(?:I|we|we're|our|it|they|you|please)\b", re.IGNORECASE
)
_TROUBLE = re.compile(
    rf"{PLAIN_TROUBLE.pattern}|\b(?:not|no|none|nobody|nothing|closes|wrong|slow|hangs?|missing|refuses?|locked|down|drops?|"
    r"every (?:second|third)|breaks?|full|read-only|gone|clicked)\b",
    re.IGNORECASE,
)
_SOMEBODY = re.compile(r"^\W*(?:she|he|they|it|there)\b", re.IGNORECASE)
_WHEN = re.compile(r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|since|yesterday|today|last (?:night|week)|\d\d:\d\d)\b", re.IGNORECASE)
_SINCE = re.compile(r"\bsince\b|\bin a row\b|\b(?:this|yesterday) (?:morning|evening|afternoon)\b|\blast night\b", re.IGNORECASE)
_HOW_MANY = re.compile(r"\b(?:\d+|two|three|four|five|six|seven|eight|nine|ten|all|every\w*|none|nobody|whole)\b", re.IGNORECASE)
LONGEST_PROBLEM, MOST_FACTS = 260, 200


def lane_summary(layout: Layout, cause: LaneCause | None, state: Standing, withdrawn: set[int]) -> str:
    parts = [problem(layout, withdrawn), *_findings(layout, cause), _now(layout, state, cause)]
    return " ".join(ended(part) for part in parts if part)


def opening_sentence(layout: Layout, withdrawn: set[int]) -> Sentence | None:
    """The sentence in which the opener says what is wrong: not a quotation of the client, and not what works."""
    said = [s for n in layout.opening for s in layout.talk.of(n) if not (s.is_noise or s.is_question or s.order in withdrawn)]
    said = [s for s in said if len(lexicon.content(s.text)) >= 2 and not s.terminal]
    own = [s for s in said if not relayed(s.text)] or said
    title = layout.case.title

    def weight(s: Sentence) -> float:
        trouble = bool(_TROUBLE.search(s.text)) or s.has("symptom", "failure")
        points = (3.0 if trouble else 0.0) + (1.0 if s.has("onset") or _SINCE.search(s.text) else 0.0)
        points += lexicon.closeness(s.text, title) / 40 + (0.5 if trouble and _HOW_MANY.search(s.text) else 0.0)
        points -= 1.5 if _SOMEBODY.match(s.text) else 0.0
        points -= (2.0 if s.has("works") and not trouble else 0.0) + (1.0 if s.has("hedge", "hypothetical") else 0.0)
        points -= (2.0 if s.has("goal", "intention") and not trouble else 0.0) + (1.5 if len(lexicon.content(s.text)) < 4 else 0.0)
        return points - (1.0 if len(s.text) < 20 else 0.0) - 0.3 * own.index(s)

    return max(own[:15], key=weight, default=None)


def relayed(text: str) -> bool:
    """Somebody else's words, quoted: "Depot manager: "I have nine lorries in the yard"" (an error text does not count)."""
    return bool(_RELAYED.search(text))


def problem(layout: Layout, withdrawn: set[int]) -> str:
    """The problem in the opener's words, or the title if those say less."""
    case = layout.case
    title = bare(without_mark(case.title))
    title = "" if secrecy.holds_secret(title) else title
    symptom = opening_sentence(layout, withdrawn)
    if symptom is None:
        return f"{_client(layout, title)}{title}" if title else "The session does not describe a problem"
    if symptom.part == "client":
        return f"The client reports: “{shorten(bare(symptom.said), LONGEST_PROBLEM)}”"
    text = _with_its_context(layout, symptom)
    says_less = not (_TROUBLE.search(text) or symptom.has("symptom")) and lexicon.closeness(text, title) < 30
    lead = f"{title}: " if title and (says_less or relayed(symptom.text)) else ""
    told = f"{lead}{lowered(text) if lead else text}"
    client = "" if lead else _client(layout, told)
    return f"{client}{shorten(lowered(told) if client else told, LONGEST_PROBLEM)}"


def _client(layout: Layout, text: str) -> str:
    """The client's name, unless the text already mentions it."""
    client = fold(layout.case.client)
    names = [w for w in re.findall(r"\w{4,}", client) if w.lower() not in {"the", "group", "trust", "company"}]
    return (
        f"{client}: " if client and not any(name.lower() in text.lower() for name in names[:2]) and not secrecy.holds_secret(client) else ""
    )


def _with_its_context(layout: Layout, symptom: Sentence) -> str:
    """ "Internet works there": together with the sentence before it that says where."""
    said = layout.talk.of(symptom.step)
    before = next((s for s in reversed(said) if s.order < symptom.order), None)
    text = symptom.text
    if (
        before
        and not _CALLED.search(before.text)
        and not before.is_noise
        and not before.terminal
        and _LEANS.search(text[:30])
        and len(before.text) + len(text) < LONGEST_PROBLEM
    ):
        return f"{ended(before.text)} {text}"
    return text


def _findings(layout: Layout, cause: LaneCause | None) -> list[str]:
    """The stated cause and the most informative facts, two at most."""
    stated = [shorten(cause.in_prose, 240)] if cause and cause.in_prose and not secrecy.holds_secret(cause.in_prose) else []
    # Each place later counts 0.2, so what is much further back never comes first.
    told = [(_weight(layout, f, cause) + 0.2 * n, f) for n, f in enumerate(layout.case.facts[-MOST_FACTS:]) if f.step in layout.steps]
    ranked = [fact for _, fact in sorted(told, key=lambda pair: -pair[0])]
    chosen: list[CaseFact] = []
    for fact in ranked:
        others = [*stated, *(c.text for c in chosen)]
        if len(chosen) + len(stated) >= 2:
            break
        if not is_unfit(fact.text) and not any(_repeats(layout, fact.text, other) for other in others):
            chosen.append(fact)
    chosen.sort(key=lambda fact: (fact.step or 0, fact.number))
    return [*(shorten(fold(fact.text), 220) for fact in chosen), *stated]


def _repeats(layout: Layout, one: str, other: str) -> bool:
    weight = sum(layout.terms.of(one).values())
    return bool(weight) and layout.terms.shared(one, other, usual=False) / weight >= 0.7


def _weight(layout: Layout, fact: CaseFact, cause: LaneCause | None) -> float:
    points = min(3.0, layout.terms.shared(fact.text, cause.text, usual=False) / 1.5) if cause else 0.0
    points += 1.0 if cause and fact.step in cause.support else 0.0
    points += 1.0 if layout.is_checked(fact.step or 0) else 0.5
    points += 1.0 if _TELLS_WHY.search(fact.text) else 0.0
    points += 1.0 if _WHEN.search(fact.text) else 0.0
    # Repeating the stated cause adds little.
    if cause and cause.stated:
        points -= 3.0 * layout.terms.shared(fact.text, cause.stated.text, usual=False) / max(1.0, sum(layout.terms.of(fact.text).values()))
    points += min(1.0, sum(w for w in layout.terms.of(fact.text).values() if w > 1) / 6)
    points += 1.0 if lexicon.meanings(fact.text) & {"symptom", "failure", "diagnosis"} else 0.0
    return points - (1.5 if lexicon.meanings(fact.text) & {"works"} else 0.0)


def _now(layout: Layout, state: Standing, cause: LaneCause | None) -> str:
    fixes = layout.case.fixes
    current = next((fix for fix in reversed(fixes) if fix.current and not secrecy.holds_secret(fix.title)), None)
    told = [f for f in fixes if f.outcome != "proposed" and not secrecy.holds_secret(f.title)]
    told.sort(key=lambda f: f.outcome_step or 0)
    last = told[-1] if told else None
    settled = max([0, *(f.outcome_step or f.proposed_step or 0 for f in fixes)])
    since, author = _latest_word(layout, settled, cause)
    if current and current.outcome == "proposed":
        next_up = f"“{_named(current)}” is suggested, not yet applied"
        if last and last.outcome in {"partial", "failed"}:
            return f"{_outcome(layout, last, 110)}; {next_up}"
        return f"Not solved: the fix {next_up}" + (f"; since then: {bare(since)}" if since else "")
    if last:
        text = _outcome(layout, last, 180)
        return text + (f". Since then: {bare(since)}" if since and last.outcome != "worked" else "")
    if state.confirmed:
        return f"Solved: “{shorten(bare(state.confirmed.said), 160)}”"
    if since:
        return f"Latest{f' from {author}' if author else ''}: {bare(since)}"
    waiting = [t for t in layout.case.tasks if t.state in {"pending", "active"} and not secrecy.holds_secret(t.title)]
    if waiting:
        more = f", and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        what = "question" if waiting[0].kind == "question" else "check"
        return f"Not solved: no fix has been tried; the {what} “{shorten(fold(waiting[0].title), 110)}” is open{more}"
    return "Not solved: no fix has been tried yet"


def _named(fix: CaseFix) -> str:
    return shorten(bare(fold(fix.title)), 100)


def _outcome(layout: Layout, fix: CaseFix, room: int) -> str:
    told = outcome_note(layout, fix)
    # For a fix that worked in part, what is left matters most, unless another fix covers it.
    rest = what_is_left(told) if fix.outcome == "partial" and fix.current else told
    note = lowered(bare(first_sentences(rest, room))) if rest else ""
    name = f"he fix “{_named(fix)}”"
    match fix.outcome:
        case "worked":
            text = f"T{name} worked"
        case "partial":
            text = f"T{name} worked in part"
        case "applied":
            text = f"T{name} is applied, not yet verified"
        case "dismissed":
            text = f"T{name} was not applied"
        case _:
            text = f"Not solved: t{name} did not work"
    return f"{text}: {note}" if note else text


def _latest_word(layout: Layout, after: int, cause: LaneCause | None) -> tuple[str, str]:
    """What somebody reported after the last outcome and the last finding, and who."""
    found = [f.step for f in layout.case.facts if f.step] + [s.number for s in layout.results]
    since = max([after, *layout.opening, *found])
    later = [
        s
        for s in layout.talk.sentences
        if s.step > since
        and not (s.is_question or s.is_noise or s.has("hypothetical", "hedge", "injection", "stated_cause", "request"))
        and not _ASKS.match(s.text)
        and not (cause and cause.stated is s)
        and len(lexicon.content(s.text)) >= 3
    ]
    if not later:
        return "", ""
    last = [s for s in later if s.step == later[-1].step]
    first = max(last, key=lambda s: (s.done or s.has("observation", "symptom", "success"), -s.order))
    following = next((s.text for s in last if s.order == first.order + 1), "")
    both = f"{ended(first.text)} {following}".strip()
    return (both if following and len(both) <= 170 else shorten(first.text, 170)), first.author
