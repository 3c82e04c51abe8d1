from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.staff import ReadOnlyAdmin
from assistant.models import AssistantCall, CircuitBreaker, DailyUsage


@admin.register(AssistantCall)
class CallAdmin(ReadOnlyAdmin):
    """What the model costs, and how its calls ended."""

    list_display = ["at", "account", "job", "model", "outcome", "input_tokens", "output_tokens", "seconds"]
    list_filter = ["outcome", "job", "model", "account"]
    search_fields = ["model", "session_id"]
    list_select_related = ["account"]
    date_hierarchy = "at"


@admin.register(DailyUsage)
class DailyUsageAdmin(ReadOnlyAdmin):
    """How much of its daily limits each account has used."""

    list_display = ["day", "account", "calls", "tokens"]
    list_filter = ["account"]
    list_select_related = ["account"]
    date_hierarchy = "day"


@admin.register(CircuitBreaker)
class CircuitBreakerAdmin(ReadOnlyAdmin):
    """Superusers only: the provider serves the whole installation."""

    list_display = ["key", "failures", "why", "open_until"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(super().has_module_permission(request) and request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_view_permission(request, obj) and request.user.is_superuser)
