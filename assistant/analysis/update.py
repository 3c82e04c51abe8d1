"""Status updates for the ticket, the client and email, from what the assessment could verify.

For the client and for email: polite and short, without technicians' names, lanes, steps or confidence.
"""

import re

from assistant.analysis.assess import assess
from assistant.analysis.language.sentences import fold, shorten
from assistant.analysis.notes import settled_by
from assistant.analysis.reading.secrecy import holds_secret
from assistant.analysis.verify import clean
from assistant.case import Case
from assistant.results import Assessment, Update

# What the client is told about an escalation or a resolved case.
_WAITING = {
    "escalation": "A colleague with more experience in this area is taking over.",
    "resolved": "We have closed the case on our side.",
}
_SPEAKER = re.compile(r"^(?:Client(?: asks| confirms)?|Error reported|Technician \S+ says|Also reported by \S+): ")


def update(case: Case, *, context: str, audience: str, length: str, prose: str = "") -> Update:
    """One update. `audience` is ticket, client or email, `length` short or long; `prose` is the handoff's summary, if there is one."""
    assessment = assess(case)
    if audience == "ticket":
        return Update(text=_for_ticket(assessment, length, clean(prose)))
    body = _for_client(case, assessment, context, length)
    return Update(text=as_mail(body) if audience == "email" else body)


def as_mail(body: str) -> str:
    return f"Hello,\n\n{body}\n\nKind regards\nYour support team"


def _for_ticket(assessment: Assessment, length: str, prose: str) -> str:
    lines = [prose or assessment.summary_prose]
    if length == "long":
        lines += _listed("Known", [known.text for known in assessment.what_we_know])
        lines += _listed("Done", [f"{t.action}: {t.outcome or 'no result reported'}" for t in assessment.tried])
        if assessment.likely_cause:
            lines.append(f"Likely cause ({assessment.confidence} confidence): {assessment.likely_cause}")
        lines += _listed("Next", [step.text for step in assessment.suggested_steps])
    return shorten_lines("\n".join(lines), 3900)


def _listed(heading: str, entries: list[str]) -> list[str]:
    return [f"{heading}:", *(f"- {entry}" for entry in entries)] if entries else []


def shorten_lines(text: str, limit: int) -> str:
    """At most `limit` characters, whole lines."""
    while len(text) > limit and "\n" in text:
        text = text.rsplit("\n", 1)[0]
    return text[:limit]


def _for_client(case: Case, assessment: Assessment, context: str, length: str) -> str:
    subject = _subject(case)
    solved = settled_by(case, assessment)
    parts = [f"About your report{subject}:"]
    if solved:
        parts.append("The problem has been reported as solved. Please let us know if it comes back.")
    else:
        done = len(assessment.tried)
        parts.append("We are working on it. " + (_count(done) if done else "We have noted what you reported."))
        parts.append(_WAITING.get(context, ""))
    if length == "long":
        known = [_SPEAKER.sub("", k.text) for k in assessment.what_we_know if k.text.startswith(("Client:", "Error reported:"))][:3]
        if known:
            parts.append("What we know so far: " + " ".join(f"{shorten(text, 160).rstrip('.')}." for text in known))
        if not solved and assessment.open_questions and (question := _for_them(assessment.open_questions)):
            parts.append(f"It would help us to know: {question}")
    if not solved:
        parts.append("We will get back to you when we have an update.")
    return " ".join(part for part in parts if part)


def _count(done: int) -> str:
    return "We have checked or tried one thing so far." if done == 1 else f"We have checked or tried {done} things so far."


def _subject(case: Case) -> str:
    title = clean(fold(case.title))
    return f" “{shorten(title, 100)}”" if title and not holds_secret(title) else ""


def _for_them(questions: list[str]) -> str:
    """The first open question for the client."""
    for question in questions:
        if "(asked by the client)" not in question:
            return re.sub(r"\s*\(asked by [^)]*\)$", "", question)
    return ""
