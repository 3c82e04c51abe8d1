"""Suggested steps from the lane: the unsettled fix, open checks, skipped cards, open questions."""

import re
from collections.abc import Iterable
from itertools import islice

from assistant.analysis.findings.advice import Ask
from assistant.analysis.lane.layout import Layout, outcome_note, pieces, proposal, quote
from assistant.analysis.lane.wording import bare, capital, ended, first_sentences, lowered, what_is_left
from assistant.analysis.language import lexicon
from assistant.analysis.language.sentences import fold, shorten
from assistant.analysis.reading import secrecy
from assistant.case import CaseFix, CaseTask
from assistant.results import Evidence, SuggestedStep

MOST, ENOUGH, MOST_QUESTIONS, MOST_OF_A_KIND, LONGEST = 5, 3, 8, 30, 108
_DO_NOT = re.compile(r"^\W*(?:good|let them know|see you)\b", re.IGNORECASE)
_NEEDLESS = re.compile(
    r"\b(?:not needed|no need|does not apply|not applicable|n/?a|already (?:done|known|clear)|pointless|irrelevant|there is no(?:ne)?)\b",
    re.IGNORECASE,
)


def lane_steps(layout: Layout, solved: bool) -> list[SuggestedStep]:
    case = layout.case
    steps = _first(step for fix in case.fixes if fix.current and (step := _fix(layout, fix)))
    steps += _first(_check(layout, task) for task in _open(layout, "check"))
    steps += _first(_check(layout, task) for task in case.tasks if task.state == "done" and task.step is None and not _secret(task))
    steps += _first(step for task in case.tasks if (step := _skipped(layout, task)))
    if not solved and len(steps) < ENOUGH:
        steps += [_question(layout, task) for task in _open(layout, "question")[: ENOUGH - len(steps)]]
    if not solved and len(steps) < ENOUGH:
        steps += [advice for advice in _last_advice(layout) if not any(lexicon.closeness(advice.text, step.text) >= 40 for step in steps)]
    if not solved and not steps:
        steps += _when_stuck(layout)
    distinct: list[SuggestedStep] = []
    for step in steps:
        if not any(lexicon.alike(step.text, other.text) >= 88 for other in distinct):
            distinct.append(step)
    return distinct[:MOST]


def _first(steps: Iterable[SuggestedStep]) -> list[SuggestedStep]:
    """The first few of a kind: more than are shown, because some are alike."""
    return list(islice(steps, MOST_OF_A_KIND))


def lane_questions(layout: Layout, asked: list[Ask]) -> list[str]:
    found = [shorten(fold(task.title), 250) for task in _open(layout, "question")]
    replied = max((reply.number for reply in layout.replies), default=0)
    for ask in asked:
        # FlowPilot has replied to earlier questions; only later ones can still be open.
        if ask.answer is None and ask.sentence.step > replied and len(lexicon.content(ask.sentence.text)) >= 2:
            who = "the client" if ask.sentence.part == "client" else ask.sentence.who
            found.append(f"{shorten(ask.sentence.said, 220)} (asked by {who})")
    unique: list[str] = []
    for text in found:
        if not any(lexicon.alike(text, other) >= 80 for other in unique):
            unique.append(text)
        if len(unique) == MOST_QUESTIONS:
            break
    return unique


def _open(layout: Layout, kind: str) -> list[CaseTask]:
    waiting = [t for t in layout.case.tasks if t.kind == kind and t.state in {"pending", "active"} and not secrecy.holds_secret(t.title)]
    return sorted(waiting, key=lambda t: t.number)


def _secret(task: CaseTask) -> bool:
    return secrecy.holds_secret(f"{task.title} {task.answer}")


def _cited(*evidence: Evidence | None) -> list[Evidence]:
    return [e for e in evidence if e is not None]


def _fix(layout: Layout, fix: CaseFix) -> SuggestedStep | None:
    if secrecy.holds_secret(f"{fix.title} {fix.verify}"):
        return None
    title, note = bare(fold(fix.title)), outcome_note(layout, fix)
    verify = f"Verify: {ended(first_sentences(fix.verify, 190))}" if fix.verify.strip() else ""
    told = layout.steps.get(fix.outcome_step or 0)
    proposed = quote(layout.steps.get(fix.proposed_step or 0), f"{title} {fix.detail}")
    if fix.outcome == "proposed":
        text, why, cited = capital(title), "Suggested, not yet applied.", proposed
    elif fix.outcome == "applied":
        text, why, cited = (
            f"Verify the fix: {title}",
            f"Applied, not yet verified{f': {note}' if note else ''}",
            quote(told, note) or proposed,
        )
    elif fix.outcome == "partial":
        rest = what_is_left(note)
        text, why, cited = (
            f"Finish: {title}",
            f"It worked in part{f': {lowered(rest)}' if rest else ''}",
            quote(told, rest or note or title) or proposed,
        )
    elif fix.outcome == "worked":
        text, why = "Confirm with the client that it stays fixed, then resolve", f"“{shorten(title, 120)}” is marked as worked"
        cited, verify = quote(told, title) or proposed, ""
    else:
        return None
    return SuggestedStep(
        text=shorten(text, LONGEST), why=shorten(f"{ended(shorten(why, 200))} {verify}".strip(), 395), evidence=_cited(cited)
    )


