"""The offline assistant's reply, built from the playbooks and the session. Deterministic; no network."""

from assistant.case import Case, CaseFix, CaseStep
from assistant.offline.cards import next_cards
from assistant.offline.reading import DISCOVERY_ENDS, GUIDED_BEGINS, SENT_RESULTS, Reading, cause_of, read, squeeze
from assistant.results import NewFix, NewTask, Reply
from playbooks.schema import Fix, Playbook

_OUTCOME = {
    "proposed": "proposed, not tried yet",
    "applied": "applied, not verified yet",
    "worked": "worked",
    "failed": "did not help",
    "partial": "partly helped",
    "dismissed": "dismissed",
}


def reply(case: Case) -> Reply:
    """FlowPilot's next reply. The same case always gets the same reply."""
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
    """The fix whose outcome was reported in a step that has no reply yet."""
    new = {step.number for step in reading.new if step.kind == "outcome"}
    cards = {step.card for step in reading.new if step.kind == "outcome"}
    reported = [fix for fix in case.fixes if fix.outcome in ("worked", "failed", "partial", "dismissed")]
    return next((fix for fix in reversed(reported) if fix.outcome_step in new or fix.number in cards), None)


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
    """What the newest steps mean, quoting the words that matter; at most three lines."""
    new = {step.number for step in reading.new}
    said: list[str] = []
    quoted: set[int] = set()
    for suspect in reading.suspects:
        for item in sorted(suspect.evidence, key=lambda item: -abs(item.weight)):
            if item.step in new and item.reported and item.quote and item.step not in quoted:
                quoted.add(item.step)
                cause = suspect.cause.text
                said.append(f'"{item.quote}" points to {cause}.' if item.weight > 0 else f'"{item.quote}" makes {cause} less likely.')
                break
    if not said:
        results = [step for step in reading.new if step.kind in SENT_RESULTS and step.text.strip()]
        said = [_plain_result(step) for step in results[:2]]
        if said and reading.playbook:
            said.append("That doesn't point to a single cause yet.")
    return ["\n".join(said[:3])]


def _plain_result(step: CaseStep) -> str:
    asked = squeeze(step.asked, 90)
    return f'Noted: {asked} "{squeeze(step.text)}".' if asked else f'Noted: "{squeeze(step.text)}".'


def _problem(playbook: Playbook) -> str:
    """A playbook's title inside a sentence: "This looks like a VPN problem"."""
    return playbook.title[:1].lower() + playbook.title[1:]


def _standing(reading: Reading) -> str:
    """Which causes are suspected, with the evidence for the first."""
    if not reading.suspects:
        return ""
    lead = reading.suspects[0]
    ground = lead.decisive
    because = f' (from "{ground.quote}")' if ground and ground.quote else ""
    others = [suspect.cause.text for suspect in reading.suspects[1:3] if suspect.strength >= lead.strength * 0.5]
    also = f" Also possible: {'; or '.join(others)}." if others else ""
    return f"Most likely so far: {lead.cause.text}{because}.{also}"


def _exploring(case: Case, reading: Reading, lines: list[str], waiting: CaseFix | None) -> Reply:
    """Discovery and exploring: where things stand, and what to ask or check next."""
    assert reading.playbook
    tasks = next_cards(case, reading)
    if reading.confidence < DISCOVERY_ENDS:
        about = f"This may be {_problem(reading.playbook)}."
        if reading.rival:
            about = f"This may be {_problem(reading.playbook)}, or {_problem(reading.rival)}."
    elif not any(step.kind == "reply" for step in case.steps):
        about = f"This looks like {_problem(reading.playbook)}."
    else:
        about = ""
    quoted = any('"' in line for line in lines)
    lines = [*lines, about, "" if quoted and len(reading.suspects) < 2 else _standing(reading)]
    if waiting and waiting.outcome == "applied":
        lines.append(f"This fix is applied but not verified: {waiting.title}. To verify: {waiting.verify or 'repeat what failed before'}")
    elif waiting:
        lines.append(f"This fix is still proposed: {waiting.title}.")
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
        return f"Partly helped: {fix.title}. It fixes part of the problem; there is another cause."
    if fix.outcome == "dismissed":
        return f"Dismissed: {fix.title}."
    if reading.suspects:
        return f"Did not help: {fix.title}. The next most likely cause is {reading.suspects[0].cause.text}."
    return f"Did not help: {fix.title}. Nothing found so far points to another cause. New results are needed."


