"""What belongs to a reply: its draft, its proposals, and what it would have asked again."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from flowpilot.models.session import AISession, SessionStep


class ReplyDraft(models.Model):
    """A reply while it is being written. The draft is deleted when the reply becomes a step."""

    session = models.OneToOneField(AISession, primary_key=True, on_delete=models.CASCADE, related_name="+")
    # The step that is being replied to; a draft for an older one is ignored.
    step = models.PositiveIntegerField()
    text = models.TextField()
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"to step {self.step} of {self.session_id}"


class Proposal(models.Model):
    """Something that FlowPilot proposes and a technician accepts or dismisses: a fact, or the outcome of the current fix."""

    class Kind(models.TextChoices):
        FACT = "fact", "Fact"
        OUTCOME = "outcome", "Outcome of the fix"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        DISMISSED = "dismissed", "Dismissed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(AISession, on_delete=models.CASCADE, related_name="proposals")
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    # The fact's words; for an outcome, the quote that supports it.
    text = models.TextField()
    # For an outcome: which, and the card of the fix that it is about.
    outcome = models.CharField(max_length=10, blank=True)
    card = models.PositiveIntegerField(null=True, blank=True)
    source = models.ForeignKey(SessionStep, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["session", "state"])]
        constraints = [
            models.UniqueConstraint(fields=["session"], condition=Q(kind="outcome", state="open"), name="one_open_outcome_per_session")
        ]

    def __str__(self) -> str:
        return self.text[:80]


class Repeat(models.Model):
    """A check or question that FlowPilot wanted to ask although it was done already. The lane shows its outcome instead."""

    session = models.ForeignKey(AISession, on_delete=models.CASCADE, related_name="repeats")
    title = models.CharField(max_length=300)
    # The reply that would have asked it, and the step with its outcome.
    reply = models.ForeignKey(SessionStep, on_delete=models.CASCADE, related_name="+")
    done_in = models.ForeignKey(SessionStep, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.title
