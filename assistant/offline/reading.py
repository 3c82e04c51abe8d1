"""How the offline assistant understands a case: which playbook matches, which causes are likely, on what evidence, with what confidence."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from assistant.case import Case, CaseFix, CaseStep
from assistant.knowledge import matcher
from playbooks.matching import FITS, Match, Matcher, Text
from playbooks.schema import Cause, Fix, Playbook, Question
from playbooks.words import clip, phrase_stems

# Steps that count as evidence. Replies, briefings and status updates only repeat or guess.
SPOKEN = {"message", "answer", "check", "note", "outcome"}
SENT_RESULTS = {"answer", "check"}
DISCOVERY_ENDS, GUIDED_BEGINS = 0.4, 0.8
# Without a reported result, no cause is certain enough to act on.
UNCONFIRMED_AT_MOST = 0.78
# How much a failed fix counts against its cause; one that partly helped counts less.
AGAINST_FAILED, AGAINST_PARTIAL = 6.0, 1.0
# One sentence often holds several signs of one cause, so all but the strongest of a step count little.
ECHO = 0.35
# How far another playbook must outscore the current one to replace it.
CLEARLY_BETTER = 1.8
# How much text of a case is read, newest first, in characters.
READ_AT_MOST = 150_000

_YES = re.compile(r"\s*(yes|yep|yeah|yup|correct|true|exactly|y)\b", re.IGNORECASE)
# "No problem there" and "n/a" do not answer no.
_NO = re.compile(r"\s*(no|nope|none|nobody|never|false|negative|n)\b(?!/|\s+(problem|issue|idea|clue|trouble|error))", re.IGNORECASE)
_SYSTEMS = {
    "windows": ["windows", "win10", "win11", "powershell", "registry", "blue screen", "event viewer"],
    "macos": ["macos", "macbook", "imac", "mac", "os x", "osx"],
    "linux": ["linux", "ubuntu", "debian", "centos", "rhel", "fedora", "systemctl", "apt", "sudo"],
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """`weight` is positive for the cause, negative against it. `reported`: it came after the opening text."""

    cause: str
    phrase: str
    weight: float
    step: int
    quote: str
    reported: bool


@dataclass(frozen=True, slots=True)
class Suspect:
    cause: Cause
    strength: float
    evidence: list[Evidence]

    @property
    def reported(self) -> bool:
        return any(item.reported and item.weight > 0 for item in self.evidence)

    @property
    def decisive(self) -> Evidence | None:
        found = [item for item in self.evidence if item.weight > 0]
        return max(found, key=lambda item: (item.weight, item.step), default=None)


@dataclass(frozen=True, slots=True)
class Reading:
    """`playbook` is None if none matches. `new` holds the steps without a reply yet. `suspects` come strongest first."""

    playbook: Playbook | None
    rival: Playbook | None
    confidence: float
    suspects: list[Suspect] = field(default_factory=list)
    new: list[CaseStep] = field(default_factory=list)
    said: list[Text] = field(default_factory=list)
    systems: frozenset[str] = frozenset()

    def open_fixes(self, case: Case) -> list[Fix]:
        """Fixes for the leading suspect that this session has not proposed yet."""
        if not self.playbook or not self.suspects:
            return []
        known = {same(fix.title) for fix in case.fixes}
        lead = self.suspects[0].cause.id
        return [fix for fix in self.playbook.fixes if fix.cause == lead and same(fix.title) not in known]


def read(case: Case) -> Reading:
    new = _unanswered(case.steps)
    spoken = _spoken(case)
    title, summary, *texts = said = [matcher().text(text) for text in (case.title, case.summary, *(step.text for step in spoken))]
    about = [(title, 1.2), (summary, 1.0), (matcher().text(case.domain), 0.6)]
    playbook, score, rival = _choose(about, list(zip(spoken, texts, strict=True)), {step.number for step in new})
    systems = frozenset(name for name, phrases in _SYSTEMS.items() if Matcher.has_any(said, phrases))
    if playbook is None:
        return Reading(None, None, round(min(0.3, score * 0.5), 2), [], new, said, systems)
    suspects = _suspects(case, playbook, spoken, said)
    confidence = _confidence(case, playbook, score, rival, suspects)
    return Reading(playbook, rival, confidence, suspects, new, said, systems)


@lru_cache(maxsize=4096)
def same(title: str) -> tuple[str, ...]:
    """Titles with the same words in the same order are the same card, whatever their case and punctuation."""
    return phrase_stems(title[:400])


def card_of(playbook: Playbook, asked: str) -> Question | None:
    wanted = same(asked)
    return next((card for card in playbook.cards() if same(card.title) == wanted), None)


def squeeze(text: str, limit: int = 110) -> str:
    """One line without control characters, at most `limit` characters, cut at a word."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: limit * 8]).split())
    if len(line) <= limit:
        return line
    return line[: limit - 3].rsplit(" ", 1)[0].rstrip(" ,.;:") + " ..."


