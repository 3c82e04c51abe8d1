"""Why a session was found: the place, and about 160 characters of it with the words that matched. Used for the rows of one page only.

Texts are returned in parts, each with whether it matched; the template escapes all parts and highlights the matches. There is no HTML here.
"""

import re
import unicodedata
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice
from operator import add, or_
from typing import Any

from django.db import connection
from django.db.models import Case, F, Func, IntegerField, Q, TextField, When

from flowpilot.models import AISession, Fact, SearchEntry, SessionHolder, SessionStep
from flowpilot.search.terms import Term, Wanted

AROUND = 160
# In very long texts with thousands of matches, the first ones are enough.
MOST_HITS = 200

Parts = list[tuple[str, bool]]
Span = tuple[int, int, int]
_WORD = re.compile(r"[^\W_]+")
# Letters without a Unicode decomposition that the database folds, too (unaccent's rules).
_LETTERS = {
    "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "n", "ŧ": "t", "ё": "е",
}  # fmt: skip


@dataclass(slots=True)
class Reason:
    """`label` names the place ("Step 12, Ana Reyes", "Client"); `anchor` is its id on the session's page, `step` its number or 0.

    `marked` has the fields of the row that match, by name; `in_row` is True if the place is one of them.
    """

    label: str = ""
    parts: Parts = field(default_factory=list)
    anchor: str = ""
    step: int = 0
    in_row: bool = False
    marked: dict[str, Parts] = field(default_factory=dict)


def explain(sessions: Sequence[AISession], wanted: Wanted) -> dict[uuid.UUID, Reason]:
    """The reason for each of `sessions` (with user and handler selected), with a constant number of queries."""
    if not wanted.groups or not sessions:
        return {}
    texts = _texts(sessions, wanted)
    holders = _holders(sessions, wanted)
    marker = Marker(wanted.terms, [text for found in texts.values() for _, text in found] + [s.title for s in sessions])
    return {session.pk: _reason(session, texts.get(session.pk, []), holders.get(session.pk), marker, wanted) for session in sessions}


def _reason(session: AISession, texts: list[tuple[Reason, str]], holder: SessionHolder | None, marker: "Marker", wanted: Wanted) -> Reason:
    """Prefers text over the fields that the row shows anyway; those are the reason only if they match more terms."""
    candidates = [(reason, text, marker.spans(text)) for reason, text in texts]
    people = {term: set(term.people) for term in wanted.terms if term.people}
    for label, name, user_id in (
        ("Opened by", str(session.user), session.user_id),
        ("With", str(session.handler), session.handler_id),
        *([("Was with", str(holder.user), holder.user_id)] if holder else []),
    ):
        if any(user_id in ids for ids in people.values()):
            candidates.append((Reason(label), name, marker.spans(name, inside=True) or [(0, len(name), -1)]))
    fields = {"client": session.client, "ticket": session.ticket, "domain": session.domain, "title": session.title}
    marked = {}
    for name, text in fields.items():
        if spans := marker.spans(text, inside=True):
            marked[name] = _parts(text, spans)
            candidates.append((Reason(name.capitalize(), in_row=True), text, spans))
    best, text, spans = max(candidates, key=lambda c: len({which for _, _, which in c[2]}), default=(Reason(), "", []))
    best.parts = _cut(text, spans)
    best.marked = marked
    return best


def _texts(sessions: Sequence[AISession], wanted: Wanted) -> dict[uuid.UUID, list[tuple[Reason, str]]]:
    """The place of each session that matches most words. Of equal ones: notes and facts before steps, steps before the summary."""
    matches = [Case(When(words=term.query, then=1), default=0, output_field=IntegerField()) for term in wanted.terms]
    places = SearchEntry.Place
    order = Case(When(place=places.NOTES, then=0), When(place=places.FACT, then=1), When(place=places.STEP, then=2), default=3)
    best = (
        SearchEntry.objects.of(wanted.account_id)
        .filter(session__in=[session.pk for session in sessions])
        .exclude(place=places.HEAD)
        .filter(reduce(or_, (Q(words=term.query) for term in wanted.terms)))
        .order_by("session_id", reduce(add, matches).desc(), order, "number")
        .distinct("session_id")
        .values_list("session_id", "place", "number")
    )
    at = {place: [(session, number) for session, found, number in best if found == place] for place in places}
    by_id = {session.pk: session for session in sessions}
    texts: dict[uuid.UUID, list[tuple[Reason, str]]] = {}
    for step in _numbered(SessionStep.objects.select_related("author"), at[places.STEP], "text", "asked", "command"):
        reason = Reason(f"Step {step.number}, {step.author_name}", anchor=f"step-{step.number}", step=step.number)
        # The name of an imported author is searched, too. If only that matches, the beginning of the step's text is shown.
        texts[step.session_id] = [(reason, text) for text in (step.clip_text, step.clip_command, step.clip_asked) if text]
    for fact in _numbered(Fact.objects.all(), at[places.FACT], "text"):
        texts[fact.session_id] = [(Reason("Known", anchor=f"task-lane-card-{fact.number}"), fact.clip_text)]
    for session, _ in at[places.NOTES]:
        texts[session] = [(Reason("Ticket notes"), by_id[session].ticket_notes)]
    for session, _ in at[places.SUMMARY]:
        texts[session] = [(Reason("Summary"), by_id[session].problem_summary)]
    return texts


def _numbered(rows: Any, at: list[tuple[uuid.UUID, int]], *columns: str) -> Iterable[Any]:
    """The rows with these numbers. Long texts are cut to the part that is searched, because a step can have megabytes."""
    if not at:
        return []
    clips = {f"clip_{name}": Func(F(name), function="flowpilot_clip", output_field=TextField()) for name in columns}
    wanted = reduce(or_, (Q(session_id=session, number=number) for session, number in at))
    return rows.filter(wanted).annotate(**clips).defer(*columns)


