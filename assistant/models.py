"""Records of the assistant: calls and their cost, each account's daily usage, and the circuit breaker."""

from django.db import models
from django.utils import timezone

from accounts.models import Account


class AssistantCall(models.Model):
    """One call to a model's provider: cost, duration and outcome, never what was sent or answered."""

    class Job(models.TextChoices):
        REPLY = "reply", "Reply"
        ASSESSMENT = "assessment", "Assessment"
        NOTES = "notes", "Ticket notes"
        UPDATE = "update", "Status update"
        CHECK = "check", "Configuration check"

    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    # Not a foreign key, so that usage survives when a session is purged.
    session_id = models.UUIDField(null=True, blank=True)
    job = models.CharField(max_length=10, choices=Job)
    provider = models.CharField(max_length=20)
    model = models.CharField(max_length=120)
    # "ok", or the name of the fault (assistant/faults.py).
    outcome = models.CharField(max_length=24)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "assistant call"
        verbose_name_plural = "assistant calls"
        ordering = ["-at"]
        indexes = [models.Index(fields=["account", "at"], name="assistant_calls_of_a_day")]

    def __str__(self) -> str:
        return f"{self.job} by {self.model}: {self.outcome}"


class DailyUsage(models.Model):
    """An account's calls and tokens on one day (in the installation's time zone). A call is counted by one conditional update before it is
    made, so that parallel workers never exceed the limit; its tokens are added when it ends."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    calls = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = "daily usage"
        verbose_name_plural = "daily usage"
        ordering = ["-day", "account"]
        constraints = [models.UniqueConstraint(fields=["account", "day"], name="one_row_per_account_and_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.calls} calls"


class CircuitBreaker(models.Model):
    """Whether a provider may be called. Shared by all processes, so that all of them stop calling a provider that is down."""

    # Provider and base URL, as configured.
    key = models.CharField(max_length=300, unique=True)
    failures = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=24, blank=True)

    class Meta:
        verbose_name = "circuit breaker"

    def __str__(self) -> str:
        return self.key
