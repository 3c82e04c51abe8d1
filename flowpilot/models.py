"""Sessions: who works on what, every step of it, and the task lane. State changes live in `sessions.py`, `lane.py` and `fixes.py`."""

import uuid
from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Cast
from django.utils import timezone

from accounts.models import Account, User
from flowpilot.sessions import SessionQuerySet


class Priority(models.IntegerChoices):
    """Numbers, so that the queue can be read off an index; `slug` is what forms and JSON call them."""

    LOW = 1, "Low"
    NORMAL = 2, "Normal"
    HIGH = 3, "High"
    URGENT = 4, "Urgent"

    @property
    def slug(self) -> str:
        return self.name.lower()

    @classmethod
    def from_slug(cls, slug: str) -> "Priority":
        """Raises `KeyError` for a word that is no priority."""
        return cls[slug.upper()]


class AISession(models.Model):
    """A case that a technician works on with FlowPilot."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Parked"
        REQUESTING = "requesting_escalation", "Waiting for a colleague"
        RESOLVED = "resolved", "Resolved"
        ABANDONED = "abandoned", "Given up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="sessions")
    # Who opened it: never changes, the audit trail hangs on it.
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="opened_sessions", verbose_name="opened by")
    # Who handles it now: the opener, or whoever claimed. While it waits, whoever handed it off.
    handler = models.ForeignKey(User, on_delete=models.PROTECT, related_name="handled_sessions")
    title = models.CharField(max_length=200)
    problem_summary = models.TextField(blank=True)
    client = models.CharField(max_length=120, blank=True)
    ticket = models.CharField("ticket reference", max_length=60, blank=True)
    domain = models.CharField("problem domain", max_length=60, blank=True)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL)
    status = models.CharField(max_length=24, choices=Status, default=Status.ACTIVE)
    status_reason = models.TextField(blank=True)
    confidence = models.FloatField(default=0)
    playbook = models.CharField(max_length=60, blank=True)
    escalation_package = models.JSONField(null=True, blank=True)
    ticket_notes = models.TextField(blank=True)
    # Where an imported session comes from: source, url, licence, attribution.
    origin = models.JSONField(default=dict, blank=True)
    import_key = models.CharField(max_length=80, blank=True)
    # The last numbers given: steps, cards across all kinds, secrets. Taken by updates of this row, so they have no gaps and no doubles.
    step_count = models.PositiveIntegerField(default=0)
    card_count = models.PositiveIntegerField(default=0)
    secret_count = models.PositiveIntegerField(default=0)
    # The step that FlowPilot has yet to reply to; null when it owes nothing. The reply that clears it is the only one written.
    reply_due = models.PositiveIntegerField(null=True, blank=True)
    reply_due_since = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[SessionQuerySet] = SessionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "session"
        ordering = ["-updated_at"]
        constraints = [
            models.UniqueConstraint(fields=["account", "import_key"], condition=~Q(import_key=""), name="imported_once_per_account"),
            models.CheckConstraint(condition=Q(confidence__gte=0) & Q(confidence__lte=1), name="session_confidence_0_to_1"),
        ]
        indexes = [
            models.Index(fields=["account", "status", "-updated_at"]),
            models.Index(fields=["handler", "status"]),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def tier(self) -> str:
        """FlowPilot's way of working at this confidence (docs/contract.md)."""
        return "discovery" if self.confidence < 0.4 else "exploring" if self.confidence < 0.8 else "guided"

    @property
    def priority_slug(self) -> str:
        return Priority(self.priority).slug


class SessionHand(models.Model):
    """Whose hands a session was in. Also the answer to who may still read it: everyone who ever had it."""

    session = models.ForeignKey(AISession, on_delete=models.CASCADE, related_name="hands")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["since", "id"]
        indexes = [models.Index(fields=["user", "session"])]

    def __str__(self) -> str:
        return f"{self.user_id} since {self.since:%Y-%m-%d %H:%M}"


class SessionStep(models.Model):
    """One interaction. Steps count from 1 in each session and are never changed."""

    class Kind(models.TextChoices):
        MESSAGE = "message", "Message"
        REPLY = "reply", "Reply"
        ANSWER = "answer", "Answer"
        CHECK = "check", "Check"
        NOTE = "note", "Note"
        OUTCOME = "outcome", "Fix outcome"
        BRIEFING = "briefing", "Briefing"
        STATUS_UPDATE = "status_update", "Status update"
        SYSTEM = "system", "Event"

    class AuthorKind(models.TextChoices):
        PERSON = "person", "Technician"
        CLIENT = "client", "Client"
        ASSISTANT = "assistant", "FlowPilot"
        SYSTEM = "system", "System"
        IMPORTED = "imported", "Imported"

    session = models.ForeignKey(AISession, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=14, choices=Kind)
    author_kind = models.CharField(max_length=10, choices=AuthorKind)
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # What the source calls an author who is no person of the account.
    author_label = models.CharField(max_length=80, blank=True)
    text = models.TextField()
    # The lane card that it answers, and what that card asked at the time.
    card = models.PositiveIntegerField(null=True, blank=True)
    asked = models.TextField(blank=True)
    command = models.TextField(blank=True)
    # What is to be said about how it came to be: why playbooks answered in the model's place.
    remark = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = "step"
        ordering = ["session", "number"]
        constraints = [models.UniqueConstraint(fields=["session", "number"], name="step_number_once_per_session")]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"

    @property
    def author_name(self) -> str:
        if self.author_kind == self.AuthorKind.ASSISTANT:
            return "FlowPilot"
        if self.author_kind == self.AuthorKind.PERSON and self.author:
            return str(self.author)
        if self.author_kind == self.AuthorKind.CLIENT:
            return f"Client {self.author_label}".strip()
        return self.author_label or ("ResolutionFlow" if self.author_kind == self.AuthorKind.SYSTEM else "Imported")


