"""The offline assistant's reply: deterministic, without network, from the playbooks and from what stands in the session."""

from assistant.case import Case, CaseFix, CaseStep
from assistant.offline.cards import next_cards
from assistant.offline.reading import DISCOVERY_ENDS, GUIDED_BEGINS, SENT_RESULTS, Reading, cause_of, read, squeeze
from assistant.results import NewFix, NewTask, Reply
from playbooks.schema import Fix

_OUTCOME = {
    "proposed": "proposed, not tried yet",
    "applied": "applied, not verified yet",
    "worked": "worked",
    "failed": "did not help",
    "partial": "helped in part",
    "dismissed": "dismissed",
}


def reply(case: Case) -> Reply:
    """What FlowPilot says next. The same case always gets the same reply."""
    reading = read(case)
    settled = _settled_now(case, reading)
    if any(step.kind == "briefing" for step in reading.new):
        return _briefing(case, reading)
    if settled and settled.outcome == "worked":
        return _worked(reading, settled)
    lines = [_after_fix(reading, settled)] if settled else []
    lines += _acknowledged(reading)
    if reading.playbook is None:
        return _nothing_fits(case, reading, lines)
    waiting = _waiting(case)
    fixes = reading.open_fixes(case)
    if reading.confidence >= GUIDED_BEGINS and fixes and not (waiting and cause_of(reading.playbook, waiting) == fixes[0].cause):
        return _guided(reading, fixes[0], lines)
    return _exploring(case, reading, lines, waiting)


def _settled_now(case: Case, reading: Reading) -> CaseFix | None:
    """The fix whose outcome is told by a step that nobody replied to yet."""
    new = {step.number for step in reading.new if step.kind == "outcome"}
    cards = {step.card for step in reading.new if step.kind == "outcome"}
    told = [fix for fix in case.fixes if fix.outcome in ("worked", "failed", "partial", "dismissed")]
    return next((fix for fix in reversed(told) if fix.outcome_step in new or fix.number in cards), None)


def _waiting(case: Case) -> CaseFix | None:
    return next((fix for fix in reversed(case.fixes) if fix.current and fix.outcome in ("proposed", "applied")), None)


def _made(reading: Reading, lines: list[str], *, tasks: list[NewTask] | None = None, fix: NewFix | None = None) -> Reply:
    book = reading.playbook
    return Reply(
        text="\n\n".join(line for line in lines if line)[:4000],
        confidence=reading.confidence,
        playbook=book.slug if book else "",
        domain=book.domain if book else "",
        tasks=tasks or [],
        fix=fix,
    )


def _list(items: list[str]) -> str:
    return "\n".join(f"{number}. {item}" for number, item in enumerate(items, start=1))


def _numbered(tasks: list[NewTask]) -> str:
    return _list([task.title for task in tasks])


def _acknowledged(reading: Reading) -> list[str]:
    """What the newest steps mean, in their decisive words; at most three lines."""
    new = {step.number for step in reading.new}
    said: list[str] = []
    quoted: set[int] = set()
    for suspect in reading.suspects:
        for item in sorted(suspect.evidence, key=lambda item: -abs(item.weight)):
            if item.step in new and item.reported and item.quote and item.step not in quoted:
                quoted.add(item.step)
                speaks = "points to" if item.weight > 0 else "speaks against"
                said.append(f'"{item.quote}" {speaks} {suspect.cause.text}.')
                break
    if not said:
        results = [step for step in reading.new if step.kind in SENT_RESULTS and step.text.strip()]
        said = [_plain_result(step) for step in results[:2]]
        if said and reading.playbook:
            said.append("That does not single out a cause yet.")
    return ["\n".join(said[:3])]


def _plain_result(step: CaseStep) -> str:
    asked = squeeze(step.asked, 90)
    return f'Noted: {asked} "{squeeze(step.text)}".' if asked else f'Noted: "{squeeze(step.text)}".'


