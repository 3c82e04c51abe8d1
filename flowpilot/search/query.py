"""Finding sessions by text, client, ticket or person.

Every question is asked of the index in `SearchEntry`, which is cut by account: rows of another account are never read. Words may stand in
different places of a session ("northgate 0x8004010f": one in the client, one in step 3), so each word is a set of sessions, and what is
found is in all of them.
"""

from django.db.models import Case, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, TextField, Value, When

from flowpilot.models import AISession, SearchEntry, SessionHolder
from flowpilot.search.terms import Term, Wanted, instead, read
from flowpilot.search.typos import meant

# An exact ticket stands before everything else.
TICKET = 100


def understand(text: str, *, among: QuerySet[AISession], account_id: int) -> Wanted:
    """What to look for. Where nothing of `among` (what somebody may read) holds what was typed, typing mistakes are forgiven: beside each
    word, the words like it that do stand there in titles, clients, tickets and names."""
    wanted = read(text, account_id=account_id)
    if wanted.groups and not _having(wanted, among).exists():
        return instead(wanted, meant(wanted, among=among))
    return wanted


def search(sessions: QuerySet[AISession], wanted: Wanted) -> QuerySet[AISession]:
    """Those of `sessions` (what somebody may read: `readable_by`) in which everything wanted is found, best first.

    Each row has `relevance`: 100 for an exact ticket, and one for each word that stands in title, client, ticket, domain or the name of
    one of its people; the newest first among equals.
    """
    if not wanted:
        return sessions.none()
    ticket_line = Func(F("ticket"), function="flowpilot_line", output_field=TextField())
    relevance = sum(
        (_one(_found(group, wanted.account_id, head=True)) for group in wanted.groups),
        start=_one(Q(ticket_line__in={wanted.line, *(term.line for term in wanted.terms)}), worth=TICKET),
    )
    return (
        _having(wanted, sessions).alias(ticket_line=ticket_line).annotate(relevance=relevance).order_by("-relevance", "-updated_at", "pk")
    )


def _having(wanted: Wanted, sessions: QuerySet[AISession]) -> QuerySet[AISession]:
    for group in wanted.groups:
        sessions = sessions.filter(_found(group, wanted.account_id))
    for term in wanted.without:
        sessions = sessions.exclude(_found((term,), wanted.account_id))
    return sessions


def _found(group: tuple[Term, ...], account_id: int, *, head: bool = False) -> Q:
    """A session in which one of the terms is found: anywhere, or in its head and its people only."""
    entries = SearchEntry.objects.of(account_id)
    anywhere, people = Q(), set[int]()
    for term in group:
        anywhere |= Q(words=term.query)
        if len(term.line) > 1 and not term.quoted:
            anywhere |= Q(place=SearchEntry.Place.HEAD, headline__contains=term.line)
        people.update(term.people)
    if head:
        entries = entries.filter(place=SearchEntry.Place.HEAD)
    found = Q(pk__in=entries.filter(anywhere).values("session_id"))
    if people:
        hands = SessionHolder.objects.filter(session=OuterRef("pk"), user_id__in=people)
        found |= Q(user_id__in=people) | Q(handler_id__in=people) | Q(Exists(hands))
    return found


def _one(condition: Q, *, worth: int = 1) -> Case:
    return Case(When(condition, then=Value(worth)), default=Value(0), output_field=IntegerField())
