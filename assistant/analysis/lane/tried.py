"""What was tried: fixes with their outcomes, and actions that people report."""

import re

from assistant.analysis.findings.attempt import Attempt
from assistant.analysis.lane.layout import SKIPPED, Layout, is_unfit, outcome_note, quote
from assistant.analysis.lane.summary import relayed
from assistant.analysis.lane.wording import bare, capital, first_sentences
from assistant.analysis.language import lexicon
from assistant.analysis.language.sentences import fold, shorten
from assistant.analysis.reading import secrecy
from assistant.case import CaseFix
from assistant.results import Evidence, Tried, TryResult, outcome_words

# Fix outcomes as results of attempts. A fix that is only proposed is not an attempt.
_FIX_RESULTS = {
    "worked": TryResult.WORKED,
    "failed": TryResult.FAILED,
    "partial": TryResult.PARTIAL,
    "applied": TryResult.APPLIED,
    "dismissed": TryResult.NOT_APPLIED,
}
MOST_DEEDS, MOST_FIXES = 6, 24
# How many of the latest deeds one is compared with, to leave out repeats.
MOST_COMPARED = 60
_DEED = re.compile(r"(?:^|[.;,]\s+|\band )(?P<deed>(?:I|We) (?:have )?(?P<verb>[a-z]+)\b[^.;]{6,150})")
# Reading, hearing or calling changes nothing: a finding, not an attempt.
_HEARD = (
    r"rang|called|phoned|asked|told|said|traced|tracked|found|noted|looked|saw|read|watched|promised|learn\w*|heard|counted|compared|"
    r"checked"
)
_NO_DEED = re.compile(
    rf"^\W*(?:i |we )?(?:have |had )?(?:just |then |also )?(?:(?:{_HEARD})\b|\w+ (?:nothing|none|neither|not|no)\b)", re.IGNORECASE
)
# What the client did before counts if it was an attempt ("She restarted it twice"), not if it is background.
_SOMEBODY = re.compile(
    r"^\W*(?:he|she|they|the (?:user|client|contractor|vendor)|(?:their|her|his) \w+)\b"
    r"(?!.{0,30}\b(?:restart|reboot|re-?install|re-?set|tried|unplug|replac))",
    re.IGNORECASE,
)
_WENT = re.compile(r",\s+(?:but |and )?(?=(?:it|that|they|still|same|the same|no|nothing)\b)|\s+(?:and|but) got\s+", re.IGNORECASE)
_WENT_ON = re.compile(r"^\W*(?:it|still|same|the same|no (?:change|luck|difference|effect)|nothing)\b", re.IGNORECASE)
_REFUSED = re.compile(r"\b(?:refus\w+|reject\w+|denie[sd]|fails?)\b", re.IGNORECASE)
_AS_BEFORE = re.compile(r"\b(?:again|still|same|no (?:change|luck|difference|effect)|nothing (?:changed|helped))\b", re.IGNORECASE)
_FIGURES = re.compile(r"^\d[\d,.]* \w")
# "Side copy done to E:", "Target BW-FS02 is disabled": done by the person who reports it.
_DONE = re.compile(r"^(?P<what>(?:[\w.\\:/-]+ ){1,7}?)(?:(?:is|are|has been|have been) )?(?P<verb>[a-z]+)\b", re.IGNORECASE)
_BY_OTHERS = re.compile(
    r"\b(?:was|were|shows?|says?|had|holds?|looks?|takes?|keeps?|comes?|needs?|still|he|she|they|it|who|which|that|not|never|nobody|nothing|by)\b",
    re.IGNORECASE,
)


def lane_tried(layout: Layout, done: list[Attempt]) -> list[Tried]:
    # The latest fixes matter most, and an assessment has room for no more.
    fixes = [entry for fix in layout.case.fixes[-2 * MOST_FIXES :] if (entry := _fix(layout, fix))][-MOST_FIXES:]
    titles = [entry.action for entry in fixes]
    deeds = [(a.step, _told(layout, a)) for a in own_actions(done)]
    deeds += _in_results(layout) + _reported(layout, done)
    kept: list[Tried] = []
    for _, entry in sorted(deeds, key=lambda pair: pair[0]):
        if not any(lexicon.closeness(entry.action, title) >= 80 for title in titles) and not any(
            lexicon.alike(entry.action, other.action) >= 88 for other in kept[-MOST_COMPARED:]
        ):
            kept.append(entry)
    return fixes + kept[-MOST_DEEDS:]