def _unanswered(steps: list[CaseStep]) -> list[CaseStep]:
    """The steps since the assistant's last reply, without system events."""
    new: list[CaseStep] = []
    for step in reversed(steps):
        if step.kind == "reply":
            break
        if step.kind in SPOKEN or step.kind == "briefing":
            new.append(step)
    return new[::-1]


def _spoken(case: Case) -> list[CaseStep]:
    """What people wrote, oldest first; for a huge session the opening and as much of the newest as fits."""
    spoken = [step for step in case.steps if step.kind in SPOKEN and step.author_kind != "assistant" and step.text.strip()]
    kept: list[CaseStep] = []
    room = READ_AT_MOST
    for step in reversed(spoken[1:]):
        room -= len(clip(step.text))
        if room < 0:
            break
        kept.append(step)
    return [*spoken[:1], *kept[::-1]]


def _importance(spoken: list[tuple[CaseStep, Text]], new: set[int]) -> Iterable[tuple[Text, float]]:
    for age, (step, text) in enumerate(reversed(spoken)):
        if step.kind in SENT_RESULTS:
            yield text, 0.4
        elif step.number in new:
            yield text, 1.0
        else:
            yield text, max(0.6, 0.97**age)


def _choose(
    about: list[tuple[Text, float]], spoken: list[tuple[CaseStep, Text]], new: set[int]
) -> tuple[Playbook | None, float, Playbook | None]:
    """Keeps the playbook that earlier steps matched, unless another is clearly better and the newest steps support it."""
    now = matcher().match([*about, *_importance(spoken, new)])
    if not now or now[0].score < FITS:
        return None, now[0].score if now else 0.0, None
    chosen = now[0]
    earlier = [(step, text) for step, text in spoken if step.number not in new] or spoken[:1]
    before = matcher().match([*about, *_importance(earlier, set())])
    if before and before[0].score >= FITS and before[0].playbook.slug != chosen.playbook.slug:
        held = next((match for match in now if match.playbook.slug == before[0].playbook.slug), None)
        if held and chosen.raw < held.raw * CLEARLY_BETTER:
            chosen = held
    others = [match for match in now if match.playbook.slug != chosen.playbook.slug and _close(match, chosen)]
    return chosen.playbook, chosen.score, others[0].playbook if others else None


def _close(match: Match, chosen: Match) -> bool:
    return match.score >= FITS and match.raw >= chosen.raw * 0.85


def _suspects(case: Case, playbook: Playbook, spoken: list[CaseStep], said: list[Text]) -> list[Suspect]:
    evidence: dict[tuple[str, str], Evidence] = {}

    def note(item: Evidence) -> None:
        earlier = evidence.get((item.cause, item.phrase))
        if earlier is None or abs(item.weight) >= abs(earlier.weight):
            evidence[item.cause, item.phrase] = item

    finder = matcher().causes[playbook.slug]
    # Title and summary come first; they are as old as the opening.
    places = [(0, 0.5, False), (0, 0.5, False), *((step.number, *_trust(step, at)) for at, step in enumerate(spoken))]
    for text, (number, trust, reported) in zip(said, places, strict=True):
        for hit in finder.find(text):
            if hit.denied and hit.weight < 0:
                continue
            # The opposite of a sign is weaker than the sign: it may be about another thing.
            weight = hit.weight * trust * (-0.4 if hit.denied else 1.0)
            note(Evidence(hit.owner, hit.phrase, weight, number, _around(text.source, hit.start, hit.end), reported))
    for step in spoken:
        for item in _plain_answers(playbook, step):
            note(item)
    for cause_id, weight, number in _outcomes(case, playbook):
        note(Evidence(cause_id, f"fix:{number}", -weight, number, "", True))

    grouped = {cause.id: [item for item in evidence.values() if item.cause == cause.id] for cause in playbook.causes}
    spent = _spent(case, playbook)
    found = [Suspect(cause, _strength(grouped[cause.id]), grouped[cause.id]) for cause in playbook.causes if cause.id not in spent]
    return sorted((suspect for suspect in found if suspect.strength > 0), key=lambda suspect: -suspect.strength)


