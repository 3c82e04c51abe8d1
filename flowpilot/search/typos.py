"""Typing mistakes: which words that do exist were probably meant, and what comes close where nothing was found.

The trigram index finds what is roughly alike; how many slips of the finger lie between two words decides. Trigrams alone say that
"pritner" is less like "printer" (0.38) than "force" is like "for" (0.5).
"""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db import connection, transaction
from django.db.models import QuerySet
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from accounts.models import User
from flowpilot.models import AISession, SearchEntry
from flowpilot.search.terms import Term, Wanted

# Word similarity of pg_trgm that is worth a closer look: two letters changed about leave this much of a short word.
ALIKE = 0.25
# How many titles are looked at for each word, the most alike first, and how many words are taken instead of one.
LOOKED_AT = 200
MOST_INSTEAD = 3
# rapidfuzz's 0 to 100: what is offered as "did you mean".
OFFERED = 55


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that exists and resembles what was typed: a client, a ticket, a person, or a session's title."""

    kind: str
    text: str
    session: AISession | None = None


def slips(length: int) -> int:
    """How many letters may be wrong, missing, too many or swapped in a word of this length."""
    return 0 if length < 3 else 1 if length < 6 else 2 if length < 10 else 3


def meant(wanted: Wanted, *, among: QuerySet[AISession]) -> dict[str, list[str]]:
    """For the line of each word, the words closest to it in titles, clients, tickets, domains and people's names; none for most."""
    lenient = [term for term in wanted.terms if not term.quoted and slips(len(term.line))]
    lines = _alike(among, wanted.account_id, lenient)
    found = {}
    for term in lenient:
        near = sorted(_near(term, lines[term.line]))
        found[term.line] = [word for distance, word in near if distance == near[0][0]][:MOST_INSTEAD]
    return found


def offers(wanted: Wanted, *, among: QuerySet[AISession], most: int = 3) -> list[Offer]:
    """ "Did you mean": what exists among these sessions and comes closest to all of what was typed, or to a word of it."""
    typed = [wanted.line, *(term.line for term in wanted.terms)]
    ids = _alike_ids(among, wanted.account_id, [line for line in typed if len(line) >= 3])
    rows = among.filter(pk__in={pk for found in ids.values() for pk in found}).order_by("-updated_at")
    best: dict[tuple[str, str], tuple[float, Offer]] = {}
    for session in rows.only("title", "client", "ticket", "updated_at"):
        for kind, text in (("client", session.client), ("ticket", session.ticket), ("title", session.title)):
            _keep(best, typed, Offer(kind, text, session if kind == "title" else None))
    for name in User.objects.filter(account_id=wanted.account_id).values_list("name", flat=True):
        _keep(best, typed, Offer("person", name))
    return [offer for score, offer in sorted(best.values(), key=lambda pair: -pair[0])[:most] if score >= OFFERED]


def _keep(best: dict[tuple[str, str], tuple[float, Offer]], typed: list[str], offer: Offer) -> None:
    if offer.text:
        score = max(fuzz.WRatio(line, offer.text.lower()) for line in typed)
        best.setdefault((offer.kind, offer.text), (score, offer))


def _near(term: Term, lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    typed = term.line.replace(" ", "")
    limit = slips(len(typed))
    for word in {word for line in lines for word in _words(line)}:
        joined = word.replace(" ", "")
        # What is still being typed is held against as much of the word.
        ends = {len(joined)} | ({len(typed) - 1, len(typed), len(typed) + 1} if term.begins and joined == word else set())
        distance = min(OSA.distance(typed, joined[:end], score_cutoff=limit) for end in ends)
        if distance <= limit and word != term.line:
            yield distance, word


def _words(line: str) -> Iterator[str]:
    """The words of a line, and each two beside each other: "northgatedental" is Northgate Dental."""
    for part in line.split("\n"):
        words = part.split(" ")
        yield from words
        yield from (f"{one} {two}" for one, two in pairwise(words))


def _alike(among: QuerySet[AISession], account_id: int, terms: Iterable[Term]) -> dict[str, list[str]]:
    """Of each term, headlines and people's names that hold something like it."""
    lines = sorted({term.line for term in terms})
    ids = _alike_ids(among, account_id, lines)
    heads = SearchEntry.objects.filter(session__in={pk for found in ids.values() for pk in found}, place=SearchEntry.Place.HEAD)
    headline = dict(heads.values_list("session_id", "headline"))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT flowpilot_line(name) FROM {User._meta.db_table} WHERE account_id = %s", [account_id])  # noqa: S608
        names = [name for (name,) in cursor.fetchall()]
    return {line: [headline[pk] for pk in ids[line]] + names for line in lines}


def _alike_ids(among: QuerySet[AISession], account_id: int, lines: Iterable[str]) -> dict[str, list[uuid.UUID]]:
    heads = SearchEntry.objects.of(account_id).filter(place=SearchEntry.Place.HEAD, session__in=among.order_by())
    # The index knows one threshold, which is a setting: hence a transaction, and an answer at once.
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(ALIKE)])
        return {
            line: list(
                heads.filter(headline__trigram_word_similar=line)
                .order_by(TrigramWordSimilarity(line, "headline").desc())
                .values_list("session_id", flat=True)[:LOOKED_AT]
            )
            for line in lines
        }