class Task(models.Model):
    """A question or a diagnostic check in the task lane."""

    class Kind(models.TextChoices):
        QUESTION = "question", "Question"
        CHECK = "check", "Diagnostic check"

    class State(models.TextChoices):
        PENDING = "pending", "Open"
        ACTIVE = "active", "Active"
        DONE = "done", "Done"
        SKIPPED = "skipped", "Skipped"

    session = models.ForeignKey(AISession, on_delete=models.CASCADE, related_name="tasks")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    title = models.CharField(max_length=300)
    why = models.CharField(max_length=400, blank=True)
    command = models.TextField(blank=True)
    answer = models.TextField(blank=True)
    # The step that carries the answer as it was sent; null while it was not sent, or was reopened since.
    sent_as = models.ForeignKey(SessionStep, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["session", "number"]
        constraints = [models.UniqueConstraint(fields=["session", "number"], name="task_card_once_per_session")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_settled(self) -> bool:
        return self.state in (self.State.DONE, self.State.SKIPPED)

    @property
    def can_be_sent(self) -> bool:
        return self.is_settled and self.sent_as_id is None


class Fact(models.Model):
    """Something known, with the step that it came from."""

    session = models.ForeignKey(AISession, on_delete=models.CASCADE, related_name="facts")
    number = models.PositiveIntegerField()
    text = models.TextField()
    source = models.ForeignKey(SessionStep, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["session", "number"]
        constraints = [models.UniqueConstraint(fields=["session", "number"], name="fact_card_once_per_session")]

    def __str__(self) -> str:
        return self.text[:80]


class Fix(models.Model):
    """A suggested fix and what became of it. One is current; a new one supersedes the old."""

    class Outcome(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        APPLIED = "applied", "Waiting to be verified"
        WORKED = "worked", "Worked"
        FAILED = "failed", "Did not work"
        PARTIAL = "partial", "Worked in part"
        DISMISSED = "dismissed", "Never applied"

    UNSETTLED = (Outcome.PROPOSED, Outcome.APPLIED)
    SETTLING = (Outcome.WORKED, Outcome.FAILED, Outcome.PARTIAL, Outcome.DISMISSED)

    session = models.ForeignKey(AISession, on_delete=models.CASCADE, related_name="fixes")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=300)
    detail = models.TextField(blank=True)
    verify = models.TextField(blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.PROPOSED)
    # Why an applied fix cannot be verified yet.
    waiting_for = models.CharField(max_length=300, blank=True)
    current = models.BooleanField(default=True)
    proposed_in = models.ForeignKey(SessionStep, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    told_in = models.ForeignKey(SessionStep, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "fixes"
        ordering = ["session", "number"]
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="fix_card_once_per_session"),
            models.UniqueConstraint(fields=["session"], condition=Q(current=True), name="one_current_fix_per_session"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_settled(self) -> bool:
        return self.outcome in self.SETTLING


class SearchEntryQuerySet(models.QuerySet["SearchEntry"]):
    def of(self, account_id: int) -> "SearchEntryQuerySet":
        """Those of an account. As a bigint: a small number would be an integer to PostgreSQL, and a GIN index compares bigints only."""
        return self.filter(account_id=Cast(Value(account_id), models.BigIntegerField()))


class SearchEntry(models.Model):
    """What the search looks through: one row for each place of a session that holds text. Read by `search.py`, written by nobody here:
    triggers (migration 0002) keep it, so bulk inserts, `update()` and SQL by hand are all seen, and no verb knows of it.

    A table of its own, and no column of sessions and steps: those stay as narrow as they were for every ordinary read and write, the
    account stands beside the words in one index (a search never meets another account's rows), and it can be emptied and filled again
    (`SELECT flowpilot_search_fill(array_agg(id)) FROM flowpilot_aisession`). Like an index it has no foreign keys to be checked at commit.
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
    # Folded title, client, ticket and domain, a line each: for typing mistakes and parts of words. Of the head only.
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


# Rows of other files of this app; Django finds models through this module.
from flowpilot.assistant.rows import AssistantBreaker, AssistantCall, AssistantDay, Proposal, Repeat, ReplyDraft  # noqa: E402, F401
from flowpilot.secrets.models import Secret  # noqa: E402, F401