def _told(layout: Layout, attempt: Attempt) -> Tried:
    """An action as reported, with what "it" refers to and the figures right after it."""
    told = attempt.as_tried()
    first, last = attempt.actions[0], attempt.actions[-1]
    said = layout.talk.of(first.step)
    action = re.split(r",\s+(?:now|then|next)\b", told.action)[0]
    if not attempt.wording and len(lexicon.content(action)) <= 2 and re.search(r"\b(?:it|them|that|those)\b", action):
        before = next((s for s in said if s.order == first.order - 1), None)
        action = f"{action} ({bare(before.said)})" if before and not before.is_noise else action
    outcome: tuple[TryResult, str] | None = None
    if told.outcome is None and (turn := _WENT.search(first.text)) and (head := plain_part(first.text[: turn.start()])):
        action, outcome = head, _how(first.text[turn.end() :])
    after = next((s for s in said if s.order == last.order + 1), None)
    if (
        told.outcome is None
        and outcome is None
        and after is not None
        and not after.is_question
        and (_FIGURES.match(after.text) or _WENT_ON.match(after.text))
    ):
        outcome = _how(after.said)
    result, details = outcome or attempt.outcome
    details = "" if result == TryResult.NO_CHANGE and details.lower() == "no change" else details
    return told.model_copy(update={"action": shorten(action, 220), "result": result, "outcome": outcome_words(result, details)})


def plain_part(text: str) -> str:
    return capital(bare(re.sub(r"^\W*(?:I|We)(?:'ve| have| had)?\s+(?:just |then |also )?", "", text)))


def _how(text: str) -> tuple[TryResult, str]:
    """The result of an action, in the words of the person who did it."""
    if _AS_BEFORE.search(text):
        return TryResult.NO_CHANGE, bare(text) if len(lexicon.words(text)) > 3 else ""
    wrong = lexicon.meanings(text) & {"symptom", "failure"} or _REFUSED.search(text)
    return TryResult.FAILED if wrong else TryResult.OTHER, bare(text)


def own_actions(done: list[Attempt]) -> list[Attempt]:
    """What people did, without what they only heard, read or left alone, or quote from others."""
    return [
        attempt
        for attempt in done
        if not any(
            _NO_DEED.match(s.text)
            or _SOMEBODY.match(s.text)
            or s.text.startswith(('"', "“"))
            or (s.has("stated_cause", "intention") and not attempt.wording)
            for s in attempt.actions[:1]
        )
    ]


def _fix(layout: Layout, fix: CaseFix) -> Tried | None:
    if fix.outcome not in _FIX_RESULTS or secrecy.holds_secret(fix.title):
        return None
    title, note = bare(fold(fix.title)), outcome_note(layout, fix)
    told = layout.steps.get(fix.outcome_step or 0) or layout.steps.get(fix.proposed_step or 0)
    evidence = quote(told, note or f"{title} {fix.outcome}")
    if evidence is None:
        return None
    result = _FIX_RESULTS[fix.outcome]
    outcome = outcome_words(result, first_sentences(note, 210) if note else "")
    return Tried(action=capital(shorten(title, 200)), outcome=outcome, result=result, evidence=[evidence])


def _in_results(layout: Layout) -> list[tuple[int, Tried]]:
    """ "I changed the peer on FW1", said in an answer."""
    found = []
    for step in layout.results:
        if step.kind != "answer" or SKIPPED.match(step.text):
            continue
        for match in _DEED.finditer(fold(step.text)):
            deed = match["deed"].strip()
            if match["verb"] not in lexicon.past_forms() - lexicon.word_set("weak_actions") or _NO_DEED.match(deed) or is_unfit(deed):
                continue
            action = capital(bare(re.sub(r"^(?:I|We) (?:have )?", "", deed)))
            found.append((step.number, Tried(action=action, outcome=None, evidence=[Evidence(step=step.number, quote=deed)])))
    return found


def _reported(layout: Layout, done: list[Attempt]) -> list[tuple[int, Tried]]:
    """What somebody reports as done without saying "I": the part before the comma is the action, the rest its result."""
    named = {s.order for attempt in done for s in attempt.actions}
    found = []
    for sentence in layout.talk.sentences:
        if sentence.step in layout.opening or sentence.order in named or not sentence.is_firm or sentence.has("stated_cause", "not_done"):
            continue
        head, _, rest = sentence.text.partition(", ")
        match = _DONE.match(head)
        while match and match["verb"].lower() not in (lexicon.past_forms() | {"done", "taken"}) - lexicon.word_set("weak_actions"):
            match = re.match(
                rf"^(?P<what>{re.escape(match.group(0))} (?:(?:is|are|has been|have been) )?)(?P<verb>[a-z]+)\b", head, re.IGNORECASE
            )
        if match is None or len(lexicon.words(match["what"])) > 7 or _BY_OTHERS.search(head) or relayed(sentence.text):
            continue
        result = TryResult.OTHER if len(lexicon.content(rest)) >= 2 else TryResult.NOT_REPORTED
        told = Tried(
            action=capital(shorten(bare(head), 200)), outcome=outcome_words(result, bare(rest)), result=result, evidence=[sentence.evidence]
        )
        found.append((sentence.step, told))
    return found