def _standing(reading: Reading) -> str:
    """Which causes are suspected, with the ground for the first."""
    if not reading.suspects:
        return ""
    lead = reading.suspects[0]
    ground = lead.decisive
    because = f' (from "{ground.quote}")' if ground and ground.quote else ""
    others = [suspect.cause.text for suspect in reading.suspects[1:3] if suspect.strength >= lead.strength * 0.5]
    also = f" Also possible: {'; or '.join(others)}." if others else ""
    return f"Most likely so far: {lead.cause.text}{because}.{also}"


def _exploring(case: Case, reading: Reading, lines: list[str], waiting: CaseFix | None) -> Reply:
    """Discovery and exploring: where it stands, and what to ask or look at next."""
    assert reading.playbook
    tasks = next_cards(case, reading)
    if reading.confidence < DISCOVERY_ENDS:
        about = f"This may be: {reading.playbook.title}."
        if reading.rival:
            about = f"This may be one of two things: {reading.playbook.title}; or {reading.rival.title}."
    elif not any(step.kind == "reply" for step in case.steps):
        about = f"This looks like: {reading.playbook.title}."
    else:
        about = ""
    quoted = any('"' in line for line in lines)
    lines = [*lines, about, "" if quoted and len(reading.suspects) < 2 else _standing(reading)]
    if waiting and waiting.outcome == "applied":
        lines.append(f"The fix is applied but not verified: {waiting.title}. To verify: {waiting.verify or 'repeat what failed before'}")
    elif waiting:
        lines.append(f"The proposed fix still stands: {waiting.title}.")
    if tasks:
        lines.append(f"Next:\n{_numbered(tasks)}")
    else:
        lines.append(_exhausted(case, reading))
    return _made(reading, lines, tasks=tasks)


def _guided(reading: Reading, fix: Fix, lines: list[str]) -> Reply:
    lead = reading.suspects[0]
    ground = lead.decisive
    lines = [line for line in lines if line]
    if not any('"' in line for line in lines) and ground and ground.quote:
        lines.append(f'The cause is most likely {lead.cause.text}: "{ground.quote}".')
    lines += [f"Suggested fix: {fix.title}. {fix.detail.strip()}", f"Verify: {fix.verify.strip()}"]
    return _made(reading, lines, fix=NewFix(title=fix.title, detail=fix.detail, verify=fix.verify))


def _after_fix(reading: Reading, fix: CaseFix) -> str:
    if fix.outcome == "partial":
        return f"Helped in part: {fix.title}. So it is one cause, but not all of it."
    if fix.outcome == "dismissed":
        return f"Set aside: {fix.title}."
    if reading.suspects:
        return f"Did not help: {fix.title}. The next candidate is {reading.suspects[0].cause.text}."
    return f"Did not help: {fix.title}. What was found so far names no other cause; it needs fresh results."


def _worked(reading: Reading, fix: CaseFix) -> Reply:
    cause = cause_of(reading.playbook, fix) if reading.playbook else None
    known = next((suspect for suspect in reading.suspects if suspect.cause.id == cause), None)
    ground = known.decisive if known else None
    notes = [
        f"What was wrong: {known.cause.text}." if known else "What was wrong, and the sign that showed it.",
        f'What showed it: "{ground.quote}" (step {ground.step}).' if ground and ground.step else "When it began and who was affected.",
        f"The fix: {fix.title}.",
        f"How it was verified: {squeeze(fix.verify, 160)}" if fix.verify else "How it was verified.",
        "Whether others at this client could have the same.",
    ]
    lines = [
        f"Worked: {fix.title}. If the requester confirms it too, the session can be resolved.",
        "Worth noting for the client's file:\n" + _list(notes),
    ]
    made = _made(reading, lines)
    return made.model_copy(update={"confidence": 0.95})


def _nothing_fits(case: Case, reading: Reading, lines: list[str]) -> Reply:
    tasks = next_cards(case, reading)
    first = not any(step.kind == "reply" for step in case.steps)
    if first:
        lines.append(
            "None of the playbooks fits this description, so no guess at the cause yet. "
            "What changed, who is affected, since when, and the exact error narrow it down fastest."
        )
    else:
        lines.append("Still no playbook that fits. Does it follow the user, the device or the network? That decides where to look.")
    lines.append(f"Next:\n{_numbered(tasks)}" if tasks else _exhausted(case, reading))
    return _made(reading, lines, tasks=tasks)


