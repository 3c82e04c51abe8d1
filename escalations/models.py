"""Notifications, and which cards of the queue a person has seen."""

from django.db import models
from django.utils import timezone

from accounts.models import Account, User
from flowpilot.models import AISession
from handoffs.models import SessionHandoff


class Notification(models.Model):
    """One row of a person's bell, written in the transaction of the event it is about."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    # What it is about: a handoff, or a session that changed hands without one.
    handoff = models.ForeignKey(SessionHandoff, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    session = models.ForeignKey(AISession, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=300)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["user", "-created_at"]),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="bell_unread"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(handoff=None) ^ models.Q(session=None), name="about_a_handoff_or_a_session"),
        ]

    def __str__(self) -> str:
        return self.title


class Seen(models.Model):
    """Somebody opened or claimed a card, so its dot is gone for them, in every browser."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    handoff = models.ForeignKey(SessionHandoff, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "view"
        verbose_name_plural = "views"
        constraints = [models.UniqueConstraint(fields=["user", "handoff"], name="seen_once")]

    def __str__(self) -> str:
        return f"{self.user_id} saw {self.handoff_id}"


class ClaimTimes(models.Model):
    """The times of one claim, as the metrics count them: since when it was queued, when it was claimed, and the claimer's first action.

    A trigger on the event log keeps them, in the transaction of each event (migration 0004, decision 55). `number` is the claim's event,
    `ended` the event that ended the claim.
    """

    pk = models.CompositePrimaryKey("account", "number")
    # The events have the constraints.
    account = models.ForeignKey(Account, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    number = models.BigIntegerField()
    handoff = models.UUIDField()
    session = models.UUIDField()
    by = models.ForeignKey(User, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    queued_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField()
    acted_at = models.DateTimeField(null=True)
    ended = models.BigIntegerField(null=True)

    class Meta:
        verbose_name_plural = "claim times"
        indexes = [
            # All that the figures of a period need, so that they never read the table itself.
            models.Index(fields=["account", "claimed_at"], include=["queued_at", "acted_at"], name="claim_times_of_a_period"),
            models.Index(fields=["session"], condition=models.Q(ended=None), name="claims_not_ended"),
        ]

    def __str__(self) -> str:
        return f"claim {self.number} of {self.handoff}"


class KeptFigures(models.Model):
    """The metrics of an account over a period, as they were computed last."""

    pk = models.CompositePrimaryKey("account", "period")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    period = models.CharField(max_length=3)
    # The end of the period, and the account's last event then.
    at = models.DateTimeField()
    event = models.BigIntegerField()
    found = models.JSONField()
    # When they may be computed again. The request whose update moves this time computes them.
    due_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "kept figures"

    def __str__(self) -> str:
        return f"{self.period} of {self.account_id}"
