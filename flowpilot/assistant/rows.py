"""What the assistant leaves behind: calls and their usage, the breaker, a reply while it is being written, and what it proposes."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account, User


class AssistantCall(models.Model):
    """One call of a model's provider: what it cost, how long it took, how it ended. Never what was sent or answered."""

    class Job(models.TextChoices):
        REPLY = "reply", "Reply"
        ASSESSMENT = "assessment", "Assessment"
        NOTES = "notes", "Ticket notes"
        UPDATE = "update", "Status update"
        CHECK = "check", "Configuration check"

    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    # Not a foreign key: a session that is purged leaves its usage in the sum.
    session_id = models.UUIDField(null=True, blank=True)
    job = models.CharField(max_length=10, choices=Job)
    provider = models.CharField(max_length=20)
    model = models.CharField(max_length=120)
    # "ok", or the name of the fault (flowpilot/assistant/llm/faults.py).
    outcome = models.CharField(max_length=24)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "call of the assistant"
        verbose_name_plural = "calls of the assistant"
        ordering = ["-at"]
        indexes = [models.Index(fields=["account", "at"], name="assistant_calls_of_a_day")]

    def __str__(self) -> str:
        return f"{self.job} by {self.model}: {self.outcome}"


class AssistantDay(models.Model):
    """What an account has taken of its caps on one day (by the installation's time zone). A call is taken by one conditional update before
    it is made, so workers at once never go over the cap; its tokens are known when it ends."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    calls = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = "day of the assistant"
        verbose_name_plural = "days of the assistant"
        ordering = ["-day", "account"]
        constraints = [models.UniqueConstraint(fields=["account", "day"], name="one_row_per_account_and_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.calls} calls"


class AssistantBreaker(models.Model):
    """Whether a provider is called at all. Shared by all processes, so that a dead one is met once and not once per worker."""

    # Provider and base URL, as the configuration names them.
    key = models.CharField(max_length=300, unique=True)
    failures = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=24, blank=True)

    class Meta:
        verbose_name = "breaker"

    def __str__(self) -> str:
        return self.key


class ReplyDraft(models.Model):
    """A reply while it is being written: what has come so far. It is gone when the reply is a step."""

    session = models.OneToOneField("flowpilot.AISession", primary_key=True, on_delete=models.CASCADE, related_name="+")
    # The step that is being replied to: a draft for an older one is nobody's.
    step = models.PositiveIntegerField()
    text = models.TextField()
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"to step {self.step} of {self.session_id}"


class Proposal(models.Model):
    """Something that FlowPilot proposes and only a technician decides: a fact to keep, or what became of the current fix."""

    class Kind(models.TextChoices):
        FACT = "fact", "Fact"
        OUTCOME = "outcome", "Outcome of the fix"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        DISMISSED = "dismissed", "Dismissed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey("flowpilot.AISession", on_delete=models.CASCADE, related_name="proposals")
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    # The fact's words; for an outcome what was said that speaks for it.
    text = models.TextField()
    # For an outcome: which, and the card of the fix that it is about.
    outcome = models.CharField(max_length=10, blank=True)
    card = models.PositiveIntegerField(null=True, blank=True)
    source = models.ForeignKey("flowpilot.SessionStep", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
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
    """A check or question that FlowPilot wanted to ask although it was done: not asked again; the lane shows how it went."""

    session = models.ForeignKey("flowpilot.AISession", on_delete=models.CASCADE, related_name="repeats")
    title = models.CharField(max_length=300)
    # The reply that wanted it, and the step that holds how it went.
    reply = models.ForeignKey("flowpilot.SessionStep", on_delete=models.CASCADE, related_name="+")
    done_in = models.ForeignKey("flowpilot.SessionStep", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.title
