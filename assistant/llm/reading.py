"""Turns a model's answer into results: inert text, verified quotes, cards within their limits."""

from assistant.analysis.verify import clean
from assistant.case import Case
from assistant.llm import schemas
from assistant.llm.grounding import Grounding, grounding_of, is_grounded, is_stated
from assistant.results import (
    Assessment,
    Corrected,
    Evidence,
    Known,
    NewFact,
    NewFix,
    NewOutcome,
    NewTask,
    Notes,
    Reply,
    SuggestedStep,
    Tried,
    TryResult,
    Update,
    outcome_words,
)
from redaction.invisible import strip
from redaction.mask import mask

GUIDED = 0.8


def inert(text: str, limit: int) -> str:
    """Text that is safe on a page: no markup, hidden characters or credentials; line breaks are kept."""
    lines = (clean(mask(line)) for line in text.splitlines())
    return "\n".join(lines).strip()[:limit]


def command(text: str, limit: int = 2000) -> str:
    """A command as written, without hidden and control characters. It is shown, never run."""
    return strip(mask(text)).replace("\r", "").strip()[:limit]


def cited(entries: list[schemas.Cited]) -> list[Evidence]:
    return [Evidence(step=e.step, quote=e.quote) for e in entries if e.quote.strip() and e.step >= 0][:6]


def assessment_of(said: schemas.AssessmentShape) -> Assessment:
    """Not verified yet. Confidence starts at high; only the evidence lowers it."""
    return Assessment(
        # The caller builds the summary from its verified sentences.
        summary_prose="-",
        likely_cause=inert(said.likely_cause or "", 400) or None,
        cause_evidence=cited(said.cause_evidence),
        confidence="high",
        what_we_know=[Known(text=text, evidence=cited(e.evidence)) for e in said.what_we_know if (text := inert(e.text, 600))][:20],
        corrected=[
            Corrected(text=text, evidence=cited(e.evidence), now=now, corrected_by=cited(e.corrected_by))
            for e in said.corrected
            if (text := inert(e.text, 600)) and (now := inert(e.now, 600))
        ][:10],
        tried=[
            Tried(
                action=action,
                target=inert(e.target, 200),
                outcome=outcome_words(_RESULTS[e.outcome], inert(e.result, 300)),
                result=_RESULTS[e.outcome],
                evidence=cited(e.evidence),
            )
            for e in said.tried
            if (action := inert(e.action, 400))
        ][:30],
        suggested_steps=[
            SuggestedStep(text=text, why=inert(e.why, 400), evidence=cited(e.evidence))
            for e in said.suggested_steps
            if (text := inert(e.text, 400))
        ][:10],
        open_questions=[text for line in said.open_questions if (text := inert(line, 400))][:12],
    )


# The results in the model's schema.
_RESULTS = {
    "worked": TryResult.WORKED,
    "worked in part": TryResult.PARTIAL,
    "no change": TryResult.NO_CHANGE,
    "failed": TryResult.FAILED,
    "ruled out": TryResult.RULED_OUT,
    "not reported": TryResult.NOT_REPORTED,
}


def grounded_sentences(sentences: list[schemas.Stated], ground: Grounding) -> list[str]:
    """The sentences that the session supports, as inert text."""
    found = []
    for sentence in sentences:
        text = inert(sentence.text, 500)
        if text and is_grounded(text, cited(sentence.evidence), ground):
            found.append(text)
    return found


def reply_of(said: schemas.ReplyShape, case: Case) -> Reply:
    """A fix needs high confidence; facts and outcomes need a person's own words in the session."""
    ground = grounding_of(case)
    text = inert(said.text, 4000)
    fix = said.fix if said.fix and said.confidence >= GUIDED else None
    facts = [
        NewFact(text=words, because=evidence[0])
        for offer in said.facts
        if (words := inert(offer.text, 600)) and (evidence := cited([offer.because])) and is_grounded(words, evidence, ground)
    ]
    outcome = None
    if said.outcome and any(f.current and f.outcome in ("proposed", "applied") for f in case.fixes):
        evidence = cited([said.outcome.because])
        if evidence and is_stated(evidence, ground):
            outcome = NewOutcome(outcome=said.outcome.outcome, because=evidence[0])
    return Reply(
        text=text,
        confidence=said.confidence,
        tasks=[
            NewTask(kind=card.kind, title=title, why=inert(card.why, 400), command=command(card.command))
            for card in said.tasks[:4]
            if (title := inert(card.title, 300).replace("\n", " "))
        ],
        fix=NewFix(title=title, detail=inert(fix.detail, 2000), verify=inert(fix.verify, 1000))
        if fix and (title := inert(fix.title, 300).replace("\n", " "))
        else None,
        facts=facts[:6],
        outcome=outcome,
    )


def notes_of(said: schemas.NotesShape, case: Case) -> Notes:
    ground = grounding_of(case)
    return Notes(
        problem=" ".join(grounded_sentences(said.problem, ground)),
        confirmed=grounded_sentences(said.confirmed, ground)[:8],
        root_cause=" ".join(grounded_sentences(said.root_cause, ground)),
        resolution=" ".join(grounded_sentences(said.resolution, ground)),
    )


def update_of(said: schemas.UpdateShape, case: Case, *, for_client: bool) -> Update | None:
    """None if no sentence is supported. Sentences with a technician's name are left out for clients."""
    names = {step.author for step in case.steps if step.author_kind == "person"} if for_client else set()
    parts = {part.casefold() for name in names for part in [name, *name.split()] if len(part) > 2}
    sentences = [s for s in grounded_sentences(said.sentences, grounding_of(case)) if not any(part in s.casefold() for part in parts)]
    text = " ".join(sentences)[:4000]
    return Update(text=text) if text else None
