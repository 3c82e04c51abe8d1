"""Parses a case: the role of each person, and the meanings of each sentence.

The *reporter* is the person who has the problem: the client where one writes, otherwise the technician who works on the session. *Helpers*
are the others. Only the sentences of the first and the latest steps are read in a very long session.
"""

from collections import Counter

from assistant.analysis.language import lexicon, pieces
from assistant.analysis.language.marking import Around, is_done, is_question, marks_of
from assistant.analysis.language.sentences import MAX_QUOTE, address_pattern, cut, fold, split, visible_part
from assistant.analysis.reading import secrecy
from assistant.analysis.reading.document import Reading, Sentence
from assistant.analysis.reading.pairing import paired
from assistant.analysis.reading.roles import on_site, with_access
from assistant.case import Case, CaseStep

_SILENT_KINDS = {"system", "briefing", "status_update", "outcome"}
MAX_FIRST_STEPS, MAX_LAST_STEPS, MAX_SENTENCES = 40, 160, 1_500


def _part(step: CaseStep) -> str:
    return {"client": "client", "person": "technician", "assistant": "assistant"}.get(step.author_kind, "other")


def _is_secret_here(text: str, asked_for_one: bool) -> bool:
    return secrecy.holds_secret(text) or (asked_for_one and secrecy.is_bare_answer(text))


def read(case: Case) -> Reading:
    spoken = [step for step in case.steps if step.kind not in _SILENT_KINDS and step.text.strip()]
    if len(spoken) > MAX_FIRST_STEPS + MAX_LAST_STEPS:
        spoken = spoken[:MAX_FIRST_STEPS] + spoken[-MAX_LAST_STEPS:]
    kinds = {step.author_kind for step in spoken}
    has_client = "client" in kinds
    first_author = next((step.author for step in spoken if step.author_kind != "assistant"), "")
    address = address_pattern({step.author for step in spoken})
    reading = Reading(case=case, steps=spoken, has_client=has_client)
    seen: dict[str, str] = {}
    asked_for_secret = False
    # A helper's latest words: a bare "same" or "no" answers them.
    asked_before = ""
    matter = lexicon.content(case.title)
    for step in spoken:
        part = _part(step)
        reports = part == "client" if has_client else (part == "technician" if "person" in kinds else step.author == first_author)
        pending_secret = False
        parts = [
            (piece, terminal) for text, terminal in split(step.text, address) for piece in ([text] if terminal else pieces.apart(text))
        ]
        for text, terminal in parts:
            if len(reading.sentences) >= MAX_SENTENCES:
                return reading
            secret = _is_secret_here(text, pending_secret or asked_for_secret)
            pending_secret = secrecy.announces_secret(text)
            key = text.lower()
            echo = len(text) > 40 and seen.setdefault(key, step.author) != step.author
            if secret and (before := secrecy.words_before(text)):
                # Keep the words before a credential; leave out the credential and what follows.
                text, secret = before, False
            if secret or echo:
                continue
            around = Around(
                reports,
                terminal,
                has_client,
                any(s.is_reporter and s.step < step.number for s in reading.sentences),
                asked_before,
                step.text,
                matter,
            )
            marks = marks_of(text, around)
            done, question = is_done(text, marks, around), is_question(text, marks) and not terminal
            reading.add(
                Sentence(
                    step.number, len(reading.sentences), text, step.author, part, reports, terminal, marks, question, done and not question
                )
            )
        asked_for_secret = not reports and pending_secret
        asked_before = asked_before if reports else step.text
    reading.with_access = with_access(reading)
    reading.on_site = on_site(reading)
    reading.topics = _topics(reading)
    reading.pairs = paired(reading)
    return reading


def _topics(reading: Reading) -> frozenset[str]:
    sides: list[set[str]] = [set(), set()]
    for sentence in reading.sentences:
        sides[sentence.is_reporter] |= lexicon.content(sentence.text)
    title = lexicon.content(reading.case.title)
    if not sides[0] or not sides[1]:
        # Without a dialogue, use what is said more than once.
        said = Counter(stem for sentence in reading.sentences for stem in lexicon.content(sentence.text))
        return title | frozenset(stem for stem, count in said.items() if count > 1)
    return title | (sides[0] & sides[1])


def quotable(text: str) -> str:
    """Part of a step's text that can be quoted; "" if it contains a secret."""
    clean = cut(visible_part(fold(text)), MAX_QUOTE)
    return "" if secrecy.holds_secret(text) else clean
