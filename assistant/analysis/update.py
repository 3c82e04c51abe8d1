"""Status updates for the ticket, the client and e-mail, out of what the assessment could verify.

For the client and for e-mail: courteous, short, no names of technicians, no talk of lanes, steps or confidence.
"""

import re

from assistant.analysis.assess import assess
from assistant.analysis.language.sentences import fold, shorten
from assistant.analysis.notes import settled_by
from assistant.analysis.reading.secrecy import holds_secret
from assistant.analysis.verify import clean
from assistant.case import Case
from assistant.results import Assessment, Update

# Said of a handoff: it stands between colleagues, not in words to a client.
_WAITING = {"escalation": "A colleague with more experience in this area is taking over.", "resolved": "The case is closed on our side."}
_SPEAKER = re.compile(r"^(?:Client(?: asks| confirms)?|Error reported|Technician \S+ says|Also reported by \S+): ")


def update(case: Case, *, context: str, audience: str, length: str, prose: str = "") -> Update:
    """One update. `audience` is ticket, client or email, `length` short or long; `prose` is the summary of a handoff where there is one."""
    told = assess(case)
    if audience == "ticket":
        return Update(text=_for_ticket(told, length, clean(prose)))
    body = _for_client(case, told, context, length)
    return Update(text=as_mail(body) if audience == "email" else body)


def as_mail(body: str) -> str:
    return f"Hello,\n\n{body}\n\nKind regards\nYour support team"


def _for_ticket(told: Assessment, length: str, prose: str) -> str:
    lines = [prose or told.summary_prose]
    if length == "long":
        lines += _listed("Known", [known.text for known in told.what_we_know])
        lines += _listed("Done", [f"{t.action}: {t.outcome or 'no result reported'}" for t in told.tried])
        if told.likely_cause:
            lines.append(f"Likely cause ({told.confidence} confidence): {told.likely_cause}")
        lines += _listed("Next", [step.text for step in told.suggested_steps])
    return shorten_lines("\n".join(lines), 3900)


def _listed(heading: str, entries: list[str]) -> list[str]:
    return [f"{heading}:", *(f"- {entry}" for entry in entries)] if entries else []


def shorten_lines(text: str, limit: int) -> str:
    """At most `limit` characters, whole lines."""
    while len(text) > limit and "\n" in text:
        text = text.rsplit("\n", 1)[0]
    return text[:limit]


def _for_client(case: Case, told: Assessment, context: str, length: str) -> str:
    subject = _subject(case)
    solved = settled_by(case, told)
    parts = [f"About your report{subject}:"]
    if solved:
        parts.append("The problem is reported as solved. Please tell us if it comes back.")
    else:
        done = len(told.tried)
        parts.append("We are working on it. " + (_count(done) if done else "We have noted what you told us."))
        parts.append(_WAITING.get(context, ""))
    if length == "long":
        known = [_SPEAKER.sub("", k.text) for k in told.what_we_know if k.text.startswith(("Client:", "Error reported:"))][:3]
        if known:
            parts.append("What we have noted: " + " ".join(f"{shorten(text, 160).rstrip('.')}." for text in known))
        if not solved and told.open_questions and (question := _for_them(told.open_questions)):
            parts.append(f"It would help us to know: {question}")
    if not solved:
        parts.append("We will come back to you with the next result.")
    return " ".join(part for part in parts if part)


def _count(done: int) -> str:
    return "One thing has been checked or tried so far." if done == 1 else f"{done} things have been checked or tried so far."


def _subject(case: Case) -> str:
    title = clean(fold(case.title))
    return f" “{shorten(title, 100)}”" if title and not holds_secret(title) else ""


def _for_them(questions: list[str]) -> str:
    """The first open question that is one for the client."""
    for question in questions:
        if "(asked by the client)" not in question:
            return re.sub(r"\s*\(asked by [^)]*\)$", "", question)
    return ""
