from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timesince import timesince

from accounts.staff import ReadOnlyAdmin
from flowpilot.models import (
    AISession,
    Fact,
    Fix,
    Proposal,
    Repeat,
    ReplyDraft,
    Secret,
    SessionHolder,
    SessionStep,
    Task,
)


class _Part(admin.TabularInline):
    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


class StepInline(_Part):
    model = SessionStep
    fields = ["number", "kind", "author_kind", "author", "text", "at"]


class TaskInline(_Part):
    model = Task
    fields = ["number", "kind", "state", "title", "answer", "by"]


class FixInline(_Part):
    model = Fix
    fields = ["number", "title", "outcome", "current", "by"]


class HolderInline(_Part):
    model = SessionHolder
    fields = ["user", "since", "until"]


@admin.register(AISession)
class SessionAdmin(ReadOnlyAdmin):
    list_display = ["title", "account", "client", "ticket", "status", "priority", "domain", "user", "handler", "step_count", "idle_for"]
    list_filter = ["status", "priority", "domain", "account"]
    search_fields = ["id", "title", "client", "ticket", "user__name", "handler__name"]
    list_select_related = ["account", "user", "handler"]
    date_hierarchy = "created_at"
    inlines = [HolderInline, TaskInline, FixInline, StepInline]

    @admin.display(description="idle for", ordering="updated_at")
    def idle_for(self, obj: AISession) -> str:
        return timesince(obj.updated_at)


class _SessionPartAdmin(ReadOnlyAdmin):
    account_path = "session__account_id"
    search_fields = ["session__title", "session__id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        related = [name for name in ("session", "author", "by", "user") if name in {f.name for f in self.model._meta.get_fields()}]
        return super().get_queryset(request).select_related(*related)


@admin.register(SessionStep)
class StepAdmin(_SessionPartAdmin):
    list_display = ["session", "number", "kind", "author_kind", "author", "at"]
    list_filter = ["kind", "author_kind", "session__account"]


@admin.register(Task)
class TaskAdmin(_SessionPartAdmin):
    list_display = ["session", "number", "kind", "state", "title", "by", "updated_at"]
    list_filter = ["kind", "state", "session__account"]


@admin.register(Fact)
class FactAdmin(_SessionPartAdmin):
    list_display = ["session", "number", "text", "by", "created_at"]
    list_filter = ["session__account"]


@admin.register(Fix)
class FixAdmin(_SessionPartAdmin):
    list_display = ["session", "number", "title", "outcome", "current", "by", "updated_at"]
    list_filter = ["outcome", "current", "session__account"]


@admin.register(SessionHolder)
class HolderAdmin(_SessionPartAdmin):
    list_display = ["session", "user", "since", "until"]
    list_filter = ["session__account"]


@admin.register(Secret)
class SecretAdmin(_SessionPartAdmin):
    """Never shows the value: only the session's opener and handler can reveal it."""

    list_display = ["session", "number", "kind", "by", "created_at", "shredded_at"]
    list_filter = ["kind", "session__account"]
    fields = ["session", "number", "kind", "by", "created_at", "shredded_at"]


@admin.register(Proposal)
class ProposalAdmin(_SessionPartAdmin):
    list_display = ["session", "kind", "outcome", "state", "by", "created_at", "decided_at"]
    list_filter = ["kind", "state", "session__account"]


@admin.register(Repeat)
class RepeatAdmin(_SessionPartAdmin):
    list_display = ["session", "title", "done_in", "created_at"]
    list_filter = ["session__account"]


@admin.register(ReplyDraft)
class DraftAdmin(_SessionPartAdmin):
    """Replies that are being written now."""

    list_display = ["session", "step", "at"]
    list_filter = ["session__account"]
