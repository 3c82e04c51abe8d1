"""Sessions, who has handled them, and their steps."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account, User


class Priority(models.IntegerChoices):
    """Numbers, so that an index can sort the queue. Forms and JSON use `slug`."""

    LOW = 1, "Low"
    NORMAL = 2, "Normal"
    HIGH = 3, "High"
    URGENT = 4, "Urgent"

    @property
    def slug(self) -> str:
        return self.name.lower()

    @classmethod
    def from_slug(cls, slug: str) -> "Priority":
        """Raises `KeyError` for unknown priorities."""
        return cls[slug.upper()]


class SessionQuerySet(models.QuerySet["AISession"]):
    """Queries for sessions. `flowpilot/sessions.py` and its neighbours change them."""

    def active(self) -> "SessionQuerySet":
        """Somebody is working on them."""
        return self.filter(status=AISession.Status.ACTIVE)

    def waiting(self) -> "SessionQuerySet":
        """They wait for a colleague."""
        return self.filter(status=AISession.Status.REQUESTING)

    def in_progress_with(self, user: User) -> "SessionQuerySet":
        """What `user` handles: active or parked."""
        return self.filter(handler=user, status__in=(AISession.Status.ACTIVE, AISession.Status.PAUSED))


class AISession(models.Model):
    """A case that a technician works on with FlowPilot."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Parked"
        REQUESTING = "requesting_escalation", "Waiting for a colleague"
        RESOLVED = "resolved", "Resolved"
        ABANDONED = "abandoned", "Closed unresolved"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Each of these begins an index below.
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="sessions", db_index=False)
    # Who opened it. It never changes, because the audit trail depends on it.
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="opened_sessions", verbose_name="opened by", db_index=False)
    # Who is working on it: the opener or a claimer. While it waits in the queue: the author of the handoff.
    handler = models.ForeignKey(User, on_delete=models.PROTECT, related_name="handled_sessions", db_index=False)
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
    # The last numbers of steps, of cards of all kinds, and of secrets. Updates of this row assign them, so there are no gaps or duplicates.
    step_count = models.PositiveIntegerField(default=0)
    card_count = models.PositiveIntegerField(default=0)
    secret_count = models.PositiveIntegerField(default=0)
    # The step that FlowPilot is to reply to; null when no reply is requested. The reply that clears it is the only one written.
    reply_requested_for = models.PositiveIntegerField(null=True, blank=True)
    reply_requested_at = models.DateTimeField(null=True, blank=True)
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
            # What the queue can be filtered by: all domains and clients of what waits, without reading the sessions.
            models.Index(
                fields=["account", "domain", "client"],
                include=["handler"],
                condition=Q(status="requesting_escalation"),
                name="what_waits_by_domain_client",
            ),
            # The sessions page in its order, whatever the number of sessions: all, somebody's own, and those of a filter. What other
            # filters compare is included, so that what they leave out is not read.
            models.Index(fields=["account", "-updated_at", "id"], include=["priority"], name="sessions_by_time"),
            models.Index(
                fields=["user", "account", "-updated_at", "id"],
                include=["handler", "client", "domain", "priority", "status"],
                name="sessions_of_opener_by_time",
            ),
            models.Index(
                fields=["handler", "account", "-updated_at", "id"],
                include=["user", "client", "domain", "priority", "status"],
                name="sessions_of_handler_by_time",
            ),
            models.Index(
                fields=["account", "client", "-updated_at", "id"],
                include=["user", "handler", "domain", "priority", "status"],
                name="sessions_of_client_by_time",
            ),
            models.Index(fields=["account", "domain", "-updated_at", "id"], name="sessions_of_domain_by_time"),
            # What home shows as recently resolved.
            models.Index(fields=["user", "-resolved_at"], condition=Q(status="resolved"), name="resolved_of_opener"),
            models.Index(fields=["handler", "-resolved_at"], condition=Q(status="resolved"), name="resolved_of_handler"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def tier(self) -> str:
        """How FlowPilot works at this confidence (docs/contract.md)."""
        return "discovery" if self.confidence < 0.4 else "exploring" if self.confidence < 0.8 else "guided"

    @property
    def priority_slug(self) -> str:
        return Priority(self.priority).slug


class SessionHolder(models.Model):
    """Who has handled a session, from when to when. Everyone who ever did may read it."""

    session = models.ForeignKey(AISession, on_delete=models.CASCADE, related_name="holders")
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

    class Event(models.TextChoices):
        """What an event step says happened; empty for every other step. `flowpilot/event_steps.py` makes the sentence."""

        ESCALATED = "escalated", "Escalated"
        HANDED_OVER = "handed_over", "Handed over"
        CLAIMED = "claimed", "Claimed"
        RELEASED = "released", "Released"
        RETURNED = "returned", "Returned"
        WITHDRAWN = "withdrawn", "Withdrawn"
        PARKED = "parked", "Parked"
        RESUMED = "resumed", "Resumed"
        TAKEN_OVER = "taken_over", "Taken over"
        REASSIGNED = "reassigned", "Reassigned"
        RESOLVED = "resolved", "Resolved"
        REOPENED = "reopened", "Reopened"
        CLOSED = "closed", "Closed unresolved"
        SECRET_REVEALED = "secret_revealed", "Secret revealed"
        SECRET_REMOVED = "secret_removed", "Secret removed"
        REPLY_FAILED = "reply_failed", "Reply failed"

    session = models.ForeignKey(AISession, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=14, choices=Kind)
    event = models.CharField(max_length=16, choices=Event, blank=True)
    author_kind = models.CharField(max_length=10, choices=AuthorKind)
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # The name in the source of an author who is not a person of the account.
    author_label = models.CharField(max_length=80, blank=True)
    text = models.TextField()
    # The card of the lane that it answers, and what the card asked at that time.
    card = models.PositiveIntegerField(null=True, blank=True)
    asked = models.TextField(blank=True)
    command = models.TextField(blank=True)
    # A remark on how it was made, for example why playbooks answered instead of the model.
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
