"""What the checks make of a model's assessment: two made-up models over the shared conversations, before and after.

The *honest* one tells just what is expected, in other words than the conversation's: what the checks take away from it is their price. The
*careless* one tells every trap as a fact: each supposition, advice and plan as known and as done with success, each withdrawn statement as
known, and a supposition as the cause. What of it is left is what the checks miss.

    .venv/bin/python -m bench.checks [folder that holds conversations/]
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.conversations import Conversation
    from evaluation.due import Due
    from evaluation.expectations import Anchor

ROOT = Path(__file__).resolve().parent.parent
WORDS = {"worked": "worked", "partial": "worked in part", "failed": "failed", "no_change": "no change", "ruled_out": "ruled out"}


def cited(conversation: "Conversation", anchors: "list[Anchor]") -> list[dict[str, Any]]:
    return [{"step": a.turn + 1, "quote": conversation.turns[a.turn].text[a.start : a.end][:400]} for a in anchors[:3]]


def honest(conversation: "Conversation", expected: "Due") -> dict[str, Any]:
    """All that is expected, in the words of the expectations."""
    tried = []
    for item in expected.tried:
        outcome = next((WORDS[name] for name in sorted(item.classes) if name in WORDS), "not reported")
        evidence = cited(conversation, [*item.anchors[:2], *item.outcome_anchors[:1]])
        tried.append({"action": item.item.about, "target": "", "outcome": outcome, "result": "", "evidence": evidence})
    return {
        "summary": [],
        "what_we_know": [{"text": fact.about, "evidence": cited(conversation, anchors)} for fact, anchors in expected.known],
        "corrected": [
            {"text": item.about, "evidence": cited(conversation, first), "now": item.about, "corrected_by": cited(conversation, later)}
            for item, first, later in expected.corrected
            if first and later
        ],
        "tried": tried,
        "likely_cause": cited(conversation, expected.cause)[0]["quote"] if expected.cause else None,
        "cause_evidence": cited(conversation, expected.cause),
        "suggested_steps": [],
        "open_questions": [],
    }


def careless(conversation: "Conversation", expected: "Due") -> dict[str, Any]:
    """Every trap as a fact, in the conversation's own words, which is hardest to tell."""
    traps = [*expected.unproven, *expected.not_done, *expected.misleading]
    traps += [(item.about, first) for item, first, _ in expected.corrected]
    stated = [{"text": quote["quote"], "evidence": [quote]} for _, anchors in traps for quote in cited(conversation, anchors[:1])]
    return {
        "summary": stated,
        "what_we_know": stated,
        "corrected": [],
        "tried": [{"action": s["text"], "target": "", "outcome": "worked", "result": "", "evidence": s["evidence"]} for s in stated],
        "likely_cause": stated[0]["text"] if stated else None,
        "cause_evidence": stated[0]["evidence"] if stated else [],
        "suggested_steps": [],
        "open_questions": [],
    }


def before(said: Any) -> Any:
    """As a model says it, without any check."""
    from assistant.llm.reading import assessment_of

    made = assessment_of(said)
    return made.model_copy(update={"summary_prose": " ".join(f"“{s.text}”" for s in said.summary)[:2400] or "-"})


def main(folder: Path) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "resolutionflow.settings")
    import django

    django.setup()
    from evaluation.running import ALL, BEFORE

    files = sorted(folder.glob("*.json"))
    print(f"{len(files)} conversations. Found: must-know facts; the rest are counts of false entries.\n")
    heads = ("found", "tried", "wrongly known", "contradicted", "wrongly tried", "invented", "causes", "causes wrong")
    print(f"{'cut':18}{'model':10}{'':7}" + "".join(f"{head:>15}" for head in heads))
    for cut in (ALL, BEFORE):
        for name, model in (("honest", honest), ("careless", careless)):
            for when, s in scores(files, cut, model).items():
                found, tried = (f"{100 * part / max(1, whole):.0f}%" for part, whole in ((s.must_found, s.must), (s.tried_found, s.tried)))
                named = f"{s.causes_named}/{s.causes}"
                figures = (found, tried, s.wrongly_known, s.contradicted, s.wrongly_done, s.invented, named, s.causes_wrong)
                print(f"{cut:18}{name:10}{when:7}" + "".join(f"{figure:>15}" for figure in figures))


def scores(files: list[Path], cut: str, model: Any) -> dict[str, Any]:
    """The made-up model's counts over all files, before the checks and after."""
    from assistant.conversations import read, to_case
    from assistant.llm.assistant import grounded_assessment
    from assistant.llm.schemas import AssessmentShape
    from evaluation.due import due
    from evaluation.entries import report_of
    from evaluation.expectations import load
    from evaluation.running import last_turn
    from evaluation.scoring import Score, score

    sums = {"before": Score(), "after": Score()}
    for file in files:
        conversation = read(str(file))
        expected = load(ROOT / "tests" / "data" / "expectations" / f"{conversation.id}.yaml", conversation)
        upto = last_turn(conversation, cut)
        short = conversation.model_copy(update={"turns": conversation.turns[: upto + 1]})
        said = AssessmentShape.model_validate(model(short, due(expected, upto)))
        texts = [turn.text for turn in short.turns]
        sums["before"].add(score(report_of(before(said)), texts, expected, upto).score)
        sums["after"].add(score(report_of(grounded_assessment(said, to_case(short))), texts, expected, upto).score)
    return sums


if __name__ == "__main__":
    data = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("RESOLUTIONFLOW_DATA", ROOT.parent / "shared" / "data")
    main(Path(data) / "conversations")