def _exhausted(case: Case, reading: Reading) -> str:
    """Nothing left to ask: what is open in the lane, or what to hand on."""
    pending = [task.title for task in case.tasks if task.state in ("pending", "active")]
    if pending:
        return f"Nothing to add to the lane; the open cards tell most now, first: {squeeze(pending[0], 140)}"
    tried = [fix.title for fix in case.fixes if fix.outcome in ("failed", "partial")]
    without = f" What was tried and did not settle it: {'; '.join(squeeze(title, 90) for title in tried[:4])}." if tried else ""
    cause = f" The best remaining idea is {reading.suspects[0].cause.text}." if reading.suspects else ""
    return (
        f"The playbook has no further check for this.{without}{cause} "
        "This is a good point to escalate, with the exact error and its time, who and what is affected, the results above, "
        "and what changed last."
    )


def _briefing(case: Case, reading: Reading) -> Reply:
    """A colleague just took the case over: where it stands, what was tried, what to do next."""
    tasks = next_cards(case, reading, only_checks=True)
    lines = [_about(case, reading), _known(case, reading), _tried(case), _checked(case)]
    if case.needs.strip():
        lines.append(f"Asked for at the hand-off: {squeeze(case.needs, 300)}")
    waiting = _waiting(case)
    if waiting and waiting.outcome == "applied":
        reason = f" ({squeeze(waiting.waiting_for, 120)})" if waiting.waiting_for else ""
        lines.append(f"First: find out whether it held: {waiting.title}{reason}. {waiting.verify}".strip())
    pending = [task.title for task in case.tasks if task.state in ("pending", "active")]
    if pending:
        more = f" and {len(pending) - 2} more" if len(pending) > 2 else ""
        lines.append(f"Open in the lane: {'; '.join(squeeze(title, 110) for title in pending[:2])}{more}.")
    lines.append(f"Next, not done so far:\n{_numbered(tasks)}" if tasks else _exhausted(case, reading))
    fixes = reading.open_fixes(case)
    if reading.confidence >= GUIDED_BEGINS and fixes and not waiting:
        fix = fixes[0]
        lines.append(f"If these agree, the fix is: {fix.title}.")
        return _made(reading, lines, tasks=tasks, fix=NewFix(title=fix.title, detail=fix.detail, verify=fix.verify))
    return _made(reading, lines, tasks=tasks)


def _about(case: Case, reading: Reading) -> str:
    title = squeeze(case.title, 160) or "No title"
    looks = f" It looks like: {reading.playbook.title}." if reading.playbook else " No playbook fits it so far."
    return f"Where it stands: {title.rstrip('.')}.{looks} {_standing(reading)}".strip()


def _known(case: Case, reading: Reading) -> str:
    known = [squeeze(fact.text, 160) for fact in case.facts[-5:]]
    if not known:
        found = [item for suspect in reading.suspects[:3] for item in suspect.evidence if item.reported and item.weight > 0 and item.quote]
        known = list(dict.fromkeys(f'"{item.quote}" (step {item.step})' for item in found))[:4]
    return "Known:\n" + _list(known) if known else "Nothing is confirmed yet."


def _tried(case: Case) -> str:
    tried = [f"{squeeze(fix.title, 120)}: {_OUTCOME.get(fix.outcome, fix.outcome)}" for fix in case.fixes[-5:]]
    return "Tried:\n" + _list(tried) if tried else "No fix was tried."


def _checked(case: Case) -> str:
    done = [task for task in case.tasks if task.state == "done" and task.kind == "check" and task.answer.strip()][-3:]
    return "Checked: " + "; ".join(f'{squeeze(task.title, 80)} "{squeeze(task.answer, 80)}"' for task in done) + "." if done else ""
