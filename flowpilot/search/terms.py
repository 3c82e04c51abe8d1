"""What somebody typed into the search: words, phrases in quotes, -word, "a or b"; and what the database makes of them.

"or" ties the words beside it: `northgate printer or scanner` is Northgate, and a printer or a scanner. The last word is taken as the
beginning of one, since it may still be being typed. A host name, an address, a path or a code is one word here, and in the index the
phrase of its parts (see `flowpilot_fold`), so it is found whole and by each part.
"""

import re
from dataclasses import dataclass, replace

from django.contrib.postgres.search import CombinedSearchQuery, SearchQuery
from django.db import connection

from accounts.models import User

LONGEST = 200
# Each word costs a look into the index: what comes after these is not looked for.
MOST_TERMS = 10
# Shorter beginnings are those of half the dictionary. With something before it ("hl-dc…"), two letters tell enough.
SHORTEST_BEGINNING = 3

_TOKEN = re.compile(r'(?P<minus>(?<!\S)-(?=["\w]))?(?:"(?P<phrase>[^"]*)(?P<closed>"?)|(?P<word>[^\s"]+))')
_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))
# What English stems and nothing else: "e-mails", "printing"; not HL-DC02, which has a digit.
_ENGLISH = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase. `line` is its folded text, as in the index; `people` are those of the account whose name it begins or is."""

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
        """It as a tsquery: as it stands, and for an English word whatever has its stem. A folded line holds no quotes to break out of."""
        exact = " <-> ".join(f"'{token}'" for token in self.tokens) + (":*" if self.begins else "")
        query = SearchQuery(exact, config="simple", search_type="raw")
        return query | SearchQuery(self.line, config="english") if self.stems else query


@dataclass(frozen=True, slots=True)
class Wanted:
    """All of `groups` (of each group any term), and none of `without`. Nothing to look for where both are empty.

    `instead` are words that were not typed, but taken for what was meant.
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
    # It is another choice for the term before it.
    other: bool = False
    begins: bool = False


def _typed(text: str) -> list[_Typed]:
    """Never fails: what cannot be read as syntax is a word, and what holds neither letters nor digits finds nothing later."""
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
    """Reads what was typed, with one query: how it looks folded, whether it says anything in English, whose name it is."""
    text = text.replace("\x00", " ").strip()[:LONGEST].strip()
    typed = _typed(text)
    if not typed:
        return Wanted(account_id, "")
    # The whole text comes last: a ticket may hold a space.
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
            # "the", "is": they say nothing, unless nothing else is said.
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
    """The same, where besides a term also the words that stand for its line in `words` will do."""
    flat = [word for found in words.values() for word in found]
    rows = dict(zip(flat, _ask(flat, wanted.account_id), strict=True))
    groups = []
    for group in wanted.groups:
        more = [word for term in group if not term.quoted for word in words.get(term.line, [])]
        others = [Term(word, False, rows[word][0], False, (), tuple(rows[word][2])) for word in more]
        groups.append((*group, *others))
    return replace(wanted, groups=tuple(groups), instead=tuple(flat))
