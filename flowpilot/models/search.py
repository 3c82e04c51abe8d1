"""The search index."""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Cast

from accounts.models import Account
from flowpilot.models.session import AISession


class SearchEntryQuerySet(models.QuerySet["SearchEntry"]):
    def of(self, account_id: int) -> "SearchEntryQuerySet":
        """Those of an account. The cast is needed because PostgreSQL reads a small number as an integer, and the GIN index has bigints."""
        return self.filter(account_id=Cast(Value(account_id), models.BigIntegerField()))


class SearchEntry(models.Model):
    """The search index: one row for each place of a session that holds text. Database triggers (migration 0002) keep it up to date, so bulk
    inserts, `update()` and manual SQL are all covered, and no verb needs to know about it.

    It is a table of its own so that sessions and steps stay narrow for ordinary reads and writes, and the account is in the same index as
    the words (a search never reads another account's rows). It can be emptied and filled again
    (`SELECT flowpilot_search_fill(array_agg(id)) FROM flowpilot_aisession`). Like an index, it has no foreign key constraints.
    """

    class Place(models.IntegerChoices):
        HEAD = 0, "Title, client, ticket, domain"
        SUMMARY = 1, "Summary"
        NOTES = 2, "Ticket notes"
        FACT = 3, "Fact"
        STEP = 4, "Step"

    pk = models.CompositePrimaryKey("session_id", "place", "number")
    session = models.ForeignKey(AISession, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    place = models.SmallIntegerField(choices=Place)
    # The step's or card's number; 0 where there is only one of the place.
    number = models.PositiveIntegerField()
    # Folded title, client, ticket and domain, one per line, for typos and parts of words. Only for the head.
    headline = models.TextField()
    words = SearchVectorField()

    objects: ClassVar[SearchEntryQuerySet] = SearchEntryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "search entries"
        indexes = [
            GinIndex(fields=["account", "words"], name="search_words"),
            GinIndex(
                fields=["account", "headline"], opclasses=["int8_ops", "gin_trgm_ops"], condition=Q(place=0), name="search_headline_trgm"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_place_display()} {self.number} of {self.session_id}"
