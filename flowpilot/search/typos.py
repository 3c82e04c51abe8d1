"""Corrects typos with words that exist, and suggests something similar if nothing was found.

The trigram index finds similar words; the edit distance decides. Trigrams alone are not enough: by them, "pritner" is less similar to
"printer" (0.38) than "force" is to "for" (0.5).
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

# Minimum word similarity of pg_trgm: about what is left when two letters of a short word are swapped.
ALIKE = 0.25
# How many titles are compared for each word, most similar first, and how many corrections a word can have.
LOOKED_AT = 200
MOST_INSTEAD = 3
# The minimum score of rapidfuzz (0 to 100) for "did you mean".
OFFERED = 55


@dataclass(frozen=True, slots=True)
class Offer:
    """A suggestion similar to what was typed: a client, a ticket, a person, or the title of a session."""

    kind: str
    text: str
    session: AISession | None = None


def slips(length: int) -> int:
    """How many typos (wrong, missing, extra or swapped letters) are corrected in a word of this length."""
    return 0 if length < 3 else 1 if length < 6 else 2 if length < 10 else 3


def meant(wanted: Wanted, *, among: QuerySet[AISession]) -> dict[str, list[str]]:
    """By the line of each word, the closest words in titles, clients, tickets, domains and people's names; often none."""
    lenient = [term for term in wanted.terms if not term.quoted and slips(len(term.line))]
    lines = _alike(among, wanted.account_id, lenient)
    found = {}
    for term in lenient:
        near = sorted(_near(term, lines[term.line]))
        found[term.line] = [word for distance, word in near if distance == near[0][0]][:MOST_INSTEAD]
    return found


def offers(wanted: Wanted, *, among: QuerySet[AISession], most: int = 3) -> list[Offer]:
    """ "Did you mean": what is most similar, among these sessions, to the whole search or to one of its words."""
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
        # A word that is still being typed is compared with a beginning of the same length.
        ends = {len(joined)} | ({len(typed) - 1, len(typed), len(typed) + 1} if term.begins and joined == word else set())
        distance = min(OSA.distance(typed, joined[:end], score_cutoff=limit) for end in ends)
        if distance <= limit and word != term.line:
            yield distance, word


def _words(line: str) -> Iterator[str]:
    """The words of a line, and each pair of neighbours, so that "northgatedental" finds Northgate Dental."""
    for part in line.split("\n"):
        words = part.split(" ")
        yield from words
        yield from (f"{one} {two}" for one, two in pairwise(words))


def _alike(among: QuerySet[AISession], account_id: int, terms: Iterable[Term]) -> dict[str, list[str]]:
    """For each term, headlines and people's names that contain something similar."""
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
    # The threshold of the index is a database setting: hence the transaction, and `list()` inside it.
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
