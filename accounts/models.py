"""Accounts, their people, and the account's event log."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from redaction.invisible import one_line


class Account(models.Model):
    """One managed service provider: the tenant. Everything belongs to exactly one account."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    ENGINEER = "engineer", "Engineer"
    VIEWER = "viewer", "Viewer"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """Creates a person. The email address is stored in lower case, so that capitals don't matter at sign-in."""
        if not email:
            raise ValueError("An email address is required.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.name = one_line(user.name)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Technicians belong to one account; staff who run the installation may belong to none."""

    email = models.EmailField("email address", unique=True)
    name = models.CharField(max_length=120)
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="people")
    role = models.CharField(max_length=10, choices=Role, default=Role.ENGINEER)
    is_active = models.BooleanField(
        "active", default=True, help_text="Turn off to sign this person out, stop notifications and block claims."
    )
    is_staff = models.BooleanField("staff", default=False, help_text="Can sign in to the admin.")
    date_joined = models.DateTimeField(default=timezone.now)
    # Written in batches by the web processes (escalations/live/online.py); accounts/people.py says what it means.
    last_here_at = models.DateTimeField("last seen", null=True, blank=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("email"), name="one_person_per_email")]
        indexes = [models.Index(fields=["account", "role"])]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        """The first of their names: what colleagues call them."""
        return (self.name or self.email).split()[0]

    @property
    def initials(self) -> str:
        words = (self.name or self.email).split()
        return "".join(w[0] for w in ([words[0], words[-1]] if len(words) > 1 else words)).upper()


class SignInAttempt(models.Model):
    """How often a password was tried since a moment, for an account, a client's address or a known browser (accounts/attempts.py)."""

    key = models.CharField(primary_key=True, max_length=80)
    since = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "sign-in attempt"
        verbose_name_plural = "sign-in attempts"

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"


class EventCounter(models.Model):
    """The number of an account's last event. It is updated last in a transaction, so numbers come in commit order."""

    account = models.OneToOneField(Account, primary_key=True, on_delete=models.CASCADE)
    last = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.account_id}: {self.last}"


class Event(models.Model):
    """Something that happened in an account: for the audit trail, metrics and live updates. Written by `record()` only."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="events")
    number = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    # Ids, not foreign keys: the apps with these tables are above this one.
    session = models.UUIDField(null=True)
    handoff = models.UUIDField(null=True)
    from_state = models.CharField(max_length=24, blank=True)
    to_state = models.CharField(max_length=24, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["account", "number"]
        constraints = [models.UniqueConstraint(fields=["account", "number"], name="event_number_once_per_account")]
        indexes = [
            models.Index(fields=["session", "number"]),
            models.Index(fields=["handoff", "number"]),
            models.Index(fields=["account", "kind", "at"]),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"
