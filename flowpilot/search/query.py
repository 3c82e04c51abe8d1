"""Finding sessions by text, client, ticket or person.

All queries use the index in `SearchEntry`, which includes the account, so rows of other accounts are never read. Words may be in different
places of a session ("northgate 0x8004010f": one in the client, one in step 3), so each word gives a set of sessions, and the result is in
all of these sets.
"""

from django.db.models import Case, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, TextField, Value, When

from flowpilot.models import AISession, SearchEntry, SessionHolder
from flowpilot.search.terms import Term, Wanted, instead, read
from flowpilot.search.typos import meant

# An exact ticket comes before everything else.
TICKET = 100


def understand(text: str, *, among: QuerySet[AISession], account_id: int) -> Wanted:
    """What to search for. If none of `among` (what somebody may read) contains what was typed, typos are corrected: for each word, similar
    words from titles, clients, tickets and names are searched, too."""
    wanted = read(text, account_id=account_id)
    if wanted.groups and not _having(wanted, among).exists():
        return instead(wanted, meant(wanted, among=among))
    return wanted


def search(sessions: QuerySet[AISession], wanted: Wanted) -> QuerySet[AISession]:
    """Those of `sessions` (what somebody may read: `readable_by`) that contain everything wanted, best first.

    Each row has `relevance`: 100 for an exact ticket, and 1 for each word in the title, client, ticket, domain or the name of one of its
    people. Equal ones are sorted by date, newest first.
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
    """Sessions that contain one of the terms: anywhere, or only in their head and people."""
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
        held = SessionHolder.objects.filter(session=OuterRef("pk"), user_id__in=people)
        found |= Q(user_id__in=people) | Q(handler_id__in=people) | Q(Exists(held))
    return found


def _one(condition: Q, *, worth: int = 1) -> Case:
    return Case(When(condition, then=Value(worth)), default=Value(0), output_field=IntegerField())