def _check(layout: Layout, task: CaseTask) -> SuggestedStep:
    reply = proposal(layout, task)
    command = fold(task.command) if task.command and not secrecy.holds_secret(task.command) else ""
    if draft := bare(fold(task.answer)):
        why = "A result has been entered but not sent" + ("." if _secret(task) else f": {ended(shorten(draft, 200))}")
    else:
        why = "Open check, no result yet." + (f" Command: {command}" if command and len(command) <= 200 else "")
    return SuggestedStep(text=capital(shorten(bare(fold(task.title)), LONGEST)), why=why, evidence=_cited(quote(reply, task.title)))


def _skipped(layout: Layout, task: CaseTask) -> SuggestedStep | None:
    """A card skipped with a reason may still be worth doing; one skipped without a reason was not wanted."""
    reason = bare(fold(task.answer))
    if task.state != "skipped" or not reason or _NEEDLESS.search(reason) or secrecy.holds_secret(f"{task.title} {reason}"):
        return None
    cited = quote(layout.steps.get(task.step or 0), f"{task.title} {reason}") or quote(proposal(layout, task), task.title)
    return SuggestedStep(
        text=capital(shorten(bare(fold(task.title)), LONGEST)), why=ended(f"Was skipped: {shorten(reason, 200)}"), evidence=_cited(cited)
    )


def _question(layout: Layout, task: CaseTask) -> SuggestedStep:
    text = shorten(fold(task.title), LONGEST - 5)
    return SuggestedStep(
        text=f"Ask: {text}", why="Open question, not yet answered.", evidence=_cited(quote(proposal(layout, task), task.title))
    )


def _is_order(text: str) -> bool:
    first, second, *_ = [*lexicon.words(text)[:2], "", ""]
    known = first in lexicon.word_set("imperatives") | lexicon.base_forms()
    begins = first not in lexicon.word_set("stopwords") and second in {
        "the",
        "it",
        "a",
        "an",
        "them",
        "both",
        "from",
        "what",
        "which",
        "something",
    }
    return (known or begins) and not first.endswith("ing") and not text.endswith("?")


def _last_advice(layout: Layout) -> list[SuggestedStep]:
    """FlowPilot's last advice, if nothing is open in the lane and nobody wrote after it."""
    last = max((s.number for s in layout.case.steps if s.author_kind not in {"assistant", "system"}), default=0)
    proposing = {fix.proposed_step for fix in layout.case.fixes if fix.current}
    if not layout.replies or layout.replies[-1].number < last or layout.replies[-1].number in proposing:
        return []
    reply = layout.replies[-1]
    advice = [p for p in pieces(reply) if _is_order(p) and len(lexicon.content(p)) >= 2 and not _DO_NOT.match(p)]
    return [
        SuggestedStep(
            text=shorten(bare(p), LONGEST), why="FlowPilot's latest advice; no result has been reported.", evidence=_cited(quote(reply, p))
        )
        for p in advice[:2]
    ]


def _when_stuck(layout: Layout) -> list[SuggestedStep]:
    """Nothing is left in the lane: ask whether the last action helped, or look for another cause after a failed fix."""
    said = [s for s in layout.talk.sentences if not (s.is_question or s.is_noise) and s.step not in layout.opening]
    failed = next((f for f in reversed(layout.case.fixes) if f.outcome == "failed" and not secrecy.holds_secret(f.title)), None)
    if said and said[-1].step > (failed.outcome_step or 0 if failed else 0):
        last = [s for s in said if s.step == said[-1].step]
        deed = max(last, key=lambda s: (s.done, -s.order))
        return [
            SuggestedStep(
                text="Ask the client whether it works now",
                why=f"Last reported: {ended(shorten(bare(deed.said), 200))}",
                evidence=[deed.evidence],
            )
        ]
    if failed is None:
        return []
    note = outcome_note(layout, failed)
    return [
        SuggestedStep(
            text=shorten(f"Look for another cause; this did not work: {bare(fold(failed.title))}", LONGEST),
            why=ended(shorten(note, 300)) if note else "Nothing else is open in the lane.",
            evidence=_cited(quote(layout.steps.get(failed.outcome_step or 0), note or failed.title)),
        )
    ]
