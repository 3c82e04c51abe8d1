"""The task lane: questions and checks, facts, suggested fixes."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from flowpilot.models.session import AISession, SessionStep


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

    SETTLED = (State.DONE, State.SKIPPED)
    OPEN = (State.PENDING, State.ACTIVE)

    session = models.ForeignKey(AISession, on_delete=models.CASCADE, related_name="tasks")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    title = models.CharField(max_length=300)
    why = models.CharField(max_length=400, blank=True)
    command = models.TextField(blank=True)
    answer = models.TextField(blank=True)
    # The step with the answer as it was sent; null before that, and after the card was reopened.
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
        return self.state in self.SETTLED

    @property
    def can_be_sent(self) -> bool:
        return self.is_settled and self.sent_as_id is None


class Fact(models.Model):
    """Something known, with the step it came from."""

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
    """A suggested fix and its outcome. One is current; a new one supersedes it."""

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
    # Why an applied fix can't be verified yet.
    waiting_for = models.CharField(max_length=300, blank=True)
    current = models.BooleanField(default=True)
    proposed_in = models.ForeignKey(SessionStep, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reported_in = models.ForeignKey(SessionStep, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
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
