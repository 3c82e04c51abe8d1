"""The package of a handoff: a snapshot of the session as a plain document."""

import uuid
from dataclasses import asdict
from typing import Any

from django.db.models import F, Func, JSONField, Value

from assistant.case import Case
from flowpilot.casefile import case_of, lane_document
from flowpilot.models import AISession, Fix, Task

# How many of the last steps the document contains; earlier ones are only in the session.
LAST_STEPS = 20


def freeze(session: AISession, *, needs: str) -> tuple[dict[str, Any], Case]:
    """The snapshot, and the case it was made from. The caller has locked the session's row, so no step gets in between."""
    case = case_of(session, needs=needs)
    snapshot = {
        "title": case.title,
        "problem": case.summary,
        "client": case.client,
        "ticket": case.ticket,
        "domain": case.domain,
        "priority": case.priority,
        "confidence": session.confidence,
        "tier": session.tier,
        "step_count": len(case.steps),
        **lane_document(case),
        "last_steps": [asdict(step) for step in case.steps[-LAST_STEPS:]],
    }
    return snapshot, case


def tried_in(snapshot: dict[str, Any]) -> int:
    """How many things were done or applied by then: checks and answers given, fixes with an outcome."""
    done = sum(1 for task in snapshot.get("done_tasks", []) if task["state"] == Task.State.DONE)
    return done + sum(1 for fix in snapshot.get("fixes", []) if fix["outcome"] != Fix.Outcome.PROPOSED)


def package(handoff_id: uuid.UUID, *, intent: str, needs: str, snapshot: dict[str, Any]) -> dict[str, Any]:
    """What the session carries while it is handed off."""
    return {"handoff_id": str(handoff_id), "intent": intent, "engineer_notes": needs, "snapshot": snapshot}


def put_assessment(session_id: uuid.UUID, handoff_id: uuid.UUID, assessment: dict[str, Any]) -> None:
    """Adds the verified assessment to the package of this handoff; a later handoff's package is left alone."""
    joined = Func(
        F("escalation_package"),
        Value({"assessment": assessment}, output_field=JSONField()),
        arg_joiner=" || ",
        template="(%(expressions)s)",
        output_field=JSONField(),
    )
    AISession.objects.filter(pk=session_id, escalation_package__handoff_id=str(handoff_id)).update(escalation_package=joined)