def _holders(sessions: Sequence[AISession], wanted: Wanted) -> dict[uuid.UUID, SessionHolder]:
    people = {person for term in wanted.terms for person in term.people}
    if not people:
        return {}
    rows = SessionHolder.objects.filter(session__in=[session.pk for session in sessions], user_id__in=people).select_related("user")
    return {holder.session_id: holder for holder in rows.order_by("-since")}


class Marker:
    """Finds terms in text as the index does: whole words, ignoring accents and case; the beginning of the last word; English word forms."""

    def __init__(self, terms: Sequence[Term], texts: Iterable[str]) -> None:
        forms = _forms(terms, texts)
        self.patterns = []
        self.inside = []
        for term in terms:
            words = r"[\W_]+".join(map(re.escape, term.tokens)) + ("" if term.begins else r"(?![^\W_])")
            choices = [words, *(rf"{re.escape(form)}(?![^\W_])" for form in sorted(forms.get(term.stems, ())))]
            whole = rf"(?<![^\W_])(?:{'|'.join(choices)})"
            anywhere = r"[\W_]+".join(map(re.escape, term.tokens))
            self.patterns.append(re.compile(whole))
            self.inside.append(re.compile(f"{anywhere}|{whole}" if len(anywhere) > 1 and not term.quoted else whole))

    def spans(self, text: str, *, inside: bool = False) -> list[Span]:
        """Start, end and index of the term, in order and without overlaps. `inside`: also within words, as for titles and clients."""
        folded, places = _fold(text)
        found: list[Span] = []
        for which, pattern in enumerate(self.inside if inside else self.patterns):
            for match in islice(pattern.finditer(folded), MOST_HITS):
                end = match.end()
                # Mark the whole word, not only the part that was typed.
                while end < len(folded) and _WORD.match(folded[end]):
                    end += 1
                found.append((places[match.start()], places[end], which))
        kept: list[Span] = []
        for span in sorted(found, key=lambda span: (span[0], -span[1])):
            if not kept or span[0] >= kept[-1][1]:
                kept.append(span)
        return kept


def _forms(terms: Sequence[Term], texts: Iterable[str]) -> dict[tuple[str, ...], set[str]]:
    """Which words of the texts have the stems of the terms, for example "printers" for "printing". One query, since the database stems."""
    stems = {term.stems for term in terms if len(term.stems) == 1}
    if not stems:
        return {}
    # A stem may end differently from its words ("studi" and "study"), but begins the same.
    begin = re.compile(rf"(?<![^\W_])(?:{'|'.join(re.escape(stem[:-1] or stem) for (stem,) in stems)})[^\W_]*")
    words = {match[0] for text in texts for match in begin.finditer(_fold(text)[0])}
    with connection.cursor() as cursor:
        cursor.execute("SELECT word, ts_lexize('english_stem', word) FROM unnest(%s::text[]) AS word", [sorted(words)])
        forms: dict[tuple[str, ...], set[str]] = {}
        for word, found in cursor.fetchall():
            if found and tuple(found) in stems:
                forms.setdefault(tuple(found), set()).add(word)
    return forms


def _fold(text: str) -> tuple[str, Sequence[int]]:
    """The text in lower case without accents, and the position of each character (and of the end) in the original."""
    if text.isascii():
        return text.lower(), range(len(text) + 1)
    folded: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        for plain in _plain(letter):
            folded.append(plain)
            places.append(place)
    places.append(len(text))
    return "".join(folded), places


def _plain(letter: str) -> str:
    if letter.isascii():
        return letter.lower()
    bare = "".join(c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c)).lower()
    # Latin and Greek letters lose their accents; in other scripts these are part of the letter ("й").
    return bare if bare.isalpha() and (bare.isascii() or "α" <= bare <= "ω") else _LETTERS.get(letter.lower(), letter.lower())


def _cut(text: str, spans: list[Span]) -> Parts:
    """The part of the text with most of the terms, cut between words."""
    start, end = 0, len(text)
    if len(text) > AROUND:
        anchors = [span[0] for span in spans] or [0]
        anchor = max(anchors, key=lambda at: len({which for begin, stop, which in spans if at <= begin and stop <= at + AROUND * 3 // 4}))
        start = _between(text, max(0, anchor - AROUND // 4), anchor)
        end = min(len(text), start + AROUND)
        if end < len(text):
            end = _between(text, end, max(start, end - 24), backwards=True)
    inside = [(max(begin, start) - start, min(stop, end) - start, which) for begin, stop, which in spans if begin < end and stop > start]
    parts = _parts(text[start:end], inside)
    return [*([("… ", False)] if start else []), *parts, *([(" …", False)] if end < len(text) else [])]


def _between(text: str, at: int, limit: int, *, backwards: bool = False) -> int:
    """The nearest place between two words from `at` to `limit`; `at` itself where there is none."""
    if backwards:
        return next((place - 1 for place in range(at, limit, -1) if text[place - 1].isspace()), at)
    return at if at == 0 else next((place for place in range(at, limit + 1) if text[place - 1].isspace()), at)


def _parts(text: str, spans: Iterable[Span]) -> Parts:
    return [(re.sub(r"\s+", " ", part), hit) for part, hit in _split(text, spans) if part]


def _split(text: str, spans: Iterable[Span]) -> Iterator[tuple[str, bool]]:
    at = 0
    for begin, end, _ in spans:
        yield text[at:begin], False
        yield text[begin:end], True
        at = end
    yield text[at:], False
