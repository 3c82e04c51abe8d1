"""Handoffs, and how claimers judge the assessments."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account, User
from flowpilot.models import AISession, Priority


class HandoffQuerySet(models.QuerySet["SessionHandoff"]):
    """Queries for handoffs. `opening.py`, `claiming.py` and their neighbours change them."""

    def waiting(self) -> "HandoffQuerySet":
        """In the queue: nobody has claimed them."""
        return self.filter(state=SessionHandoff.State.OPEN)

    def live(self) -> "HandoffQuerySet":
        """Open, claimed or parked; a session has one at most."""
        return self.filter(state__in=SessionHandoff.LIVE)

    def escalations(self) -> "HandoffQuerySet":
        """To colleagues, not parked."""
        return self.filter(intent=SessionHandoff.Intent.ESCALATE)


class SessionHandoff(models.Model):
    """A session that its author handed off, until the claimer is done with it."""

    class Intent(models.TextChoices):
        ESCALATE = "escalate", "Escalate"
        PARK = "park", "Park"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        CLAIMED = "claimed", "Claimed"
        PARKED = "parked", "Parked"
        WITHDRAWN = "withdrawn", "Withdrawn"
        RETURNED = "returned", "Returned"
        SUPERSEDED = "superseded", "Superseded"

    LIVE = (State.OPEN, State.CLAIMED, State.PARKED)
    ENDED = (State.WITHDRAWN, State.RETURNED, State.SUPERSEDED)

    class Begin(models.TextChoices):
        """How the claimer begins."""

        CONTINUE = "continue", "Continue"
        ANALYSIS = "analysis", "Get AI analysis"
        OWN = "own", "On their own"

    class Assessed(models.TextChoices):
        NONE = "none", "None"
        PENDING = "pending", "Being written"
        READY = "ready", "Ready"
        UNAVAILABLE = "unavailable", "Unavailable"

    # Generated before the insert, so that the package of the session always has it.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # A column of its own, so that the WHERE of the claim needs no join: with a join, two people could win.
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="handoffs")
    session = models.ForeignKey(AISession, on_delete=models.PROTECT, related_name="handoffs")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="escalated by")
    intent = models.CharField(max_length=8, choices=Intent, default=Intent.ESCALATE)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    needs = models.TextField("what they need", blank=True)
    target = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL)
    snapshot = models.JSONField(default=dict)
    # How many things had been tried when it was handed off (`packaging.tried_in`): cards show it, without reading the snapshot.
    tried = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField("handed off at", default=timezone.now)
    claimed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    claimed_at = models.DateTimeField(null=True, blank=True)
    begin = models.CharField(max_length=8, choices=Begin, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_note = models.TextField(blank=True)
    assessment_state = models.CharField(max_length=12, choices=Assessed, default=Assessed.PENDING)
    assessment = models.JSONField(null=True, blank=True)
    assessment_reason = models.CharField(max_length=300, blank=True)
    assessment_asked_at = models.DateTimeField(default=timezone.now)
    # Who made it: "offline" or a model's name. Where that is not the configured model, `assessment_reason` says why.
    assessment_by = models.CharField(max_length=120, blank=True)
    # Generations are numbered when they start. One runs at a time; when its time is up, another may start.
    assessment_generation = models.PositiveIntegerField(default=0)
    assessment_running_until = models.DateTimeField(null=True, blank=True)
    # The stored generation, the last step it has read, when it was made, and how many new steps it has read.
    assessed_generation = models.PositiveIntegerField(default=0)
    assessed_upto = models.PositiveIntegerField(null=True, blank=True)
    assessed_at = models.DateTimeField(null=True, blank=True)
    renewed_after = models.PositiveIntegerField(default=0)
    # When a claimer first judged it. After that it is never replaced.
    assessment_judged_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[HandoffQuerySet] = HandoffQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "handoff"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(state__in=["open", "claimed", "parked"]), name="one_live_handoff_per_session"
            ),
            models.CheckConstraint(condition=~Q(state="open") | Q(claimed_by=None, claimed_at=None), name="open_means_claimed_by_nobody"),
            models.CheckConstraint(
                condition=~Q(state__in=["claimed", "returned"]) | Q(claimed_by__isnull=False, claimed_at__isnull=False),
                name="claimed_means_by_somebody",
            ),
            models.CheckConstraint(condition=Q(intent="escalate") | Q(state__in=["parked", "superseded"]), name="parked_is_never_open"),
            models.CheckConstraint(condition=~Q(state="parked") | Q(intent="park"), name="only_a_park_is_parked"),
            models.CheckConstraint(condition=Q(claimed_by=None) | ~Q(claimed_by=models.F("author")), name="nobody_claims_their_own"),
        ]
        indexes = [
            # The queue in its order, with all that finding, sorting and counting ask for: rows are read for one page only.
            models.Index(
                fields=["account", "-priority", "created_at", "id"],
                include=["author", "target"],
                condition=Q(state="open"),
                name="handoffs_in_queue_order",
            ),
            models.Index(fields=["session", "-created_at"]),
            # Home lists its reader's own live escalations.
            models.Index(
                fields=["author", "-created_at"], condition=Q(state__in=["open", "claimed", "parked"]), name="live_handoffs_of_author"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.intent} of {self.session_id}"

    @property
    def has_ended(self) -> bool:
        return self.state in self.ENDED

    @property
    def priority_slug(self) -> str:
        return Priority(self.priority).slug

    @property
    def has_lane(self) -> bool:
        """Whether there is a task lane to continue with."""
        return bool(self.snapshot.get("open_tasks") or self.snapshot.get("done_tasks") or self.snapshot.get("fixes"))


class EntryJudgement(models.Model):
    """A claimer's verdict on one entry of the assessment: right or wrong. One per entry and person; it can be changed."""

    class Part(models.TextChoices):
        KNOWN = "known", "What we know"
        TRIED = "tried", "What was tried"
        CAUSE = "cause", "Likely cause"
        STEP = "step", "Suggested step"
        SUMMARY = "summary", "Summary"
        CORRECTED = "corrected", "Corrected"

    class Verdict(models.TextChoices):
        RIGHT = "right", "Right"
        WRONG = "wrong", "Wrong"

    # A column of its own, because the metrics and the admin filter by account.
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    handoff = models.ForeignKey(SessionHandoff, on_delete=models.CASCADE, related_name="judgements")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # The judged generation, and the index of the entry in its list (0 if there is only one).
    generation = models.PositiveIntegerField()
    part = models.CharField(max_length=9, choices=Part)
    entry = models.PositiveSmallIntegerField()
    # The text of the entry as it was judged.
    text = models.TextField()
    verdict = models.CharField(max_length=5, choices=Verdict)
    note = models.CharField(max_length=1000, blank=True)
    # When the current verdict was given.
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "judgement of an entry"
        verbose_name_plural = "judgements of entries"
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["handoff", "by", "part", "entry"], name="one_verdict_per_entry_and_person")]
        indexes = [models.Index(fields=["account", "at"], name="judgements_of_a_period")]

    def __str__(self) -> str:
        return f"{self.get_part_display()} {self.entry + 1}: {self.get_verdict_display().lower()}"


class MissingEntry(models.Model):
    """What a claimer found missing in the assessment."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    handoff = models.ForeignKey(SessionHandoff, on_delete=models.CASCADE, related_name="missing")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    generation = models.PositiveIntegerField()
    text = models.CharField(max_length=600)
    # The step that has it, if the claimer gave one.
    step = models.PositiveIntegerField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "missing entry"
        verbose_name_plural = "missing entries"
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["handoff", "by", "text"], name="said_missing_once")]
        indexes = [models.Index(fields=["account", "at"], name="missing_of_a_period")]

    def __str__(self) -> str:
        return self.text[:80]
