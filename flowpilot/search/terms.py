"""Parses a search: words, phrases in quotes, -word, "a or b".

"or" joins the words next to it: `northgate printer or scanner` means Northgate, and printer or scanner. The last word matches beginnings of
words, because somebody may still be typing it. Host names, addresses, paths and codes are one word here and a phrase of their parts in the
index (see `flowpilot_fold`), so they are found as a whole and by each part.
"""

import re
from dataclasses import dataclass, replace

from django.contrib.postgres.search import CombinedSearchQuery, SearchQuery
from django.db import connection

from accounts.models import User

LONGEST = 200
# Each word costs an index lookup; further words are ignored.
MOST_TERMS = 10
# Shorter beginnings match too many words. After another part ("hl-dc…"), two letters are enough.
SHORTEST_BEGINNING = 3

_TOKEN = re.compile(r'(?P<minus>(?<!\S)-(?=["\w]))?(?:"(?P<phrase>[^"]*)(?P<closed>"?)|(?P<word>[^\s"]+))')
_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))
# Words for English stemming: "e-mails", "printing"; not HL-DC02, which has a digit.
_ENGLISH = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase. `line` is its folded text, as in the index; `people` are the ids of people of the account whose
    name it matches or begins."""

    text: str
    quoted: bool
    line: str
    begins: bool
    stems: tuple[str, ...]
    people: tuple[int, ...]

    @property
    def tokens(self) -> list[str]:
        return self.line.split(" ")

    @property
    def query(self) -> SearchQuery | CombinedSearchQuery:
        """The term as a tsquery: exactly, and by its stem for English words. A folded line has no quotes, so nothing can be injected."""
        exact = " <-> ".join(f"'{token}'" for token in self.tokens) + (":*" if self.begins else "")
        query = SearchQuery(exact, config="simple", search_type="raw")
        return query | SearchQuery(self.line, config="english") if self.stems else query


@dataclass(frozen=True, slots=True)
class Wanted:
    """A parsed search: all of `groups` (any term of each group), and none of `without`. Empty if both are.

    `instead` are corrections: similar words that are searched in addition to what was typed.
    """

    account_id: int
    line: str
    groups: tuple[tuple[Term, ...], ...] = ()
    without: tuple[Term, ...] = ()
    instead: tuple[str, ...] = ()

    @property
    def terms(self) -> list[Term]:
        return [term for group in self.groups for term in group]

    def __bool__(self) -> bool:
        return bool(self.groups or self.without)


@dataclass(slots=True)
class _Typed:
    text: str
    quoted: bool
    negative: bool = False
    # Joined by "or" to the term before it.
    other: bool = False
    begins: bool = False


def _typed(text: str) -> list[_Typed]:
    """Splits a search into terms. Never fails: anything that isn't syntax is a word, and terms without letters or digits are dropped."""
    found: list[_Typed] = []
    other = False
    for token in _TOKEN.finditer(text.translate(_QUOTES)):
        word, negative = token["word"], bool(token["minus"])
        if word is not None and word.lower() == "or" and not negative:
            other = bool(found) and not found[-1].negative
            continue
        quoted = word is None and bool(token["closed"])
        found.append(_Typed(token["phrase"] if word is None else word, quoted, negative, other and not negative))
        found[-1].begins = not quoted and not negative and token.end() == len(text)
        other = False
    return [term for term in found if re.search(r"[^\W_]", term.text)][:MOST_TERMS]


def read(text: str, *, account_id: int) -> Wanted:
    """Parses a search. One query folds it, stems it, and finds people with such names."""
    text = text.replace("\x00", " ").strip()[:LONGEST].strip()
    typed = _typed(text)
    if not typed:
        return Wanted(account_id, "")
    # The whole text comes last: a ticket may contain a space.
    rows = _ask([term.text for term in typed] + [text], account_id)
    groups: list[list[Term]] = []
    without: list[Term] = []
    idle: list[tuple[int, Term]] = []
    for term, (line, stems, people) in zip(typed, rows, strict=False):
        if not line:
            continue
        last = line.rpartition(" ")[2]
        begins = term.begins and len(last) >= SHORTEST_BEGINNING - (last != line)
        english = not term.quoted and _ENGLISH.fullmatch(term.text) is not None
        made = Term(term.text, term.quoted, line, begins, tuple(stems) if english else (), tuple(people))
        if term.negative:
            without.append(made)
        elif english and not stems and not begins and not term.other:
            # Stop words such as "the" and "is" are used only if there are no other words.
            idle.append((len(groups), made))
        elif term.other and groups:
            groups[-1].append(made)
        else:
            groups.append([made])
    if not groups and not without:
        groups = [[term] for _, term in idle]
    return Wanted(account_id, rows[-1][0], tuple(map(tuple, groups)), tuple(without))


def _ask(texts: list[str], account_id: int) -> list[tuple[str, list[str], list[int]]]:
    people = User._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH people AS MATERIALIZED (
                SELECT id, ' ' || flowpilot_line(name) AS name, lower(email) AS email FROM {people} WHERE account_id = %s
            ), typed AS MATERIALIZED (
                SELECT n, lower(text) AS text, flowpilot_line(text) AS line FROM unnest(%s::text[]) WITH ORDINALITY AS t (text, n)
            )
            SELECT line, tsvector_to_array(to_tsvector('english', line)), ARRAY(
                SELECT id FROM people WHERE line <> '' AND (strpos(people.name, ' ' || line) > 0 OR people.email = typed.text)
            ) FROM typed ORDER BY n
            """,  # noqa: S608 (a table's own name)
            [account_id, texts],
        )
        return cursor.fetchall()


def instead(wanted: Wanted, words: dict[str, list[str]]) -> Wanted:
    """The same search, with the corrections in `words` (by the line of a term) as alternatives."""
    flat = [word for found in words.values() for word in found]
    rows = dict(zip(flat, _ask(flat, wanted.account_id), strict=True))
    groups = []
    for group in wanted.groups:
        more = [word for term in group if not term.quoted for word in words.get(term.line, [])]
        others = [Term(word, False, rows[word][0], False, (), tuple(rows[word][2])) for word in more]
        groups.append((*group, *others))
    return replace(wanted, groups=tuple(groups), instead=tuple(flat))