def _worked(reading: Reading, fix: CaseFix) -> Reply:
    cause = cause_of(reading.playbook, fix) if reading.playbook else None
    known = next((suspect for suspect in reading.suspects if suspect.cause.id == cause), None)
    ground = known.decisive if known else None
    notes = [
        f"What was wrong: {known.cause.text}." if known else "What was wrong, and what showed it.",
        f'What showed it: "{ground.quote}" (step {ground.step}).' if ground and ground.step else "When it began and who was affected.",
        f"The fix: {fix.title}.",
        f"How it was verified: {squeeze(fix.verify, 160)}" if fix.verify else "How it was verified.",
        "Whether others at this client could have the same problem.",
    ]
    lines = [
        f"Worked: {fix.title}. Once the requester confirms it, the session can be resolved.",
        "Worth noting in the ticket:\n" + _list(notes),
    ]
    made = _made(reading, lines)
    return made.model_copy(update={"confidence": 0.95})


def _nothing_fits(case: Case, reading: Reading, lines: list[str]) -> Reply:
    tasks = next_cards(case, reading)
    first = not any(step.kind == "reply" for step in case.steps)
    if first:
        lines.append(
            "No playbook matches this description, so it is too early to name a cause. "
            "What changed, who is affected, when it started and the exact error will narrow it down fastest."
        )
    else:
        lines.append("Still no matching playbook. Does the problem follow the user, the device or the network? That shows where to look.")
    lines.append(f"Next:\n{_numbered(tasks)}" if tasks else _exhausted(case, reading))
    return _made(reading, lines, tasks=tasks)


def _exhausted(case: Case, reading: Reading) -> str:
    """Nothing left to ask: point to an open card, or suggest escalating."""
    pending = [task.title for task in case.tasks if task.state in ("pending", "active")]
    if pending:
        return f"No new checks. Do this one next: {squeeze(pending[0], 140)}"
    tried = [fix.title for fix in case.fixes if fix.outcome in ("failed", "partial")]
    without = f" Tried without success: {'; '.join(squeeze(title, 90) for title in tried[:4])}." if tried else ""
    cause = f" The most likely remaining cause is {reading.suspects[0].cause.text}." if reading.suspects else ""
    return (
        f"The playbook has no more checks for this.{without}{cause} "
        "This is a good time to escalate. Include the exact error and when it occurred, who and what is affected, the results above, "
        "and what changed last."
    )


def _briefing(case: Case, reading: Reading) -> Reply:
    """For a colleague who has just taken over: where things stand, what was tried, what to do next."""
    tasks = next_cards(case, reading, only_checks=True)
    lines = [_about(case, reading), _known(case, reading), _tried(case), _checked(case)]
    if case.needs.strip():
        lines.append(f"Requested in the handoff: {squeeze(case.needs, 300)}")
    waiting = _waiting(case)
    if waiting and waiting.outcome == "applied":
        reason = f" ({squeeze(waiting.waiting_for, 120)})" if waiting.waiting_for else ""
        lines.append(f"First, check whether this fix held: {waiting.title}{reason}. {waiting.verify}".strip())
    pending = [task.title for task in case.tasks if task.state in ("pending", "active")]
    if pending:
        more = f" and {len(pending) - 2} more" if len(pending) > 2 else ""
        lines.append(f"Open cards: {'; '.join(squeeze(title, 110) for title in pending[:2])}{more}.")
    lines.append(f"Next:\n{_numbered(tasks)}" if tasks else _exhausted(case, reading))
    fixes = reading.open_fixes(case)
    if reading.confidence >= GUIDED_BEGINS and fixes and not waiting:
        fix = fixes[0]
        lines.append(f"If these confirm it, apply this fix: {fix.title}.")
        return _made(reading, lines, tasks=tasks, fix=NewFix(title=fix.title, detail=fix.detail, verify=fix.verify))
    return _made(reading, lines, tasks=tasks)


def _about(case: Case, reading: Reading) -> str:
    title = squeeze(case.title, 160) or "No title"
    looks = f" This looks like {_problem(reading.playbook)}." if reading.playbook else " No playbook matches so far."
    return f"Where it stands: {title.rstrip('.')}.{looks} {_standing(reading)}".strip()


def _known(case: Case, reading: Reading) -> str:
    known = [squeeze(fact.text, 160) for fact in case.facts[-5:]]
    if not known:
        found = [item for suspect in reading.suspects[:3] for item in suspect.evidence if item.reported and item.weight > 0 and item.quote]
        known = list(dict.fromkeys(f'"{item.quote}" (step {item.step})' for item in found))[:4]
    return "Known:\n" + _list(known) if known else "Nothing is confirmed yet."


def _tried(case: Case) -> str:
    tried = [f"{squeeze(fix.title, 120)}: {_OUTCOME.get(fix.outcome, fix.outcome)}" for fix in case.fixes[-5:]]
    return "Tried:\n" + _list(tried) if tried else "No fix has been tried."


def _checked(case: Case) -> str:
    done = [task for task in case.tasks if task.state == "done" and task.kind == "check" and task.answer.strip()][-3:]
    return "Checked: " + "; ".join(f'{squeeze(task.title, 80)} "{squeeze(task.answer, 80)}"' for task in done) + "." if done else ""
