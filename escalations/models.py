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
