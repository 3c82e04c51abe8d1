"""Secrets that were typed in a session."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from flowpilot.models.session import AISession


class Secret(models.Model):
    """A credential that a text of the session holds as `[hidden password 3]`. The same value has the same number in its session."""

    session = models.ForeignKey(AISession, on_delete=models.CASCADE, related_name="secrets")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)
    # Null once it was shredded or removed, like the digest, which recognises the same value.
    ciphertext = models.BinaryField(null=True)
    digest = models.CharField(max_length=64, null=True)  # noqa: DJ001  (null, so that the unique constraint allows many without one)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    shredded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["session", "number"]
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="secret_number_once_per_session"),
            models.UniqueConstraint(fields=["session", "digest"], name="secret_value_once_per_session"),
            models.CheckConstraint(
                condition=Q(shredded_at=None, ciphertext__isnull=False, digest__isnull=False)
                | Q(shredded_at__isnull=False, ciphertext=None, digest=None),
                name="shredded_means_nothing_is_left",
            ),
        ]
        indexes = [models.Index(fields=["session"], condition=Q(shredded_at=None), name="secrets_kept")]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