def _strength(evidence: list[Evidence]) -> float:
    """Evidence for a cause, step by step, minus all evidence against it."""
    steps: dict[int, list[float]] = defaultdict(list)
    for item in evidence:
        if item.weight > 0:
            steps[item.step].append(item.weight)
    supporting = sum(max(weights) + ECHO * (sum(weights) - max(weights)) for weights in steps.values())
    return supporting + sum(item.weight for item in evidence if item.weight < 0)


def _spent(case: Case, playbook: Playbook) -> set[str]:
    """Causes whose fixes have all failed. They are ruled out, whatever else supports them."""
    failed = {same(fix.title) for fix in case.fixes if fix.outcome == "failed"}
    return {cause.id for cause in playbook.causes if all(same(fix.title) in failed for fix in playbook.fixes if fix.cause == cause.id)}


def _trust(step: CaseStep, at: int) -> tuple[float, bool]:
    """How much a step counts as evidence: the opening is a complaint, a sent result is a finding, an imported thread mixes both."""
    if step.kind in SENT_RESULTS:
        return 1.0, True
    if at == 0:
        return 0.5, False
    return (0.6, True) if step.author_kind == "imported" else (0.8, True)


def _plain_answers(playbook: Playbook, step: CaseStep) -> Iterable[Evidence]:
    if step.kind not in SENT_RESULTS or not step.asked:
        return
    card = card_of(playbook, step.asked)
    if card is None:
        return
    weights = card.if_yes if _YES.match(step.text) else card.if_no if _NO.match(step.text) else {}
    quote = f"{squeeze(step.asked, 70)} {squeeze(step.text, 60)}"
    for cause, weight in weights.items():
        yield Evidence(cause, f"card:{card.id}", float(weight), step.number, quote, True)


def _outcomes(case: Case, playbook: Playbook) -> Iterable[tuple[str, float, int]]:
    for fix in case.fixes:
        cause = cause_of(playbook, fix)
        if cause and fix.outcome in ("failed", "partial"):
            yield cause, AGAINST_FAILED if fix.outcome == "failed" else AGAINST_PARTIAL, fix.outcome_step or 0


def cause_of(playbook: Playbook, fix: CaseFix) -> str | None:
    return next((known.cause for known in playbook.fixes if same(known.title) == same(fix.title)), None)


def _around(text: str, start: int, end: int) -> str:
    """The matched words, verbatim, with up to 40 characters of their line on each side."""
    line_start = max(text.rfind("\n", 0, start) + 1, start - 40)
    line_end = text.find("\n", end)
    line_end = min(len(text) if line_end < 0 else line_end, end + 40)
    while line_start < start and line_start > 0 and not text[line_start - 1].isspace():
        line_start += 1
    while line_end > end and line_end < len(text) and not text[line_end].isspace():
        line_end -= 1
    return squeeze(text[line_start:line_end])


def _confidence(case: Case, playbook: Playbook, score: float, rival: Playbook | None, suspects: list[Suspect]) -> float:
    """Rises with evidence for one cause and falls with evidence for others. The number of turns alone changes nothing."""
    base = 0.15 + 0.45 * score
    if rival:
        base = min(base, 0.38)
    if not suspects:
        return round(base, 2)
    lead = suspects[0]
    second = suspects[1].strength if len(suspects) > 1 else 0.0
    margin = (lead.strength - second) / lead.strength
    sure = (1 - math.exp(-lead.strength / 4)) * (0.6 + 0.4 * margin)
    confidence = base + (0.97 - base) * sure
    fixed = {same(fix.title) for fix in case.fixes if fix.outcome in ("failed", "dismissed", "partial")}
    nothing_left = all(same(fix.title) in fixed for fix in playbook.fixes if fix.cause == lead.cause.id)
    if not lead.reported or nothing_left:
        confidence = min(confidence, UNCONFIRMED_AT_MOST)
    return round(min(confidence, 0.95), 2)
