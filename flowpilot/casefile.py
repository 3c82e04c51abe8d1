"""A session as the plain `Case` for an assistant, and as the plain document for the snapshot of a handoff."""

from dataclasses import asdict
from typing import Any

from assistant.case import Case, CaseFact, CaseFix, CaseStep, CaseTask
from flowpilot.models import AISession, SessionStep, Task


def case_step(step: SessionStep) -> CaseStep:
    return CaseStep(
        number=step.number,
        kind=step.kind,
        author_kind=step.author_kind,
        author=step.author_name,
        text=step.text,
        card=step.card,
        asked=step.asked,
        command=step.command,
        at=step.at.isoformat(),
    )


def case_of(session: AISession, *, needs: str = "", upto: int | None = None) -> Case:
    """Reads the whole session (five queries). `upto` leaves out steps after that number."""
    steps = session.steps.select_related("author")
    if upto is not None:
        steps = steps.filter(number__lte=upto)
    return Case(
        title=session.title,
        summary=session.problem_summary,
        client=session.client,
        ticket=session.ticket,
        domain=session.domain,
        priority=session.priority_slug,
        needs=needs,
        steps=[case_step(step) for step in steps],
        facts=[CaseFact(*fact) for fact in session.facts.values_list("number", "text", "source__number")],
        tasks=[CaseTask(*task) for task in session.tasks.values_list(*_TASK)],
        fixes=[CaseFix(*fix) for fix in session.fixes.values_list(*_FIX)],
    )


# The columns of `CaseTask` and `CaseFix`, in their order.
_TASK = ("number", "kind", "title", "state", "command", "answer", "sent_as__number")
_FIX = (
    "number", "title", "detail", "verify", "outcome", "waiting_for", "current", "proposed_in__number", "reported_in__number",
)  # fmt: skip


def lane_document(case: Case) -> dict[str, Any]:
    """The lane as plain JSON types: facts, tasks by state, fixes with their outcomes."""
    return {
        "facts": [asdict(fact) for fact in case.facts],
        "open_tasks": [asdict(task) for task in case.tasks if task.state in Task.OPEN],
        "done_tasks": [asdict(task) for task in case.tasks if task.state in Task.SETTLED],
        "fixes": [asdict(fix) for fix in case.fixes],
    }
